"""Logarithm bins and bins between fixed cuts, over whole arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Upper ends of the entropy bins 0 to 19, in bits.
ENTROPY_CUTS: NDArray[np.float64] = np.array([*(k * 3 / 10 for k in range(19)), np.inf])
#: Bins that one bit is: a text of twice as many different characters has a bit of entropy more.
BINS_PER_BIT = 4

_HALF = 32


def bit_length(values: ArrayLike) -> NDArray[np.int64]:
    """Number of bits of each whole number n >= 0 (0 has none); exact up to 2^63 - 1."""
    numbers = np.asarray(values, dtype=np.int64)
    high, low = numbers >> _HALF, numbers & ((1 << _HALF) - 1)
    # frexp gives the exponent e with value < 2^e, exactly for numbers below 2^53.
    high_bits = np.frexp(high.astype(np.float64))[1].astype(np.int64)
    low_bits = np.frexp(low.astype(np.float64))[1].astype(np.int64)
    bits: NDArray[np.int64] = np.where(high > 0, _HALF + high_bits, low_bits)
    return bits


def ceil_log2(values: ArrayLike) -> NDArray[np.int64]:
    """Ceiling of the binary logarithm of each whole number n >= 1.

    Numbers below 1 have no logarithm; they get what Java makes of minus infinity (0) and of no
    number (negative): the smallest 32-bit number and 0. No clean record has such a counter.
    """
    numbers = np.asarray(values, dtype=np.int64)
    bits = bit_length(np.maximum(numbers, 1) - 1)
    return np.select([numbers == 0, numbers < 0], [np.iinfo(np.int32).min, 0], bits)


def log_int(values: ArrayLike, base: float = 2) -> NDArray[np.int64]:
    """Whole part (toward zero) of the logarithm of each number; 0 for the number 0.

    Whole numbers to base 2 are counted in bits, so that no platform rounds differently.
    """
    numbers = np.asarray(values)
    if base == 2 and numbers.dtype.kind in "iu":
        bits: NDArray[np.int64] = np.maximum(bit_length(numbers) - 1, 0)
        return bits
    numbers = numbers.astype(np.float64)
    logarithm = np.log10(np.where(numbers == 0, 1.0, numbers)) / np.log10(base)
    whole: NDArray[np.int64] = np.trunc(logarithm).astype(np.int64)
    return whole


def bin_of(values: ArrayLike, cuts: ArrayLike) -> NDArray[np.int64]:
    """Index of the first cut that is not below each value; -1 where there is none."""
    limits = np.asarray(cuts, dtype=np.float64)
    index = np.searchsorted(limits, np.asarray(values, dtype=np.float64), side="left")
    return np.where(index == len(limits), -1, index).astype(np.int64)
