"""Compaction: fewer files, the same rows, whoever reads and whatever dies meanwhile."""

from __future__ import annotations

import io
import time
from collections import Counter
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_twins import PROXY_SAMPLE, Fate, Killed, Place

from spot_common.errors import ServiceError
from spot_ingest.compaction import plan
from spot_ingest.compaction.hour import Hour, Step, aside_folder
from spot_ingest.compaction.merge import beginning, ending, merge
from spot_ingest.compaction.plan import Group, Member
from spot_ingest.rebuild import read_table
from spot_ingest.receipt import from_metadata
from spot_ingest.summary import minute_rows

LINES = PROXY_SAMPLE.read_bytes().splitlines(keepends=True)
HEAD = b"".join(line for line in LINES if line.startswith(b"#"))
BODY = [line for line in LINES if not line.startswith(b"#")]
HOUR = (("y", 2005), ("m", 5), ("d", 4), ("h", 17))


def log(number: int) -> bytes:
    """A log of some lines of one hour, unlike those of other numbers."""
    return HEAD + b"".join(BODY[number : number + 3])


class Day(Place):
    """One source whose hour has some small files."""

    def __init__(self, folder: Path, files: int = 4) -> None:
        super().__init__(folder, "proxy")
        for number in range(files):
            assert self.through(f"{number}.log", log(number)).rows_stored == 3

    def hour(self, *, target: int = 1 << 20, grace: float = 0.0) -> Hour:
        table = self.worker().table
        return Hour(self.warehouse, self.ledger, table, HOUR, target, grace)  # type: ignore[arg-type]

    @property
    def folder(self) -> str:
        return self.hour().folder

    def names(self) -> list[str]:
        return [member.name for member in self.hour().files()]

    def seen(self) -> tuple[list, list]:
        """The rows that readers of files and the SQL server have, without their order."""
        table = self.worker().table
        return tuple(
            sorted(map(str, rows.to_pylist()))
            for rows in (self.warehouse.rows(table), self.warehouse.answered(table))
        )


def test_small_files_become_one_with_the_same_rows_and_all_receipts(tmp_path):
    day = Day(tmp_path)
    before = day.seen()
    assert day.hour().advance() is Step.DONE
    (name,) = day.names()
    assert name.startswith("merged-")
    assert day.seen() == before
    file = pq.ParquetFile(io.BytesIO(day.hdfs.files[f"{day.folder}/{name}"]))
    assert file.num_row_groups == 1
    receipts = from_metadata(file.metadata.metadata)
    assert [r.rows for r in receipts] == [3] * 4
    assert {r.hash for r in receipts} == {e.hash for e in day.ledger.files("proxy")}
    assert not [name for name in day.hdfs.files if "/compact/" in name]
    assert day.hour().advance() is Step.DONE
    assert day.names() == [name]


def test_readers_see_every_row_once_before_and_after_each_step(tmp_path):
    day = Day(tmp_path)
    before = day.seen()

    class Watching(Fate):
        def step(self) -> None:
            super().step()
            assert day.seen() == before, f"before step {self.steps}"

    watching = Watching()
    day.fated(watching)
    day.hour().advance()
    assert day.seen() == before
    assert watching.steps > 10


def test_a_compaction_that_is_killed_at_any_step_is_taken_up(tmp_path):
    calm = Day(tmp_path / "calm")
    before = calm.seen()
    calm.hour().advance()
    for at in range(1, 60):
        day = Day(tmp_path / str(at))
        day.fated(Fate(at))
        try:
            day.hour().advance()
        except Killed:
            day.fated(Fate())
            assert day.seen() == before, f"killed before step {at}"
            assert day.hour().advance() is Step.DONE
        else:
            break
        assert day.seen() == before, f"after a kill before step {at}"
        assert day.hdfs.files.keys() == calm.hdfs.files.keys()
    assert at > 10


def test_an_hour_waits_until_queries_have_ended(tmp_path, monkeypatch):
    day = Day(tmp_path)
    small = day.names()
    now = 1e9
    monkeypatch.setattr("time.time", lambda: now)
    hour = day.hour(grace=60)
    assert hour.advance() is Step.MOVED
    assert day.names() == small, "who listed them may still read them"
    now += 59
    assert hour.advance() is Step.MOVED
    now += 1
    assert hour.advance() is Step.SWAPPED
    assert len(day.names()) == 1
    aside = aside_folder(day.warehouse, hour.table, hour.values)
    assert day.hdfs.exists(aside), "who was told to read there may still do so"
    now += 60
    assert hour.advance() is Step.DONE
    assert not day.hdfs.exists(aside)


@pytest.mark.parametrize("grace_over", [False, True])
def test_a_file_that_comes_meanwhile_is_seen_at_once_and_merged_later(tmp_path, grace_over):
    day = Day(tmp_path)
    assert day.hour(grace=3600).advance() is Step.MOVED
    day.through("late.log", log(7))
    files, answered = day.seen()
    assert len(files) == len(answered) == 15
    day.hour(grace=0 if grace_over else 3600).advance()
    assert day.seen() == (files, answered)
    for _ in range(3):
        day.hour().advance()
    assert day.seen() == (files, answered)
    assert len(day.names()) == 1


def test_files_whose_worker_has_not_finished_stay(tmp_path, monkeypatch):
    day = Day(tmp_path)
    entry = day.collected("5.log", log(9))

    def down(*_: object) -> None:
        raise ServiceError("the SQL server is down")

    with monkeypatch.context() as broken:
        broken.setattr(day.warehouse, "ensure_partitions", down)
        with pytest.raises(ServiceError):
            day.worker().handle(entry.path)
    assert len(day.names()) == 5
    day.hour().advance()
    assert len(day.names()) == 5
    day.worker().handle(entry.path)
    day.hour().advance()
    assert len(day.names()) == 1
    assert len(day.seen()[0]) == 15


def test_files_of_another_program_stay(tmp_path):
    day = Day(tmp_path)
    sink = io.BytesIO()
    pq.write_table(day.worker().table.arrow().empty_table(), sink)
    day.hdfs.files[f"{day.folder}/theirs.parquet"] = sink.getvalue()
    assert day.hour().advance() is Step.DONE
    assert len(day.names()) == 5


def test_hours_are_closed_when_nothing_came_for_a_while(tmp_path, monkeypatch):
    day, one = Day(tmp_path / "two", 2), Day(tmp_path / "one", 1)
    assert not day.hour().closed(quiet=60)
    later = time.time() + 61
    monkeypatch.setattr("time.time", lambda: later)
    assert day.hour().closed(quiet=60)
    assert not one.hour().closed(quiet=60), "there is nothing to merge"


sizes = st.lists(st.integers(1, 2000), min_size=1, max_size=60)


@given(sizes, st.integers(100, 3000))
def test_groups_hold_every_file_once_and_keep_to_the_size(found, target):
    members = [Member(f"{number:03d}", size) for number, size in enumerate(found)]
    groups = plan.groups(members, target)
    assert Counter(m for group in groups for m in group.members) == Counter(members)
    for group in groups:
        assert group.size <= target or len(group.members) == 1
    loose = [group for group in groups if 2 * group.size < target]
    assert len(loose) <= 1, "two of them would have gone together"
    assert plan.from_json(plan.to_json(groups)) == groups
    names = [group.name for group in groups]
    assert len(set(names)) == len(names)


def test_no_group_has_more_files_than_a_request_can_name():
    members = [Member(f"{number:05d}", 1) for number in range(1000)]
    assert max(len(g.members) for g in plan.groups(members, 1 << 30)) == plan.MOST_FILES


@given(st.lists(st.lists(st.text(max_size=5), max_size=8), min_size=1, max_size=4), st.binary())
def test_a_merged_file_can_be_grown_from_its_beginning(tmp_path_factory, parts, between):
    folder = tmp_path_factory.mktemp("merge")
    schema = pa.schema([("text", pa.string())])
    contents = []
    for part in parts:
        sink = io.BytesIO()
        pq.write_table(pa.table({"text": part}, schema=schema), sink)
        contents.append(sink.getvalue())
    whole, empty = folder / "whole", folder / "empty"
    merge([lambda data=data: data for data in contents], schema, whole)
    expected = [text for part in parts for text in part]
    assert pq.read_table(whole).column("text").to_pylist() == expected
    beginning(whole, empty)
    assert pq.read_table(empty).num_rows == 0
    grown = empty.read_bytes() + between + ending(whole)
    assert pq.read_table(io.BytesIO(grown)).column("text").to_pylist() == expected


def test_a_group_is_named_by_its_members():
    one, two = Member("a", 1), Member("b", 2)
    assert Group((one,)).name == "a"
    assert Group((one, two)).name == Group((one, Member("b", 9))).name
    assert Group((one, two)).name != Group((one, Member("c", 2))).name
    assert PurePosixPath(Group((one, two)).name).suffix == ".parquet"


def test_a_merged_file_tells_the_same_minutes(tmp_path):
    day = Day(tmp_path)

    def minutes():
        hours = day.warehouse.partitions(day.worker().table)
        contents = read_table(day.warehouse, "proxy", hours)
        return minute_rows(contents.minutes).to_pydict()

    before = minutes()
    assert sum(before["total"]) == 12
    assert before["tdate"][0].startswith("2005-05-04 17:")
    day.hour().advance()
    assert minutes() == before
