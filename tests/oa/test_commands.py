"""``spot oa``, ``start_oa.py``: arguments, messages, exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine

import spot_oa.run
from spot_oa import start_oa
from spot_oa.cli import COMMANDS
from spot_oa.store import publish
from tests.oa.twin import Twin

ROOT = Path(__file__).resolve().parents[2]
(OA,) = COMMANDS


@pytest.fixture(autouse=True)
def in_memory(twin: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/spot.db")
    monkeypatch.setattr(spot_oa.run, "storage", lambda _: twin)
    monkeypatch.setattr(publish, "engine", lambda _: engine)
    monkeypatch.setenv("SPOT_STATE_DIR", str(tmp_path))


def spot(*words: str) -> Any:
    return CliRunner().invoke(OA, words)


def test_run_says_what_it_wrote() -> None:
    done = spot("run", "--date", "2016-07-08", "--source", "flow", "--limit", "2")
    assert done.exit_code == 0
    assert "flow_scores: 2 rows" in done.stdout


def test_run_as_json_with_the_limit_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOT_OA_LIMIT", "3")
    done = spot("run", "-d", "20160708", "-t", "dns", "--json")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert report["day"] == "2016-07-08"
    assert report["rows"]["dns_scores"] == 3


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("-d", "20161301", "-t", "flow"), 2, "is not a day"),
        (("-d", "20160708", "-t", "flwo"), 2, "unknown source 'flwo'"),
        (("-d", "20160708", "-t", "flow", "-l", "0"), 2, "below 1"),
        (("-d", "20160708", "-t", "flow", "-l", "x"), 2, "not a valid integer"),
        (("-t", "flow"), 2, "Missing option"),
        (("-d", "20160709", "-t", "flow"), 3, "the nearest day that has some is 2016-07-08"),
    ],
)
def test_errors_are_explained(words: tuple[str, ...], status: int, message: str) -> None:
    done = spot("run", *words)
    assert (done.exit_code, message in done.stderr) == (status, True)
    assert "Traceback" not in done.stderr


def test_publish_with_nothing_to_do() -> None:
    done = spot("publish")
    assert (done.exit_code, done.stdout) == (0, "nothing to publish\n")


def test_start_oa_takes_the_options_of_the_original(capsys: pytest.CaptureFixture[str]) -> None:
    assert start_oa.main(["-d", "20160708", "-t", "proxy", "-l", "3000"]) == 0
    assert "OA of proxy 2016-07-08" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["-d", "2016070x", "-t", "flow", "-l", "5"], 2),
        (["-d", "20160708", "-t", "components", "-l", "5"], 2),
        (["-d", "20160708", "-t", "flow", "-l", "many"], 2),
        (["-d", "20160708", "-t", "flow"], 2),
        (["-d", "20200101", "-t", "flow", "-l", "5"], 3),
        (["-h"], 0),
    ],
)
def test_start_oa_ends_with_a_status(words: list[str], status: int) -> None:
    with pytest.raises(SystemExit) as ended:
        start_oa.main(words)
    assert ended.value.code == status


@pytest.mark.parametrize("python", [[sys.executable], []], ids=["own", "system"])
def test_start_oa_runs_as_a_program_from_any_folder(tmp_path: Path, python: list[str]) -> None:
    argv = [*python, str(ROOT / "spot_oa" / "start_oa.py"), "--help"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "--limit" in done.stdout) == (0, True)
