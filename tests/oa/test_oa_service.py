"""OA on the real stack: results in HDFS to tables in Hive, verdicts to feedback, all by the API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from spot_common.clients.hdfs import Hdfs
from spot_common.clients.sql import Sql
from spot_common.config import Config
from spot_common.registry import check_source, sources
from spot_common.warehouse import Warehouse, day_values
from spot_oa.api import execute
from spot_oa.api.service import service
from spot_oa.results import results_path
from spot_oa.store.publish import feedback_path
from tests.oa import days
from tests.tables import put_rows

pytestmark = pytest.mark.service

DAY = date(2016, 7, 8)
SOURCES = ("flow", "dns", "proxy")


@dataclass(frozen=True)
class Analysed:
    """A stack whose day has been analysed by the command."""

    config: Config
    hdfs: Hdfs
    sql: Sql

    def count(self, table: str) -> int:
        """Rows of the day, asked through the SQL server."""
        (row,) = self.sql.query(
            f"SELECT count(*) AS n FROM {self.config.text('DBNAME')}.{table} "
            "WHERE y = ? AND m = ? AND d = ?",
            (DAY.year, DAY.month, DAY.day),
        )
        return int(row["n"])

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask the API and expect data without errors."""
        request = {"query": query, "variables": variables}
        status, body = execute(self.config, request, user="ann", allow_mutation=True)
        assert (status, body.get("errors")) == (200, None), body
        data: dict[str, Any] = body["data"]
        return data


def put_raw(warehouse: Warehouse, name: str) -> None:
    """Store the raw records of the small day as ingest does."""
    table = check_source(name).raw
    for hour, rows in days.RAW[name].items():
        full = [{column: row.get(column) for column in table.column_names} for row in rows]
        content = pa.Table.from_pylist(full, table.arrow())
        put_rows(warehouse, table, {**day_values(DAY), "h": hour}, content, "a" * 64)


@pytest.fixture(scope="module")
def analysed(stack: Any) -> Iterator[Analysed]:
    """The small day of the three sources, put into the stack and analysed by ``spot oa run``."""
    config: Config = stack.config
    hdfs = Hdfs(config)
    warehouse = Warehouse(config, hdfs=hdfs)
    for name in SOURCES:
        put_raw(warehouse, name)
        lines = ("\t".join(map(str, line)) + "\n" for line in days.RESULTS[name])
        hdfs.write_bytes(results_path(warehouse.huser, name, DAY), "".join(lines).encode())
        stack.spot("oa", "run", "--date", "20160708", "--source", name, "--limit", "3000")
    yield Analysed(config, hdfs, warehouse.sql)
    served = service(config).where.tables
    assert isinstance(served, Warehouse)
    served.sql.close()
    warehouse.sql.close()
    for name in SOURCES:
        for table in sources()[name].tables:
            day = table.leading_path(day_values(DAY))
            hdfs.delete(f"{table.location(warehouse.huser)}/{day}", recursive=True)
        hdfs.delete(f"{warehouse.huser}/{name}/scored_results/20160708", recursive=True)


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("flow_scores", 4),
        ("flow_edge", 4),
        ("flow_chords", 3),
        ("flow_ingest_summary", 3),
        ("dns_scores", 4),
        ("dns_edge", 4),
        ("dns_dendro", 5),
        ("dns_ingest_summary", 5),
        ("proxy_scores", 2),
        ("proxy_edge", 3),
        ("proxy_ingest_summary", 3),
    ],
)
def test_tables_are_filled(analysed: Analysed, table: str, rows: int) -> None:
    assert analysed.count(table) == rows


def test_a_second_run_replaces(analysed: Analysed, stack: Any) -> None:
    stack.command("spot_oa/start_oa.py", "-d", "20160708", "-t", "flow", "-l", "3000")
    assert analysed.count("flow_scores") == 4
    assert analysed.count("flow_edge") == 4


@pytest.mark.parametrize(("source", "rows"), [("flow", 4), ("dns", 4), ("proxy", 2)])
def test_suspicious_rows_come_through_the_api(analysed: Analysed, source: str, rows: int) -> None:
    query = f'{{ {source} {{ suspicious(date: "2016-07-08") {{ score }} }} }}'
    assert len(analysed.ask(query)[source]["suspicious"]) == rows
    days = analysed.ask(f'{{ days(source: "{source}") {{ date rows }} }}')["days"]
    (day,) = [one for one in days if one["date"] == "2016-07-08"]  # others may have analysed more
    assert day == {"date": "2016-07-08", "rows": rows}


def test_a_verdict_reaches_the_table_and_the_feedback_and_a_reset_takes_both(
    analysed: Analysed,
) -> None:
    name = days.HOSTILE["dns_qry_name"]
    score = "mutation($n: String) { dns { score(input: "
    score += '[{date: "2016-07-08", score: 3, dnsQuery: $n}]) { success } } }'
    started = time.monotonic()
    assert analysed.ask(score, n=name) == {"dns": {"score": [{"success": True}]}}
    assert time.monotonic() - started < 2
    publisher = service(analysed.config).publisher
    wait_until_published(publisher)
    assert analysed.count("dns_threat_investigation") == 1
    path = feedback_path(analysed.config.text("HUSER"), "dns", DAY)
    assert name in analysed.hdfs.read_bytes(path).decode()
    reset = 'mutation { dns { resetScoredConnections(date: "2016-07-08") { success } } }'
    assert analysed.ask(reset) == {"dns": {"resetScoredConnections": {"success": True}}}
    wait_until_published(publisher)
    assert analysed.count("dns_threat_investigation") == 0
    assert not analysed.hdfs.exists(path)


def wait_until_published(publisher: Any) -> None:
    deadline = time.monotonic() + 60
    while publisher.pending():
        assert time.monotonic() < deadline, "not published within a minute"
        time.sleep(0.1)


def test_a_day_without_results_names_the_nearest(analysed: Analysed, stack: Any) -> None:
    with pytest.raises(AssertionError, match="nearest day that has some is 2016-07-08"):
        stack.spot("oa", "run", "--date", "2016-07-20", "--source", "dns")
