"""tshark that does not come to a good end: what it cannot bear is set aside, and nothing else."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import pytest
from ingest_captures import block, packet, pcap, question, read, response, section, segment
from ingest_twins import dns_message, labels

from spot_common import process
from spot_common.errors import ToolError
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import dissection

NAMES = [f"n{number}" for number in range(10)]
FRAMES = [response(labels(name.encode())) for name in NAMES]

#: Stands before the real tshark: ends badly where the capture that it is given has these bytes.
FALSE_TSHARK = """#!{python}
import os, sys, time
data = open(sys.argv[sys.argv.index("-r") + 1], "rb").read()
if {bytes!r} in data:
    {action}
os.execv({tshark!r}, sys.argv)
"""


@pytest.fixture
def breaking(tmp_path: Path, monkeypatch):
    """Make tshark do something else when it meets certain bytes."""

    def put(data: bytes, action: str) -> None:
        script = FALSE_TSHARK.format(
            python=sys.executable, bytes=data, action=action, tshark=process.find_program("tshark")
        )
        program = tmp_path / "bin" / "tshark"
        program.parent.mkdir()
        program.write_text(script)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return put


CRASHES = {
    "killed by a signal": "os.kill(os.getpid(), 11)",
    "status": "sys.exit(2)",
    "half a line": "os.write(1, b'1\\t2\\n'); sys.exit(0)",
    "half a line and a signal": "os.write(1, b'1\\t2'); os.kill(os.getpid(), 11)",
}


@pytest.mark.parametrize("kind", CRASHES)
def test_a_frame_that_tshark_cannot_bear_is_set_aside_alone(tmp_path: Path, breaking, kind: str):
    breaking(b"\2n7", CRASHES[kind])
    found = read(tmp_path, pcap([question(labels(b"asked")), *FRAMES]))
    assert found.names == [name for name in NAMES if name != "n7"]
    (rejected,) = found.rejected
    assert rejected.number == 9
    assert rejected.raw == FRAMES[7]
    assert "tshark" in rejected.reason
    assert found.received == 10


def test_a_frame_of_a_stream_that_tshark_cannot_bear_is_set_aside_alone(tmp_path: Path, breaking):
    breaking(b"\2n7", "os.kill(os.getpid(), 11)")
    frames = [segment(dns_message(labels(name.encode()))) for name in NAMES]
    frames = [frame[:29] + bytes([number]) + frame[30:] for number, frame in enumerate(frames)]
    found = read(tmp_path, pcap(frames))
    assert sorted(found.names) == sorted(name for name in NAMES if name != "n7")
    assert [(row.number, row.raw) for row in found.rejected] == [(8, frames[7])]


def test_a_message_made_of_a_stream_is_set_aside_as_the_frame_that_ended_it(
    tmp_path: Path, breaking
):
    frame = segment(dns_message(labels(b"bad")))
    breaking(frame[56:], "\n    if '-x' not in sys.argv: sys.exit(1)")
    found = read(tmp_path, pcap([FRAMES[0], frame]))
    assert found.names == ["n0"]
    assert [(row.number, row.raw) for row in found.rejected] == [(2, frame)]


def test_a_frame_at_which_tshark_hangs_is_set_aside(tmp_path: Path, breaking, monkeypatch):
    monkeypatch.setattr(process, "PATIENCE", 1.0)
    breaking(b"\2n2", "time.sleep(600)")
    found = read(tmp_path, pcap(FRAMES[1:3]))
    assert found.names == ["n1"]
    (rejected,) = found.rejected
    assert rejected.number == 2
    assert "tshark was stopped: it neither printed nor read anything for 1 s" in rejected.reason


def test_no_frame_is_blamed_where_somebody_else_ends_tshark(tmp_path: Path, breaking):
    breaking(b"\2n2", "os.kill(os.getpid(), 9)")
    with pytest.raises(ToolError, match="tshark ended with status -9"):
        read(tmp_path, pcap(FRAMES[1:3]))


def test_after_many_failures_what_fails_is_not_halved_any_more(
    tmp_path: Path, breaking, monkeypatch
):
    monkeypatch.setattr(dissection, "_MOST_FAILURES", 3)
    breaking(b"n", "sys.exit(1)")
    found = read(tmp_path, pcap(FRAMES))
    assert found.names == []
    assert sorted(row.number for row in found.rejected) == list(range(1, 11))
    assert {row.raw for row in found.rejected} == set(FRAMES)


def test_a_head_that_tshark_does_not_know_is_no_fault_of_the_frames(tmp_path: Path):
    with pytest.raises(UnreadableError, match=r"the head of the capture: tshark .* network type"):
        read(tmp_path, pcap(FRAMES, link=1 << 20))


def test_without_tshark_the_worker_is_told_and_no_frame_is_blamed(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="tshark is not installed"):
        read(tmp_path, pcap(FRAMES))


def test_a_persons_settings_of_wireshark_change_no_row(tmp_path: Path, monkeypatch):
    folder = tmp_path / "home/.config/wireshark"
    folder.mkdir(parents=True)
    (folder / "disabled_protos").write_text("dns\n")
    (folder / "preferences").write_text("dns.desegment_dns_messages: FALSE\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/.config"))
    assert read(tmp_path, pcap(FRAMES)).names == NAMES


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_capture_cut_in_a_packet_keeps_its_rows_and_the_rest(tmp_path: Path, share: float):
    data = pcap(FRAMES)
    cut = data[: int(len(data) * share)]
    found = read(tmp_path, cut)
    whole = len(found.names)
    assert found.names == NAMES[:whole]
    assert found.received == whole
    (rejected,) = found.rejected
    assert rejected.number == whole + 1
    assert rejected.reason == found.finding.note
    assert rejected.raw == cut[24 + sum(16 + len(frame) for frame in FRAMES[:whole]) :]


def test_what_is_damaged_in_the_middle_keeps_its_bytes_as_far_as_there_is_room(tmp_path: Path):
    data = bytearray(pcap(FRAMES))
    start = 24 + sum(16 + len(frame) for frame in FRAMES[:5])
    struct.pack_into("<I", data, start + 8, 1 << 31)
    found = read(tmp_path, bytes(data) + bytes(100_000))
    (rejected,) = found.rejected
    assert rejected.number == 6
    assert len(rejected.raw) == 64 * 1024
    assert (bytes(data) + bytes(100_000))[start:].startswith(rejected.raw)


def test_times_out_of_range_are_set_aside_with_the_frame(tmp_path: Path):
    late = packet(FRAMES[1], stamp=(1 << 63) + 5)
    simple = struct.pack("<I", len(FRAMES[2])) + FRAMES[2]
    data = section(1) + packet(FRAMES[0]) + late + block(3, simple)
    found = read(tmp_path, data)
    assert found.names == ["n0"]
    assert [(row.number, row.raw) for row in found.rejected] == [(2, FRAMES[1]), (3, FRAMES[2])]
    assert "time is not between 1970 and 9999" in found.rejected[0].reason
