"""External programs: argument lists only, and every failure explained."""

from __future__ import annotations

import re
import sys
import time

import pytest

from spot_common import process
from spot_common.errors import ToolError
from spot_common.errortext import ErrorText


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


def test_output_that_nobody_reads_does_not_keep_a_program_from_its_end():
    script = "import sys; sys.stdout.write('x' * 50_000_000)"
    with process.stream([sys.executable, "-c", script]) as running:
        assert running.finish().status == 0
        assert running.stdout.read() == b""


def test_leaving_the_block_ends_the_program():
    script = "import sys, time\nprint('x', flush=True)\ntime.sleep(60)"
    with process.stream([sys.executable, "-c", script]) as running:
        assert running.stdout.read(1) == b"x"
    assert running.stdout.closed


def test_a_program_that_makes_no_progress_is_stopped():
    script = "import time; print('x', flush=True); time.sleep(60)"
    with process.stream([sys.executable, "-c", script], patience=0.2) as running:
        assert running.stdout.read() == b"x\n"
        end = running.finish()
    assert end.stopped == "it neither printed nor read anything for 0.2 s"
    assert end.status != 0


def test_a_program_that_reads_on_is_waited_for():
    reads = "open('/dev/zero', 'rb', 0).read(1)"
    script = f"import time\nwhile time.monotonic() < {time.monotonic() + 1}: {reads}\nprint('done')"
    with process.stream([sys.executable, "-c", script], patience=0.3) as running:
        assert running.stdout.read() == b"done\n"
        assert running.finish().stopped == ""


def test_a_program_that_lives_on_without_outputs_is_stopped():
    script = "import os, time; os.close(1); os.close(2); time.sleep(60)"
    with process.stream([sys.executable, "-c", script], patience=0.2) as running:
        assert running.stdout.read() == b""
        assert "did not end" in running.finish().stopped


def test_a_program_that_complains_without_end_is_stopped():
    script = "import sys\nwhile True: sys.stderr.write('broken\\n' * 1000)"
    with process.stream([sys.executable, "-c", script]) as running:
        assert running.stdout.read() == b""
        end = running.finish()
    assert end.stopped == "it complained without end"
    assert end.stderr.startswith("broken\nbroken\n")


def test_a_complaint_after_much_chatter_is_kept():
    script = "import sys\nsys.stderr.write('skipped 9\\n\\n' * 100_000 + 'broken')"
    chatter = re.compile(rb"^skipped \d$|^$")
    with process.stream([sys.executable, "-c", script], chatter=chatter) as running:
        assert running.stdout.read() == b""
        assert running.finish().stderr == "broken"


def test_error_text_is_kept_up_to_a_limit_however_it_comes():
    text = ErrorText(re.compile(b"^no$"))
    for piece in (b"n", b"o\nye", b"s\nno", b"\n", b"x" * 1_000_000):
        text.add(piece)
    assert text.text.startswith("yes\nxxx")
    assert len(text.text) == 64 * 1024
