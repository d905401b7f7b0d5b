"""The statistics in the header of an nfcapd file, through nfdump."""

from __future__ import annotations

import os
import re
from pathlib import Path

from spot_common import process

#: How nfdump is run, always.
ENVIRONMENT = {"TZ": "UTC", "LC_ALL": "C"}
#: Seconds for a question that needs no listing of flows.
QUERY_TIMEOUT = 120.0


def header(path: Path) -> dict[str, int]:
    """Read the statistics that a file's header holds; empty where there is no header."""
    call = ["nfdump", "-I", "-r", os.fspath(path.absolute())]
    done = process.run(call, timeout=QUERY_TIMEOUT, env=ENVIRONMENT, check=False)
    text = done.stdout.decode("utf-8", errors="replace")
    return {key: int(value) for key, value in re.findall(r"^(\w+): (\d+)$", text, re.MULTILINE)}
