"""Java's 48-bit linear congruential generator, whole arrays at a time.

The state follows s' = (a s + c) mod 2^48. n steps are again of this form, s -> A s + C, and two
such maps compose, so that any position of the stream is reached in log2(n) steps. Products may
overflow 64 bits: 2^48 divides 2^64, so the low 48 bits stay right.
"""

from __future__ import annotations

import numpy as np
from numba import njit
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
        found = np.empty(count)
        self._state = int(_draw(np.uint64(self._state), found))
        return found


@njit(cache=True, nogil=True)
def _draw(state, found):  # type: ignore[no-untyped-def]
    """Fill an array from a state; give the state after it."""
    factor, constant, mask = np.uint64(_A), np.uint64(_C), np.uint64(_MASK)
    for place in range(len(found)):
        state = (state * factor + constant) & mask
        high = state >> np.uint64(_BITS - 26)
        state = (state * factor + constant) & mask
        low = state >> np.uint64(_BITS - 27)
        found[place] = (np.float64(high) * 2.0**27 + np.float64(low)) * 2.0**-53
    return state


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
