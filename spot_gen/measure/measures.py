"""The measures of a ranking, as arithmetic over the ranks of labelled records. No input, no output.

A ranking is known by the ranks of the labelled records: 1 is the first row, infinity means that
the record is not listed. Records that are not listed, labelled or not, come after all listed ones
in no order: they add nothing to precision, recall and average precision, and the area under the
ROC curve counts each pair of them as half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.int64]

#: How many rows an analyst looks at: 250 is one screen of the web application.
TOP = (50, 250, 500, 1000, 3000)


class Order(Protocol):
    """What can be asked of an order of all records.

    ``mask`` chooses labelled records; ``groups`` gives the group of each labelled record (-1: of
    none), and results have one number a group.
    """

    @property
    def listed(self) -> int:
        """Number of rows that are listed."""

    @property
    def total(self) -> int:
        """Number of records that there are, listed or not."""

    def hits(self, mask: Mask, top: int) -> float:
        """Records of the mask among the first ``top`` rows."""

    def rows(self, mask: Mask, top: int) -> float:
        """Rows among the first ``top`` that stand for a record of the mask."""

    def share(self, mask: Mask) -> float:
        """What ``rows`` are expected of one row of an order that is drawn."""

    def first(self, groups: Places, count: int) -> Floats:
        """Rank of the first record of each group, infinity where none is listed."""

    def found(self, groups: Places, count: int, top: int) -> Floats:
        """Whether (0 or 1, or how probably) a record of each group is in the first ``top`` rows."""

    def average_precision(self, mask: Mask) -> float | None:
        """Mean over the records of the mask of the precision at their ranks; None without any."""

    def roc_auc(self, mask: Mask) -> float | None:
        """Probability that a record of the mask comes before another; None without either."""

    def curve(self, mask: Mask, points: Floats) -> Floats:
        """Precision at recalls (0 to 1), NaN where a recall is not reached."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """An order that is known: ``ranks`` has one rank a labelled record."""

    ranks: Floats
    listed: int
    total: int

    def hits(self, mask: Mask, top: int) -> float:
        """Records of the mask among the first ``top`` rows."""
        return float(np.count_nonzero(self.ranks[mask] <= top))

    def rows(self, mask: Mask, top: int) -> float:
        """The same: a row is a record."""
        return self.hits(mask, top)

    def share(self, mask: Mask) -> float:
        """Share of the records that the mask chooses."""
        return int(np.count_nonzero(mask)) / self.total if self.total else 0.0

    def first(self, groups: Places, count: int) -> Floats:
        """Rank of the first record of each group, infinity where none is listed."""
        first = np.full(count, np.inf)
        inside = groups >= 0
        np.minimum.at(first, groups[inside], self.ranks[inside])
        return first

    def found(self, groups: Places, count: int, top: int) -> Floats:
        """1 for each group with a record among the first ``top`` rows, else 0."""
        return (self.first(groups, count) <= top).astype(np.float64)

    def average_precision(self, mask: Mask) -> float | None:
        """Mean of hits / rank over the records of the mask, 0 for those that are not listed."""
        wanted = int(np.count_nonzero(mask))
        if not wanted:
            return None
        ranks = self._listed(mask)
        return float(np.sum(np.arange(1, len(ranks) + 1) / ranks) / wanted)

    def roc_auc(self, mask: Mask) -> float | None:
        """Share of the pairs (record of the mask, other record) that are in the right order."""
        wanted = int(np.count_nonzero(mask))
        others = self.total - wanted
        if not wanted or others <= 0:
            return None
        ranks = self._listed(mask)
        before = ranks - np.arange(1, len(ranks) + 1)
        missed = wanted - len(ranks)
        unlisted_others = max(self.total - self.listed - missed, 0)
        right = np.sum(others - before) + missed * unlisted_others / 2
        return float(right / (wanted * others))

    def curve(self, mask: Mask, points: Floats) -> Floats:
        """Precision at recalls (0 to 1), the best at that recall or above; NaN where not reached.

        The usual interpolation, so that the curve falls and can be averaged over data sets.
        """
        ranks = self._listed(mask)
        wanted = max(int(np.count_nonzero(mask)), 1)
        if not len(ranks):
            return np.full(len(points), np.nan)
        precision = np.arange(1, len(ranks) + 1) / ranks
        best = np.maximum.accumulate(precision[::-1])[::-1]
        place = np.maximum(np.ceil(points * wanted - 1e-9).astype(np.int64) - 1, 0)
        reached = place < len(best)
        return np.where(reached, best[np.minimum(place, len(best) - 1)], np.nan)

    def _listed(self, mask: Mask) -> Floats:
        ranks = self.ranks[mask]
        return np.sort(ranks[np.isfinite(ranks)])


@dataclass(frozen=True, eq=False)
class Shuffled:
    """What is expected of an order that is drawn, each as likely as any other; exact, not drawn."""

    total: int

    @property
    def listed(self) -> int:
        """All records are listed."""
        return self.total

    def hits(self, mask: Mask, top: int) -> float:
        """Expected number of records of the mask among the first ``top`` rows."""
        return float(np.count_nonzero(mask)) * min(top, self.total) / max(self.total, 1)

    def rows(self, mask: Mask, top: int) -> float:
        """The same: a row is a record."""
        return self.hits(mask, top)

    def share(self, mask: Mask) -> float:
        """Share of the records that the mask chooses."""
        return int(np.count_nonzero(mask)) / self.total if self.total else 0.0

    def first(self, groups: Places, count: int) -> Floats:
        """Expected rank of the first record of each group: (N + 1) / (n + 1)."""
        return (self.total + 1) / (self._sizes(groups, count) + 1)

    def found(self, groups: Places, count: int, top: int) -> Floats:
        """Probability that one of the n records of a group is among the first ``top`` of N.

        1 - C(N - n, top) / C(N, top)
        """
        sizes, top = self._sizes(groups, count), min(top, self.total)
        left = self.total - sizes
        impossible = left < top
        left = np.where(impossible, top, left)
        missed = np.exp(_log_choose(left, top) - _log_choose(np.array(float(self.total)), top))
        return np.where(impossible, 1.0, 1.0 - missed)

    def average_precision(self, mask: Mask) -> float | None:
        """Expected value: ((n - 1) / (N - 1) (N - H) + H) / N with the harmonic number H of N."""
        wanted, total = int(np.count_nonzero(mask)), self.total
        if not wanted or total < 1:
            return None
        harmonic = float(np.sum(1.0 / np.arange(1, total + 1)))
        share = (wanted - 1) / max(total - 1, 1)
        return (share * (total - harmonic) + harmonic) / total

    def roc_auc(self, mask: Mask) -> float | None:
        """One half."""
        wanted = int(np.count_nonzero(mask))
        return 0.5 if 0 < wanted < self.total else None

    def curve(self, mask: Mask, points: Floats) -> Floats:
        """The share of the records of the mask, at every recall."""
        return np.full(len(points), np.count_nonzero(mask) / max(self.total, 1))

    @staticmethod
    def _sizes(groups: Places, count: int) -> Floats:
        return np.bincount(groups[groups >= 0], minlength=count).astype(np.float64)


def _log_choose(of: Floats, some: float) -> Floats:
    return np.asarray(gammaln(of + 1) - gammaln(some + 1) - gammaln(of - some + 1), np.float64)


def precision(order: Order, mask: Mask, top: int) -> float | None:
    """Share of the first rows that belong to the mask; of the rows that there are, if fewer."""
    shown = min(top, order.listed)
    return order.rows(mask, top) / shown if shown else None


def recall(order: Order, mask: Mask, top: int) -> float | None:
    """Share of the records of the mask that are among the first rows; None without any."""
    wanted = int(np.count_nonzero(mask))
    return order.hits(mask, top) / wanted if wanted else None


def lift(order: Order, mask: Mask, top: int) -> float | None:
    """Precision divided by that of a random order."""
    share = order.share(mask)
    found = precision(order, mask, top)
    return found / share if share and found is not None else None


def ranks_of(rows: Places, position: Places | None = None) -> Floats:
    """Ranks of labelled records from their rows (-1: none); ``position`` is where a row is placed.

    Without ``position`` the rows are in the order of suspicion already.
    """
    listed = rows >= 0
    places = rows if position is None else position[np.maximum(rows, 0)]
    return np.where(listed, places + 1.0, np.inf)
