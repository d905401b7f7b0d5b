"""The token that opens the pages and the API."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from spot_common.config import Config


def read_token(config: Config) -> str:
    """Give the token: ``UI_TOKEN``, or one made once and kept in the state folder (mode 600)."""
    if config.text("UI_TOKEN"):
        return config.text("UI_TOKEN")
    path = config.path("STATE_DIR") / "token"
    if not path.exists():
        _make(path)
    return path.read_text(encoding="ascii").strip()


def _make(path: Path) -> None:
    """Write a new token aside (mode 600) and link it into place; the first maker wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".token.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink()
