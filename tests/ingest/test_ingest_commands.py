"""The commands: what they print, and how they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from ingest_twins import FLOW_SAMPLE, ROOT

from spot_common.config import load_config
from spot_ingest import cli
from spot_ingest.accounting import Account
from spot_ingest.entry import Arrival
from spot_ingest.ledger import Ledger
from spot_ingest.names import digest_of


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch) -> Ledger:
    monkeypatch.setenv("SPOT_STATE_DIR", str(tmp_path))
    return Ledger.of(load_config())


@pytest.fixture
def published(ledger: Ledger):
    digest = digest_of(FLOW_SAMPLE)
    (entry,) = ledger.add("flow", [Arrival(digest, "nfcapd.x", 1, 1, "/p")])
    entry = ledger.take(entry, "worker")
    assert entry is not None
    parts = [{"y": 2023, "m": 1, "d": 25, "h": 18, "rows": 3018}]
    return ledger.publish(ledger.staged(entry, Account(stored=3018), parts, ""))


def call(*words: str):
    commands = {command.name: command for command in cli.COMMANDS}
    return CliRunner().invoke(commands[words[0]], list(words[1:]), catch_exceptions=False)


def test_the_ledger_is_listed_and_shown(published):
    assert "3018 of 3018 rows" in call("ledger").output
    (record,) = json.loads(
        call("ledger", "--source", "flow", "--date", "20230125", "--json").output
    )
    assert (record["state"], record["days"]) == ("published", {"2023-01-25": 3018})
    assert json.loads(call("ledger", "--date", "2023-01-26", "--json").output) == []
    assert json.loads(call("ledger", "--state", "set aside", "--json").output) == []
    shown = call("ledger", "show", published.hash[:10])
    assert "nfcapd.x" in shown.output
    assert call("ledger", "show", "ffff").exit_code == 3
    assert call("ledger", "--source", "flo").exit_code == 2
    assert call("ledger", "--date", "20231301").exit_code == 2


def test_duplicates_are_listed(ledger, published):
    ledger.duplicate(published, "again")
    assert "again" in call("ledger", "--state", "duplicate").output
    assert "again" in call("ledger", "show", published.hash).output


def test_what_is_there_need_not_be_fed_and_is_not_waited_for(published):
    assert "known already" in call("feed", "--source", "flow", str(FLOW_SAMPLE)).output
    assert call("wait", "--source", "flow", str(FLOW_SAMPLE)).stdout == "2023-01-25  3018 rows\n"
    main_day = call("wait", "--source", "flow", "--main-day", published.hash[:8])
    assert main_day.stdout == "2023-01-25\n"


def test_waiting_for_a_file_that_was_set_aside_says_why_and_fails(ledger):
    (entry,) = ledger.add("flow", [Arrival(digest_of(FLOW_SAMPLE), "nfcapd.x", 1, 1, "/p")])
    ledger.set_aside(ledger.take(entry, "worker"), "no good", 0)
    outcome = call("wait", "--source", "flow", entry.hash)
    assert outcome.exit_code == 3
    assert "no good" in outcome.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("feed", "--source", "flow", "/nowhere/at/all"), 2),
        (("feed", "--source", "netflow", "x"), 2),
        (("wait", "--source", "flow", "beef"), 3),
        (("collect", "--source", "x"), 2),
        (("work", "--source", "x"), 2),
        (("work", "--source", "flow", "--worker", "-1"), 2),
    ],
)
def test_wrong_arguments_are_refused(ledger, words, status):
    assert call(*words).exit_code == status


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("20161399",), "not a day of the calendar"),
        (("nonsense",), "neither a day nor a file"),
        (("2016-07-08", "/nowhere/at/all"), "does not exist"),
        (("$(touch x)",), "neither a day nor a file"),
    ],
)
def test_start_scripts_refuse_wrong_arguments(tmp_path, words, said):
    for source in ("flow", "dns", "proxy"):
        done = subprocess.run(
            [ROOT / f"start.{source}.sh", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        )
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("master_collector.py", ["-t", "flw", "-w", "1"]),
        ("worker.py", ["-t", "flw", "-i", "0", "-top", "t"]),
        ("worker.py", ["-t", "flow"]),
    ],
)
def test_the_original_commands_refuse_wrong_arguments(tmp_path, script, words):
    done = subprocess.run(
        [sys.executable, ROOT / "spot_ingest" / script, *words],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert done.returncode == 2
    assert "flow" in done.stderr or "required" in done.stderr
