"""The files of a run as Spark lists them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from spot_ml.input_rows import described


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("hdfs://10.0.0.1:9000/user/spot/flow/a.parquet", "/user/spot/flow/a.parquet"),
        ("file:/tmp/rows/a.parquet", "/tmp/rows/a.parquet"),
        ("file:///tmp/a b #1?{x}%20.parquet", "/tmp/a b #1?{x}%20.parquet"),
        ("/tmp/c:d.parquet", "/tmp/c:d.parquet"),
    ],
)
def test_a_file_is_known_by_its_path_whatever_is_in_its_name(address: str, path: str) -> None:
    file = described(address, 12, datetime(2016, 7, 8, 9, 10, 11, 123000, UTC))
    assert (file.path, file.length, file.checksum) == (path, 12, "")


def test_times_of_files_are_told_in_utc() -> None:
    zone = timezone(timedelta(hours=2))
    file = described("file:/a", 0, datetime(2016, 7, 8, 1, 0, tzinfo=zone))
    assert file.modified == "2016-07-07T23:00:00.000+00:00"
