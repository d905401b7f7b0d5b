"""External programs: argument lists only, and every failure explained."""

from __future__ import annotations

import sys

import pytest

from spot_common import process
from spot_common.errors import ToolError


def test_arguments_reach_the_program_as_they_are():
    hostile = ["; touch x", "$(id)", "-rf", "a\nb", "*"]
    script = "import sys; print(repr(sys.argv[1:]))"
    done = process.run([sys.executable, "-c", script, *hostile], timeout=20)
    assert done.stdout.decode().strip() == repr(hostile)


def test_a_bad_status_names_program_and_reason():
    script = "import sys; print('no such\\nlast words', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ToolError) as caught:
        process.run([sys.executable, "-c", script], timeout=20)
    assert caught.value.status == 3
    assert "status 3: last words" in caught.value.message


def test_a_missing_program_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolError) as caught:
        process.run(["nfdump", "-V"], timeout=5)
    assert "apt-get install nfdump" in caught.value.hint


def test_a_program_that_hangs_is_stopped():
    with pytest.raises(ToolError, match=r"longer than 0\.2 s"):
        process.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2)


def test_output_is_read_while_the_program_runs():
    script = "import sys\nfor n in range(3): print(n)\nprint('odd', file=sys.stderr)"
    with process.stream([sys.executable, "-c", script]) as running:
        assert running.stdout.read() == b"0\n1\n2\n"
        end = running.finish()
    assert (end.status, end.stderr) == (0, "odd\n")


def test_leaving_the_block_ends_the_program():
    script = "import sys, time\nprint('x', flush=True)\ntime.sleep(60)"
    with process.stream([sys.executable, "-c", script]) as running:
        assert running.stdout.read(1) == b"x"
    assert running.stdout.closed


def test_a_program_that_is_read_as_it_runs_is_stopped_too_when_it_hangs():
    script = "import time\nprint('x', flush=True)\ntime.sleep(60)"
    with process.stream([sys.executable, "-c", script], timeout=1.0) as running:
        assert running.stdout.read() == b"x\n"
        with pytest.raises(ToolError, match=r"python.* took longer than 1 s and was stopped"):
            running.finish()


def test_a_program_that_ends_in_time_is_not_blamed():
    with process.stream([sys.executable, "-c", "print(1)"], timeout=60.0) as running:
        assert running.stdout.read() == b"1\n"
        assert running.finish().status == 0
