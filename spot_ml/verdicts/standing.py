"""What each line of a list stood for: the record of a day that verdicts on it are understood by.

A verdict names an event; what the analyst saw was a group. Which address it was a row of, how
often that showed the group's words, and how large they were, only the day's own run knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from spot_ml.ranking.groups import DOCUMENT
from spot_ml.ranking.order import Surprises
from spot_ml.records import word_columns
from spot_ml.results import one_line
from spot_ml.words.source import SourceWords

#: What a side of an event stood for: the counts of its word and of all words of the group at the
#: side's address, and the largest value that each size of those words had.
_SIDE = pa.struct(
    [
        ("word_count", pa.int64()),
        ("group_count", pa.int64()),
        ("largest", pa.list_(pa.int64())),
    ]
)
#: The columns beside those of the event: the address whose row it was, and the sides in order.
_FIELDS = (pa.field("document", pa.string()), pa.field("sides", pa.list_(_SIDE)))
#: Texts of a value that is not there.
_NOTHING = ("", "null")


def schema(source: SourceWords) -> pa.Schema:
    """The schema of the record: the model columns of the event, and what it stood for."""
    return pa.schema([*source.model_arrow(), *_FIELDS])


def standing(order: Surprises, source: SourceWords, events: pa.Table) -> pa.Table:
    """Say what the events of a list stand for; they have the columns of ``ranking.batches``."""
    model = [one_line(events[name]) for name, _ in source.model_schema]
    sides = [
        _side(order, events[document].combine_chunks(), events[word].combine_chunks())
        for document, word in zip(source.documents, word_columns(source), strict=True)
    ]
    both = [list(event) for event in zip(*sides, strict=True)]
    columns = [*model, events[DOCUMENT], pa.array(both, pa.list_(_SIDE))]
    return pa.table(columns, schema=schema(source)).combine_chunks()


def _side(order: Surprises, documents: pa.Array, words: pa.Array) -> list[dict[str, Any]]:
    """What the pairs of some documents and words stand for."""
    corpus, groups = order.corpus, order.groups
    places = order.meant.places(documents, words)
    total = np.bincount(groups.of_pair, corpus.count, minlength=len(groups))
    largest: dict[int, list[int]] = {}
    found = []
    for place, group in zip(places.tolist(), groups.of_pair[places].tolist(), strict=True):
        if group not in largest:
            pairs = groups.pairs(group)
            largest[group] = order.parts.sizes[:, corpus.word[pairs]].max(axis=1).tolist()
        counts = int(corpus.count[place]), int(total[group])
        found.append(dict(zip(_SIDE.names, (*counts, largest[group]), strict=True)))
    return found


class Standing:
    """Finds what rated events stood for."""

    def __init__(self, source: SourceWords, record: pa.Table) -> None:
        left_out = source.feedback.matched
        self._names = [name for name, _ in source.model_schema if name != left_out]
        self._rows = record.to_pylist()
        self._place = {key: place for place, key in enumerate(self._keys(record))}

    def of(self, rows: pa.Table) -> list[dict[str, Any] | None]:
        """Give the record of each event of the model schema, None for one that was in no list."""
        places = [self._place.get(key) for key in self._keys(rows)]
        return [None if place is None else self._rows[place] for place in places]

    def _keys(self, rows: pa.Table) -> Iterator[tuple[Any, ...]]:
        for values in zip(*(rows[name].to_pylist() for name in self._names), strict=True):
            yield tuple(None if value in _NOTHING else value for value in values)


def kept_with(new: pa.Table, former: pa.Table, rated: pa.Table, source: SourceWords) -> pa.Table:
    """Add what rated events stood for in a former run of the day, unless the new one lists them."""
    known = Standing(source, new).of(rated)
    was = Standing(source, former).of(rated)
    rows = [old for old, now in zip(was, known, strict=True) if now is None and old is not None]
    return pa.concat_tables([new, pa.Table.from_pylist(rows, schema=new.schema)])
