"""For scripts that an operator starts with whatever Python the system has."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def use_own_python() -> None:
    """Start the running script again with the checkout's Python, if this one lacks our packages.

    Returns where the script runs in a virtual environment already or the checkout has none. This
    module imports nothing that needs to be installed.
    """
    python = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "python"
    if sys.prefix == sys.base_prefix and python.is_file():
        os.execv(python, [str(python), *sys.argv])  # noqa: S606 - our own program, no shell
