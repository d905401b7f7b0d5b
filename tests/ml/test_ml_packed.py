"""Parquet files that come to a stage as bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spot_common.errors import DataError
from spot_ml import packed
from spot_ml.packed import Unpacked, rows_of

SCHEMA = pa.schema([("sip", pa.string()), ("ipkt", pa.int64())])


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def files(*contents: bytes) -> Iterator[pa.RecordBatch]:
    paths = [f"hdfs://nn/{place}.parquet" for place in range(len(contents))]
    yield pa.record_batch({packed.PATH: paths, packed.CONTENT: list(contents)})


def table(addresses: Sequence[str], kind: pa.DataType | None = None) -> pa.Table:
    numbers = pa.array(range(len(addresses)), kind or pa.int64())
    return pa.table({"other": numbers, "sip": list(addresses), "ipkt": numbers})


def test_rows_have_the_columns_of_the_schema_whatever_else_a_file_has() -> None:
    (rows,) = rows_of(files(parquet(table(["a", "b"])), parquet(table(["c"]))), SCHEMA)
    assert rows.schema == SCHEMA
    assert rows.to_pydict() == {"sip": ["a", "b", "c"], "ipkt": [0, 1, 0]}


def test_narrow_columns_are_widened_missing_ones_are_null_and_case_does_not_count() -> None:
    narrow = parquet(table(["a"], pa.int32()).rename_columns(["other", "SIP", "ipkt"]))
    lacking = parquet(pa.table({"sip": ["b"]}))
    (rows,) = rows_of(files(narrow, lacking), SCHEMA)
    assert rows.to_pydict() == {"sip": ["a", "b"], "ipkt": [0, None]}


def test_many_small_files_become_few_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_AT_ONCE", 25)
    contents = [parquet(table([f"{place}"] * 10)) for place in range(10)]
    found = list(rows_of(files(*contents), SCHEMA))
    assert [rows.num_rows for rows in found] == [30, 30, 30, 10]


def test_files_without_rows_give_none() -> None:
    assert list(rows_of(files(parquet(table([]))), SCHEMA)) == []
    assert list(rows_of([], SCHEMA)) == []


def test_a_file_that_is_cut_short_is_named() -> None:
    with pytest.raises(DataError, match=r"hdfs://nn/1\.parquet is not a Parquet file"):
        list(rows_of(files(parquet(table(["a"])), parquet(table(["a"]))[:-9]), SCHEMA))


def test_a_column_of_another_type_is_named() -> None:
    wrong = parquet(pa.table({"sip": ["a"], "ipkt": ["many"]}))
    with pytest.raises(DataError, match="column ipkt is string, expected int64"):
        list(rows_of(files(wrong), SCHEMA))


def test_a_stage_sees_rows() -> None:
    def sizes(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.record_batch({"n": [batch.num_rows]})

    (found,) = Unpacked(SCHEMA, sizes)(files(parquet(table(["a", "b"]))))
    assert found.to_pydict() == {"n": [2]}
