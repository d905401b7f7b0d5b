"""What Spark does with the rows of a day, one function per stage.

The stages in Python (``batches``) work on Arrow batches; Spark adds up, joins and sorts.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's users know
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

from spot_ml import batches
from spot_ml.batches import LINE
from spot_ml.figures import PairFigures, Sent
from spot_ml.input_rows import InputRows
from spot_ml.records import REASON, STATE, State, word_columns
from spot_ml.results import SCORE, order_columns
from spot_ml.words.source import SourceWords, WordContext


class Tally(NamedTuple):
    """Number of records of one state with one reason or remark (None: without)."""

    state: str
    reason: str | None
    rows: int


def value_counts(rows: InputRows, source: SourceWords) -> pa.Table:
    """Count the values of the source's ``counted`` column over the clean records."""
    count = partial(batches.count_batches, source.name)
    return rows.gathered(
        source.select_columns,
        count,
        batches.summed_batches,
        "value",
        batches.VALUES,
        repeats=True,
    )


def tagged(rows: InputRows, source: SourceWords, context: Broadcast[WordContext]) -> DataFrame:
    """Give every record its state, reason and words."""
    added = [STATE, REASON, *word_columns(source)]
    fields = rows.fields(source.select_columns)
    schema = StructType(fields + [StructField(name, StringType()) for name in added])
    tag = partial(batches.tag_batches, source.name, context)
    return rows.mapped(source.select_columns, tag, schema)


def counted(
    rows: InputRows, source: SourceWords, context: Broadcast[WordContext]
) -> tuple[list[Tally], pa.Table]:
    """Count the records by state and reason, and the pairs of the clean ones, which may repeat."""
    count = partial(batches.counted_batches, source.name, context)
    found = rows.gathered(
        source.select_columns,
        count,
        batches.summed_batches,
        "document",
        batches.COUNTED,
        repeats=True,
    )
    of_pair = pc.is_valid(found["document"])
    tallies = [
        Tally(row[STATE], row[REASON], row["count"])
        for row in batches.add_up([found.filter(pc.invert(of_pair))]).to_pylist()
    ]
    pairs = found.filter(of_pair).select(batches.PAIRS.names)
    return sorted(tallies, key=lambda entry: (entry.state, entry.reason or "")), pairs


def with_state(records: DataFrame, state: State) -> DataFrame:
    """The records of one state."""
    return records.where(F.col(STATE) == state.value)


def equal_records(records: DataFrame, source: SourceWords, wanted: pa.Table) -> pa.Table:
    """The distinct clean records, as model rows, that equal a wanted row but in one column.

    The column is the source's ``matched`` one, which the wanted rows lack.
    """
    names = [name for name, _ in source.model_schema]
    others = [name for name in names if name != source.feedback.matched]
    frame = _frame(records.sparkSession, wanted.select(others)).distinct()
    found = with_state(records, State.CLEAN).select(*names)
    return found.join(F.broadcast(frame), others).select(*names).distinct().toArrow()


@contextmanager
def sent(session: SparkSession, figures: PairFigures, folder: Path) -> Iterator[Sent]:
    """Send figures to every executor; ``folder`` is a place for the file at the driver."""
    with tempfile.TemporaryDirectory(prefix="figures-", dir=folder) as place:
        path = Path(place) / f"{uuid.uuid4().hex}.arrow"
        figures.write(path)
        session.sparkContext.addFile(str(path))
        yield Sent(path.name)


def results(
    rows: InputRows,
    source: SourceWords,
    context: Broadcast[WordContext],
    figures: Sent,
    *,
    threshold: float,
    most: int,
    delimiter: str,
) -> DataFrame:
    """The clean records up to the threshold with words, score, and the line of the result."""
    words = [StructField(name, StringType()) for name in word_columns(source)]
    added = [*words, StructField(SCORE, DoubleType()), StructField(LINE, StringType())]
    rank = partial(batches.rank_batches, source.name, threshold, most, delimiter, context, figures)
    schema = StructType([*rows.fields(source.select_columns), *added])
    return rows.mapped(source.select_columns, rank, schema)


def ranked(found: DataFrame, source: SourceWords, most: int) -> DataFrame:
    """The lines of ``results`` in order: lowest score first, ties by the other columns."""
    ordered = found.orderBy(SCORE, *order_columns(source))
    return (ordered.limit(most) if most > 0 else ordered).select(LINE)


def _frame(session: SparkSession, table: pa.Table) -> DataFrame:
    """A small Arrow table as a frame."""
    frame: DataFrame = session.createDataFrame(table)
    return frame
