"""The token that opens the pages and the API."""

from __future__ import annotations

import os
import secrets

from spot_common.config import Config


def read_token(config: Config) -> str:
    """Give the token: ``UI_TOKEN``, or one made once and kept in the state folder (mode 600)."""
    if config.text("UI_TOKEN"):
        return config.text("UI_TOKEN")
    path = config.path("STATE_DIR") / "token"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32))
    return path.read_text(encoding="ascii").strip()
