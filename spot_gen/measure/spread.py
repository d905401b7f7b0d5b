"""Figures over several data sets: mean and spread of every number of a tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

#: Fewer data sets than this say little about the spread.
ENOUGH = 5


def spread(trees: Sequence[Any]) -> Any:
    """Join trees of numbers into one whose leaves say ``mean``, ``sd``, ``n`` and ``of``.

    ``sd`` is the sample standard deviation, None for a single number; ``n`` trees of ``of`` that
    have the figure at all gave a number (None there means for example: not listed), and only
    these are in the mean. Parts that only some trees have are kept.
    """
    present = [tree for tree in trees if isinstance(tree, dict)]
    if present:
        names = dict.fromkeys(name for tree in present for name in tree)
        return {name: spread([tree[name] for tree in present if name in tree]) for name in names}
    numbers = [float(value) for value in trees if value is not None]
    return {
        "mean": float(np.mean(numbers)) if numbers else None,
        "sd": float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None,
        "n": len(numbers),
        "of": len(trees),
    }


def mean(leaf: Any) -> float | None:
    """The mean of a joined figure, None where no data set gave a number."""
    return leaf["mean"] if leaf else None
