"""The one command: from samples to three ranked pages, and a second time without doubling."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from spot_common.clients.sql import Sql
from spot_common.registry import sources

pytestmark = [pytest.mark.service, pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[1]

QUERIES = {
    "flow": "query($d: SpotDateType!) { flow { suspicious(date: $d) { rank srcIp dstIp score } } }",
    "dns": "query($d: SpotDateType!) { dns { suspicious(date: $d) { clientIp dnsQuery score } } }",
    "proxy": "query($d: SpotDateType!) { proxy { suspicious(date: $d) { clientIp uri mlScore } } }",
}


def test_one_address_per_source(demo):
    assert set(demo) == set(sources())


@pytest.mark.parametrize("source", QUERIES)
def test_an_address_opens_a_page_with_ranked_rows(demo, source):
    parts = urlsplit(demo[source])
    token, day = parse_qs(parts.query)["token"][0], parts.fragment.removeprefix("date=")
    with requests.Session() as browser:
        page = browser.get(demo[source], timeout=20)
        assert page.status_code == 200
        assert f'data-source="{source}"' in page.text
        answer = browser.post(
            f"{parts.scheme}://{parts.netloc}/graphql",
            json={"query": QUERIES[source], "variables": {"d": day}},
            headers={"Authorization": f"token {token}"},
            timeout=20,
        ).json()
    rows = answer["data"][source]["suspicious"]
    scores = [row.get("mlScore", row.get("score")) for row in rows]
    assert len(rows) > 10
    assert scores == sorted(scores)
    assert all(0 <= score <= 1 for score in scores)


def test_the_table_has_what_nfdump_counts(stack, demo):
    folder = stack.config.path("STATE_DIR") / "sample/2016-07-08/data/flow"
    files = sorted(folder.iterdir())
    counted = 0
    for file in files:
        argv = ["nfdump", "-r", str(file), "-o", "fmt:%ts", "-q"]
        counted += len(subprocess.run(argv, capture_output=True, check=True).stdout.splitlines())
    ledger = {row["hash"]: row for row in json.loads(stack.spot("ledger", "-s", "flow", "--json"))}
    fed = [ledger[hashlib.sha256(file.read_bytes()).hexdigest()] for file in files]
    assert [row["state"] for row in fed] == ["published"] * len(files)
    assert [row["rows_set_aside"] for row in fed] == [0] * len(files)
    with Sql(stack.config) as sql:
        # Other tests may have rows of that day; a table's file is named by its input's hash.
        own = "SELECT input_file_name() AS f, count(*) AS n FROM spot.flow GROUP BY 1"
        rows = [(row["f"].rsplit("/", 1)[1], row["n"]) for row in sql.query(own)]
    names = {f"{row['hash']}.parquet" for row in fed}
    assert sum(n for name, n in rows if name in names) == counted  # one per hour of a file
    assert sum(row["rows_stored"] for row in fed) == counted


def test_the_campaign_is_in_all_three_sources(stack, demo):
    labels = stack.config.path("STATE_DIR") / "sample/2016-07-08/labels/incidents.jsonl"
    incidents = [json.loads(line) for line in labels.read_text().splitlines()]
    (campaign,) = (one for one in incidents if one["scenario"] == "campaign")
    assert set(campaign["records"]) == set(sources())
    assert all(day_of(address) == "2016-07-08" for address in demo.values())


def day_of(address: str) -> str:
    return urlsplit(address).fragment.removeprefix("date=")


def test_a_second_run_doubles_nothing(stack, demo):
    def counts() -> list[int]:
        with Sql(stack.config) as sql:
            return [
                sql.query(f"SELECT count(*) AS n FROM `spot`.`{table.name}`")[0]["n"]
                for source in sources().values()
                for table in source.tables
            ]

    before = counts()
    again = stack.command("./setup/demo.sh", timeout=1100).split()
    assert sorted(again) == sorted(demo.values())
    assert counts() == before
