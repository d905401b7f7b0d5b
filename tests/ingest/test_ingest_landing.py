"""The landing folder: only whole files, only those that are meant."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from ingest_twins import FLOW_SAMPLE, Place

from spot_common.errors import NotFoundError, ServiceError, UsageError
from spot_ingest import feed as feeding
from spot_ingest import names
from spot_ingest.beat import Heartbeat, silence
from spot_ingest.landing import Landing
from spot_ingest.source import ingest_source

FLOW = ingest_source("flow")


def until(condition, seconds: float = 5.0) -> bool:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def found(landing: Landing) -> list[str]:
    return [path.name for path in landing.ready()]


def test_a_file_that_was_there_before_is_found_once_it_has_settled(tmp_path: Path):
    (tmp_path / "nfcapd.202301251835").write_bytes(b"x")
    with Landing(tmp_path, FLOW, 0.2) as landing:
        assert found(landing) == []
        assert until(lambda: found(landing) == ["nfcapd.202301251835"])


def test_a_file_that_is_moved_in_is_taken_at_once(tmp_path: Path):
    with Landing(tmp_path, FLOW, 60.0) as landing:
        (tmp_path / ".hidden").write_bytes(b"x")
        (tmp_path / ".hidden").rename(tmp_path / "nfcapd.202301251835")
        assert until(lambda: found(landing) == ["nfcapd.202301251835"])


def test_a_file_that_is_being_written_is_waited_for_however_slow_the_writer(tmp_path: Path):
    with Landing(tmp_path, FLOW, 0.1) as landing:
        with (tmp_path / "nfcapd.202301251835").open("wb") as writer:
            writer.write(b"half")
            writer.flush()
            assert not until(lambda: found(landing) != [], 0.6)
        assert until(lambda: found(landing) == ["nfcapd.202301251835"])


def test_a_file_that_still_grows_is_waited_for(tmp_path: Path):
    grown = tmp_path / "nfcapd.202301251835"
    with Landing(tmp_path, FLOW, 0.4) as landing:
        for _ in range(6):
            with grown.open("ab") as writer:
                writer.write(b"more")
            assert found(landing) == []
            time.sleep(0.1)
        assert until(lambda: found(landing) == [grown.name])


def test_what_is_not_meant_is_left_alone(tmp_path: Path):
    for name in (".nfcapd.x", "nfcapd.current.123", "nfcapd.x.part", "readme.txt", "nfcapd.x~"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "nfcapd.folder").mkdir()
    (tmp_path / "nfcapd.link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "nfcapd.pipe")
    with Landing(tmp_path, FLOW, 0.0) as landing:
        found(landing)
        assert found(landing) == []


def test_many_files_come_oldest_first(tmp_path: Path):
    for number in range(300):
        path = tmp_path / f"nfcapd.{number:03d}"
        path.write_bytes(b"x")
        os.utime(path, ns=(10**18 - number, 10**18 - number))
    with Landing(tmp_path, FLOW, 0.0) as landing:
        found(landing)
        assert found(landing) == [f"nfcapd.{number:03d}" for number in reversed(range(300))]


def test_feeding_lets_files_appear_whole_and_skips_known_ones(tmp_path: Path):
    place = Place(tmp_path, "flow")
    odd = tmp_path / "flows of today"
    odd.write_bytes(FLOW_SAMPLE.read_bytes())
    (one,) = feeding.feed(place.config, place.source, [odd])
    assert (one.known, one.hash) == (False, names.digest_of(FLOW_SAMPLE))
    assert [path.name for path in place.landing.iterdir()] == ["nfcapd.flows of today"]


def test_feeding_never_replaces_a_file_that_waits(tmp_path: Path):
    place = Place(tmp_path, "proxy")
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "a.log").write_bytes(b"%d" % number)
        feeding.feed(place.config, place.source, [folder / "a.log"])
    assert sorted(path.read_bytes() for path in place.landing.iterdir()) == [b"0", b"1"]


def test_feeding_a_file_that_is_not_there_copies_nothing(tmp_path: Path):
    place = Place(tmp_path, "flow")
    with pytest.raises(UsageError, match="does not exist"):
        feeding.feed(place.config, place.source, [FLOW_SAMPLE, tmp_path / "nothing"])
    assert list(place.landing.iterdir()) == []


def test_waiting_fails_when_nobody_collects(tmp_path: Path, monkeypatch):
    place = Place(tmp_path, "flow")
    monkeypatch.setattr(feeding, "_DEAD_AFTER", 0.3)
    with pytest.raises(ServiceError, match="collector of flow is silent") as caught:
        feeding.wait(place.config, place.source, ["0" * 64], timeout=10)
    assert "spot logs collector-flow" in caught.value.hint


def test_waiting_gives_up_in_time_but_loses_nothing(tmp_path: Path):
    place = Place(tmp_path, "flow")
    with Heartbeat(place.config, "collector-flow"), pytest.raises(ServiceError, match="1 of 1"):
        feeding.wait(place.config, place.source, ["0" * 64], timeout=0.1)


def test_an_unknown_hash_is_named(tmp_path: Path):
    place = Place(tmp_path, "flow")
    with pytest.raises(NotFoundError, match="abcdef is no file of flow"):
        feeding.hashes_of(place.config, place.source, ["abcdef"])


def test_a_heartbeat_stops_with_its_process_and_pauses_when_it_is_not_well(tmp_path: Path):
    config = Place(tmp_path, "flow").config
    assert silence(config, "worker-flow-*") is None
    with Heartbeat(config, "worker-flow-1"):
        age = silence(config, "worker-flow-*")
        assert age is not None
        assert age < 5
    assert silence(config, "worker-flow-*") is None
    assert threading.active_count() < 20


def test_names_are_shown_and_stored_without_harm():
    assert names.shown("a\nb\udcff") == "a\\x0ab\\xff"
    digest = "0123456789abcdef"
    assert names.safe("nfcapd.202301251835", digest) == "nfcapd.202301251835"
    assert names.safe("a b.log", digest) == "a_b-0123456789ab.log"
    assert names.safe("..", digest) == "file-0123456789ab"
    assert names.safe("a:b.pcap", digest) == "a_b-0123456789ab.pcap"
