"""What Spark does with the rows of a day, one function per stage.

The stages in Python work on Arrow batches and are the functions of ``records``, ``pipeline``,
``score`` and ``results``; Spark adds up, joins and sorts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's users know
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

from spot_common.registry import part
from spot_ml.pipeline import count_values
from spot_ml.records import REASON, STATE, State, tag, word_columns
from spot_ml.results import SCORE, lines, output_rows
from spot_ml.score import combine, kept
from spot_ml.words.source import SourceWords, WordContext

LINE = "line"

_Batches = Iterable[pa.RecordBatch]
_Stage = Callable[[_Batches], Iterator[pa.RecordBatch]]


class Tally(NamedTuple):
    """Number of records of one state with one reason or remark (None: without)."""

    state: str
    reason: str | None
    rows: int


def source_words(name: str) -> SourceWords:
    """The word module of a source."""
    words: SourceWords = part("spot_ml.words", name).WORDS
    return words


def value_counts(rows: DataFrame, source: SourceWords) -> pa.Table:
    """Count the values of the source's ``counted`` column over the clean records."""
    name = source.name

    def count(batches: _Batches) -> Iterator[pa.RecordBatch]:
        yield from count_values(source_words(name), batches).to_batches()

    partial = rows.mapInArrow(count, "value string, count long")
    return partial.groupBy("value").agg(F.sum("count").alias("count")).toArrow()


def tagged(rows: DataFrame, source: SourceWords, context: Broadcast[WordContext]) -> DataFrame:
    """Give every record its state, reason and words."""
    name = source.name

    def tag_batches(batches: _Batches) -> Iterator[pa.RecordBatch]:
        words = source_words(name)
        for batch in batches:
            yield from tag(words, batch, context.value)

    selected = rows.select(*source.select_columns)
    added = [STATE, REASON, *word_columns(source)]
    fields = [StructField(field.name, field.dataType) for field in selected.schema.fields]
    schema = StructType(fields + [StructField(name, StringType()) for name in added])
    return selected.mapInArrow(tag_batches, schema)


def tally(records: DataFrame) -> list[Tally]:
    """Count the records by state and reason."""
    counted = records.groupBy(STATE, REASON).count().collect()
    return sorted(
        (Tally(row[STATE], row[REASON], int(row["count"])) for row in counted),
        key=lambda entry: (entry.state, entry.reason or ""),
    )


def with_state(records: DataFrame, state: State) -> DataFrame:
    """The records of one state."""
    return records.where(F.col(STATE) == state.value)


def pairs(records: DataFrame, source: SourceWords) -> pa.Table:
    """Count the distinct (document, word) pairs of the clean records."""
    sides = [
        F.struct(F.col(document).alias("document"), F.col(word).alias("word"))
        for document, word in zip(source.documents, word_columns(source), strict=True)
    ]
    stacked = with_state(records, State.CLEAN).select(F.explode(F.array(*sides)).alias("pair"))
    return stacked.groupBy("pair.document", "pair.word").count().toArrow()


def equal_records(records: DataFrame, source: SourceWords, wanted: pa.Table) -> pa.Table:
    """The distinct clean records, as model rows, that equal a wanted row but in one column.

    The column is the source's ``matched`` one, which the wanted rows lack.
    """
    names = [name for name, _ in source.model_schema]
    others = [name for name in names if name != source.feedback.matched]
    frame = _frame(records.sparkSession, wanted.select(others)).distinct()
    found = with_state(records, State.CLEAN).select(*names)
    return found.join(F.broadcast(frame), others).select(*names).distinct().toArrow()


def scored(
    records: DataFrame, source: SourceWords, scores: pa.Table, threshold: float, broadcast: int
) -> DataFrame:
    """Give the clean records up to the threshold their score and the line of the result.

    ``scores`` has a row per pair; it is sent to every executor where it is not above
    ``broadcast`` bytes. Spark drops most rows early by the smallest score; what is kept is then
    decided by ``score.combine`` and ``score.kept``.
    """
    joined = with_state(records, State.CLEAN)
    frame = _frame(joined.sparkSession, scores)
    frame = F.broadcast(frame) if scores.nbytes <= broadcast else frame
    columns = []
    for document, word in zip(source.documents, word_columns(source), strict=True):
        columns.append(f"score_of_{document}")
        side = frame.select(
            F.col("document").alias(document),
            F.col("word").alias(word),
            F.col("pair_score").alias(columns[-1]),
        )
        joined = joined.join(side, [document, word])
    smallest = F.least(*columns) if len(columns) > 1 else F.col(columns[0])
    return joined.where(smallest <= threshold)


def ranked(
    records: DataFrame, source: SourceWords, threshold: float, most: int, delimiter: str
) -> DataFrame:
    """The lines of the result in order: lowest score first, ties by the other columns.

    ``records`` is what ``scored`` gives.
    """
    name = source.name
    columns = [f"score_of_{document}" for document in source.documents]

    def rank(batches: _Batches) -> Iterator[pa.RecordBatch]:
        words = source_words(name)
        for batch in batches:
            score = combine(*(batch[column].to_numpy(zero_copy_only=False) for column in columns))
            batch = batch.append_column(SCORE, pa.array(score))
            batch = batch.filter(pa.array(kept(score, threshold)))
            text = lines(output_rows(words, batch), delimiter)
            names = [*words.select_columns, *word_columns(words), SCORE]
            yield batch.select(names).append_column(LINE, text)

    order = [*source.select_columns, *(word_columns(source) if source.word_in_result else ())]
    kinds = {field.name: field.dataType for field in records.schema.fields}
    schema = StructType(
        [StructField(n, kinds[n]) for n in (*source.select_columns, *word_columns(source))]
        + [StructField(SCORE, DoubleType()), StructField(LINE, StringType())]
    )
    ordered = records.mapInArrow(rank, schema).orderBy(SCORE, *order)
    return (ordered.limit(most) if most > 0 else ordered).select(LINE)


def _frame(session: SparkSession, table: pa.Table) -> DataFrame:
    """A small Arrow table as a frame."""
    frame: DataFrame = session.createDataFrame(table)
    return frame
