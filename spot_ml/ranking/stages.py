"""The default order in Spark: every record with its surprise, and the list of groups."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's users know
from pyspark.sql.types import DoubleType, IntegerType, LongType, StringType, StructField, StructType

from spot_ml.ranking.batches import (
    COMPATIBLE,
    COUNT,
    DOCUMENT,
    EXPECTED,
    KIND,
    MEMBERS,
    NATS,
    VALUES,
    WORD,
    surprise_batches,
)
from spot_ml.ranking.listing import limited
from spot_ml.records import word_columns
from spot_ml.results import SCORE, order_columns
from spot_ml.words.source import SourceWords

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
#: How many groups are looked at for each row of the list: most are of endpoints that had theirs.
_GROUPS_PER_ROW = 50
_LEAST_GROUPS = 20_000


def surprising(
    records: DataFrame, source: SourceWords, pairs: DataFrame, threshold: float
) -> DataFrame:
    """Give clean records up to the threshold their surprise.

    ``pairs`` has a row per (document, word) with the columns of ``Order.table`` and
    ``pair_score``, the original's.
    """
    joined = records
    for document, word in zip(source.documents, word_columns(source), strict=True):
        side = pairs.select(
            F.col("document").alias(document),
            F.col("word").alias(word),
            *(F.col(name).alias(f"{name}_of_{document}") for name in VALUES),
        )
        joined = joined.join(side, [document, word])
    kinds = {field.name: field for field in records.schema.fields}
    names = (*source.select_columns, *word_columns(source))
    schema = StructType([*(kinds[name] for name in names), *_ADDED])
    return joined.mapInArrow(partial(surprise_batches, source.name, threshold), schema)


def listed(found: DataFrame, source: SourceWords, most: int) -> pa.Table:
    """The list: the first record of each group with its number of members, best first.

    Ties go by the columns of the result in order; an endpoint has only a few rows. ``most``
    <= 0 gives all of them.
    """
    order = [F.col(NATS).desc(), *(F.col(name) for name in order_columns(source))]
    inside = Window.partitionBy(DOCUMENT, KIND)
    first = (
        found.withColumn("place", F.row_number().over(inside.orderBy(*order)))
        .withColumn(MEMBERS, F.count(F.lit(1)).over(inside))
        .where(F.col("place") == 1)
        .drop("place")
        .orderBy(*order)
    )
    if most > 0:
        first = first.limit(max(_LEAST_GROUPS, _GROUPS_PER_ROW * most))
    groups = first.toArrow()
    ends = zip(*(groups[name].to_pylist() for name in source.documents), strict=True)
    rows = list(limited(ends))
    return groups.take(pa.array(rows[:most] if most > 0 else rows, pa.int64()))
