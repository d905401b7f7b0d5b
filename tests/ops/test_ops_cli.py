"""The command ``spot`` and the scripts around it, without services."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUP = ROOT / "setup"


def run(
    *argv: str | Path, folder: Path, check: bool = False, **settings: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPOT_")}
    environment = {**kept, "SPOT_STATE_DIR": str(folder), "STEP_LOGS": str(folder), **settings}
    return subprocess.run(
        argv, env=environment, capture_output=True, text=True, timeout=60, check=check
    )


def spot(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-P", "-m", "spot_ops", *words, folder=folder)


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    code = f"set -euo pipefail; . {SETUP}/lib.sh; . {SETUP}/packages.sh; {script}"
    return run("bash", "-c", code, folder=folder)


def test_the_state_of_the_stack_is_told_without_importing_spark(tmp_path: Path) -> None:
    code = (
        "import sys, spot_ops.cli as c\n"
        "try: c.main(['status', '--json'])\n"
        "except SystemExit: pass\n"
        "slow = {'pyspark', 'pandas', 'spot_ml.cli', 'spot_ops.evaluate.cli'}\n"
        "assert not slow & set(sys.modules), 'slow'"
    )
    done = run(sys.executable, "-c", code, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"name", "state", "healthy", "pid", "uptime", "port", "rss"} <= set(found[0])


def test_status_of_a_stopped_stack_is_a_failure(tmp_path: Path) -> None:
    done = spot("status", folder=tmp_path)
    assert done.returncode == 1
    assert "0 of" in done.stdout


@pytest.mark.parametrize(
    "verb", ["up", "down", "restart", "status", "logs", "doctor", "setup hdfs", "ui url"]
)
def test_every_help_has_examples(verb: str, tmp_path: Path) -> None:
    done = spot(*verb.split(), "--help", folder=tmp_path)
    assert done.returncode == 0
    assert f"spot {verb}" in done.stdout.split("Examples:")[1]


def test_one_address_is_printed_alone_for_scripts(tmp_path: Path) -> None:
    done = spot("ui", "url", "--source", "dns", "--date", "20160708", folder=tmp_path)
    (line,) = done.stdout.splitlines()
    assert line.endswith("#date=2016-07-08")
    assert (tmp_path / "token").read_text() in line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ui", "url", "--source", "flwo"), "did you mean flow"),
        (("logs", "kafak"), "services: kafka"),
        (("restart", "kafak"), "services: kafka"),
        (("setup", "hdfs", "-c", "/no/such/file"), "/no/such/file"),
    ],
)
def test_a_wrong_argument_is_explained(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = spot(*words, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_down_of_a_stack_that_never_ran_is_fine(tmp_path: Path) -> None:
    assert spot("down", folder=tmp_path).returncode == 0


@pytest.mark.parametrize("script", ["install.sh", "demo.sh", "test.sh", "hdfs_setup.sh"])
def test_every_script_has_a_help(script: str, tmp_path: Path) -> None:
    done = run(SETUP / script, "--help", folder=tmp_path)
    assert done.returncode == 0
    assert "Usage:" in done.stdout
    assert "Examples:" in done.stdout


@pytest.mark.parametrize("arguments", [("-d", "oracle"), ("-d",), ("--unknown",)])
def test_hdfs_setup_refuses_what_the_original_refused(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    done = run(SETUP / "hdfs_setup.sh", *arguments, folder=tmp_path)
    assert done.returncode == 1
    assert "error:" in done.stderr


def test_a_failed_step_names_its_log_and_shows_its_end(tmp_path: Path) -> None:
    done = shell(
        "on_failure 'look there'; step 'a step' sh -c 'echo the reason; exit 7'; echo no", tmp_path
    )
    assert done.returncode == 1
    assert "the reason" in done.stderr
    assert f"{tmp_path}/a-step.log" in done.stderr
    assert "hint: look there" in done.stderr
    assert "no" not in done.stdout


def test_steps_run_side_by_side(tmp_path: Path) -> None:
    wait = "until [ -e {0} ]; do sleep 0.05; done"
    one, two = tmp_path / "one", tmp_path / "two"
    done = shell(
        f"begin a first sh -c 'touch {one}; {wait.format(two)}';"
        f"begin b second sh -c 'touch {two}; {wait.format(one)}'; finish a; finish b",
        tmp_path,
    )
    assert done.returncode == 0
    assert "first" in done.stderr
    assert "second" in done.stderr


def test_missing_packages_are_found_by_what_is_missing(tmp_path: Path) -> None:
    script = (
        "find_python() { :; }; java_is_right() { false; }; candidate() { :; };"
        'find_missing; echo "${PYTHON_PACKAGES[@]} ${OTHER_PACKAGES[@]}"'
    )
    done = shell(script, tmp_path)
    assert done.stdout.split()[:2] == ["python3", "python3-venv"]
    assert "default-jre-headless" in done.stdout


def test_an_old_distribution_gets_a_newer_python(tmp_path: Path) -> None:
    done = shell("candidate() { echo 3.10.6-1; }; python_packages", tmp_path)
    assert done.stdout.split() == ["python3.11", "python3.11-venv"]
