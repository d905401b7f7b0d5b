"""Parquet files that reach a worker whole, as bytes in Arrow batches, and are read there.

A worker imports this module, so it stays free of PySpark's own classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from spot_common.errors import DataError

#: Columns of a batch of files.
PATH, CONTENT = "path", "content"
#: Rows that are handed on together: fewer make stages in Python slow, more take memory.
_AT_ONCE = 100_000

Batches = Iterable[pa.RecordBatch]
Stage = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def same(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The stage that changes nothing."""
    return batches


@dataclass(frozen=True)
class Unpacked:
    """A stage over rows, as one over batches of files.

    ``schema`` is what the stage reads: a column that a file lacks is null there, one of a narrower
    type is widened.
    """

    schema: pa.Schema
    stage: Stage

    def __call__(self, files: Batches) -> Iterator[pa.RecordBatch]:
        """Run the stage over the rows of files."""
        yield from self.stage(rows_of(files, self.schema))


def rows_of(files: Batches, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Give the rows of batches of files, many at a time.

    Raises DataError where a file is not whole.
    """
    waiting: list[pa.Table] = []
    for batch in files:
        for path, content in zip(batch[PATH].to_pylist(), batch[CONTENT], strict=True):
            for rows in _read(path, content.as_buffer(), schema):
                if rows.num_rows:
                    waiting.append(rows)
                if sum(one.num_rows for one in waiting) >= _AT_ONCE:
                    yield _joined(waiting)
                    waiting = []
    if waiting:
        yield _joined(waiting)


def _read(path: str, content: pa.Buffer, schema: pa.Schema) -> Iterator[pa.Table]:
    """Give the rows of one file with the columns of ``schema``; case does not count in names."""
    try:
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            there = {name.lower(): name for name in file.schema_arrow.names}
            named = {name: there[name.lower()] for name in schema.names if name.lower() in there}
            batches = file.iter_batches(_AT_ONCE, columns=list(named.values()), use_threads=False)
            for batch in batches:
                found = {name: batch[theirs] for name, theirs in named.items()}
                yield _fitted(path, found, batch.num_rows, schema)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a Parquet file: {error}") from error


def _fitted(path: str, found: dict[str, pa.Array], rows: int, schema: pa.Schema) -> pa.Table:
    columns = []
    for field in schema:
        values = found.get(field.name, pa.nulls(rows, field.type))
        try:
            columns.append(values.cast(field.type))
        except pa.ArrowException as error:
            what = f"column {field.name} is {values.type}, expected {field.type}: {error}"
            raise DataError(f"{path}: {what}") from error
    return pa.table(columns, schema=schema)


def _joined(tables: list[pa.Table]) -> pa.RecordBatch:
    (batch,) = pa.concat_tables(tables).combine_chunks().to_batches()
    return batch
