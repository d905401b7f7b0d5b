"""Several Parquet files into one, and the pieces of it that let it take their place in one step."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spot_ingest.receipt import Receipt, from_metadata, to_metadata

_GROUP_ROWS = 256 * 1024
#: After the footer: its length (4 bytes) and the mark of the format.
_TRAILER = 8


def merge(parts: Sequence[Callable[[], bytes]], schema: pa.Schema, target: Path) -> None:
    """Write the rows of Parquet files into one, in their order, with the receipts of all.

    Each of ``parts`` gives the content of one file; one at a time is held in memory.
    """
    receipts: list[Receipt] = []
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in _grouped(_batches(parts, schema, receipts)):
            writer.write_table(batch)
        writer.add_key_value_metadata(to_metadata(receipts))


def _batches(
    parts: Sequence[Callable[[], bytes]], schema: pa.Schema, receipts: list[Receipt]
) -> Iterator[pa.RecordBatch]:
    for part in parts:
        file = pq.ParquetFile(pa.BufferReader(part()))
        receipts += from_metadata(file.metadata.metadata)
        for batch in file.iter_batches(_GROUP_ROWS, columns=schema.names):
            yield batch.cast(schema)


def _grouped(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Put small batches together into row groups of a good size."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= _GROUP_ROWS:
            yield pa.Table.from_batches(held).combine_chunks()
            held, rows = [], 0
    if held:
        yield pa.Table.from_batches(held).combine_chunks()


def beginning(whole: Path, target: Path) -> None:
    """Write a Parquet file without rows that begins with all the data of ``whole``.

    Followed by anything and then by :func:`ending`, it has the rows of ``whole``: a Parquet file
    is read from its end, and its footer says at which byte each column begins.
    """
    shutil.copyfile(whole, target)
    empty = io.BytesIO()
    pq.ParquetWriter(empty, pq.read_schema(whole).remove_metadata()).close()
    footer = empty.getvalue()
    with target.open("r+b") as file:
        file.truncate(_data_bytes(whole))
        file.seek(0, io.SEEK_END)
        file.write(footer[-_footer_bytes(footer) :])


def ending(whole: Path) -> bytes:
    """Give the footer of a Parquet file."""
    with whole.open("rb") as file:
        file.seek(_data_bytes(whole))
        return file.read()


def _data_bytes(whole: Path) -> int:
    """How many bytes precede the footer."""
    size = whole.stat().st_size
    with whole.open("rb") as file:
        file.seek(size - _TRAILER)
        return size - _footer_bytes(file.read())


def _footer_bytes(end: bytes) -> int:
    return int.from_bytes(end[-_TRAILER:-4], "little") + _TRAILER
