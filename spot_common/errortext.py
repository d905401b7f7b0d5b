"""What a program prints to standard error: its beginning, without what does not matter."""

from __future__ import annotations

import re

#: Most bytes that are kept.
_KEPT = 64 * 1024
#: A program that prints more bytes than this will not stop doing so.
_ENDLESS = 16 << 20


class ErrorText:
    """Collects error text; lines that ``chatter`` matches are dropped."""

    def __init__(self, chatter: re.Pattern[bytes] | None = None) -> None:
        self._chatter = chatter
        self._kept = b""
        self._line = b""
        self._size = 0

    def add(self, data: bytes) -> None:
        """Take some more, which may end within a line."""
        *lines, self._line = (self._line + data).split(b"\n")
        if len(self._line) > _KEPT:
            lines, self._line = [*lines, self._line], b""
        if self._chatter is not None:
            lines = [line for line in lines if not self._chatter.search(line)]
        text = b"".join(line + b"\n" for line in lines)
        self._size += len(text)
        self._kept += text[: _KEPT - len(self._kept)]

    @property
    def endless(self) -> bool:
        """Say whether there is more than a program that comes to an end would print."""
        return self._size > _ENDLESS

    @property
    def text(self) -> str:
        """What is kept; bytes that are not UTF-8 are replaced."""
        return (self._kept + self._line)[:_KEPT].decode("utf-8", errors="replace")
