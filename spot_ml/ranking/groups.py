"""Groups of like events: records with the same document and kind of word."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_ml.results import order_columns
from spot_ml.words.source import SourceWords

#: Columns of a scored record: its surprise and its group, which is a document, the record's word
#: there, and its kind; ``members`` is how many records a group has.
NATS, MEMBERS = "nats", "members"
DOCUMENT, WORD, KIND = "group_document", "group_word", "group_kind"
#: The surprise without verdicts, and whether the group was rated high or medium.
BEFORE, RAISED = "nats_before", "raised"
#: Of two records of a day that has verdicts the one that stands for it without them.
UNHEARD = "unheard"


def best_of_groups(scored: pa.Table, source: SourceWords) -> pa.Table:
    """The most surprising record of each group, with its number of members.

    Ties go by the columns of the result in order. A record that has ``members`` already stands for
    so many.
    """
    scored = with_members(scored)
    if not scored.num_rows:
        return scored
    group = _groups(scored)
    nats = scored[NATS].to_numpy()
    most = np.full(int(group.max()) + 1, -np.inf)
    np.maximum.at(most, group, nats)
    members = np.zeros(len(most), np.int64)
    np.add.at(members, group, scored[MEMBERS].to_numpy())
    best = np.flatnonzero(nats == most[group])
    alone = np.bincount(group[best])[group[best]] == 1
    equal = best[~alone]
    equal = equal[_in_order(scored.take(pa.array(equal)), source)]
    first = equal[np.unique(group[equal], return_index=True)[1]]
    chosen = np.zeros(len(nats), np.bool_)
    chosen[best[alone]] = chosen[first] = True
    found = scored.drop_columns([MEMBERS]).filter(pa.array(chosen))
    return found.append_column(MEMBERS, pa.array(members[group[chosen]]))


def with_members(scored: pa.Table) -> pa.Table:
    """Let each record stand for itself, where none says yet how many it stands for."""
    if MEMBERS in scored.column_names:
        return scored
    return scored.append_column(MEMBERS, pa.array(np.ones(scored.num_rows, np.int64)))


def best_first(groups: pa.Table, source: SourceWords) -> pa.Table:
    """Groups in the order of the list: most surprising first, ties by the columns in order."""
    return groups.take(pa.array(_in_order(groups, source)))


def most_surprising(groups: pa.Table, most: int) -> pa.Table:
    """Leave out groups that cannot be among the ``most`` best of a list (<= 0: none)."""
    if UNHEARD in groups.column_names:
        return pa.concat_tables(_most(groups.filter(mask), most) for mask in _masks(groups))
    return _most(groups, most)


def heard_and_not(groups: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Tell the groups of the list with verdicts from those of the list without."""
    if UNHEARD not in groups.column_names:
        return groups, groups
    heard, without = (groups.filter(mask) for mask in _masks(groups))
    return heard, without


def _masks(groups: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    return pc.invert(groups[UNHEARD]), groups[UNHEARD]


def _most(groups: pa.Table, most: int) -> pa.Table:
    if not 0 < most < groups.num_rows:
        return groups
    nats = groups[NATS].to_numpy()
    return groups.filter(pa.array(nats >= np.partition(nats, -most)[-most]))


def _groups(scored: pa.Table) -> NDArray[np.int64]:
    """A number for each record's group."""
    document = scored[DOCUMENT].combine_chunks().dictionary_encode().indices.to_numpy()
    kind = scored[KIND].to_numpy().astype(np.int64)
    joint = document.astype(np.int64) * (int(kind.max()) + 1) + kind
    if UNHEARD in scored.column_names:
        joint = joint * 2 + scored[UNHEARD].to_numpy()
    numbers: NDArray[np.int64] = np.unique(joint, return_inverse=True)[1]
    return numbers


def _in_order(rows: pa.Table, source: SourceWords) -> NDArray[np.int64]:
    ascending = [(name, "ascending", "at_start") for name in order_columns(source)]
    keys = [(NATS, "descending", "at_end"), *ascending]
    places: NDArray[np.int64] = pc.sort_indices(rows, sort_keys=keys).to_numpy()
    return places
