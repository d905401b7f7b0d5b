"""The original's way of running one pipeline: a collector and workers on a topic of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_ingest_faults import ROWS, drop, finished, new_log, stopped

from spot_common.clients.sql import Sql
from spot_ingest.ledger import Ledger
from tests.conftest import ROOT, Stack

pytestmark = pytest.mark.service


def rows(stack: Stack) -> int:
    with Sql(stack.config) as sql:
        table = f"`{stack.config.text('DBNAME')}`.`proxy`"
        return int(sql.query(f"SELECT count(*) AS n FROM {table}")[0]["n"])


def test_one_command_runs_a_collector_and_workers(stack: Stack):
    before = rows(stack)
    ledger = Ledger.of(stack.config)
    with stopped(stack, "collector-proxy", "worker-proxy-0"):
        script = str(ROOT / "spot_ingest" / "start_ingest_standalone.sh")
        running = subprocess.Popen(
            [script, "proxy", "2"],
            env={**stack.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            assert running.stdout is not None
            said = running.stdout.readline()
            assert "one collector and 2 worker(s); Ctrl-C ends them" in said
            topic = said.split(":")[0]
            assert topic.startswith("SPOT-INGEST-proxy-")
            entries = [finished(ledger, drop(stack, f"alone-{n}.log", new_log())) for n in range(4)]
        finally:
            os.killpg(running.pid, signal.SIGINT)
            assert running.wait(90) == 0
            running.stdout.close()
    assert {entry.worker.partition("@")[2] for entry in entries} == {topic}
    assert rows(stack) == before + 4 * ROWS


def test_a_second_collector_of_a_landing_folder_is_refused(stack: Stack):
    done = subprocess.run(
        [sys.executable, ROOT / "spot_ingest/master_collector.py", "-t", "proxy", "-w", "1"],
        env=stack.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "collector-proxy runs on this machine already" in done.stderr
