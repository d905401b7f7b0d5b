"""What an operator sees: rates, what waits, what is in hand; and the same for machines."""

from __future__ import annotations

import json
import time
import urllib.request

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families
from test_ingest_compaction import Day, log

from spot_common.config import Config
from spot_ingest import metrics, overview
from spot_ingest.commands import top
from spot_ingest.entry import Totals
from spot_ingest.ledger import Ledger
from tests.own_stack import configuration


@pytest.fixture
def day(tmp_path) -> Day:
    """Two logs published, one with a bad line, one file set aside, one in hand, one landed."""
    day = Day(tmp_path, 1)
    day.through("odd.log", log(5) + b"what\n")
    day.through("bad.log", b"nothing\n")
    day.ledger.take(day.collected("busy.log", log(8)), "here/worker-proxy-0")
    day.drop("new.log", log(9))
    day.drop(".hidden", b"x")
    return day


@pytest.fixture(autouse=True)
def no_kafka(monkeypatch):
    monkeypatch.setattr("spot_common.clients.kafka.lag", lambda *_: {0: 2, 1: 1})


def test_the_overview_counts_what_came_and_what_waits(day):
    found = overview.overview(day.config, day.ledger, "proxy")
    assert (found.landing, found.waiting, found.lag) == (1, 1, 3)
    assert found.totals == Totals(published=2, set_aside_files=1, stored=6, set_aside=2)
    assert found.files_per_second == pytest.approx(3 / 60)
    assert found.rows_per_second == pytest.approx(6 / 60)
    assert found.set_aside_share == pytest.approx(2 / 8)
    (hand,) = found.in_hand
    assert (hand.worker, hand.name, hand.attempt) == ("here/worker-proxy-0", "busy.log", 1)
    assert 0 <= hand.seconds < 60
    assert found.oldest is not None
    assert 0 <= found.oldest < 60


def test_rates_forget_what_is_long_ago(day, monkeypatch):
    later = time.time() + 2 * overview.ASIDE_OVER
    monkeypatch.setattr("time.time", lambda: later)
    found = overview.overview(day.config, day.ledger, "proxy")
    assert (found.rows_per_second, found.set_aside_share) == (0, 0)
    assert found.totals.stored == 6
    assert found.oldest > overview.ASIDE_OVER


def test_a_source_without_anything_has_nothing(day):
    found = overview.overview(day.config, day.ledger, "dns")
    assert (found.landing, found.waiting, found.oldest) == (0, 0, None)
    assert found.totals == Totals(0, 0, 0, 0)


@pytest.fixture
def commanded(day, monkeypatch) -> Day:
    monkeypatch.setattr(top, "load_config", lambda: day.config)
    monkeypatch.setattr(Ledger, "of", lambda _: day.ledger)
    return day


def test_top_prints_a_table_or_json(commanded):
    done = CliRunner().invoke(top.ingest_group, ["top", "--once"], catch_exceptions=False)
    assert "proxy" in done.output
    assert "busy.log" in done.output
    assert "25.00 %" in done.output
    done = CliRunner().invoke(top.ingest_group, ["top", "--json"], catch_exceptions=False)
    found = {one["source"]: one for one in json.loads(done.stdout)}
    assert found["proxy"]["totals"]["stored"] == 6
    assert found["proxy"]["in_hand"][0]["name"] == "busy.log"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (119, "119 s"), (121, "2 min"), (7300, "2 h"), (200_000, "2 d"), (-3, "0 s")],
)
def test_ages_have_the_unit_that_suits_them(seconds, shown):
    assert top._age(seconds) == shown


_LABELS = ("source", "outcome")


def scraped(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {
            ",".join([sample.name, *(sample.labels[k] for k in _LABELS if k in sample.labels)]): (
                sample.value
            )
            for family in families
            for sample in family.samples
        }


def served(config: Config) -> dict[str, float]:
    """What Prometheus reads of an installation."""
    server, thread = metrics.serve(config)
    try:
        return scraped(config.integer("METRICS_PORT"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_prometheus_reads_the_same_figures(day, tmp_path, monkeypatch):
    config = configuration(tmp_path / "stack")
    monkeypatch.setattr(Ledger, "of", lambda _: day.ledger)
    found = served(config)
    assert found["spot_ingest_up"] == 1
    assert found["spot_ingest_files_total,proxy,published"] == 2
    assert found["spot_ingest_files_total,proxy,set_aside"] == 1
    assert found["spot_ingest_rows_total,proxy,stored"] == 6
    assert found["spot_ingest_rows_total,proxy,set_aside"] == 2
    assert found["spot_ingest_waiting_files,proxy"] == 1
    assert found["spot_ingest_lag_messages,proxy"] == 3
    assert found["spot_ingest_files_total,dns,published"] == 0


def test_prometheus_is_told_when_the_ledger_is_away(tmp_path):
    config = configuration(tmp_path / "stack", STATE_DB=f"sqlite:///{tmp_path}")
    found = served(config)
    assert found == {"spot_ingest_up": 0}
