r"""Lines of a log to fields, by array operations.

A :class:`Split` says how a line is cut. :meth:`Split.words` applies it to one line and defines it;
:class:`Lines` finds the same fields for all regular lines of a block at once and tells which lines
are irregular, that is need :meth:`Split.words`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spot_ingest.readers.proxylog.text import meaning

_NEWLINE, _RETURN, _QUOTE, _BACKSLASH = 10, 13, 34, 92

Ints: TypeAlias = npt.NDArray[np.signedinteger[Any]]
Flags: TypeAlias = npt.NDArray[np.bool_]


class Quote(Enum):
    """What a double quote inside a field in double quotes looks like; NONE: quotes mean nothing."""

    NONE = 0
    DOUBLED = 1
    ESCAPED = 2


_WORDS = {
    (True, Quote.NONE): rb"[^ \t\r]+",
    (True, Quote.DOUBLED): rb'"(?:[^"]|"")*"(?![^ \t\r])|[^ \t\r]+',
    (True, Quote.ESCAPED): rb'"(?:[^"\\]|\\.)*"(?![^ \t\r])|[^ \t\r]+',
    (False, Quote.NONE): rb"(?:^|\t)([^\t]*)",
    (False, Quote.DOUBLED): rb'(?:^|,)("(?:[^"]|"")*"(?=,|\Z)|[^,]*)',
}


@dataclass(frozen=True)
class Split:
    """How a line is cut into fields.

    With ``runs`` any number of blanks and tabs separates, otherwise each single ``separator``
    does. A field that begins with a double quote ends at the next one that is followed by a
    separator or the end of the line; ``bare`` takes the two off. ``escaped`` says that values hold
    backslash sequences.
    """

    separator: bytes = b" \t\r"
    quote: Quote = Quote.NONE
    bare: bool = False
    escaped: bool = False

    @property
    def runs(self) -> bool:
        """Whether several separators are one."""
        return len(self.separator) > 1

    @cached_property
    def separates(self) -> Flags:
        """For each byte, whether it separates fields."""
        return _members(self.separator)

    @cached_property
    def special(self) -> Flags:
        """For each byte, whether it may end a line or a field, or begin one."""
        return _members(self.separator + b'\n"' if self.quote.value else self.separator + b"\n")

    @cached_property
    def edges(self) -> Flags:
        """For each byte, whether it may stand beside the quotes of a field."""
        doubled = b'"' if self.quote is Quote.DOUBLED else b""
        return _members(self.separator + b"\n" + doubled)

    @cached_property
    def _word(self) -> re.Pattern[bytes]:
        return re.compile(_WORDS[self.runs, self.quote], re.DOTALL)

    def words(self, line: bytes) -> list[bytes]:
        """Split one line (without its line end) into fields; escapes stay as they are."""
        if not self.runs:
            line = line.removesuffix(b"\r")
            if not line:
                return []
        found: list[bytes] = self._word.findall(line)
        return [self._bared(word) for word in found] if self.bare else found

    def _bared(self, word: bytes) -> bytes:
        if len(word) < 2 or word[0] != _QUOTE or word[-1] != _QUOTE:
            return word
        inner = word[1:-1]
        return inner.replace(b'""', b'"') if self.quote is Quote.DOUBLED else inner

    def values(self, texts: Any) -> Any:
        """Put in what escapes stand for."""
        return meaning(texts) if self.escaped else texts


SPLITS = {
    "w3c": Split(quote=Quote.DOUBLED),
    "quoted": Split(quote=Quote.DOUBLED, bare=True),
    "apache": Split(quote=Quote.ESCAPED, bare=True, escaped=True),
    "blanks": Split(),
    "tabs": Split(b"\t", escaped=True),
    "commas": Split(b",", quote=Quote.DOUBLED, bare=True),
}


class Lines:
    """The lines of a block of valid UTF-8 that ends with a newline.

    Arrays with one element a line: ``starts`` and ``ends`` (offsets without the newline),
    ``initials`` (their first bytes), ``counts`` (fields), ``irregular`` (``counts`` does not hold).
    """

    def __init__(self, block: bytes, split: Split) -> None:
        self.block = block
        self._split = split
        data = np.frombuffer(block, dtype=np.uint8)
        at, kind = _find(data, split.special)
        if split.quote is Quote.ESCAPED and rb"\"" in block:
            plain = ~_escaped(data, at)
            at, kind = at[plain], kind[plain]
        newline = kind == _NEWLINE
        self.ends: Ints = at[newline]
        self.starts: Ints = np.concatenate(([0], self.ends[:-1] + 1))
        self.count = len(self.ends)
        self.initials = data[self.starts]
        self.irregular: Flags = np.zeros(self.count, dtype=bool)
        boundary = np.ones(len(at), dtype=bool)
        if split.quote.value:
            quote = kind == _QUOTE
            inside = self._inside(quote, newline)
            self._mark_irregular(data, at, quote, inside)
            boundary = newline | ~(quote | inside)
        self._find_fields(data, at[boundary], newline[boundary])

    def _inside(self, quote: Flags, newline: Flags) -> Flags:
        """Tell for each special byte whether an odd number of quotes precedes it in its line.

        A line with an odd number of quotes is irregular.
        """
        before = np.cumsum(quote, dtype=np.int32) - quote
        totals = before[newline]
        odd = np.diff(totals, prepend=0) % 2 == 1
        if odd.any():  # what is open at the end of a line must not go on in the next
            sizes = np.diff(np.flatnonzero(newline), prepend=-1)
            before = before - np.repeat(np.concatenate(([0], totals[:-1])), sizes)
            self.irregular |= odd
        found: Flags = before % 2 == 1
        return found

    def _mark_irregular(self, data: Any, at: Ints, quote: Flags, inside: Flags) -> None:
        """Find lines with a quote that begins or ends within a word."""
        edges = self._split.edges
        opening, closing = at[quote & ~inside], at[quote & inside]
        begins = edges[data[np.maximum(opening - 1, 0)]] | (opening == 0)
        following, beyond = data[closing + 1], data[np.minimum(closing + 2, len(data) - 1)]
        ends = edges[following] | ((following == _RETURN) & (beyond == _NEWLINE))
        odd = np.concatenate((opening[~begins], closing[~ends]))
        self.irregular[np.searchsorted(self.ends, odd)] = True

    def _find_fields(self, data: Any, ends: Ints, last: Flags) -> None:
        """Find the fields from where they may end; ``last`` ends a line too."""
        starts = np.empty_like(ends)
        starts[0], starts[1:] = 0, ends[:-1] + 1
        if self._split.runs:
            kept = ends > starts
        else:
            ends = ends - (last & (ends > starts) & (data[ends - 1] == _RETURN))
            alone = np.concatenate(([True], last[:-1])) & last
            kept = ~(alone & (ends == starts))
        before = np.cumsum(kept, dtype=np.int32)[last]
        self.counts: Ints = np.diff(before, prepend=0)
        self._first = before - self.counts
        starts, ends = starts[kept], ends[kept]
        if self._split.bare:
            quoted = (ends - starts > 1) & (data[starts] == _QUOTE) & (data[ends - 1] == _QUOTE)
            starts, ends = starts + quoted, ends - quoted
            self._quoted: Flags = quoted
        edges = np.empty(2 * len(starts) + 1, dtype=np.int32)
        edges[0:-1:2], edges[1::2] = starts, ends
        edges[-1] = len(self.block)
        # Fields and what lies between them, in turn, as one array over the same bytes.
        buffers = [None, pa.py_buffer(edges), pa.py_buffer(self.block)]
        self._pieces = pa.Array.from_buffers(pa.string(), len(edges) - 1, buffers)

    def column(self, lines: Ints, number: int) -> pa.StringArray:
        """Give the values of field ``number`` (from 0) of the given regular lines."""
        fields = self._first[lines] + number
        texts = self._pieces.take(pa.array(2 * fields))
        if self._split.bare and self._split.quote is Quote.DOUBLED:
            return _single(texts, self._quoted[fields])
        return self._split.values(texts)

    def text(self, line: int) -> bytes:
        """Give the bytes of a line without its line end."""
        return self.block[self.starts[line] : self.ends[line]]


def _members(chars: bytes) -> Flags:
    """For each byte, whether it is one of these."""
    found = np.zeros(256, dtype=bool)
    found[list(chars)] = True
    return found


def _find(data: Any, wanted: Flags) -> tuple[Ints, Any]:
    """Give the places of the wanted bytes, and the bytes."""
    at = np.flatnonzero(data <= np.flatnonzero(wanted)[-1]).astype(np.int32)
    kind = data[at]
    found = wanted[kind]
    return (at, kind) if found.all() else (at[found], kind[found])


def _escaped(data: Any, at: Ints) -> Flags:
    """Tell which special bytes are quotes behind an odd number of backslashes."""
    slashes = np.flatnonzero(data == _BACKSLASH)
    begins = np.diff(slashes, prepend=-2) > 1
    run_start = slashes[begins][np.cumsum(begins) - 1]
    found: Flags = (data[at] == _QUOTE) & (at > 0) & (data[at - 1] == _BACKSLASH)
    before = at[found] - 1
    found[found] = (before - run_start[np.searchsorted(slashes, before)]) % 2 == 0
    return found


def _single(texts: Any, quoted: Flags) -> Any:
    """Turn doubled quotes in the quoted texts into single ones."""
    doubled = pc.and_(pc.match_substring(texts, '""'), pa.array(quoted))
    if not pc.any(doubled).as_py():
        return texts
    return pc.if_else(doubled, pc.replace_substring(texts, '""', '"'), texts)
