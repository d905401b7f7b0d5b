"""The list an analyst reads: one row per group of like events, few rows per endpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

#: Most rows of the list that one endpoint may have, on either side of an event.
ROWS_PER_ENDPOINT = 3


def limited(groups: Iterable[Sequence[str]], most: int = ROWS_PER_ENDPOINT) -> Iterator[int]:
    """Give the places of the groups, best first, but those of endpoints that have had their rows.

    A group is known by the endpoints of its best event; one on both sides counts once.
    """
    rows: Counter[str] = Counter()
    for place, sides in enumerate(groups):
        ends = set(sides)
        if all(rows[end] < most for end in ends):
            rows.update(ends)
            yield place
