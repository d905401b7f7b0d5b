"""The Spark session of a run that ends before Spark has made everything ready."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

_SHORT = """
import sys
from spot_common.config import load_config
from spot_ml import session

overrides = {"STATE_DIR": sys.argv[1], "SPARK_MASTER": "local[2]"}
planned = []
plan = session._planned
session._planned = lambda spark: planned.append(plan(spark))
with session.spark_session(load_config(overrides=overrides), java=session.java_options()):
    pass
print("planned", len(planned))
"""


@pytest.mark.timeout(180)
def test_a_short_run_leaves_no_thread_in_arrow(tmp_path: Path) -> None:
    """Python's end aborted a run that had begun to make Arrow ready (exit status 134)."""
    command = [sys.executable, "-c", _SHORT, str(tmp_path / "state")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "planned 1\n", "")
