"""Compaction on the real services, with readers that never stop."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from test_ingest_service import until

from spot_common.registry import sources
from spot_common.warehouse import Warehouse, data_files, day_values
from tests.conftest import Stack

pytestmark = pytest.mark.service

HOURS = (8, 9)


@dataclass(frozen=True)
class Day:
    """Two hours of traffic in the tables, in files of five and fifteen minutes."""

    stack: Stack
    day: date
    rows: dict[str, int]

    @property
    def hours(self) -> list[dict[str, int]]:
        return [{**day_values(self.day), "h": hour} for hour in HOURS]

    def files(self, source: str) -> list[str]:
        warehouse, table = Warehouse(self.stack.config), sources()[source].raw
        folders = [warehouse.partition_folder(table, hour) for hour in self.hours]
        found = [data_files(warehouse.hdfs.list(folder)) for folder in folders]
        return [entry.name for entries in found for entry in entries]


@pytest.fixture(scope="module")
def day(stack: Stack, tmp_path_factory) -> Day:
    used = Warehouse(stack.config).days(sources()["flow"].raw)
    mondays = (date(2015, 1, 5) + timedelta(weeks=week) for week in range(500))
    free = next(monday for monday in mondays if monday not in used)
    folder = tmp_path_factory.mktemp("day") / "set"
    span = ["--start", f"{free}T08:00:00Z", "--span", "2h"]
    stack.spot("gen", "generate", "--preset", "tiny", "--seed", "3", *span, "--out", str(folder))
    rows = {}
    for source in sources():
        files = sorted(str(path) for path in (folder / "data" / source).iterdir())
        stack.spot("feed", "--source", source, *files)
        waited = stack.spot("wait", "--source", source, "--json", *files, check=False)
        rows[source] = json.loads(waited)["days"][free.isoformat()]
    return Day(stack, free, rows)


class Readers:
    """Count a day's rows over and over, through the SQL server and from the files."""

    def __init__(self, day: Day) -> None:
        self.answers = 0
        self.wrong: list[str] = []
        self._day = day
        self._over = threading.Event()
        kinds = (self._by_sql, self._by_sql, self._by_files)
        self._threads = [threading.Thread(target=self._run, args=(kind,)) for kind in kinds]

    def __enter__(self) -> Readers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, kind: Callable[[Warehouse], Callable[[str], int]]) -> None:
        warehouse = Warehouse(self._day.stack.config)
        read = kind(warehouse)
        while not self._over.is_set():
            for source, expected in self._day.rows.items():
                try:
                    found: object = read(source)
                except Exception as error:  # noqa: BLE001 - the test tells of all of them
                    found = repr(error)
                self.answers += 1
                if found != expected:
                    self.wrong.append(f"{kind.__name__} {source}: {found} instead of {expected}")
        warehouse.sql.close()

    def _by_sql(self, warehouse: Warehouse) -> Callable[[str], int]:
        def read(source: str) -> int:
            # A column makes the server read the files; a bare count may come from footers.
            column = sources()[source].raw.column_names[0]
            day = self._day.day
            where = f"y = {day.year} AND m = {day.month} AND d = {day.day}"
            counts = f"count({column}) AS n, max({column}) AS m"
            query = f"SELECT {counts} FROM `{warehouse.database}`.`{source}` WHERE {where}"
            return int(warehouse.sql.query(query)[0]["n"])

        return read

    def _by_files(self, warehouse: Warehouse) -> Callable[[str], int]:
        def read(source: str) -> int:
            table = sources()[source].raw
            columns = table.column_names[:1]
            parts = [
                warehouse.read_partition(table, hour, columns, keep=False)
                for hour in self._day.hours
            ]
            return sum(part.num_rows for part in parts)

        return read


def test_readers_notice_nothing_of_a_compaction(stack: Stack, day: Day):
    assert len(day.files("flow")) >= 20
    words = ["--date", str(day.day), "--after", "0", "--json"]
    planned = json.loads(stack.spot("compact", *words, "--dry-run"))
    assert {(one["source"], one["after"]) for one in planned} == {("flow", 1), ("dns", 1)}
    with Readers(day) as readers:
        done = json.loads(stack.spot("compact", *words, "--grace", "6"))
    assert readers.wrong == []
    assert readers.answers > 20
    assert {one["step"] for one in done} == {"done"}
    for source in day.rows:
        assert len(day.files(source)) == len(HOURS)
    warehouse = Warehouse(stack.config)
    for source in day.rows:
        day_folder = warehouse.partition_folder(sources()[source].raw, day.hours[0])
        aside = day_folder.replace("/hive/", "/compact/").rpartition("/")[0]
        assert warehouse.hdfs.list(aside) == []


def summary(stack: Stack, day: Day, source: str) -> dict[str, int]:
    warehouse = Warehouse(stack.config)
    try:
        table = f"`{warehouse.database}`.`{source}_ingest_summary`"
        where = f"y = {day.day.year} AND m = {day.day.month} AND d = {day.day.day}"
        found = warehouse.sql.query(f"SELECT tdate, total FROM {table} WHERE {where}")
    finally:
        warehouse.sql.close()
    return {row["tdate"]: int(row["total"]) for row in found}


def test_records_per_minute_are_kept_up_and_equal_what_oa_counts(stack: Stack, day: Day):
    for source, rows in day.rows.items():
        until(lambda source=source: summary(stack, day, source), 120)
        assert sum(summary(stack, day, source).values()) == rows
    kept = summary(stack, day, "flow")
    words = ["--source", "flow", "--date", str(day.day)]
    stack.spot("ml", "run", *words, "--tol", "1", "--max-results", "10", timeout=300)
    stack.spot("oa", "run", *words)
    assert summary(stack, day, "flow") == kept
