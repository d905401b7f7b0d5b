"""Shannon entropy and length of texts, counted in UTF-16 code units, over whole arrays."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml.words.bins import ENTROPY_CUTS, bin_of

_ASCII = 128
_DIGITS = 12


def utf16_lengths(texts: pa.Array) -> NDArray[np.int64]:
    """Length of each text in UTF-16 code units; 0 for a missing one.

    In UTF-8 every byte that starts a character is one unit, and a start byte of 0xF0 or above
    (a character outside the basic plane) is two.
    """
    array = texts.cast(pa.large_string())
    offsets_buffer, data_buffer = array.buffers()[1:]
    offsets = np.frombuffer(offsets_buffer, dtype=np.int64)[array.offset :][: len(array) + 1]
    data = np.frombuffer(data_buffer or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    units = ((data & 0xC0) != 0x80).astype(np.int64) + (data >= 0xF0)
    before = np.concatenate(([0], np.cumsum(units)))
    lengths: NDArray[np.int64] = np.diff(before[offsets - offsets[0]])
    return lengths


def entropies(texts: pa.Array) -> NDArray[np.float64]:
    """Entropy of the characters of each text, in bits; 0 for an empty or missing one."""
    lengths = utf16_lengths(texts)
    joined = "".join(text or "" for text in texts.to_pylist())
    units = np.frombuffer(joined.encode("utf-16-le"), dtype=np.uint16).astype(np.int64)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    row, counts = _character_counts(units, rows, len(lengths))
    share = counts / lengths[row]
    bits = np.bincount(row, weights=-share * np.log2(share), minlength=len(lengths))
    return np.maximum(bits, 0.0)


def _character_counts(
    units: NDArray[np.int64], rows: NDArray[np.int64], texts: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Text number and number of occurrences, for each distinct character of each text."""
    if units.size == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if units.max() < _ASCII:
        table = np.bincount(rows * _ASCII + units, minlength=texts * _ASCII)
        found = np.flatnonzero(table)
        return found // _ASCII, table[found]
    found, counts = np.unique((rows << 16) | units, return_counts=True)
    return found >> 16, counts


def entropy_bins(texts: pa.Array) -> NDArray[np.int64]:
    """Entropy bin 0 to 19 of each text.

    The sum is rounded to 12 decimals first, so that the values which lie exactly on a cut
    (0, 1.5, 3 and 4.5 bits) do not depend on the order of addition.
    """
    return bin_of(np.round(entropies(texts), _DIGITS), ENTROPY_CUTS)
