"""The ledger: rows received are rows stored and rows set aside, always."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError

from spot_common.errors import ServiceError
from spot_ingest.accounting import Account
from spot_ingest.entry import Arrival, State
from spot_ingest.ledger import Ledger

PART = {"y": 2023, "m": 1, "d": 25, "h": 18, "rows": 3}


@pytest.fixture
def ledger(state_db) -> Ledger:
    return Ledger(state_db)


def add(ledger: Ledger, digest: str = "a1", path: str = "/p", source: str = "flow"):
    added = ledger.add(source, [Arrival(digest, "n", 1, 2, path)], "host/collector")
    return added[0] if added else None


def test_a_file_goes_its_way(ledger):
    entry = add(ledger)
    assert (entry.state, entry.collector) == (State.SEEN, "host/collector")
    for state in (State.STORED, State.QUEUED):
        ledger.advance([entry], state)
        assert ledger.find("flow", "a1").state is state
    entry = ledger.take(entry, "worker-flow-0")
    assert (entry.state, entry.attempts, entry.worker) == (State.CONVERTING, 1, "worker-flow-0")
    entry = ledger.publish(ledger.staged(entry, Account(3, {"odd": 1}), [PART], "note"))
    assert (entry.rows_received, entry.rows_stored, entry.rows_set_aside) == (4, 3, 1)
    assert entry.reasons == {"odd": 1}
    assert entry.finished
    assert entry.days == {"2023-01-25": 3}


def test_a_hash_and_a_place_belong_to_one_file_of_a_source(ledger):
    assert add(ledger) is not None
    assert add(ledger, path="/q") is None
    assert add(ledger, digest="b2") is None
    assert add(ledger, source="dns") is not None


def test_files_are_written_down_together_or_not_at_all(ledger):
    one, two = (Arrival(digest, "n", 1, 2, f"/{digest}") for digest in ("a1", "b2"))
    other = Arrival("c3", "n", 1, 2, "/a1")
    assert [entry.hash for entry in ledger.add("flow", [two, one])] == ["a1", "b2"]
    assert ledger.add("flow", [Arrival("d4", "n", 1, 2, "/d4"), other]) == []
    assert ledger.find("flow", "d4") is None


def test_counts_that_do_not_add_up_are_refused_by_the_database(ledger):
    add(ledger)
    counts = "rows_received = 5, rows_stored = 3, rows_set_aside = 1"
    with pytest.raises(IntegrityError):
        ledger.write(
            lambda connection: connection.exec_driver_sql(f"UPDATE ingest_files SET {counts}")
        )


def test_files_are_found_by_source_day_state_and_hash(ledger):
    one, two = add(ledger), add(ledger, digest="b2", path="/q", source="dns")
    ledger.publish(ledger.staged(ledger.take(one, "w"), Account(stored=3), [PART], ""))
    assert [e.hash for e in ledger.files("flow")] == ["a1"]
    assert [e.hash for e in ledger.files(day="2023-01-25")] == ["a1"]
    assert [e.hash for e in ledger.files(states=(State.SEEN,))] == [two.hash]
    assert [e.hash for e in ledger.files(digests=["b2", "c3"])] == ["b2"]
    assert [e.hash for e in ledger.beginning_with("a")] == ["a1"]
    assert ledger.beginning_with("%") == []


def test_only_a_file_of_which_nothing_is_stored_can_be_forgotten(ledger):
    entry = add(ledger)
    ledger.advance([entry], State.STORED)
    ledger.forget(entry)
    assert ledger.find("flow", "a1") is not None
    again = ledger.begin_again(ledger.set_aside(ledger.take(entry, "w"), "bad", 0))
    ledger.forget(again)
    assert ledger.find("flow", "a1") is None


def test_duplicates_are_written_down(ledger):
    entry = add(ledger)
    ledger.duplicate(entry, "again")
    ledger.duplicate(entry, "and again")
    assert [d.name for d in ledger.duplicates("flow", "a1")] == ["again", "and again"]
    assert ledger.duplicates("dns") == []


def test_many_open_it_at_once(state_db):
    def open_and_add(number: int) -> bool:
        ledger = Ledger(state_db)
        return add(ledger, digest=f"h{number}", path=f"/{number}") is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(open_and_add, range(24)))


def test_a_long_reason_is_cut(ledger):
    entry = ledger.set_aside(ledger.take(add(ledger), "w"), "x" * 5000, 7)
    assert len(entry.reason) == 2000
    assert (entry.rows_received, entry.rows_set_aside) == (7, 7)


def test_many_take_one_file_and_one_gets_it(state_db):
    ledger = Ledger(state_db)
    entry = add(ledger)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: ledger.take(entry, f"worker-{n}"), range(16)))
    (winner,) = [one for one in taken if one is not None]
    assert ledger.find("flow", "a1") == winner


def test_a_ledger_of_an_earlier_version_gets_what_it_lacks(state_db):
    ledger = Ledger(state_db)
    entry = add(ledger)
    for column in ("claim", "beat", "reasons", "dropped", "collector"):
        drop = f"ALTER TABLE ingest_files DROP COLUMN {column}"
        ledger.write(lambda connection, drop=drop: connection.exec_driver_sql(drop))
    again = Ledger(state_db).find("flow", "a1")
    assert (again.claim, again.beat, again.reasons, again.dropped) == ("", 0, {}, False)
    assert again.hash == entry.hash


def test_texts_that_no_database_takes_are_escaped(ledger):
    account = Account(1)
    account.reject("a NUL \0 and a lone \udc80")
    entry = ledger.staged(ledger.take(add(ledger), "w"), account, [PART], "\0\udc80")
    assert entry.reason == "\\x00\\udc80"
    assert entry.reasons == {"a NUL \\x00 and a lone \\udc80": 1}


def test_a_store_that_does_not_answer_is_a_service_that_is_down(tmp_path):
    folder = tmp_path / "ledger.db"
    folder.mkdir()
    with pytest.raises(ServiceError, match="state store cannot be used"):
        Ledger(create_engine(f"sqlite:///{folder}"))
