"""Commands of the original start with the system's Python, from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SYSTEM_PYTHON = Path(sys.base_prefix) / "bin" / "python3"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("spot_ingest/master_collector.py", ["-t", "flwo", "-w", "1"]),
        ("spot_ingest/worker.py", ["-t", "flwo", "-i", "0", "-top", "x"]),
        ("spot_oa/start_oa.py", ["-d", "20160708", "-t", "flwo", "-l", "1"]),
    ],
)
def test_a_script_finds_its_packages(script: str, words: list[str], tmp_path: Path):
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [str(SYSTEM_PYTHON), str(ROOT / script), *words],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "error: unknown source 'flwo'\nhint: did you mean flow?\n",
    )


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("start.flow.sh", ["2023-02-30"]),
        ("start.dns.sh", ["nothing-like-this"]),
        ("spot_ml/ml_ops.sh", []),
        ("spot_ml/ml_ops.sh", ["20230125", "flwo"]),
        ("setup/demo.sh", ["what"]),
        ("setup/hdfs_setup.sh", ["-d", "oracle"]),
    ],
)
def test_a_wrong_argument_is_refused_with_a_hint(script: str, words: list[str], tmp_path: Path):
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [str(ROOT / script), *words],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stderr
