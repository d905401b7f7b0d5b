"""Tables that pass through Spark as bytes: it moves them, and never makes rows of them.

A stage over parcels is one over their rows. Rows that belong together go into the same bucket, by
the value of one column; a bucket's parcels come together in one partition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spot_ml.packed import Batches, Stage

#: What Spark sees: the bucket that a parcel is for, and a stream of Arrow batches.
BUCKET, ROWS = "bucket", "rows"
DDL = f"{BUCKET} int, {ROWS} binary"
_SCHEMA = pa.schema([(BUCKET, pa.int32()), (ROWS, pa.binary())])


@dataclass(frozen=True)
class Parcelled:
    """A stage whose rows go into parcels, by the values of the column ``key``."""

    stage: Stage
    key: str
    buckets: int

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Run the stage and make parcels of what it gives."""
        for batch in self.stage(batches):
            if batch.num_rows:
                yield self._parcels(batch)

    def _parcels(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        bucket = _buckets(batch[self.key], self.buckets)
        order = np.argsort(bucket, kind="stable")
        ends = np.cumsum(np.bincount(bucket, minlength=self.buckets))
        sorted_rows = batch.take(pa.array(order))
        numbers, parcels = [], []
        for number, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            if end > start:
                numbers.append(number)
                parcels.append(_bytes_of(_compact(sorted_rows.slice(start, end - start))))
        return pa.RecordBatch.from_arrays(
            [pa.array(numbers, pa.int32()), pa.array(parcels, pa.binary())], schema=_SCHEMA
        )


@dataclass(frozen=True)
class Opened:
    """A stage over the rows of parcels."""

    stage: Stage

    def __call__(self, parcels: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Open parcels and run the stage over their rows."""
        yield from self.stage(opened(parcels))


def opened(parcels: Batches) -> Iterator[pa.RecordBatch]:
    """Give the rows of parcels."""
    for batch in parcels:
        for parcel in batch[ROWS]:
            with pa.ipc.open_stream(parcel.as_buffer()) as stream:
                yield from stream


def as_table(batches: Batches, schema: pa.Schema) -> pa.Table:
    """Bring batches together; ``schema`` is that of none."""
    found = list(batches)
    return pa.Table.from_batches(found) if found else schema.empty_table()


def _buckets(values: pa.Array, number: int) -> np.ndarray:
    """The bucket of each value: the same for equal values in every process."""
    encoded = values.dictionary_encode()
    names = encoded.dictionary.to_numpy(zero_copy_only=False)
    of_names = (pd.util.hash_array(names, categorize=False) % np.uint64(number)).astype(np.int64)
    of_names = np.append(of_names, 0)  # for nulls
    places = encoded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)
    found: np.ndarray = of_names[places]
    return found


def _compact(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The rows, whose numbered columns know no text that none of the rows has."""
    columns = []
    for column in rows.columns:
        if pa.types.is_dictionary(column.type):
            there = column.indices.unique().drop_null()
            number = pc.index_in(column.indices, value_set=there)
            column = pa.DictionaryArray.from_arrays(number, column.dictionary.take(there))
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=rows.schema)


def _bytes_of(rows: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_batch(rows)
    return bytes(sink.getvalue().to_pybytes())
