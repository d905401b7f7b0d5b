"""The rows of a run, and how a stage in Python gets them.

Spark makes a row of every record of a Parquet file and Arrow batches of the rows: most of the time
that a run has. Files that are small enough are handed to the workers as they are instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
#: What Spark is asked about a file: whether its name is a pattern, and what it says of it.
_AS_NAMED, _DESCRIBED = "__globPaths__", (PATH, "length", "modificationTime")
#: The file system in front of a path.
_SYSTEM = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:(//[^/]*)?")


def described(address: str, length: int, modified: datetime) -> InputFile:
    """Say what Spark says of a file; its address is not encoded as one of the web's would be."""
    path = _SYSTEM.sub("", address)
    return InputFile(path, length, modified.astimezone(UTC).isoformat(timespec="milliseconds"))


@dataclass(frozen=True)
class InputRows:
    """Rows as Spark sees them, and the files that they are in, as they were at the start.

    ``addresses`` are those of the files, in the same order; ``whole`` has each file as a record,
    where workers can read them.
    """

    frame: DataFrame
    files: Sequence[InputFile] = ()
    addresses: Sequence[str] = ()
    whole: DataFrame | None = None

    @classmethod
    def of(cls, frame: DataFrame, *, plain: bool) -> InputRows:
        """Take the rows of a frame, whose files have its columns and no others if ``plain``.

        A file that is gone raises what Spark raises.
        """
        addresses = [unquote(address) for address in frame.inputFiles()]
        if not addresses:
            return cls(frame)
        reader = frame.sparkSession.read.format("binaryFile").option(_AS_NAMED, "false")
        whole = reader.load(addresses)
        listed = whole.select(*_DESCRIBED).toArrow().sort_by(PATH)
        columns = [column.to_pylist() for column in listed.columns]
        files = [described(*row) for row in zip(*columns, strict=True)]
        small = all(file.length <= _MOST_BYTES for file in files)
        handed = whole.select(PATH, CONTENT) if plain and small else None
        return cls(frame, files, listed[PATH].to_pylist(), handed)

    def fields(self, names: Sequence[str]) -> list[StructField]:
        """The fields of some columns."""
        return list(self.frame.select(*names).schema.fields)

    def gathered(
        self,
        names: Sequence[str],
        partly: Stage,
        whole: Stage,
        key: str,
        schema: pa.Schema,
        *,
        repeats: bool = False,
    ) -> pa.Table:
        """Run a stage over each partition, and one over what all say of the same ``key``.

        Both give rows of ``schema``; ``key`` is one of its columns. The second stage is left out
        where ``repeats`` allows that several rows say the same, and it would have no fewer
        partitions than the first.
        """
        session = self.frame.sparkSession
        number = int(session.conf.get("spark.sql.shuffle.partitions") or 1)
        if repeats and self._parts <= number:
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
