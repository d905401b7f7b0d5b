"""Lines of a log to fields, by array operations: blanks separate, double quotes hold together.

The rule, for one line: fields are separated by runs of blanks and tabs; a field that begins with a
double quote ends at the next double quote that is followed by a blank or the end of the line
(``""`` inside stands for a quote); quotes stay part of the field. :func:`fields` applies it to one
line and defines it; :class:`Lines` finds the same fields for all regular lines of a block at once
and tells which lines are irregular, that is need :func:`fields`.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_FIELD = re.compile(rb'"(?:[^"]|"")*"(?![^ \t\r])|[^ \t\r]+')

_NEWLINE, _QUOTE, _HASH = 10, 34, 35
_BLANK = np.zeros(256, dtype=bool)
_BLANK[[9, 13, 32]] = True
_SPECIAL = _BLANK.copy()
_SPECIAL[[_NEWLINE, _QUOTE]] = True
_EDGE = _BLANK.copy()
_EDGE[[_NEWLINE, _QUOTE]] = True

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def fields(line: bytes) -> list[bytes]:
    """Split one line (without its line end) into fields."""
    return _FIELD.findall(line)


class Lines:
    """The lines of a block of valid UTF-8 that ends with a newline.

    Arrays with one element a line: ``starts`` and ``ends`` (offsets without the newline),
    ``counts`` (fields), ``irregular`` (``counts`` does not hold), ``directive`` (begins with #).
    """

    def __init__(self, block: bytes) -> None:
        self.block = block
        data = np.frombuffer(block, dtype=np.uint8)
        at = np.flatnonzero(_SPECIAL[data])
        kind = data[at]
        newline, quote = kind == _NEWLINE, kind == _QUOTE
        line = np.cumsum(newline) - newline
        self.ends: Ints = at[newline]
        self.starts: Ints = np.concatenate(([0], self.ends[:-1] + 1))
        self.count = len(self.ends)
        self.directive: Flags = data[self.starts] == _HASH
        inside = self._inside(quote, newline, line)
        self.irregular: Flags = self._irregular(data, at, quote, newline, inside, line)
        self._find_fields(at, newline | (~quote & ~inside), line)

    @staticmethod
    def _inside(quote: Flags, newline: Flags, line: Ints) -> Flags:
        """Tell for each special byte whether an odd number of quotes precedes it in its line."""
        before: Ints = np.cumsum(quote) - quote
        base = np.concatenate(([0], before[newline][:-1]))
        odd: Flags = (before - base[line]) % 2 == 1
        return odd

    def _irregular(
        self, data: Any, at: Ints, quote: Flags, newline: Flags, inside: Flags, line: Ints
    ) -> Flags:
        """Find lines with a quote in the middle of a word or one that is not closed."""
        opening, closing = quote & ~inside, quote & inside
        previous = data[np.maximum(at[opening] - 1, 0)]
        following = data[at[closing] + 1]
        bad_opening = ~_EDGE[previous] & (at[opening] > 0)
        found = np.zeros(self.count, dtype=bool)
        found[line[opening][bad_opening]] = True
        found[line[closing][~_EDGE[following]]] = True
        found[line[newline & inside]] = True
        return found

    def _find_fields(self, at: Ints, boundary: Flags, line: Ints) -> None:
        ends = at[boundary]
        starts = np.concatenate(([0], ends[:-1] + 1))
        kept = ends > starts
        owner = line[boundary][kept]
        self.counts: Ints = np.bincount(owner, minlength=self.count)
        self._first = np.cumsum(self.counts) - self.counts
        edges = np.empty(2 * len(owner) + 1, dtype=np.int32)
        edges[0:-1:2], edges[1::2] = starts[kept], ends[kept]
        edges[-1] = len(self.block)
        # Fields and what lies between them, in turn, as one array over the same bytes.
        buffers = [None, pa.py_buffer(edges), pa.py_buffer(self.block)]
        self._pieces = pa.Array.from_buffers(pa.string(), len(edges) - 1, buffers)

    def column(self, lines: Ints, number: int) -> pa.StringArray:
        """Give field ``number`` (from 0) of the given regular lines."""
        return self._pieces.take(pa.array(2 * (self._first[lines] + number)))

    def text(self, line: int) -> bytes:
        """Give the bytes of a line without its line end."""
        return self.block[self.starts[line] : self.ends[line]]
