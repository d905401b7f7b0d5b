"""The rows of a run, and how a stage in Python gets them.

Spark makes a row of every record of a Parquet file and Arrow batches of the rows: most of the time
that a run has. Files that are small enough are handed to the workers as they are instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructField, StructType

from spot_ml import parcels
from spot_ml.models.facts import InputFile
from spot_ml.packed import CONTENT, PATH, Stage, Unpacked
from spot_ml.parcels import Opened, Parcelled, as_table, opened

#: Larger files (bytes) go through Spark: a worker would have them in memory more than once.
_MOST_BYTES = 64 << 20
#: Characters that Spark takes for a pattern of names.
_PATTERN = frozenset("{}[]*?\\")


@dataclass(frozen=True)
class InputRows:
    """Rows as Spark sees them, and the files that they are in, as they were at the start.

    ``whole`` has each file as a record, where workers can read them.
    """

    frame: DataFrame
    files: Sequence[InputFile]
    whole: DataFrame | None = None

    @classmethod
    def of(
        cls, frame: DataFrame, addresses: Sequence[str], files: Sequence[InputFile], *, plain: bool
    ) -> InputRows:
        """Take rows of files, with their addresses as Spark gives them.

        ``plain``: the files have the columns of the frame and no others.
        """
        addresses = [unquote(address) for address in addresses]
        small = all(file.length <= _MOST_BYTES for file in files)
        named = not any(_PATTERN.intersection(address) for address in addresses)
        if not (plain and small and named and addresses):
            return cls(frame, files)
        whole = frame.sparkSession.read.format("binaryFile").load(addresses)
        return cls(frame, files, whole.select(PATH, CONTENT))

    def fields(self, names: Sequence[str]) -> list[StructField]:
        """The fields of some columns."""
        return list(self.frame.select(*names).schema.fields)

    def gathered(
        self, names: Sequence[str], partly: Stage, whole: Stage, key: str, schema: pa.Schema
    ) -> pa.Table:
        """Run a stage over each partition, and one over what all say of the same ``key``.

        Both give rows of ``schema``; ``key`` is one of its columns. Where there are no more
        partitions than the second stage would have, it is left out.
        """
        session = self.frame.sparkSession
        number = int(session.conf.get("spark.sql.shuffle.partitions") or 1)
        if self._parts <= number:
            found = self.mapped(names, Parcelled(partly, key, 1), parcels.DDL)
        else:
            parts = self.mapped(names, Parcelled(partly, key, number), parcels.DDL)
            together = parts.repartitionById(number, parcels.BUCKET)
            found = together.mapInArrow(Parcelled(Opened(whole), key, 1), parcels.DDL)
        return as_table(opened(found.toArrow().to_batches()), schema)

    @property
    def _parts(self) -> int:
        """How many partitions Spark makes of the rows."""
        frame = self.frame if self.whole is None else self.whole
        return int(frame.rdd.getNumPartitions())

    def mapped(self, names: Sequence[str], stage: Stage, schema: StructType | str) -> DataFrame:
        """Run a stage over Arrow batches of some columns; ``schema`` is what it gives."""
        selected = self.frame.select(*names)
        if self.whole is None:
            return selected.mapInArrow(stage, schema)
        return self.whole.mapInArrow(Unpacked(to_arrow_schema(selected.schema), stage), schema)
