"""Files of proxy logs: which names a collector takes, and when their first request was."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ingest_twins import Place
from proxylog_lines import FORMATS, lines

from spot_ingest.ledger import State
from spot_ingest.readers.proxylog import mapping
from spot_ingest.source import ingest_source

SOURCE = ingest_source("proxy")


@pytest.mark.parametrize(
    "name",
    [
        "a.log",
        "access.log",
        "access_log",
        "squid-access_log",
        "SG_main__470101130001.log.gz",
        "access.log.1",
        "access.log.2.gz",
        "access.log-20240101",
        "access_log-20240101.xz",
        "access.log.2024-01-01T05:00.zst",
        "http.03:00:00-04:00:00.log.gz",
        "proxy.log.bz2",
    ],
)
def test_names_of_logs_are_taken(name: str):
    assert SOURCE.accepts.search(name)
    assert SOURCE.accepted_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "README",
        "access.log.gz.part",
        "access.log.tmp",
        "access.log~",
        "access.log.swp",
        "access.log.gz.sig",
        "access.log.bak",
        "catalog",
        "myaccess_logs",
        "access.log.1.md5",
        "access.log\n",
    ],
)
def test_other_names_are_left_alone_and_get_an_ending_when_fed(name: str):
    assert not SOURCE.accepts.search(name)
    assert SOURCE.accepts.search(SOURCE.accepted_name(name.strip()))


FIRST = {
    "w3c main": datetime(2005, 5, 4, 17, tzinfo=UTC),
    "w3c reporter": datetime(2016, 7, 8, 0, tzinfo=UTC),
    "squid": datetime(2016, 6, 27, 7, tzinfo=UTC),
    "apache combined": datetime(2016, 7, 7, 23, tzinfo=UTC),
    "apache common": datetime(2016, 7, 7, 23, tzinfo=UTC),
    "webgateway": datetime(2014, 5, 1, 0, tzinfo=UTC),
    "zeek": datetime(2024, 4, 19, 3, tzinfo=UTC),
    "zeek-json": datetime(2024, 4, 19, 3, tzinfo=UTC),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("packed", [False, True])
def test_the_first_request_names_the_hour(name: str, packed: bool, tmp_path: Path):
    head, line = FORMATS[name]
    text = f"#Date: 1999-01-01 00:00:00\n{head}odd\n{line}\n".encode()
    path = tmp_path / "any.log"
    path.write_bytes(gzip.compress(text) if packed else text)
    moment = SOURCE.first_moment(path, path.name)
    assert moment is not None
    assert moment.replace(minute=0, second=0, microsecond=0) == FIRST[name]
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing\n",
        b"\xff\xfe\0",
        b"2005-02-31 00:00:00 x\n",
        b"\x1f\x8b\x08 cut",
        b"\xfd7zXZ\0 cut",
        gzip.compress(b"x" * 10_000_000),
        b"9999999999999999999999\n",
        b"[01/Jul/0000:00:00:00 +0000]\n",
        b"0001-01-01 00:00:00\n",
    ],
)
def test_a_file_that_does_not_tell_is_no_error(data: bytes, tmp_path: Path):
    path = tmp_path / "any.log"
    path.write_bytes(data)
    moment = SOURCE.first_moment(path, path.name)
    assert moment is None or moment.year == 1


def test_neither_is_one_that_is_gone_nor_a_format_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.log"
    assert SOURCE.first_moment(path, path.name) is None
    path.write_bytes(lines(FORMATS["squid"][1]))
    (tmp_path / "wrong.yaml").write_text("split: nonsense\n")
    monkeypatch.setattr(mapping, "FOLDER", tmp_path)
    assert SOURCE.first_moment(path, path.name) is None


def test_a_rotated_log_goes_the_whole_way(tmp_path: Path):
    place = Place(tmp_path, "proxy")
    text = lines(
        FORMATS["squid"][1], "odd", FORMATS["squid"][1].replace("1467011157", "1467014757")
    )
    entry = place.through("access.log.1.gz", gzip.compress(text))
    assert (entry.state, entry.rows_stored, entry.rows_set_aside) == (State.PUBLISHED, 2, 1)
    assert "/binary/20160627/07/access.log.1.gz" in entry.path
    assert place.rows.column("p_time").to_pylist() == ["07:05:57", "08:05:57"]
    assert {tuple(part.values()) for part in entry.partitions} == {
        (2016, 6, 27, 7, 1),
        (2016, 6, 27, 8, 1),
    }


def test_the_formats_are_checked_with_the_settings():
    (line,) = SOURCE.check()
    assert "6 formats (apache, squid, w3c, webgateway, zeek-json, zeek), all good" in line
