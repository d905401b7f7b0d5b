"""The list an analyst reads: one row per group of like events, few rows per endpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: Most rows of the list that one endpoint may have, on either side of an event.
ROWS_PER_ENDPOINT = 3


@dataclass(frozen=True)
class Candidate:
    """A group's best event: ``row`` is its place in the caller's table, ``endpoints`` its ends."""

    row: int
    endpoints: tuple[str, ...]


def limited(candidates: Iterable[Candidate], most: int = ROWS_PER_ENDPOINT) -> Iterator[int]:
    """Give the rows of the candidates, best first, but those of endpoints that have had theirs."""
    rows: Counter[str] = Counter()
    for candidate in candidates:
        if all(rows[end] < most for end in candidate.endpoints):
            rows.update(candidate.endpoints)
            yield candidate.row
