"""Facts about processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spot_ops import processes


@pytest.fixture
def left_over(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries the mark of a stack and does not mind a polite request to end."""
    code = "import signal,time; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\n"
    child = subprocess.Popen(
        (sys.executable, "-c", code + "time.sleep(60)"),
        env={**os.environ, processes.MARK: str(tmp_path)},
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def test_only_the_processes_of_a_stack_carry_its_mark(
    tmp_path: Path, left_over: subprocess.Popen[bytes]
) -> None:
    assert processes.marked(tmp_path) == [left_over.pid]
    assert processes.marked(tmp_path / "other") == []
    assert processes.memory(left_over.pid) > 1_000_000
    age = processes.age(left_over.pid)
    assert age is not None
    assert 0 <= age < 60


def test_what_does_not_end_politely_is_ended_by_force(
    tmp_path: Path, left_over: subprocess.Popen[bytes]
) -> None:
    processes.end([left_over.pid], grace=0.3)
    assert processes.marked(tmp_path) == []
    assert processes.age(left_over.pid) is None
