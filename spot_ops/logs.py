"""Reading the logs of the services: the last lines, and what comes after them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

_LOOK_AGAIN_SECONDS = 0.25


def tail(file: Path, lines: int) -> list[str]:
    """Give the last lines of a log, nothing for one that does not exist yet."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return [line.rstrip("\n") for line in deque(stream, maxlen=lines)]
    except FileNotFoundError:
        return []


def follow(file: Path) -> Iterator[str]:
    """Give every line that is written to a log from now on, across its rotations; never ends."""
    return _follow(file, _identity(file), file.stat().st_size if file.exists() else 0)


def _follow(file: Path, identity: int | None, position: int) -> Iterator[str]:
    rest = ""
    while True:
        if _identity(file) != identity or (file.exists() and file.stat().st_size < position):
            identity, position, rest = _identity(file), 0, ""
        if identity is not None:
            with file.open(encoding="utf-8", errors="replace") as stream:
                stream.seek(position)
                *complete, rest = (rest + stream.read()).split("\n")
                position = stream.tell()
            yield from complete
        time.sleep(_LOOK_AGAIN_SECONDS)


def _identity(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return None
