"""Lines of a log, compressed or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spot_common.errors import NotFoundError
from spot_ingest.readers.proxylog.blocks import blocks
from spot_ingest.readers.proxylog.text import utf8
from spot_ingest.readers.unpacked import Limits, unpacked


@dataclass(frozen=True)
class Line:
    """One line: its number, from 1, and its bytes without the line end.

    Of a line of more than 1 MB only the beginning is kept, and ``cut`` is true.
    """

    number: int
    data: bytes
    cut: bool

    @property
    def text(self) -> str:
        r"""The line as the table would have it: ``\\xNN`` for bytes that are no UTF-8."""
        return utf8(self.data, escaped=False).decode()


def lines_of(
    path: Path, limits: Limits, first: int, last: int, least: int
) -> tuple[list[Line], str]:
    """Give the lines from ``first`` to ``last``, as far as there are; also how the file is damaged.

    NotFoundError where the line ``least`` is beyond the end.
    """
    found: list[Line] = []
    before = 0
    with unpacked(path, limits) as stream:
        for block in blocks(stream):
            before = block.first + block.count - 1
            if before < first:
                continue
            texts = block.data.split(b"\n")[:-1]
            wanted = texts[max(0, first - block.first) : last - block.first + 1]
            start = max(first, block.first)
            found += [
                Line(number, text.removesuffix(b"\r"), block.too_long)
                for number, text in enumerate(wanted, start)
            ]
            if before >= last:
                break
        damage = stream.damage
    if not found or found[-1].number < least:
        raise NotFoundError(f"there is no line {least:,}: the file has {before:,}", hint=damage)
    return found, damage
