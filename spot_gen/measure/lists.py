"""The measures of a list whose rows stand for groups of records.

There are two ways to look at it. Who reads the list sees the one record that a row shows; who opens
each row sees all records of its group. A row is malicious when the record, or one of the records,
is. So an incident is found where a row shows one of its records, or has one in its group; hits and
recall count records, precision counts rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spot_gen.measure.measures import Floats, Mask, Places, Ranked

#: Average precision is that of so many first rows.
LIST_ROWS = 1000


@dataclass(frozen=True, eq=False)
class Listed(Ranked):
    """A list of rows.

    ``ranks`` has the rank of the row that each labelled record counts for, ``group`` the number of
    what can be a row: a group, or a record (-1: it is in none); ``total`` is how many of these
    there are, listed or not.
    """

    group: Places

    def rows(self, mask: Mask, top: int) -> float:
        """Rows among the first ``top`` that a record of the mask counts for."""
        return float(np.count_nonzero(self._listed(mask) <= top))

    def share(self, mask: Mask) -> float:
        """Share of what can be a row that is malicious."""
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
        """Precision of rows by the share that they are of all that would be malicious ones."""
        wanted = max(self._groups(mask), 1)
        rows = self._listed(mask)
        ranks = np.append(rows, np.full(wanted - len(rows), np.inf))
        whole = Ranked(ranks, self.listed, self.total)
        return whole.curve(np.ones(wanted, bool), points)

    def _groups(self, mask: Mask) -> int:
        return len(np.unique(self.group[mask & (self.group >= 0)]))

    def _listed(self, mask: Mask) -> Floats:
        """The distinct ranks that records of the mask have, ascending."""
        ranks = np.unique(self.ranks[mask])
        return ranks[np.isfinite(ranks)]
