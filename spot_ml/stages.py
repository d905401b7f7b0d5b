"""What Spark does with the rows of a day, one function per stage.

The stages in Python (``batches``) work on Arrow batches; Spark adds up, joins and sorts.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's users know
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

from spot_ml import batches
from spot_ml.batches import LINE, score_columns
from spot_ml.records import REASON, STATE, State, word_columns
from spot_ml.results import SCORE, order_columns
from spot_ml.words.source import SourceWords, WordContext


class Tally(NamedTuple):
    """Number of records of one state with one reason or remark (None: without)."""

    state: str
    reason: str | None
    rows: int


def value_counts(rows: DataFrame, source: SourceWords) -> pa.Table:
    """Count the values of the source's ``counted`` column over the clean records."""
    count = partial(batches.count_batches, source.name)
    found = rows.mapInArrow(count, "value string, count long")
    return found.groupBy("value").agg(F.sum("count").alias("count")).toArrow()


def tagged(rows: DataFrame, source: SourceWords, context: Broadcast[WordContext]) -> DataFrame:
    """Give every record its state, reason and words."""
    selected = rows.select(*source.select_columns)
    added = [STATE, REASON, *word_columns(source)]
    fields = [StructField(field.name, field.dataType) for field in selected.schema.fields]
    schema = StructType(fields + [StructField(name, StringType()) for name in added])
    return selected.mapInArrow(partial(batches.tag_batches, source.name, context), schema)


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


def frame(session: SparkSession, pairs: pa.Table, broadcast: int) -> DataFrame:
    """A table of pairs as a frame, sent to every executor where it is not above so many bytes."""
    found = _frame(session, pairs)
    return F.broadcast(found) if pairs.nbytes <= broadcast else found


def scored(clean: DataFrame, source: SourceWords, pairs: DataFrame, threshold: float) -> DataFrame:
    """Give the clean records up to the threshold the score of each of their documents.

    ``pairs`` has a row per pair with its ``pair_score``. Spark drops most rows early by the
    smallest score; what is kept is then decided by ``score.combine`` and ``score.kept``.
    """
    joined = clean
    columns = score_columns(source)
    for document, word, column in zip(source.documents, word_columns(source), columns, strict=True):
        side = pairs.select(
            F.col("document").alias(document),
            F.col("word").alias(word),
            F.col("pair_score").alias(column),
        )
        joined = joined.join(side, [document, word])
    smallest = F.least(*columns) if len(columns) > 1 else F.col(columns[0])
    return joined.where(smallest <= threshold)


def results(records: DataFrame, source: SourceWords, threshold: float, delimiter: str) -> DataFrame:
    """The records up to the threshold with their words, their score and the line of the result.

    ``records`` is what ``scored`` gives.
    """
    kinds = {field.name: field.dataType for field in records.schema.fields}
    schema = StructType(
        [StructField(n, kinds[n]) for n in (*source.select_columns, *word_columns(source))]
        + [StructField(SCORE, DoubleType()), StructField(LINE, StringType())]
    )
    rank = partial(batches.rank_batches, source.name, threshold, delimiter)
    return records.mapInArrow(rank, schema)


def ranked(found: DataFrame, source: SourceWords, most: int) -> DataFrame:
    """The lines of ``results`` in order: lowest score first, ties by the other columns."""
    ordered = found.orderBy(SCORE, *order_columns(source))
    return (ordered.limit(most) if most > 0 else ordered).select(LINE)


def _frame(session: SparkSession, table: pa.Table) -> DataFrame:
    """A small Arrow table as a frame."""
    frame: DataFrame = session.createDataFrame(table)
    return frame
