"""A log as blocks of whole lines, whatever its size and the length of its lines."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np

from spot_ingest.accounting import RAW_LIMIT, Rejected

#: Longest line (bytes) that is looked at.
LINE_LIMIT = 1 << 20
#: Most lines of a block: each may become an object when it is set aside.
LINES_LIMIT = 1 << 16
_READ = 4 << 20


class Stream(Protocol):
    """What a log is read from: less than was asked for comes at its end only."""

    def read(self, size: int = -1, /) -> bytes | None:
        """Give so many bytes."""


@dataclass(frozen=True)
class Block:
    """Lines that end with newlines, as they were; ``first`` is the number of the first, from 1.

    A line that is too long is a block of its own, of which only the beginning is kept; so is a
    last line that did not end with a newline (``ended`` is false).
    """

    first: int
    data: bytes
    too_long: bool = False
    ended: bool = True

    @cached_property
    def count(self) -> int:
        """How many lines these are."""
        return self.data.count(b"\n")

    @property
    def text(self) -> bytes:
        """The lines without the byte order mark that a file may begin with."""
        return self.data.removeprefix(BOM_UTF8) if self.first == 1 else self.data

    @cached_property
    def _lines(self) -> list[bytes]:
        return self.data.split(b"\n")

    def reject(self, line: int, reason: str) -> Rejected:
        """Set a line of the block (from 0) aside."""
        raw = self._lines[line].removesuffix(b"\r")[:RAW_LIMIT]
        return Rejected(self.first + line, reason, raw)

    def says(self) -> int:
        """Count the lines that are neither blank nor a comment, as most formats have them."""
        lines = (line.strip() for line in self._lines)
        return sum(1 for line in lines if line and not line.startswith(b"#"))

    def head(self, lines: int) -> Block:
        """Give the first lines alone."""
        end = 0
        for _ in range(lines):
            end = self.data.find(b"\n", end) + 1 or len(self.data)
        return Block(self.first, self.data[:end])


def blocks(stream: Stream) -> Iterator[Block]:
    """Cut a stream at line ends; a last line without one gets it."""
    number, rest = 1, b""
    data = stream.read(_READ)
    while data:
        end = data.rfind(b"\n") + 1
        rest = data[end:]
        for block in _cut(number, data[:end]):
            yield block
            number = block.first + block.count
        if len(rest) > LINE_LIMIT:
            yield Block(number, rest[:RAW_LIMIT] + b"\n", too_long=True)
            number, rest = number + 1, b""
            data = _after_line(stream) or stream.read(_READ)
        else:
            more = stream.read(_READ)
            data = rest + more if more else b""
    if rest:
        yield Block(number, rest + b"\n", ended=False)


def _cut(number: int, data: bytes) -> Iterator[Block]:
    """Give whole lines as blocks, each line that is too long apart."""
    if _all_short(data) and data.count(b"\n") <= LINES_LIMIT:
        if data:
            yield Block(number, data)
        return
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
    too_long = np.diff(ends, prepend=0) > LINE_LIMIT + 1
    alone = np.flatnonzero(too_long)
    steps = np.arange(0, len(ends), LINES_LIMIT)
    for first, beyond in pairwise(np.unique([*steps, *alone, *(alone + 1), len(ends)]).tolist()):
        lines = data[ends[first - 1] if first else 0 : ends[beyond - 1]]
        if too_long[first]:
            yield Block(number + first, lines[:RAW_LIMIT] + b"\n", too_long=True)
        else:
            yield Block(number + first, lines)


def _all_short(data: bytes) -> bool:
    """Tell at a glance that no line is too long: each half of such a length has a line end."""
    half = LINE_LIMIT // 2
    return all(data.find(b"\n", at, at + half) >= 0 for at in range(0, len(data) - half, half))


def _after_line(stream: Stream) -> bytes:
    """Skip the rest of a line; give what was read beyond it."""
    while data := stream.read(_READ):
        _, newline, tail = data.partition(b"\n")
        if newline:
            return tail
    return b""
