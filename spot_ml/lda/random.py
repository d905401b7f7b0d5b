"""Java's 48-bit linear congruential generator, whole arrays at a time.

The state follows s' = (a s + c) mod 2^48. n steps are again of this form, s -> A s + C, and two
such maps compose, so that any position of the stream is reached in log2(n) steps and a stretch
is filled by doubling: the second half of it is the first half moved on. Products may overflow
64 bits: 2^48 divides 2^64, so the low 48 bits stay right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_A = 0x5DEECE66D
_C = 0xB
_BITS = 48
_MASK = (1 << _BITS) - 1


class JavaRandom:
    """A stream of uniform doubles in [0, 1), the same as ``java.util.Random.nextDouble``."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ _A) & _MASK

    def skip(self, doubles: int) -> None:
        """Move on by so many doubles without drawing them."""
        factor, constant = _jump(2 * doubles)
        self._state = (factor * self._state + constant) & _MASK

    def doubles(self, count: int) -> NDArray[np.float64]:
        """Draw the next ``count`` doubles; each takes 26 and then 27 bits of two states."""
        if count == 0:
            return np.empty(0, np.float64)
        states = self._states(2 * count)
        high = (states[0::2] >> np.uint64(_BITS - 26)).astype(np.float64)
        low = (states[1::2] >> np.uint64(_BITS - 27)).astype(np.float64)
        return (high * float(1 << 27) + low) * 2.0**-53

    def _states(self, count: int) -> NDArray[np.uint64]:
        states = np.empty(count, dtype=np.uint64)
        states[0] = (_A * self._state + _C) & _MASK
        filled = 1
        while filled < count:
            added = min(filled, count - filled)
            factor, constant = _jump(filled)
            moved = states[:added] * np.uint64(factor) + np.uint64(constant)
            states[filled : filled + added] = moved & np.uint64(_MASK)
            filled += added
        self._state = int(states[-1])
        return states


def _jump(steps: int) -> tuple[int, int]:
    """Factor and constant of the map that makes ``steps`` steps at once."""
    factor, constant = 1, 0
    square, shift = _A, _C
    while steps:
        if steps & 1:
            factor, constant = square * factor & _MASK, (square * constant + shift) & _MASK
        square, shift = square * square & _MASK, (square * shift + shift) & _MASK
        steps >>= 1
    return factor, constant
