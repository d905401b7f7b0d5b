"""Rows of bytes of different lengths, all of them made, gathered and summed at once.

``Ragged`` holds the rows one behind the other in a single buffer. ``Rows`` puts rows together from
pieces: each piece is copied for all rows in one array operation to where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Sums = NDArray[np.uint64]

_WORD = np.uint64(0xFFFF)
_16 = np.uint64(16)
_8 = np.uint64(8)


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of bytes: row i is ``values[offsets[i]:offsets[i + 1]]``; the first offset is 0."""

    values: Bytes
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """The length of each row."""
        return np.diff(self.offsets)

    @classmethod
    def empty(cls, rows: int) -> Ragged:
        """Return rows without any bytes."""
        return cls(np.zeros(0, np.uint8), np.zeros(rows + 1, np.int64))

    @classmethod
    def of(cls, array: pa.Array | pa.ChunkedArray) -> Ragged:
        """Return the bytes of an Arrow column of text or bytes; nulls are empty rows."""
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if array.null_count:
            array = array.fill_null(pa.scalar("", pa.string()).cast(array.type))
        _, places, data = array.buffers()
        if places is None:
            return cls.empty(len(array))
        offsets = np.frombuffer(places, np.int32)[array.offset : array.offset + len(array) + 1]
        offsets = offsets.astype(np.int64)
        values = np.frombuffer(data or b"", np.uint8)[offsets[0] : offsets[-1]]
        return cls(values, offsets - offsets[0])

    @classmethod
    def joined(cls, parts: Iterable[Ragged]) -> Ragged:
        """Return the rows of several, one below the other."""
        parts = list(parts)
        lengths = np.concatenate([np.zeros(1, np.int64), *(part.lengths for part in parts)])
        values = np.concatenate([np.zeros(0, np.uint8), *(part.values for part in parts)])
        return cls(values, np.cumsum(lengths))

    def take(self, rows: ArrayLike) -> Ragged:
        """Return the rows at positions, in that order."""
        rows = np.asarray(rows, np.int64)
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        offsets = _offsets(lengths)
        return Ragged(self.values[_spread(starts, offsets, lengths)], offsets)

    def slice(self, first: int, last: int) -> Ragged:
        """Return the rows from ``first`` up to ``last``, itself not included, without a copy."""
        offsets = self.offsets[first : last + 1]
        return Ragged(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])

    def grouped(self, edges: ArrayLike) -> Ragged:
        """Return longer rows: new row i is what rows ``edges[i]`` to ``edges[i + 1]`` hold."""
        offsets = self.offsets[np.asarray(edges, np.int64)]
        return Ragged(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])

    def row(self, number: int) -> bytes:
        """Return one row."""
        return self.values[self.offsets[number] : self.offsets[number + 1]].tobytes()


class Rows:
    """Rows under construction: every call appends something to all rows, or to some."""

    def __init__(self, size: int) -> None:
        self._lengths = np.zeros(size, np.int64)
        self._fixed: list[tuple[Bytes, Ints | None, Ints]] = []
        self._ragged: list[tuple[Ragged, Ints]] = []

    def fixed(self, values: NDArray[Any], rows: Ints | None = None) -> Rows:
        """Append pieces of equal length, to the rows at positions ``rows`` (all if None).

        ``values`` is a structured array or one of bytes in the shape (n, width).
        """
        data = _as_bytes(values)
        at = slice(None) if rows is None else rows
        self._fixed.append((data, rows, self._lengths[at].copy()))
        self._lengths[at] += data.shape[1]
        return self

    def ragged(self, values: Ragged) -> Rows:
        """Append one piece of any length to each row."""
        self._ragged.append((values, self._lengths.copy()))
        self._lengths += values.lengths
        return self

    def zeros(self, counts: Ints) -> Rows:
        """Append as many zeros to each row as ``counts`` says."""
        self._lengths += counts
        return self

    def build(self) -> Ragged:
        """Return the finished rows."""
        offsets = _offsets(self._lengths)
        out = np.zeros(int(offsets[-1]), np.uint8)
        for data, rows, within in self._fixed:
            starts = offsets[:-1] if rows is None else offsets[rows]
            _scatter(out, data, starts + within)
        for piece, within in self._ragged:
            out[_spread(offsets[:-1] + within, piece.offsets, piece.lengths)] = piece.values
        return Ragged(out, offsets)


def _as_bytes(values: NDArray[Any]) -> Bytes:
    values = np.ascontiguousarray(values)
    if values.ndim == 2:
        return values
    return values.view(np.uint8).reshape(len(values), values.dtype.itemsize)


def _offsets(lengths: Ints) -> Ints:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _spread(starts: Ints, offsets: Ints, lengths: Ints) -> Ints:
    """Return the place of every byte when row i, packed at ``offsets``, stands at ``starts``."""
    places = np.repeat(starts - offsets[:-1], lengths)
    places += np.arange(len(places))
    return places


def _scatter(out: Bytes, data: Bytes, starts: Ints) -> None:
    """Copy row i of ``data`` to ``starts[i]``."""
    if not data.size:
        return
    item = np.dtype((np.void, data.shape[1]))
    # One item begins at each byte: items overlap, and are written where they do not.
    anywhere: NDArray[np.void] = np.ndarray(
        (len(out) - item.itemsize + 1,), item, out.data, strides=(1,)
    )
    anywhere[starts] = data.view(item).reshape(-1)


def word_sums(rows: Ragged) -> Sums:
    """Return the sum of each row's 16-bit big-endian words; an odd last byte counts as upper one.

    The sums are equal to the true ones modulo 65,535, which is what ``checksum`` needs. Rows are
    shorter than 128 kB.
    """
    weighted = rows.values.astype(np.uint32)
    weighted[::2] <<= np.uint32(8)
    filled = np.flatnonzero(rows.lengths)
    sums = np.zeros(len(rows), np.uint64)
    if len(filled):
        sums[filled] = np.add.reduceat(weighted, rows.offsets[filled])
    # In a row that begins at an odd place bytes have each other's weight: swap them in the sum.
    folded = fold(sums)
    swapped = (folded & np.uint64(0xFF)) << _8 | folded >> _8
    return np.where(rows.offsets[:-1] % 2 == 1, swapped, folded)


def structure_sums(values: NDArray[Any]) -> Sums:
    """Return the sum of the 16-bit big-endian words of each item; its size is even."""
    words = _as_bytes(values).view(">u2")
    sums: Sums = words.sum(axis=1, dtype=np.uint64)
    return sums


def number_sums(values: NDArray[np.uint64]) -> Sums:
    """Return the sum of the four 16-bit words of each number."""
    sums: Sums = (values & _WORD) + (values >> _16 & _WORD)
    sums += (values >> np.uint64(32) & _WORD) + (values >> np.uint64(48))
    return sums


def fold(sums: Sums) -> Sums:
    """Add what exceeds 16 bits back in, until nothing does."""
    for _ in range(4):
        sums = (sums & _WORD) + (sums >> _16)
    return sums


def checksum(sums: Sums) -> NDArray[np.uint16]:
    """Return the Internet checksum (RFC 1071) of bytes whose words have these sums."""
    return (fold(sums) ^ _WORD).astype(np.uint16)
