"""The part of the default order that runs in Spark's Python workers: Arrow batches in and out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_ml.batches import PAIR_SCORE, Shared, located, source_words
from spot_ml.figures import PairFigures
from spot_ml.gathering import gathered
from spot_ml.packed import Batches
from spot_ml.ranking.events import BONUS, EASED, YIELDS, as_score, hear
from spot_ml.ranking.groups import (
    BEFORE,
    DOCUMENT,
    KIND,
    NATS,
    RAISED,
    UNHEARD,
    WORD,
    best_of_groups,
    most_surprising,
    with_members,
)
from spot_ml.records import word_columns
from spot_ml.results import SCORE
from spot_ml.score import combine, kept
from spot_ml.words.source import SourceWords, WordContext

#: Columns of a scored record beside those of the result and of ``groups``: the count of the pair
#: that decided, the count expected of it, and the original's score.
EXPECTED, COUNT, COMPATIBLE = "expected", "count", "compatible_score"

#: Rows of a partition that are gathered before only the best of their groups are kept.
_AT_ONCE = 300_000


def surprise_batches(
    source: str,
    threshold: float,
    context: Shared[WordContext],
    figures: Shared[PairFigures],
    batches: Batches,
) -> Iterator[pa.RecordBatch]:
    """Give each clean record its surprise; keep those up to the threshold."""
    words = source_words(source)
    for rows, places in located(words, context, figures.value, batches):
        yield up_to(threshold, surprises(words, rows, places, figures.value))


def up_to(threshold: float, scored: pa.RecordBatch) -> pa.RecordBatch:
    """Keep records whose surprise makes a score up to the threshold."""
    wanted = kept(as_score(scored[NATS].to_numpy()), threshold)
    return scored if wanted.all() else scored.filter(pa.array(wanted))


def twice(
    source: SourceWords, rows: pa.RecordBatch, places: list[np.ndarray], figures: PairFigures
) -> pa.RecordBatch:
    """Give each record as it stands in the list with verdicts, and in the one without."""
    both = [surprises(source, rows, places, figures, heard=heard) for heard in (True, False)]
    marks = (pa.array(np.full(rows.num_rows, unheard)) for unheard in (False, True))
    marked = [one.append_column(UNHEARD, mark) for one, mark in zip(both, marks, strict=True)]
    return pa.concat_batches(marked)


def surprises(
    source: SourceWords,
    rows: pa.RecordBatch,
    places: list[np.ndarray],
    figures: PairFigures,
    *,
    heard: bool | None = None,
) -> pa.RecordBatch:
    """Bring what is known of the documents of clean records together.

    Verdicts are heard where the figures have them, unless ``heard`` says otherwise.
    """
    heard = figures.has(EASED) if heard is None else heard

    def of_sides(name: str) -> list[np.ndarray]:
        return [figures.at(name, place) for place in places]

    yields = of_sides(YIELDS) if len(places) > 1 else []
    said = [of_sides(name) for name in (EASED, BONUS)] if heard else []
    nats, before, decided = hear(of_sides(NATS), yields, *said)
    place = np.choose(decided, places)
    raised = figures.at(BONUS, place) > 0 if heard else np.zeros(len(place), bool)
    side = pa.array(decided)
    names = [*source.select_columns, *word_columns(source)]
    added = {
        SCORE: pa.array(as_score(nats)),
        NATS: pa.array(nats),
        BEFORE: pa.array(before),
        RAISED: pa.array(raised),
        EXPECTED: pa.array(figures.at(EXPECTED, place)),
        COUNT: pa.array(figures.at(COUNT, place).astype(np.int64)),
        COMPATIBLE: pa.array(combine(*(figures.at(PAIR_SCORE, p) for p in places))),
        DOCUMENT: pc.choose(side, *(rows[name] for name in source.documents)),
        WORD: pc.choose(side, *(rows[name] for name in word_columns(source))),
        KIND: pa.array(figures.at(KIND, place).astype(np.int32)),
    }
    columns = [*(rows[name] for name in names), *added.values()]
    return pa.RecordBatch.from_arrays(columns, names=[*names, *added])


def group_batches(
    source: str,
    threshold: float,
    context: Shared[WordContext],
    figures: Shared[PairFigures],
    batches: Batches,
    *,
    rated: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Give the best record of each group of a partition of rows.

    Where the day is ``rated`` that is the best with verdicts and the best without, marked.
    """
    words = source_words(source)
    scored = twice if rated else surprises
    found = (
        up_to(threshold, scored(words, rows, places, figures.value))
        for rows, places in located(words, context, figures.value, batches)
    )
    yield from _joined(source, found).to_batches()


def first_batches(source: str, most: int, groups: Batches) -> Iterator[pa.RecordBatch]:
    """Bring what several partitions say of groups together; keep the ``most`` best (<= 0: all)."""
    yield from most_surprising(_joined(source, groups), most).to_batches()


def _joined(source: str, batches: Batches) -> pa.Table:
    """The best record of each group of all batches."""
    words = source_words(source)
    tables = (with_members(pa.Table.from_batches([batch])) for batch in batches)

    def best(several: Sequence[pa.Table]) -> pa.Table:
        return best_of_groups(pa.concat_tables(several), words)

    found = gathered(tables, best, _AT_ONCE)
    return pa.table({}) if found is None else found
