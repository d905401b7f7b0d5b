"""The stages that run in Spark's Python workers: Arrow batches in, Arrow batches out.

A worker imports this module and what it needs, so it stays free of PySpark's own classes and of
the fits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_common.registry import part
from spot_ml.corpus import NAME
from spot_ml.figures import PairFigures
from spot_ml.gathering import gathered
from spot_ml.packed import Batches
from spot_ml.records import REASON, STATE, State, count_values, tag, word_columns
from spot_ml.results import SCORE, lines, output_rows
from spot_ml.score import combine, kept
from spot_ml.words.source import SourceWords, WordContext

LINE = "line"
#: The figure of a pair that the original's order goes by.
PAIR_SCORE = "pair_score"

T_co = TypeVar("T_co", covariant=True)

#: How often a pair occurs. Many pairs have the same document or word: both are numbered.
PAIRS = pa.schema([("document", NAME), ("word", NAME), ("count", pa.int64())])
#: What a partition says of its records: how often a pair occurs among the clean ones, and how many
#: records have a state (and reason); of each row either the first or the second two are null.
COUNTED = pa.schema(
    [("document", NAME), ("word", NAME), (STATE, pa.string()), (REASON, pa.string()),
     ("count", pa.int64())]
)  # fmt: skip
#: How often a value occurs.
VALUES = pa.schema([("value", pa.string()), ("count", pa.int64())])
#: Rows of a partition that are gathered before they are brought together.
_AT_ONCE = 500_000


class Shared(Protocol[T_co]):
    """A value that Spark sends to every worker once."""

    @property
    def value(self) -> T_co:
        """The value itself."""


class StrayPairError(RuntimeError):
    """A record has a pair that was not counted: it is not of the rows that were."""


def source_words(name: str) -> SourceWords:
    """The word module of a source."""
    words: SourceWords = part("spot_ml.words", name).WORDS
    return words


def count_batches(source: str, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Count values of the source's ``counted`` column: ``value`` and ``count``, may repeat."""
    yield from count_values(source_words(source), batches).to_batches()


def tag_batches(
    source: str, context: Shared[WordContext], batches: Batches
) -> Iterator[pa.RecordBatch]:
    """Give every record its state, reason and words."""
    words = source_words(source)
    for batch in batches:
        yield from tag(words, batch, context.value)


def counted_batches(
    source: str, context: Shared[WordContext], batches: Batches
) -> Iterator[pa.RecordBatch]:
    """Count pairs and states over all batches: rows of ``COUNTED``, of each kind one."""
    words = source_words(source)
    states: Counter[tuple[str, str | None]] = Counter()

    def counts() -> Iterator[pa.Table]:
        for batch in tag_batches(source, context, batches):
            of_batch = pa.table([batch[STATE], batch[REASON]], names=[STATE, REASON])
            tallied = of_batch.group_by([STATE, REASON]).aggregate([([], "count_all")])
            for row in tallied.to_pylist():
                states[row[STATE], row[REASON]] += row["count_all"]
            yield count_pairs(words, _clean(batch))

    pairs = gathered(counts(), add_up, _AT_ONCE)
    if pairs is not None:
        nulls = pa.nulls(pairs.num_rows, pa.string())
        columns = [pairs["document"], pairs["word"], nulls, nulls, pairs["count"]]
        yield from pa.table(columns, schema=COUNTED).to_batches(max_chunksize=_AT_ONCE)
    rows = [{STATE: s, REASON: r, "count": n} for (s, r), n in states.items()]
    yield from pa.Table.from_pylist(rows, schema=COUNTED).to_batches()


def summed_batches(counted: Batches) -> Iterator[pa.RecordBatch]:
    """Add up what several partitions have counted: of each kind one row, with its ``count``."""
    tables = (pa.Table.from_batches([batch]) for batch in counted)
    found = gathered(tables, add_up, _AT_ONCE)
    if found is not None:
        yield from found.to_batches(max_chunksize=_AT_ONCE)


def _clean(tagged: pa.RecordBatch) -> pa.RecordBatch:
    clean = pc.equal(tagged[STATE], State.CLEAN.value)
    return tagged if pc.all(clean).as_py() else tagged.filter(clean)


def count_pairs(source: SourceWords, clean: pa.RecordBatch | pa.Table) -> pa.Table:
    """Count the distinct pairs of clean records: ``document``, ``word``, ``count``."""
    rows = clean if isinstance(clean, pa.Table) else pa.Table.from_batches([clean])
    documents = _numbered(rows.select(source.documents))
    words = _numbered(rows.select(word_columns(source)))
    stacked = pa.table([documents, words], names=["document", "word"])
    counted = stacked.group_by(["document", "word"]).aggregate([([], "count_all")])
    return counted.rename_columns(PAIRS.names)


def _numbered(columns: pa.Table) -> pa.DictionaryArray:
    """The values of all columns, one after the other."""
    chunks = [chunk for column in columns.columns for chunk in column.chunks]
    return pa.concat_arrays(chunks).dictionary_encode() if chunks else pa.array([], NAME)


def add_up(counted: Sequence[pa.Table]) -> pa.Table:
    """Add up the column ``count`` of rows that are equal otherwise."""
    names = [name for name in counted[0].column_names if name != "count"]
    together = pa.concat_tables(counted).unify_dictionaries()
    summed = together.group_by(names).aggregate([("count", "sum")])
    return summed.rename_columns([*names, "count"])


def located(
    source: SourceWords,
    context: Shared[WordContext],
    figures: PairFigures,
    batches: Batches,
) -> Iterator[tuple[pa.RecordBatch, list[np.ndarray]]]:
    """Give the clean records of each batch with the places of their pairs, as ``places_of``."""
    for batch in batches:
        for tagged in tag(source, batch, context.value):
            rows = _clean(tagged)
            yield rows, places_of(source, rows, figures)


def places_of(source: SourceWords, clean: pa.RecordBatch, figures: PairFigures) -> list[np.ndarray]:
    """For each document of clean records the places of their pairs.

    Raises StrayPairError where a pair has none.
    """
    places = [
        figures.places(clean[document], clean[word])
        for document, word in zip(source.documents, word_columns(source), strict=True)
    ]
    if any((place < 0).any() for place in places):
        raise StrayPairError
    return places


def rank_batches(
    source: str,
    threshold: float,
    most: int,
    delimiter: str,
    context: Shared[WordContext],
    figures: Shared[PairFigures],
    batches: Batches,
) -> Iterator[pa.RecordBatch]:
    """Keep the records up to the threshold, with their score and the line of the result.

    Where only the ``most`` best are asked for, others that cannot be among them are left out.
    """
    words = source_words(source)
    names = [*words.select_columns, *word_columns(words)]
    best = np.empty(0)
    for rows, places in located(words, context, figures.value, batches):
        score = combine(*(figures.value.at(PAIR_SCORE, place) for place in places))
        wanted = kept(score, threshold)
        if most > 0:
            best = np.sort(np.concatenate([best, score[wanted]]))[:most]
            wanted &= score <= best[-1] if len(best) == most else True
        found = rows.select(names).append_column(SCORE, pa.array(score))
        found = found.filter(pa.array(wanted))
        yield found.append_column(LINE, lines(output_rows(words, found), delimiter))
