"""Distributions as tables of quantiles.

A value is read off a table by a uniform number, with multiplication and addition only: these give
the same bits on every processor, which vectorised ``exp`` and ``log`` do not promise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_POINTS = 1024


@dataclass(frozen=True, eq=False)
class Quantiles:
    """A distribution: its values at equally spaced probabilities, a straight line between them."""

    values: NDArray[np.float64]

    def at(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the quantiles of probabilities in [0, 1)."""
        place = probability * (len(self.values) - 1)
        low = place.astype(np.int64)
        left = self.values[low]
        return left + (place - low) * (self.values[low + 1] - left)

    def mean(self) -> float:
        """Return the expected value."""
        return float((self.values[:-1] + self.values[1:]).mean() / 2)


class Family:
    """Several distributions, one of which is read for each value."""

    def __init__(self, members: Sequence[Quantiles]) -> None:
        self._values = np.stack([member.values for member in members])

    def at(self, which: NDArray[np.int64], probability: NDArray[np.float64]) -> Floats:
        """Return the quantiles of probabilities in [0, 1), each of its own distribution."""
        place = probability * (self._values.shape[1] - 1)
        low = place.astype(np.int64)
        left = self._values[which, low]
        found: Floats = left + (place - low) * (self._values[which, low + 1] - left)
        return found


def _table(values: list[float]) -> Quantiles:
    # Twelve digits are the same whichever mathematical library computed them.
    return Quantiles(np.array([float(f"{value:.12g}") for value in values]))


def _inner(points: int) -> list[float]:
    """Return probabilities from just above 0 to just below 1."""
    edge = 0.25 / points
    return [min(max(i / points, edge), 1 - edge) for i in range(points + 1)]


@cache
def log_normal(median: float, sigma: float) -> Quantiles:
    """Return the log-normal distribution, its farthest tails (1 in 4,000) cut off."""
    normal = NormalDist()
    return _table([median * math.exp(sigma * normal.inv_cdf(p)) for p in _inner(_POINTS)])


@cache
def normal(mean: float, deviation: float) -> Quantiles:
    """Return the normal distribution, its farthest tails (1 in 4,000) cut off."""
    source = NormalDist(mean, deviation)
    return _table([source.inv_cdf(p) for p in _inner(_POINTS)])


@cache
def exponential(mean: float) -> Quantiles:
    """Return the exponential distribution, its farthest tail (1 in 4,000) cut off."""
    return _table([-mean * math.log1p(-p) for p in _inner(_POINTS)])


@cache
def even(low: float, high: float) -> Quantiles:
    """Return the uniform distribution over [low, high)."""
    return Quantiles(np.array([low, high], np.float64))
