"""The ledger from HDFS alone, and the proof that nothing is missing."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from unittest.mock import Mock

import pytest
from ingest_twins import FLOW_SAMPLE, PROXY_SAMPLE, Fate, Killed, LedgerOnTheWay, Place
from sqlalchemy import create_engine
from test_ingest_compaction import Day, log

from spot_ingest import rebuild
from spot_ingest.entry import Entry, State
from spot_ingest.errors import UnreadableError
from spot_ingest.ledger import Ledger
from spot_ingest.names import digest_of_stream
from spot_ingest.verify import Difference, Verified, Verifier

PROXY = PROXY_SAMPLE.read_bytes()
DAY = date(2005, 5, 4)


def rebuilt(place: Place, folder: Path) -> Ledger:
    """A new ledger, made of what HDFS has."""
    ledger = LedgerOnTheWay(create_engine(f"sqlite:///{folder}/new.db"))
    restore(place, ledger)
    return ledger


def restore(place: Place, ledger: Ledger) -> int:
    table, name = place.worker().table, place.source.name
    warehouse = place.warehouse
    contents = rebuild.read_table(warehouse, name, warehouse.partitions(table))  # type: ignore[arg-type]

    def hash_of(hdfs, path: str) -> str:  # type: ignore[no-untyped-def]
        with hdfs.open_read(path) as stream:
            return digest_of_stream(stream)

    found = rebuild.entries(warehouse, name, contents, hash_of)  # type: ignore[arg-type]
    return sum(ledger.restore(entry) for entry in found)


def told(ledger: Ledger) -> list[dict]:
    """What HDFS can tell of each file."""
    gone = (
        "collector",
        "worker",
        "attempts",
        "beat",
        "claim",
        "arrived",
        "changed",
        "mtime_ns",
        "taken",
    )
    entries = sorted(ledger.files(), key=lambda entry: entry.hash)
    return [
        {k: v for k, v in dataclasses.asdict(entry).items() if k not in gone} for entry in entries
    ]


def verified(place: Place, ledger: Ledger | None = None, day: date = DAY) -> Verified:
    verifier = Verifier(place.warehouse, ledger or place.ledger, place.source, day)  # type: ignore[arg-type]
    entries = verifier.entries()
    assert list(verifier.check_files(entries)) == entries
    verifier.check_table(entries)
    verifier.check_places(entries)
    return verifier.done


@pytest.fixture
def day(tmp_path) -> Day:
    """Four small logs, one with a bad line, one set aside, all of one hour."""
    day = Day(tmp_path)
    day.through("odd.log", log(5) + b"what\n")
    day.through("bad.log", b"nothing\n")
    return day


@pytest.mark.parametrize("merged", [False, True])
def test_the_ledger_is_derived_from_hdfs_alone(day, tmp_path, merged):
    if merged:
        day.hour().advance()
        assert len(day.names()) == 1
    assert told(rebuilt(day, tmp_path)) == told(day.ledger)
    assert restore(day, day.ledger) == 0


def test_what_was_under_way_is_taken_up_and_finished_once(tmp_path):
    calm = Place(tmp_path / "calm", "proxy")
    calm.through("a.log", PROXY)
    for at in range(1, 40):
        place = Place(tmp_path / str(at), "proxy")
        path = place.collected("a.log", PROXY).path
        place.fated(Fate(at))
        try:
            place.worker().handle(path)
        except Killed:
            place.fated(Fate())
        else:
            break
        place.ledger = rebuilt(place, tmp_path / str(at))
        (entry,) = place.ledger.files()
        assert entry.state in (State.STORED, State.PUBLISHED)
        place.worker().handle(path)
        assert place.rows.equals(calm.rows), f"lost the ledger before step {at}"
        assert told(place.ledger) == told(calm.ledger)
    assert at > 8


def test_rows_that_vanished_from_the_table_are_made_again(day, tmp_path):
    before = day.seen()
    lost = next(entry for entry in day.ledger.files() if entry.state is State.PUBLISHED)
    del day.hdfs.files[f"{day.folder}/{lost.hash}.parquet"]
    assert restore(day, day.ledger) == 1
    again = day.ledger.find("proxy", lost.hash)
    assert (again.state, again.rows_stored) == (State.STORED, 0)
    assert day.worker().handle(again.path).state is State.PUBLISHED
    assert day.seen() == before


def test_files_in_the_hands_of_a_worker_stay_as_they_are(day):
    entry = day.ledger.take(day.collected("late.log", log(8)), "elsewhere/worker-0")
    assert restore(day, day.ledger) == 0
    assert day.ledger.find("proxy", entry.hash) == entry


def test_a_day_without_fault_has_no_difference(day):
    done = verified(day)
    assert done.differences == []
    assert (done.files, done.rows, done.set_aside) == (5, 15, 1)
    day.hour().advance()
    assert verified(day).differences == []


def test_files_of_other_kinds_verify_too(tmp_path):
    place = Place(tmp_path, "flow")
    place.through(FLOW_SAMPLE.name, FLOW_SAMPLE.read_bytes())
    done = verified(place, day=date(2023, 1, 25))
    assert (done.differences, done.rows) == ([], 3018)


def published(day: Day) -> Entry:
    return next(e for e in day.ledger.files() if e.state is State.PUBLISHED and e.rows_set_aside)


def lose_table_file(day: Day) -> None:
    del day.hdfs.files[f"{day.folder}/{published(day).hash}.parquet"]


def double_table_file(day: Day) -> None:
    one = day.hdfs.files[f"{day.folder}/{published(day).hash}.parquet"]
    day.hdfs.files[f"{day.folder}/again.parquet"] = one


def cut_table_file(day: Day) -> None:
    day.hdfs.files[f"{day.folder}/{published(day).hash}.parquet"] = b"PAR1"


def lose_original(day: Day) -> None:
    del day.hdfs.files[published(day).path]


def change_original(day: Day) -> None:
    day.hdfs.files[published(day).path] += b"more"


def lose_rows_set_aside(day: Day) -> None:
    del day.hdfs.files[f"/user/spot/proxy/quarantine/{published(day).hash}/rows.jsonl"]


def forget(day: Day) -> None:
    digest = published(day).hash
    day.ledger.write(
        lambda c: c.exec_driver_sql(f"DELETE FROM ingest_files WHERE hash = '{digest}'")
    )


def miscount(day: Day) -> None:
    digest = published(day).hash
    change = "rows_stored = rows_stored + 1, rows_received = rows_received + 1"
    parts = "partitions = replace(partitions, '\"rows\": 3', '\"rows\": 4')"
    day.ledger.write(
        lambda c: c.exec_driver_sql(
            f"UPDATE ingest_files SET {change}, {parts} WHERE hash = '{digest}'"
        )
    )


def leave_in_stage(day: Day) -> None:
    day.hdfs.files[f"/user/spot/proxy/stage/{published(day).hash}/x/2005050417.parquet"] = b""


def add_original(day: Day) -> None:
    day.hdfs.files["/user/spot/proxy/binary/20050504/17/theirs.log"] = b"x"


def not_announced(day: Day) -> None:
    day.collected("late.log", log(8))


def hide_from_sql(day: Day) -> None:
    day.warehouse.known.clear()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lose_table_file, "odd.log in the table, rows of y=2005/m=5/d=4/h=17: 3 expected, 0 found"),
        (double_table_file, "odd.log in the table, rows of y=2005/m=5/d=4/h=17: 3 expected, 6"),
        (cut_table_file, "a whole Parquet file expected"),
        (lose_original, "odd.log: the original file expected, HDFS has no"),
        (change_original, "/odd.log: content"),
        (lose_rows_set_aside, "odd.log, rows kept: 1 expected, 0 found"),
        (forget, "odd.log in the table: an entry in the ledger expected, none found"),
        (forget, "/odd.log: an entry in the ledger expected, none found"),
        (miscount, "odd.log, read again, rows of y=2005/m=5/d=4/h=17: 4 expected, 3 found"),
        (leave_in_stage, "nothing left in the stage expected, rows found"),
        (add_original, "theirs.log: an entry in the ledger expected, none found"),
        (not_announced, "late.log: published or set aside expected, queued found"),
        (hide_from_sql, "hour 17, answer of the SQL server: 15 expected, 0 found"),
    ],
)
def test_every_harm_is_told(day, harm, said):
    harm(day)
    lines = [f"{d.what}: {d.expected} expected, {d.found} found" for d in verified(day).differences]
    assert any(said in line for line in lines), lines


def test_a_lost_file_of_the_quarantine_is_told(tmp_path):
    place = Place(tmp_path, "flow")
    entry = place.through("nfcapd.202301251835", b"garbage")
    day = date(2023, 1, 25)
    assert verified(place, day=day).differences == []
    del place.hdfs.files[f"/user/spot/flow/quarantine/{entry.hash}/nfcapd.202301251835"]
    (difference,) = verified(place, day=day).differences
    assert isinstance(difference, Difference)
    assert "the original file" in difference.expected
    place.ledger.drop(entry, "dropped by me")
    assert verified(place, day=day).differences == []


def test_a_file_set_aside_that_could_be_read_now_is_told(tmp_path, monkeypatch):
    place = Place(tmp_path, "flow")
    with monkeypatch.context() as broken:
        broken.setattr("spot_ingest.readers.nfheader.survey", Mock(side_effect=UnreadableError("")))
        place.through(FLOW_SAMPLE.name, FLOW_SAMPLE.read_bytes())
    (difference,) = verified(place, day=date(2023, 1, 25)).differences
    assert "spot quarantine retry" in difference.found
