"""Hosts' own logs: lines that a log host would hold, events that are JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gen_log_events import START, contents, recorded, world, written

from spot_common.errors import DataError
from spot_gen import events
from spot_gen.clock import MINUTE_US
from spot_gen.events import Events, numbers
from spot_gen.log_fields import FIELDS, WINDOWS_EVENTS, encode
from spot_gen.writers.syslog import Syslog

LINE = re.compile(r"(Mar {2}4 \d\d:\d\d:\d\d) (\S+) (sshd\[\d+\]|su\[\d+\]|sudo|kernel): (.+)")


def lines(out: Path, prefix: str) -> list[str]:
    files = sorted((out / "data/syslog").glob(f"{prefix}_*"))
    return [line for file in files for line in file.read_text("utf-8").splitlines()]


def one(kind: str, **columns: Any) -> Events:
    table = events.make(
        events.LOG_LINES,
        1,
        {"time_us": START, "host": "h1", "kind": kind, "fields": encode(kind, 1, **columns)},
    )
    return replace(Events.none(), log_lines=table)


def line_of(tmp_path: Path, kind: str, **columns: Any) -> str:
    written(Syslog, tmp_path, one(kind, **columns), world())
    (text,) = lines(tmp_path, "windows" if kind == "windows" else "syslog")
    return text


def test_fields_come_back_from_json() -> None:
    texts = encode("sshd", 2, user=['a"\\\n', ""], port=np.array([1, 2])).to_pylist()
    assert [json.loads(text) for text in texts] == [{"user": 'a"\\\n', "port": 1}, {"port": 2}]
    assert encode("windows", 1).to_pylist() == ["{}"]
    with pytest.raises(KeyError, match="colour"):
        encode("su", 1, colour="red")


def test_every_line_is_one_of_syslog(tmp_path: Path) -> None:
    written(Syslog, tmp_path, recorded(), world())
    found = [LINE.fullmatch(line) for line in lines(tmp_path, "syslog")]
    kinds = recorded().log_lines.column("kind").to_pylist()
    assert len(found) == len(kinds) - kinds.count("windows")
    assert all(found)
    assert {"ssh1", "app1", "rt1"} == {match[2] for match in found if match}


def test_what_programs_say(tmp_path: Path) -> None:
    ssh = {"user": "u0001", "address": "198.18.1.2", "port": 50_000}
    text = line_of(tmp_path / "1", "sshd", result="failed", **ssh)
    assert re.fullmatch(
        r"Mar  4 09:00:00 h1 sshd\[\d+\]: "
        r"Failed password for u0001 from 198\.18\.1\.2 port 50000 ssh2",
        text,
    )
    text = line_of(tmp_path / "2", "sshd", result="accepted", method="publickey", **ssh)
    assert text.endswith(": Accepted publickey for u0001 from 198.18.1.2 port 50000 ssh2")
    text = line_of(tmp_path / "3", "sudo", result="allowed", user="u1", command="/bin/ls")
    assert text.endswith(" h1 sudo: u1 : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls")
    text = line_of(
        tmp_path / "4", "firewall", action="deny", proto="tcp", src="198.18.1.2",
        dst="10.20.2.10", sport=1, dport=22,
    )  # fmt: skip
    assert "kernel: FW-DENY IN=eth0 OUT=eth1 SRC=198.18.1.2 DST=10.20.2.10 " in text
    assert " PROTO=TCP SPT=1 DPT=22 " in text


def test_lines_of_one_session_have_one_process_number(tmp_path: Path) -> None:
    found = {
        line_of(tmp_path / result, "sshd", result=result, user="u", port=50_001).split("[")[1][:5]
        for result in ("accepted", "opened", "ended")
    }
    assert len(found) == 1


def test_windows_events_are_json_with_their_fields(tmp_path: Path) -> None:
    written(Syslog, tmp_path, recorded(), world())
    found = [json.loads(line) for line in lines(tmp_path, "windows")]
    given = [
        json.loads(row["fields"])
        for row in recorded().log_lines.to_pylist()
        if row["kind"] == "windows"
    ]
    assert [row["EventID"] for row in found] == [row["event_id"] for row in given]
    assert {row["EventID"] for row in found} == set(WINDOWS_EVENTS)
    for row, fields in zip(found, given, strict=True):
        assert row["Message"] == WINDOWS_EVENTS[row["EventID"]]
        if row["EventID"] == 4624:
            assert row["TargetUserName"] == fields["user"]
            assert (row["LogonType"], row["IpAddress"]) == ("3", fields["address"])
        if "status" in fields and row["EventID"] != 7045:
            failed = fields["status"] != "0x0" or row["EventID"] in (4625, 4771)
            assert row["EventType"] == ("AUDIT_FAILURE" if failed else "AUDIT_SUCCESS")


def test_a_service_is_installed_in_another_channel(tmp_path: Path) -> None:
    row = json.loads(line_of(tmp_path, "windows", event_id=7045, service="s", process="C:\\s.exe"))
    assert (row["Channel"], row["EventType"]) == ("System", "INFO")
    assert (row["ServiceName"], row["ImagePath"]) == ("s", "C:\\s.exe")


def test_batches_do_not_matter(tmp_path: Path) -> None:
    whole = written(Syslog, tmp_path / "a", recorded(), world())
    parts = written(Syslog, tmp_path / "b", recorded(), world(), 7 * MINUTE_US)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert whole.files == parts.files
    keys = [("file", "ascending"), ("ordinal", "ascending")]
    assert whole.marked().sort_by(keys).equals(parts.marked().sort_by(keys))


def test_marks_say_where_labelled_lines_are(tmp_path: Path) -> None:
    output = written(Syslog, tmp_path, recorded(), world())
    marks = output.marked().to_pylist()
    assert len(marks) == int(np.count_nonzero(numbers(recorded().log_lines, "label")))
    text = {f.file: (tmp_path / f.file).read_text("utf-8").splitlines() for f in output.files}
    for mark in marks:
        line = text[mark["file"]][mark["ordinal"] - 1]
        assert mark["path"] in FIELDS
        assert mark["name"] in line
        if mark["path"] == "sshd" and mark["method"] in ("accepted", "failed", "closed"):
            assert mark["src"] in line
            assert f" {mark['sport']}" in line


@pytest.mark.parametrize(
    ("kind", "columns"),
    [("sshd", {"result": "odd"}), ("windows", {"event_id": 1}), ("windows", {})],
)
def test_what_is_not_defined_is_refused(kind: str, columns: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DataError):
        written(Syslog, tmp_path, one(kind, **columns), world())


def test_fields_that_are_not_defined_are_refused(tmp_path: Path) -> None:
    given = one("su", user="u")
    fields = given.log_lines.set_column(3, "fields", [['{"colour": "red"}']])
    with pytest.raises(DataError, match="not as defined"):
        written(Syslog, tmp_path, replace(given, log_lines=fields), world())
