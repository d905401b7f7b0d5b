"""Nothing lost, nothing twice: collectors and workers that die at every step they take."""

from __future__ import annotations

import json
import os
import time
from unittest.mock import Mock

import pytest
from ingest_twins import (
    DNS_SAMPLE,
    FLOW_SAMPLE,
    PROXY_SAMPLE,
    Fate,
    Killed,
    Place,
)

from spot_common.errors import ServiceError, ToolError
from spot_ingest.entry import State
from spot_ingest.errors import UnreadableError
from spot_ingest.names import digest_of
from spot_ingest.work import ATTEMPTS_LIMIT

FLOW = FLOW_SAMPLE.read_bytes()
PROXY = PROXY_SAMPLE.read_bytes()
NAME = FLOW_SAMPLE.name


def finished(place: Place) -> dict[str, tuple]:
    """What remains at the end: files by place, and what the ledger says."""
    entries = place.ledger.files(place.source.name)
    ledger = [(e.hash, e.state, e.rows_received, e.rows_stored, e.rows_set_aside) for e in entries]
    return {"files": tuple(sorted(place.hdfs.files)), "ledger": tuple(ledger)}


def work(place: Place) -> None:
    """Let a fresh worker take every message that was ever sent."""
    worker = place.worker()
    for path in list(place.announcer.sent):
        worker.handle(path)


def collect(place: Place) -> None:
    """Start a collector: resume, then take what lies in the folder."""
    collector = place.collector()
    collector.resume()
    collector.take(sorted(place.landing.iterdir()))


@pytest.mark.parametrize(
    ("source", "name", "data", "rows"),
    [
        ("flow", NAME, FLOW, 3018),
        ("dns", "a.pcap", DNS_SAMPLE.read_bytes(), 8283),
        ("proxy", "a.log", PROXY, 29),
    ],
)
def test_a_file_of_each_source_becomes_rows(tmp_path, source, name, data, rows):
    place = Place(tmp_path, source)
    entry = place.through(name, data)
    assert (entry.state, entry.rows_received, entry.rows_stored) == (State.PUBLISHED, rows, rows)
    assert place.rows.num_rows == rows
    assert sum(part["rows"] for part in entry.partitions) == rows
    assert place.warehouse.known == {
        place.worker().table.partition_path(p) for p in entry.partitions
    }
    assert list(place.landing.iterdir()) == []


def test_originals_lie_by_day_and_hour(tmp_path):
    flow, dns, proxy = (Place(tmp_path / s, s) for s in ("flow", "dns", "proxy"))
    assert flow.through(NAME, FLOW).path == f"/user/spot/flow/binary/20230125/18/{NAME}"
    entry = dns.through("knot.pcap", DNS_SAMPLE.read_bytes())
    assert entry.path == "/user/spot/dns/binary/20161006/13/knot.pcap"
    assert proxy.through("a.log", PROXY).path == "/user/spot/proxy/binary/20050504/17/a.log"


def test_rows_go_to_the_hours_of_their_own_time(tmp_path):
    place = Place(tmp_path, "proxy")
    early, late = b"2005-05-04 17:", b"2005-05-05 00:"
    half = PROXY.replace(early, late, 10)
    entry = place.through("a.log", half)
    hours = [(part["d"], part["h"], part["rows"]) for part in entry.partitions]
    assert hours == [(4, 17, 19), (5, 0, 10)]
    assert entry.days == {"2005-05-04": 19, "2005-05-05": 10}


def test_the_same_content_again_is_a_duplicate_whatever_its_name(tmp_path):
    place = Place(tmp_path, "flow")
    first = place.through(NAME, FLOW)
    again = place.drop("nfcapd.209912312359", FLOW)
    os.utime(again, ns=(1, 1))
    assert place.collector().take([again]) == [first]
    assert [d.name for d in place.ledger.duplicates("flow")] == ["nfcapd.209912312359"]
    assert place.rows.num_rows == 3018
    assert place.announcer.sent == [first.path]
    assert not again.exists()


def test_another_content_of_the_same_name_gets_a_place_of_its_own(tmp_path):
    place = Place(tmp_path, "proxy")
    one, two = (
        place.through("a.log", PROXY),
        place.through("a.log", PROXY.replace(b"17:", b"17:"[:3], 1) + PROXY),
    )
    assert one.path != two.path
    assert two.path.endswith(f"a-{two.hash[:12]}.log")
    assert place.rows.num_rows == 29 + 58


def test_a_file_in_hdfs_that_the_ledger_does_not_know_is_never_overwritten(tmp_path):
    place = Place(tmp_path, "flow")
    foreign = f"/user/spot/flow/binary/20230125/18/{NAME}"
    place.hdfs.files[foreign] = b"foreign"
    entry = place.through(NAME, FLOW)
    assert entry.path != foreign
    assert place.hdfs.files[foreign] == b"foreign"


@pytest.mark.parametrize(("name", "data"), [(NAME, FLOW), ("nfcapd.cut", FLOW[:9000])])
def test_a_worker_killed_before_any_step_leaves_the_same(tmp_path, name, data):
    calm = Place(tmp_path / "calm", "flow")
    calm.through(name, data)
    for at in range(1, 50):
        place = Place(tmp_path / str(at), "flow")
        place.collected(name, data)
        place.fated(Fate(at))
        try:
            work(place)
        except Killed:
            place.fated(Fate())
            work(place)
        else:
            break
        assert finished(place) == finished(calm), f"killed before step {at}"
        assert place.rows.equals(calm.rows)
    assert at > 5


def test_a_collector_killed_before_any_step_loses_and_repeats_nothing(tmp_path):
    for at in range(1, 50):
        place = Place(tmp_path / str(at), "flow")
        place.drop(NAME, FLOW)
        place.fated(Fate(at))
        try:
            collect(place)
        except Killed:
            place.fated(Fate())
            collect(place)
        else:
            break
        work(place)
        assert set(place.announcer.sent) == {f"/user/spot/flow/binary/20230125/18/{NAME}"}
        assert place.rows.num_rows == 3018, f"killed before step {at}"
        assert place.ledger.duplicates("flow") == []
        assert list(place.landing.iterdir()) == []
    assert at > 3


def test_a_message_that_comes_twice_changes_nothing(tmp_path):
    place = Place(tmp_path, "flow")
    entry = place.through(NAME, FLOW)
    before = finished(place)
    assert place.worker().handle(entry.path) == entry
    assert finished(place) == before


def test_what_a_worker_left_that_died_after_its_last_step_is_removed(tmp_path):
    place = Place(tmp_path, "flow")
    entry = place.through(NAME, FLOW)
    before = finished(place)
    place.hdfs.files[f"/user/spot/flow/stage/{entry.hash}/{entry.claim}/rows.jsonl"] = b""
    assert place.worker().handle(entry.path) == entry
    assert finished(place) == before


def test_a_service_that_is_down_costs_no_attempt(tmp_path):
    place = Place(tmp_path, "flow")
    place.collected(NAME, FLOW)
    for _ in range(2 * ATTEMPTS_LIMIT):
        place.hdfs.fate = Fate(down=True)
        with pytest.raises(ServiceError):
            work(place)
    place.hdfs.fate = Fate()
    work(place)
    (entry,) = place.ledger.files("flow")
    assert (entry.state, entry.attempts) == (State.PUBLISHED, 1)


def test_a_file_that_kills_its_worker_each_time_is_set_aside_in_the_end(tmp_path, monkeypatch):
    place = Place(tmp_path, "flow")
    place.collected(NAME, FLOW)

    def dissect(*_: object) -> None:
        raise ToolError("nfdump was killed", program="nfdump", status=-11)

    monkeypatch.setattr("spot_ingest.readers.nfdump.dissect", dissect)
    for _ in range(ATTEMPTS_LIMIT):
        with pytest.raises(ToolError):
            work(place)
    work(place)
    (entry,) = place.ledger.files("flow")
    assert entry.state is State.SET_ASIDE
    assert "attempts" in entry.reason


def test_an_unreadable_file_is_kept_with_its_reason_and_the_next_goes_on(tmp_path):
    place = Place(tmp_path, "flow")
    bad = place.through("nfcapd.202301251835", b"garbage")
    good = place.through(NAME, FLOW)
    assert (bad.state, good.state) == (State.SET_ASIDE, State.PUBLISHED)
    folder = f"/user/spot/flow/quarantine/{bad.hash}"
    assert place.hdfs.files[f"{folder}/nfcapd.202301251835"] == b"garbage"
    reason = json.loads(place.hdfs.files[f"{folder}/reason.json"])
    assert (reason["reason"], reason["file"]) == (bad.reason, "nfcapd.202301251835")
    assert bad.path not in place.hdfs.files


def test_a_file_set_aside_is_tried_again_when_it_comes_again(tmp_path, monkeypatch):
    place = Place(tmp_path, "flow")
    with monkeypatch.context() as broken:
        broken.setattr("spot_ingest.readers.nfheader.survey", Mock(side_effect=UnreadableError("")))
        assert place.through(NAME, FLOW).state is State.SET_ASIDE
    assert place.through(NAME, FLOW).state is State.PUBLISHED
    assert place.rows.num_rows == 3018
    assert not [path for path in place.hdfs.files if "/quarantine/" in path]


def test_rows_set_aside_are_kept_with_number_reason_and_bytes(tmp_path):
    place = Place(tmp_path, "proxy")
    entry = place.through("a.log", PROXY + b"what is \xff this\r\n")
    assert (entry.rows_received, entry.rows_stored, entry.rows_set_aside) == (30, 29, 1)
    lines = place.hdfs.files[f"/user/spot/proxy/quarantine/{entry.hash}/rows.jsonl"].splitlines()
    (row,) = [json.loads(line) for line in lines]
    assert row == {
        "file": "a.log",
        "number": 34,
        "reason": "the line has 4 fields instead of 26",
        "bytes": "d2hhdCBpcyD/IHRoaXM=",
    }


def test_a_file_changed_in_hdfs_is_not_loaded(tmp_path):
    place = Place(tmp_path, "flow")
    entry = place.collected(NAME, FLOW)
    place.hdfs.files[entry.path] = FLOW + b"more"
    after = place.worker().handle(entry.path)
    assert after is not None
    assert after.state is State.SET_ASIDE
    assert "not the one that arrived" in after.reason


@pytest.mark.parametrize(
    "message",
    [
        "",
        "/etc/passwd",
        "/user/spot/flow/binary/../../../../etc/passwd",
        "/user/spot/flow/binary/20230125/18/nothing",
        "/user/spot/dns/binary/20230125/18/a.pcap",
    ],
)
def test_a_message_that_names_no_file_of_the_source_is_ignored(tmp_path, message):
    place = Place(tmp_path, "flow")
    place.hdfs.files["/etc/passwd"] = b"root"
    place.hdfs.files["/user/spot/dns/binary/20230125/18/a.pcap"] = b"x"
    assert place.worker().handle(message) is None
    assert place.ledger.files("flow") == []


def test_a_file_that_another_program_announced_is_taken(tmp_path):
    place = Place(tmp_path, "flow")
    path = "/user/spot/flow/binary/20230125/18/theirs"
    place.hdfs.files[path] = FLOW
    entry = place.worker().handle(path)
    assert entry is not None
    assert (entry.state, entry.rows_stored) == (State.PUBLISHED, 3018)


def test_a_file_forgotten_before_it_was_stored_can_come_again(tmp_path):
    place = Place(tmp_path, "flow")
    path = place.drop(NAME, FLOW)
    place.fated(Fate(1))
    with pytest.raises(Killed):
        place.collector().take([path])
    path.unlink()
    place.fated(Fate())
    collect(place)
    assert place.ledger.files("flow") == []


@pytest.mark.parametrize(
    "name",
    [
        "nfcapd.x;touch y",
        "nfcapd.$(id)",
        "nfcapd. \n\x1b[31m",
        "nfcapd." + "y" * 240,
        "nfcapd.\udcff",
    ],
)
def test_hostile_names_are_stored_under_harmless_ones(tmp_path, name):
    place = Place(tmp_path, "flow")
    entry = place.through(name, FLOW)
    assert entry.state is State.PUBLISHED
    assert entry.name.isprintable()
    base = entry.path.rpartition("/")[2]
    assert set(base) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+=@-")
    assert len(base) < 200


def test_a_clock_that_is_set_back_changes_nothing(tmp_path, monkeypatch):
    now = 2e9

    def backwards() -> float:
        nonlocal now
        now -= 3600
        return now

    monkeypatch.setattr("time.time", backwards)
    place = Place(tmp_path, "flow")
    entry = place.through(NAME, FLOW)
    assert (entry.state, place.rows.num_rows) == (State.PUBLISHED, 3018)
    place.drop(NAME, FLOW)
    collect(place)
    place.collector().look_back()
    work(place)
    assert place.rows.num_rows == 3018
    assert len(place.ledger.files("flow")) == 1


def test_what_the_broker_lost_is_announced_again_and_nothing_else(tmp_path, monkeypatch):
    place = Place(tmp_path, "flow")
    entry = place.collected(NAME, FLOW)
    place.collector().look_back()
    assert place.announcer.sent == [entry.path], "it was announced just now"
    later = time.time() + 3600
    monkeypatch.setattr("time.time", lambda: later)
    place.announcer.lag = 1
    place.collector().look_back()
    assert place.announcer.sent == [entry.path], "its message still waits"
    place.announcer.lag = 0
    place.collector().look_back()
    assert place.announcer.sent == [entry.path] * 2
    work(place)
    place.collector().look_back()
    assert place.announcer.sent == [entry.path] * 2


def test_a_file_that_must_not_be_read_is_left_alone_and_the_others_are_taken(tmp_path, monkeypatch):
    place = Place(tmp_path, "flow")
    forbidden, good = place.drop("nfcapd.201601010000", FLOW), place.drop(NAME, FLOW + b"")
    good.write_bytes(FLOW_SAMPLE.read_bytes())

    def digest(path):
        if path == forbidden:
            raise PermissionError(13, "Permission denied")
        return digest_of(path)

    monkeypatch.setattr("spot_ingest.names.digest_of", digest)
    entries = place.collector().take([forbidden, good])
    assert [entry.name for entry in entries] == [NAME]
    assert forbidden.exists()


def test_copies_that_come_together_are_one_file_and_duplicates(tmp_path):
    place = Place(tmp_path, "flow")
    paths = [place.drop(f"nfcapd.20160101000{n}", FLOW) for n in range(3)]
    (entry,) = place.collector().take(paths)
    assert [d.name for d in place.ledger.duplicates("flow")] == [p.name for p in paths[1:]]
    assert entry.name == paths[0].name
    assert list(place.landing.iterdir()) == []
    work(place)
    assert place.rows.num_rows == 3018
