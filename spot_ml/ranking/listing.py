"""The list an analyst reads: one row per group of like events, few rows per endpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import pyarrow as pa

from spot_ml.ranking.groups import (
    DOCUMENT,
    RAISED,
    WORD,
    best_first,
    heard_and_not,
    most_surprising,
)
from spot_ml.ranking.parts import Parts
from spot_ml.words.grammar import Grammar
from spot_ml.words.source import SourceWords

#: An endpoint that has had so many rows of the list has no further one of its own.
OWN_ROWS = 3
#: Where an event has two: so many, and as the other end of others' rows it is in this many, and in
#: one more of each kin that it was not shown with.
OWN_ROWS_OF_TWO, ROWS_OF_OTHERS = 2, 7
#: How many groups are looked at for each row of the list: most are of endpoints that had theirs.
_GROUPS_PER_ROW = 50
_LEAST_GROUPS = 20_000


def looked_at(most: int) -> int:
    """How many groups, the best ones, a list of ``most`` rows is made from (<= 0: all)."""
    return max(_LEAST_GROUPS, _GROUPS_PER_ROW * most) if most > 0 else -1


class Lists(NamedTuple):
    """The list of a day, and the one that it would be without verdicts."""

    heard: pa.Table
    unheard: pa.Table


def lists_of(groups: pa.Table, source: SourceWords, most: int) -> Lists:
    """The lists that groups make, where some of them stand for the day without verdicts."""
    heard, unheard = heard_and_not(groups)
    first = list_of(heard, source, most)
    return Lists(first, first if unheard is groups else list_of(unheard, source, most))


def list_of(groups: pa.Table, source: SourceWords, most: int) -> pa.Table:
    """The list that groups, one row each, make: best first, at most ``most`` rows (<= 0: all).

    Only the best groups are looked at, however many there are: partitions give what they have.
    """
    ordered = best_first(most_surprising(groups, looked_at(most)), source)
    owners = ordered[DOCUMENT].to_pylist()
    ends = zip(*(ordered[name].to_pylist() for name in source.documents), strict=True)
    kin = kin_of(source.grammar, ordered[WORD].combine_chunks())
    rows = list(limited(owners, ends, kin, exempt=ordered[RAISED].to_pylist()))
    return ordered.take(pa.array(rows[:most] if most > 0 else rows, pa.int64()))


def kin_of(grammar: Grammar, words: pa.Array) -> Iterable[Hashable]:
    """The kin of groups by the words that they are shown by; None where each is its own."""
    if not grammar.kin:
        return repeat(None)
    codes: list[int] = Parts(grammar, words).codes(grammar.kin).tolist()
    return codes


def limited(
    owners: Iterable[Hashable],
    ends: Iterable[Sequence[Hashable]],
    kin: Iterable[Hashable] = repeat(None),
    exempt: Iterable[bool] = repeat(False),
) -> Iterator[int]:
    """Give the places of the groups, best first, but those of endpoints that have had their rows.

    A group has an owner, whose row it is, the endpoints of its best event, of which one on both
    sides counts once, and a kin, of which an owner has one row (None: none). An endpoint that is in
    enough rows of others is in one more of each kin that it was not shown with. Groups that are
    exempt are always there and take nobody's row.
    """
    rows: Counter[Hashable] = Counter()
    told: set[tuple[Hashable, Hashable]] = set()
    shown: set[tuple[Hashable, Hashable]] = set()
    for place, (owner, sides, like, free) in enumerate(
        zip(owners, ends, kin, exempt, strict=False)
    ):
        own = OWN_ROWS if len(sides) == 1 else OWN_ROWS_OF_TWO
        both = {owner, *sides}
        if free:
            yield place
        elif (
            rows[owner] < own
            and (owner, like) not in told
            and all(
                rows[end] < ROWS_OF_OTHERS or (end, like) not in shown for end in both - {owner}
            )
        ):
            rows.update(both)
            shown.update((end, like) for end in both)
            if like is not None:
                told.add((owner, like))
            yield place
