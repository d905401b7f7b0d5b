"""Formats whose lines are fields with separators between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from spot_ingest.accounting import Batch
from spot_ingest.readers.proxylog import columns
from spot_ingest.readers.proxylog.blocks import Block
from spot_ingest.readers.proxylog.format import Format, Layout
from spot_ingest.readers.proxylog.text import utf8
from spot_ingest.readers.proxylog.tokens import Ints, Lines, Split


class LinedReader:
    """Reads the blocks of one log in turn; a line may say what the fields after it are."""

    def __init__(self, log_format: Format, split: Split) -> None:
        self._format = log_format
        self._split = split
        self._layouts = log_format.layouts

    def names_fields(self, block: Block) -> bool:
        """Tell whether a line of a block says what the fields after it are."""
        return any(True for _ in self._headers(self._lines(block)))

    def read(self, block: Block) -> Iterator[Batch]:
        """Turn the lines of a block into rows, or set them aside."""
        lines = self._lines(block)
        start = 0
        for mark, layout in self._headers(lines):
            yield from self._between(start, mark, lines, block)
            start, self._layouts = mark + 1, (layout,)
        yield from self._between(start, lines.count, lines, block)

    def _lines(self, block: Block) -> Lines:
        return Lines(utf8(block.text, escaped=self._split.escaped), self._split)

    def _headers(self, lines: Lines) -> Iterator[tuple[int, Layout]]:
        """Find the lines that name the fields, and what they say."""
        header = self._format.header
        initials = list(header[:1].lower() + header[:1].upper())
        for mark in np.flatnonzero(np.isin(lines.initials, initials)):
            line = lines.text(int(mark))
            names = line[len(header) :].lower()
            apart = names[:1] in self._split.separator or not header[-1:].isalnum()
            if apart and line[: len(header)].lower() == header.lower():
                words = self._split.words(names.strip(self._split.separator + b"\r"))
                yield int(mark), Layout(tuple(word.decode() for word in words))

    def _between(self, start: int, end: int, lines: Lines, block: Block) -> Iterator[Batch]:
        """Read the lines ``start`` to ``end`` (exclusive)."""
        told = lines.counts[start:end] > 0
        if self._format.comments:
            told &= lines.initials[start:end] != self._format.comments[0]
        numbers = start + np.flatnonzero(told)
        if len(numbers):
            section = _Section(self._format, self._split, self._layouts, block, lines)
            yield from section.read(numbers)


@dataclass(frozen=True)
class _Section:
    """Lines of a block that the same layouts hold for."""

    log_format: Format
    split: Split
    layouts: tuple[Layout, ...]
    block: Block
    lines: Lines

    @cached_property
    def _missing(self) -> list[str]:
        """Fields that are missing from lines whose layout the log itself tells."""
        return self.log_format.missing(self.layouts[0]) if len(self.layouts) == 1 else []

    def read(self, numbers: Ints) -> Iterator[Batch]:
        """Read the lines of these numbers: the regular ones at once, the others by the rule."""
        if not self.layouts or self._missing:
            yield self._nothing(numbers)
            return
        regular = ~self.lines.irregular[numbers]
        for layout in self.layouts:
            fits = regular & (self.lines.counts[numbers] == layout.count)
            if fits.any():
                chosen = numbers[fits]
                texts = {
                    name: self.lines.column(chosen, place)
                    for name, place in layout.places.items()
                    if name in self.log_format.fields
                }
                yield self._batch(texts, chosen)
                numbers, regular = numbers[~fits], regular[~fits]
        if len(numbers):
            yield from self._one_by_one(numbers)

    def _one_by_one(self, numbers: Ints) -> Iterator[Batch]:
        words = {int(n): self.split.words(self.lines.text(int(n))) for n in numbers}
        for layout in self.layouts:
            fitting = [n for n, found in words.items() if len(found) == layout.count]
            if fitting:
                found = list(zip(*(words.pop(n) for n in fitting), strict=True))
                texts = {
                    name: self.split.values(
                        pa.array([word.decode() for word in found[place]], pa.string())
                    )
                    for name, place in layout.places.items()
                    if name in self.log_format.fields
                }
                yield self._batch(texts, np.array(fitting))
        if words:
            yield self._nothing(np.array(list(words)))

    def _nothing(self, numbers: Ints) -> Batch:
        """Set lines aside that no layout fits."""
        return columns.nothing(self.block.reject(int(n), self._why_not(int(n))) for n in numbers)

    def _why_not(self, number: int) -> str:
        header = self.log_format.header.decode().rstrip(":")
        if not self.layouts:
            return f"no {header} line says what its fields are"
        if self._missing:
            return f"its {header} line lacks {', '.join(self._missing)}"
        count = len(self.split.words(self.lines.text(number)))
        wanted = " or ".join(str(layout.count) for layout in self.layouts)
        return f"the line has {count} fields instead of {wanted}"

    def _batch(self, texts: dict[str, pa.StringArray], numbers: Ints) -> Batch:
        made = columns.rows_of(self.log_format, texts, len(numbers))
        return made.batch(self.block, numbers)
