"""The measures of a list whose rows stand for groups of records.

All records of a group have the rank of its row, and a row counts as malicious when its group has a
malicious record. So an incident is found where one of its groups is listed; hits and recall count
records, precision counts rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spot_gen.measure.measures import Floats, Mask, Places, Ranked

#: Average precision is that of so many first rows.
LIST_ROWS = 1000


@dataclass(frozen=True, eq=False)
class Listed(Ranked):
    """A list of groups.

    ``ranks`` has the rank of the group of each labelled record, ``group`` the group's number (-1:
    the record is in none); ``total`` is the number of groups, listed or not.
    """

    group: Places

    def rows(self, mask: Mask, top: int) -> float:
        """Rows among the first ``top`` whose group has a record of the mask."""
        return float(np.count_nonzero(self._listed(mask) <= top))

    def share(self, mask: Mask) -> float:
        """Share of the groups that have a record of the mask."""
        return self._groups(mask) / self.total if self.total else 0.0

    def average_precision(self, mask: Mask) -> float | None:
        """Mean over the malicious ones of the first ``LIST_ROWS`` rows of the precision there.

        0 where none of them is malicious, None where no record is.
        """
        if not mask.any():
            return None
        ranks = self._listed(mask)
        ranks = ranks[ranks <= LIST_ROWS]
        return float(np.mean(np.arange(1, len(ranks) + 1) / ranks)) if len(ranks) else 0.0

    def roc_auc(self, _mask: Mask) -> float | None:
        """None: what is not in the list has no place."""
        return None

    def curve(self, mask: Mask, points: Floats) -> Floats:
        """Precision of the rows by the share of the malicious groups that they have."""
        wanted = max(self._groups(mask), 1)
        rows = self._listed(mask)
        ranks = np.append(rows, np.full(wanted - len(rows), np.inf))
        whole = Ranked(ranks, self.listed, self.total)
        return whole.curve(np.ones(wanted, bool), points)

    def _groups(self, mask: Mask) -> int:
        return len(np.unique(self.group[mask & (self.group >= 0)]))

    def _listed(self, mask: Mask) -> Floats:
        """The distinct ranks of listed groups that have a record of the mask, ascending."""
        ranks = np.unique(self.ranks[mask])
        return ranks[np.isfinite(ranks)]
