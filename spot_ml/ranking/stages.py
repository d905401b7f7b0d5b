"""The default order in Spark: every record with its surprise, and the list of groups."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql.types import DoubleType, IntegerType, LongType, StringType, StructField, StructType

from spot_ml.figures import Sent
from spot_ml.ranking.batches import (
    COMPATIBLE,
    COUNT,
    EXPECTED,
    first_batches,
    group_batches,
    surprise_batches,
)
from spot_ml.ranking.groups import DOCUMENT, KIND, MEMBERS, NATS, WORD
from spot_ml.ranking.listing import list_of, looked_at
from spot_ml.records import word_columns
from spot_ml.results import SCORE
from spot_ml.words.source import SourceWords, WordContext

_ADDED = (
    StructField(SCORE, DoubleType()),
    StructField(NATS, DoubleType()),
    StructField(EXPECTED, DoubleType()),
    StructField(COUNT, LongType()),
    StructField(COMPATIBLE, DoubleType()),
    StructField(DOCUMENT, StringType()),
    StructField(WORD, StringType()),
    StructField(KIND, IntegerType()),
)


def surprising(
    rows: DataFrame,
    source: SourceWords,
    context: Broadcast[WordContext],
    figures: Sent,
    threshold: float,
) -> DataFrame:
    """Give clean records up to the threshold their surprise."""
    found = partial(surprise_batches, source.name, threshold, context, figures)
    selected = rows.select(*source.select_columns)
    return selected.mapInArrow(found, _schema(selected, source))


def listed(
    rows: DataFrame,
    source: SourceWords,
    context: Broadcast[WordContext],
    figures: Sent,
    *,
    threshold: float,
    most: int,
) -> pa.Table:
    """The list: the best record of each group with its number of members, best first.

    An endpoint has only a few rows. ``most`` <= 0 gives all of them. Each partition says what it
    has of a group, and those are brought together where the group's document belongs.
    """
    selected = rows.select(*source.select_columns)
    schema = _schema(selected, source, StructField(MEMBERS, LongType()))
    partly = partial(group_batches, source.name, threshold, context, figures)
    whole = partial(first_batches, source.name, looked_at(most))
    groups = (
        selected.mapInArrow(partly, schema)
        .repartition(DOCUMENT)
        .mapInArrow(whole, schema)
        .toArrow()
    )
    return list_of(groups, source, most)


def _schema(selected: DataFrame, source: SourceWords, *more: StructField) -> StructType:
    words = (StructField(name, StringType()) for name in word_columns(source))
    return StructType([*selected.schema.fields, *words, *_ADDED, *more])
