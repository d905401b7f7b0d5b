"""Rows into partitions: every row once, whatever the spread."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_common.registry import check_source
from spot_ingest import split
from spot_ingest.accounting import Batch
from spot_ingest.errors import UnreadableError

TABLE = check_source("proxy").raw
HOUR_2016 = 408_000


def batch(hours: list[int], first: int) -> Batch:
    columns = {
        name: pa.array([str(first + n) for n in range(len(hours))])
        if pa.types.is_string(TABLE.arrow().field(name).type)
        else pa.nulls(len(hours), pa.int32())
        for name in TABLE.column_names
    }
    minutes = pa.array([60 * hour + hour % 60 for hour in hours], pa.int64())
    return Batch(pa.RecordBatch.from_pydict(columns, schema=TABLE.arrow()), minutes)


@given(st.lists(st.lists(st.integers(0, 30), max_size=20), max_size=6))
def test_every_row_is_in_the_partition_of_its_hour(tmp_path_factory, spread: list[list[int]]):
    splitter = split.Splitter(TABLE, tmp_path_factory.mktemp("split"))
    expected: dict[int, list[str]] = {}
    number = 0
    for hours in spread:
        splitter.write(batch([HOUR_2016 + hour for hour in hours], number))
        for hour in hours:
            expected.setdefault(hour, []).append(str(number))
            number += 1
    parts = splitter.close()
    found = {}
    for part, hour in zip(parts, sorted(expected), strict=True):
        found[hour] = pq.read_table(part.path, partitioning=None)["host"].to_pylist()
        assert part.rows == len(found[hour])
    assert found == expected


def test_held_rows_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(split, "_GROUP_ROWS", 8)
    row = batch([HOUR_2016], 0).rows.nbytes
    monkeypatch.setattr(split, "_HELD_BYTES", 20 * row)
    splitter = split.Splitter(TABLE, tmp_path)
    for number in range(50):
        splitter.write(batch([HOUR_2016 + n for n in range(7)], number))
        assert splitter._held_bytes <= 20 * row
    assert [part.rows for part in splitter.close()] == [50] * 7


def test_few_files_are_open_however_many_hours_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(split, "_HELD_BYTES", 0)
    monkeypatch.setattr(split, "_OPEN_LIMIT", 3)
    splitter = split.Splitter(TABLE, tmp_path)
    expected: dict[int, list[str]] = {}
    for number, hour in enumerate([*range(9), *range(9), 0, 0, 5, 8]):
        splitter.write(batch([HOUR_2016 + hour], number))
        expected.setdefault(hour, []).append(str(number))
        open_now = sum(state.writer is not None for state in splitter._hours.values())
        assert open_now <= 3
    parts = splitter.close(lambda part: {"rows": str(part.rows)})
    for part, hour in zip(parts, range(9), strict=True):
        file = pq.ParquetFile(part.path)
        assert file.read()["host"].to_pylist() == expected[hour]
        assert file.metadata.metadata[b"rows"] == str(len(expected[hour])).encode()
    assert sorted(tmp_path.iterdir()) == sorted(part.path for part in parts)


def test_partitions_are_named_by_utc(tmp_path):
    splitter = split.Splitter(TABLE, tmp_path)
    splitter.write(batch([HOUR_2016, 0], 0))
    assert [part.values for part in splitter.close()] == [
        {"y": 1970, "m": 1, "d": 1, "h": 0},
        {"y": 2016, "m": 7, "d": 18, "h": 0},
    ]


def test_a_file_that_spreads_over_all_of_time_is_refused(tmp_path):
    splitter = split.Splitter(TABLE, tmp_path)
    with pytest.raises(UnreadableError, match="more than 800 hours"):
        splitter.write(batch(list(range(801)), 0))


def test_rows_are_counted_by_minute_where_they_have_what_counts(tmp_path):
    splitter = split.Splitter(TABLE, tmp_path, ("host", "scbytes"))
    rows = batch([0, 0, 0, 1], 0).rows.to_pydict()
    rows["scbytes"] = [1, None, 3, 4]
    minutes = pa.array([7, 7, 59, 60], pa.int64())
    splitter.write(Batch(pa.RecordBatch.from_pydict(rows, schema=TABLE.arrow()), minutes))
    first, second = splitter.close()
    assert (first.rows, second.rows) == (3, 1)
    assert {n: c for n, c in enumerate(first.minutes) if c} == {7: 1, 59: 1}
    assert {n: c for n, c in enumerate(second.minutes) if c} == {0: 1}
