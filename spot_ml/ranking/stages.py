"""The default order in Spark: every record with its surprise, and the list of groups."""

from __future__ import annotations

from functools import partial

from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import (
    BooleanType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from spot_ml.figures import Sent
from spot_ml.input_rows import InputRows
from spot_ml.ranking.batches import (
    COMPATIBLE,
    COUNT,
    EXPECTED,
    first_batches,
    group_batches,
    surprise_batches,
)
from spot_ml.ranking.groups import (
    BEFORE,
    DOCUMENT,
    KIND,
    MEMBERS,
    NATS,
    RAISED,
    UNHEARD,
    WORD,
)
from spot_ml.ranking.listing import Lists, lists_of, looked_at
from spot_ml.records import word_columns
from spot_ml.results import SCORE
from spot_ml.words.source import SourceWords, WordContext

_ADDED = (
    StructField(SCORE, DoubleType()),
    StructField(NATS, DoubleType()),
    StructField(BEFORE, DoubleType()),
    StructField(RAISED, BooleanType()),
    StructField(EXPECTED, DoubleType()),
    StructField(COUNT, LongType()),
    StructField(COMPATIBLE, DoubleType()),
    StructField(DOCUMENT, StringType()),
    StructField(WORD, StringType()),
    StructField(KIND, IntegerType()),
)


def surprising(
    rows: InputRows,
    source: SourceWords,
    context: Broadcast[WordContext],
    figures: Sent,
    threshold: float,
) -> DataFrame:
    """Give clean records up to the threshold their surprise."""
    found = partial(surprise_batches, source.name, threshold, context, figures)
    return rows.mapped(source.select_columns, found, _schema(rows, source))


def listed(
    rows: InputRows,
    source: SourceWords,
    context: Broadcast[WordContext],
    figures: Sent,
    *,
    threshold: float,
    most: int,
    rated: bool,
) -> Lists:
    """The list: the best record of each group with its number of members, best first.

    An endpoint has only a few rows. ``most`` <= 0 gives all of them. Where the day is ``rated``,
    the list without verdicts is another. Each partition says what it
    has of a group, and those are brought together where the group's document belongs.
    """
    marks = [StructField(UNHEARD, BooleanType())] if rated else []
    schema = _schema(rows, source, *marks, StructField(MEMBERS, LongType()))
    partly = partial(group_batches, source.name, threshold, context, figures, rated=rated)
    whole = partial(first_batches, source.name, looked_at(most))
    groups = rows.gathered(source.select_columns, partly, whole, DOCUMENT, to_arrow_schema(schema))
    return lists_of(groups, source, most)


def _schema(rows: InputRows, source: SourceWords, *more: StructField) -> StructType:
    words = (StructField(name, StringType()) for name in word_columns(source))
    return StructType([*rows.fields(source.select_columns), *words, *_ADDED, *more])
