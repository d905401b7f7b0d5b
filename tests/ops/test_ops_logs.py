"""Reading logs."""

from __future__ import annotations

from pathlib import Path

from spot_ops import logs


def test_the_last_lines_of_a_log(tmp_path: Path) -> None:
    file = tmp_path / "kafka.log"
    assert logs.tail(file, 3) == []
    file.write_bytes(b"one\ntwo\n\xffthree\n")
    assert logs.tail(file, 2) == ["two", "�three"]


def test_following_goes_on_over_a_rotation(tmp_path: Path) -> None:
    file = tmp_path / "kafka.log"
    file.write_text("old\n")
    lines = logs.follow(file)
    with file.open("a") as stream:
        stream.write("new\nhalf")
    assert next(lines) == "new"
    with file.open("a") as stream:
        stream.write(" a line\n")
    assert next(lines) == "half a line"
    file.rename(tmp_path / "kafka.log.1")
    file.write_text("after\n")
    assert next(lines) == "after"
