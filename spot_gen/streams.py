"""Random numbers that depend on a seed and a name only, never on order, thread or platform.

Every stream is a SplitMix64 generator (Steele, Lea, Flood 2014): its n-th value is a hash of
``key + n * 0x9E3779B97F4A7C15``. So any value can be had without those before it, and a million
streams can be drawn from in one array operation. The key of a stream is made from the seed and the
stream's name (specification B3); everything below a stream (a session of a host, a page of a
session) has a key derived from it by number.

Two ways to use them:

* ``draw(keys, purpose)`` and its kin: one value per key, for arrays of streams;
* ``Stream``: one stream with a cursor, for a scenario that draws as it goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spot_gen.distributions import Quantiles

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
T = TypeVar("T")

_STEP = np.uint64(0x9E3779B97F4A7C15)
_CHILD = np.uint64(0xD1342543DE82EF95)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def stream_key(seed: int, name: str) -> np.uint64:
    """Return the key of a named stream: 8 bytes of SHA-256 over seed, slash and name."""
    digest = hashlib.sha256(seed.to_bytes(8, "big") + b"/" + name.encode()).digest()
    return np.uint64(int.from_bytes(digest[:8], "big"))


def stream_keys(seed: int, names: Iterable[str]) -> Keys:
    """Return the keys of several named streams, in their order."""
    return np.array([stream_key(seed, name) for name in names], np.uint64)


def _mix(value: Keys) -> Keys:
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> np.uint64(31))


def _unsigned(number: ArrayLike) -> Keys:
    """Take whole numbers as they are in 64 bits, negative ones as their two's complement."""
    array = np.asarray(number)
    return array if array.dtype == np.uint64 else array.astype(np.int64).view(np.uint64)


def child(keys: ArrayLike, number: ArrayLike) -> Keys:
    """Return the keys of the streams number ``number`` below ``keys`` (both broadcast)."""
    keys, numbers = np.atleast_1d(_unsigned(keys)), np.atleast_1d(_unsigned(number))
    return _mix(_mix(keys ^ _CHILD) + _mix(numbers * _CHILD + _STEP))


def draw(keys: ArrayLike, purpose: ArrayLike) -> Keys:
    """Return value number ``purpose`` of each stream: 64 random bits."""
    keys, numbers = np.atleast_1d(_unsigned(keys)), np.atleast_1d(_unsigned(purpose))
    return _mix(keys + (numbers + np.uint64(1)) * _STEP)


def uniform(keys: ArrayLike, purpose: ArrayLike) -> Floats:
    """Return value number ``purpose`` of each stream, in [0, 1)."""
    return _unit(draw(keys, purpose))


def _unit(bits: Keys) -> Floats:
    """Return the upper 53 bits as floats in [0, 1)."""
    return (bits >> np.uint64(11)).astype(np.float64) * (1.0 / (1 << 53))


def integers(keys: ArrayLike, purpose: ArrayLike, low: ArrayLike, high: ArrayLike) -> Ints:
    """Return whole numbers in [low, high)."""
    low, high = np.asarray(low, np.int64), np.asarray(high, np.int64)
    drawn: Ints = low + np.floor(uniform(keys, purpose) * (high - low)).astype(np.int64)
    return drawn


def pick(keys: ArrayLike, purpose: ArrayLike, weights: Floats) -> Ints:
    """Return positions into ``weights``, each as often as its weight says."""
    edges = np.cumsum(weights)
    found: Ints = np.searchsorted(edges, uniform(keys, purpose) * edges[-1], side="right")
    return np.minimum(found, len(edges) - 1)


def sample(keys: ArrayLike, purpose: ArrayLike, distribution: Quantiles) -> Floats:
    """Return values of a distribution."""
    return distribution.at(uniform(keys, purpose))


class Stream:
    """One stream, read from its beginning to where it is needed."""

    def __init__(self, key: np.uint64 | int) -> None:
        self.key = np.uint64(key)
        self._next = 0

    @classmethod
    def named(cls, seed: int, name: str) -> Stream:
        """Open the stream of a name."""
        return cls(stream_key(seed, name))

    def below(self, number: int) -> Stream:
        """Open the stream number ``number`` below this one; this one does not advance."""
        return Stream(child(self.key, number)[0])

    def bits(self, size: int) -> Keys:
        """Draw ``size`` values of 64 bits."""
        numbers = np.arange(self._next, self._next + size, dtype=np.uint64)
        self._next += size
        return draw(self.key, numbers)

    def uniform(self, size: int, low: float = 0.0, high: float = 1.0) -> Floats:
        """Draw floats in [low, high)."""
        return low + _unit(self.bits(size)) * (high - low)

    def integers(self, low: int, high: int, size: int) -> Ints:
        """Draw whole numbers in [low, high)."""
        return low + np.floor(self.uniform(size) * (high - low)).astype(np.int64)

    def sample(self, distribution: Quantiles, size: int) -> Floats:
        """Draw values of a distribution."""
        return distribution.at(self.uniform(size))

    def number(self, low: int, high: int) -> int:
        """Draw one whole number in [low, high)."""
        return int(self.integers(low, high, 1)[0])

    def chance(self, probability: float) -> bool:
        """Draw one yes or no."""
        return bool(self.uniform(1)[0] < probability)

    def choice(self, items: Sequence[T]) -> T:
        """Draw one item."""
        return items[self.number(0, len(items))]

    def choices(self, items: Sequence[T], size: int) -> list[T]:
        """Draw items, the same one more than once if it happens."""
        return [items[i] for i in self.integers(0, len(items), size)]

    def order(self, size: int) -> Ints:
        """Draw an order of the numbers 0 to size - 1."""
        return np.argsort(self.bits(size), kind="stable")

    def subset(self, items: Sequence[T], size: int) -> list[T]:
        """Draw ``size`` different items (all of them if there are fewer)."""
        return [items[i] for i in self.order(len(items))[:size]]

    def text(self, alphabet: str, length: int) -> str:
        """Draw characters of an alphabet."""
        return "".join(alphabet[i] for i in self.integers(0, len(alphabet), length))
