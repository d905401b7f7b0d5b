"""Two workers and one file: whoever lost it changes nothing more, whenever it wakes up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from ingest_twins import FLOW_SAMPLE, PROXY_SAMPLE, Fate, Place

from spot_common.errors import ServiceError
from spot_ingest import claim
from spot_ingest.accounting import Account
from spot_ingest.claim import Hold, Onlooker
from spot_ingest.entry import State
from spot_ingest.errors import ClaimLostError
from spot_ingest.names import digest_of
from spot_ingest.work import Worker

FLOW = FLOW_SAMPLE.read_bytes()
#: Rows of two hours and one that is set aside.
PROXY = PROXY_SAMPLE.read_bytes().replace(b"2005-05-04 17:", b"2005-05-05 00:", 10) + b"what\n"
NAME = FLOW_SAMPLE.name


class Interlude(Fate):
    """Lets something else happen before the step of that number (from 1), once."""

    def __init__(self, at: int, action: Callable[[], None]) -> None:
        super().__init__()
        self.at, self.action = at, action

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            self.action()


def left_over(place: Place) -> list[str]:
    return [path for path in place.hdfs.files if "/stage/" in path]


def finish_and_merge(place: Place, worker: Worker, path: str, merged: dict[str, bytes]) -> None:
    """Let a worker finish a file; then its table files are merged into others.

    From then on no name tells that the rows are there.
    """
    place.fated(Fate())
    entry = worker.handle(path)
    assert entry is not None
    if entry.worker == worker.name:
        for table in [name for name in place.hdfs.files if "/hive/" in name]:
            merged[table] = place.hdfs.files.pop(table)


@pytest.fixture
def impatient(monkeypatch):
    """A claim whose beat does not change between two looks is given up."""
    monkeypatch.setattr(claim, "SILENT_AFTER", 0.0)


@pytest.mark.parametrize(
    ("source", "name", "data"), [("flow", NAME, FLOW), ("proxy", "a.log", PROXY)]
)
def test_a_frozen_worker_that_wakes_at_any_step_adds_nothing(
    tmp_path, impatient, source, name, data
):
    calm = Place(tmp_path / "calm", source)
    calm.through(name, data)
    woken = 0
    for at in range(1, 60):
        place = Place(tmp_path / str(at), source)
        path = place.collected(name, data).path
        merged: dict[str, bytes] = {}
        frozen, other = place.worker(), place.worker(1)
        place.fated(Interlude(at, partial(finish_and_merge, place, other, path, merged)))
        entry = frozen.handle(path)
        assert entry is not None
        place.fated(Fate())
        assert not merged.keys() & place.hdfs.files.keys(), f"added when woken before step {at}"
        place.hdfs.files.update(merged)
        woken += bool(merged)
        (entry,) = place.ledger.files(source)
        assert entry.state is State.PUBLISHED
        assert place.rows.sort_by("host" if source == "proxy" else "sip").equals(
            calm.rows.sort_by("host" if source == "proxy" else "sip")
        )
        assert left_over(place) == []
        assert place.hdfs.exists(f"/user/spot/{source}/quarantine/{entry.hash}/rows.jsonl") == (
            entry.rows_set_aside > 0
        )
    assert woken >= 5


def test_what_is_staged_whole_is_published_without_another_conversion(tmp_path, monkeypatch):
    place = Place(tmp_path, "proxy")
    path = place.collected("a.log", PROXY).path

    def down(*_: object) -> None:
        raise ServiceError("the SQL server is down")

    with monkeypatch.context() as broken:
        broken.setattr(place.warehouse, "ensure_partitions", down)
        with pytest.raises(ServiceError):
            place.worker().handle(path)
    staged = [name for name in place.hdfs.files if "/stage/" in name or "/hive/" in name]
    assert len(staged) == 2
    monkeypatch.setattr(Worker, "convert", down)
    entry = place.worker().handle(path)
    assert entry is not None
    assert (entry.state, entry.rows_stored, entry.rows_set_aside) == (State.PUBLISHED, 29, 1)
    assert entry.reasons == {"the line has 1 fields instead of 26": 1}
    assert place.rows.num_rows == 29
    assert left_over(place) == []


def test_what_is_staged_in_part_is_converted_again(tmp_path):
    place = Place(tmp_path, "proxy")
    entry = place.collected("a.log", PROXY)
    folder = f"/user/spot/proxy/stage/{entry.hash}"
    place.ledger.take(entry, place.worker().name)
    whole = Place(tmp_path / "whole", "proxy")
    whole.through("a.log", PROXY)
    one_hour = next(data for name, data in whole.hdfs.files.items() if "/h=17/" in name)
    place.hdfs.files[f"{folder}/old/2005050417.parquet"] = one_hour
    place.hdfs.files[f"{folder}/older/2005050417.parquet"] = b"cut"
    done = place.worker().handle(entry.path)
    assert done is not None
    assert (done.state, done.rows_stored) == (State.PUBLISHED, 29)
    assert place.rows.num_rows == 29
    assert left_over(place) == []


def test_a_file_in_other_hands_is_left_to_them_while_they_live(tmp_path):
    place = Place(tmp_path, "flow")
    entry = place.ledger.take(place.collected(NAME, FLOW), "elsewhere/worker-0")
    assert entry is not None
    worker = place.worker()
    for _ in range(3):
        seen = worker.handle(entry.path)
        assert seen is not None
        assert (seen.state, seen.worker) == (State.CONVERTING, "elsewhere/worker-0")
        assert place.ledger.beat(entry)
    assert place.rows.num_rows == 0


def test_a_claim_is_given_up_when_its_beat_stands_still(tmp_path, monkeypatch):
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    place = Place(tmp_path, "flow")
    entry = place.ledger.take(place.collected(NAME, FLOW), "elsewhere/worker-0")
    onlooker = Onlooker("here/worker-0")
    assert onlooker.must_wait(entry)
    now += claim.SILENT_AFTER - 1
    assert onlooker.must_wait(entry)
    place.ledger.beat(entry)
    beaten = place.ledger.find("flow", digest_of(FLOW_SAMPLE))
    assert onlooker.must_wait(beaten)
    now += claim.SILENT_AFTER - 1
    assert onlooker.must_wait(beaten)
    now += 1
    assert not onlooker.must_wait(beaten)
    assert not Onlooker("elsewhere/worker-0").must_wait(beaten), "its own, from before it died"


def test_a_claim_that_was_taken_away_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(claim, "_BEAT_EVERY", 0.01)
    place = Place(tmp_path, "flow")
    entry = place.ledger.take(place.collected(NAME, FLOW), "one")
    with Hold(place.ledger, entry) as hold:
        hold.confirm()
        place.ledger.take(place.ledger.find("flow", entry.hash), "two")
        with pytest.raises(ClaimLostError, match=NAME):
            hold.confirm()
        hold._thread.join(10)
        with pytest.raises(ClaimLostError):
            hold.check()
    with pytest.raises(ClaimLostError):
        place.ledger.staged(entry, Account(stored=1), [], "")
    with pytest.raises(ClaimLostError):
        place.ledger.publish(entry)
    with pytest.raises(ClaimLostError):
        place.ledger.set_aside(entry, "no", 0)
    place.ledger.let_go(entry, counts=False)
    assert place.ledger.find("flow", entry.hash).worker == "two"


def test_only_one_of_two_takes_a_file(tmp_path):
    place = Place(tmp_path, "flow")
    entry = place.collected(NAME, FLOW)
    assert place.ledger.take(entry, "one") is not None
    assert place.ledger.take(entry, "two") is None
