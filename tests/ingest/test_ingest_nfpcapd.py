"""Captures for the flow source: their flows, and what is said of those that are damaged."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flow_captures import (
    COOKED,
    RAW_IP,
    RAW_IPV4,
    START,
    Packet,
    ipfix,
    pcap,
    pcapng,
    version_5,
    version_9,
)
from nfcapd_files import ENVIRONMENT, rows_of_nfdump

from spot_common import process
from spot_common.errors import ToolError
from spot_ingest.accounting import Finding
from spot_ingest.errors import UnreadableError
from spot_ingest.source import ingest_source
from tests.conftest import SHARED_DATA

RECORDED = SHARED_DATA / "flow" / "pcap"
FLOW = ingest_source("flow")
TWO = [Packet(), Packet(second=START + 2, micro=623_456)]

Reads = Callable[[bytes], tuple[list[dict[str, Any]], Finding]]


def read(path: Path, scratch: Path) -> tuple[list[dict[str, Any]], Finding]:
    scratch.mkdir()
    with FLOW.read(path, scratch) as reading:
        rows = [row for batch in reading.batches for row in batch.rows.to_pylist()]
        return rows, reading.finish(len(rows))


@pytest.fixture
def reads(tmp_path: Path) -> Iterator[Reads]:
    """Read the bytes of a capture."""

    def rows_of(data: bytes) -> tuple[list[dict[str, Any]], Finding]:
        path = tmp_path / "-w out;touch x.pcap"
        path.write_bytes(data)
        return read(path, tmp_path / "scratch")

    yield rows_of
    assert {path.name for path in tmp_path.iterdir()} <= {"-w out;touch x.pcap", "scratch", "bin"}


def test_packets_become_a_flow_at_the_time_of_the_first(reads: Reads):
    (row,), finding = reads(pcap(TWO))
    assert finding == Finding()
    assert row["treceived"] == "2023-11-14 22:13:20"
    assert row["unix_tstamp"] == START
    assert row["tdur"] == 2.5
    assert (row["sip"], row["dip"], row["sport"], row["dport"]) == (
        "10.0.0.1", "192.0.2.7", 40_000, 9_000,
    )  # fmt: skip
    assert (row["proto"], row["ipkt"], row["ibyt"]) == ("UDP", 2, 2 * (28 + len(b"payload")))


@pytest.mark.parametrize(
    "data",
    [
        pcap(TWO, order=">"),
        pcap(TWO, nano=True),
        pcap(TWO, vlan=True),
        pcap(TWO, RAW_IP),
        pcap(TWO, COOKED),
        pcapng(TWO),
    ],
    ids=["other byte order", "nanoseconds", "VLAN", "raw IP", "cooked", "pcapng"],
)
def test_captures_of_other_forms(data: bytes, reads: Reads):
    (row,), finding = reads(data)
    assert (row["ipkt"], row["unix_tstamp"], row["tdur"]) == (2, START, 2.5)
    assert finding == Finding()


def test_addresses_of_version_6(reads: Reads):
    (row,), _ = reads(pcap([Packet(src="2001:db8::1", dst="2001:db8::ffff:2:3:4")]))
    assert (row["sip"], row["dip"]) == ("2001:db8::1", "2001:db8::ffff:2:3:4")


def test_a_capture_of_many_days_is_read_as_one(reads: Reads):
    days = [Packet(second=START + 86_400 * day, sport=day) for day in range(1, 40)]
    rows, _ = reads(pcap(days))
    assert sorted(row["unix_tstamp"] for row in rows) == [packet.second for packet in days]


def test_packets_that_go_back_in_time_are_kept(reads: Reads):
    back = [Packet(second=START - 86_400 * day, sport=day) for day in range(1, 4)]
    rows, _ = reads(pcap(back))
    assert sorted(row["unix_tstamp"] for row in rows) == sorted(p.second for p in back)


MANY = [Packet(sport=number) for number in range(1, 11)]


def test_a_capture_cut_in_a_packet_keeps_its_rows_and_has_one_set_aside(reads: Reads):
    rows, finding = reads(pcap(MANY)[:-5])
    assert [row["sport"] for row in rows] == list(range(1, 10))
    (odd,) = finding.rejected
    assert odd.number == 10
    assert "ends in damage after flow 9: the file appears to have been cut short" in odd.reason
    assert finding.note == odd.reason


def test_a_capture_damaged_in_the_middle_keeps_the_rows_before(reads: Reads):
    data = bytearray(pcap(MANY))
    length = len(pcap(MANY[:4])) + 8
    data[length : length + 4] = b"\xff" * 4
    rows, finding = reads(bytes(data))
    assert len(rows) == 4
    assert len(finding.rejected) == 1
    assert "appears to be damaged" in finding.note


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pcap([]), "no packet of an IP flow"),
        (pcap(TWO)[:10], "nfpcapd cannot read the capture"),
        (pcap(TWO)[:24], "no packet of an IP flow"),
        (pcap(TWO)[:30], "cut short in the middle of a packet"),
        (pcap(TWO)[:50], "cut short in the middle of a packet"),
        (pcapng(TWO)[:20], "nfpcapd cannot read the capture"),
        (pcap(TWO, RAW_IPV4), "Unsupported data link type 228"),
    ],
)
def test_a_capture_that_gives_no_flow_says_why(data: bytes, reason: str, reads: Reads):
    with pytest.raises(UnreadableError, match=reason):
        reads(data)


def test_frames_that_are_no_ip_are_no_flows(reads: Reads):
    frame = b"\xff" * 6 + b"\2\0\0\0\0\2\x08\x06" + bytes(28)
    arp = pcap([]) + struct.pack("<4I", START, 0, len(frame), len(frame)) + frame
    with pytest.raises(UnreadableError, match="no packet of an IP flow"):
        reads(arp)


def test_packets_cut_by_the_snapshot_length_are_told(reads: Reads):
    frame = Packet(sport=7).frame()
    short = struct.pack("<4I", START, 0, 30, len(frame)) + frame[:30]
    rows, finding = reads(pcap(MANY) + short)
    assert len(rows) == 10
    assert finding.note == "1 of its 11 packets are cut too short to tell their flow"


@pytest.mark.parametrize("src", ["10.0.0.1", "2001:db8::1"])
@pytest.mark.parametrize("datagram", [version_5(), version_9(), ipfix()], ids=["5", "9", "ipfix"])
def test_a_capture_of_exported_flows_says_what_to_do(datagram: bytes, src: str, reads: Reads):
    dst = "2001:db8::2" if ":" in src else "10.0.0.2"
    with pytest.raises(UnreadableError, match=r"all of its packets \(2\) carry NetFlow") as caught:
        reads(pcap([Packet(src=src, dst=dst, payload=datagram)] * 2))
    assert "nfcapd" in caught.value.hint


def test_exported_flows_among_other_traffic_are_told(reads: Reads):
    rows, finding = reads(pcap([*MANY, Packet(dport=2055, payload=version_5())]))
    assert len(rows) == 11
    assert "1 of its 11 packets carry NetFlow" in finding.note


@pytest.mark.parametrize(
    "payload", [b"\0\5\0\2" + bytes(20), b"\0\x09" + bytes(40), b"\0\x0a\0\x10" + bytes(30)]
)
def test_payloads_that_only_begin_like_exported_flows_are_traffic(payload: bytes, reads: Reads):
    rows, finding = reads(pcap([Packet(payload=payload)]))
    assert (len(rows), finding.note) == (1, "")


@pytest.mark.parametrize("datagram", [version_5(), version_9(), ipfix()], ids=["5", "9", "ipfix"])
def test_a_single_datagram_says_what_to_do(datagram: bytes, reads: Reads):
    with pytest.raises(UnreadableError, match="datagram, not a file of flows") as caught:
        reads(datagram)
    assert "nfcapd" in caught.value.hint


def test_captures_are_taken_by_their_names(tmp_path: Path):
    for name in ("a.pcap", "b.pcapng", "c.cap"):
        assert FLOW.accepted_name(name) == name
        path = tmp_path / name
        path.write_bytes(pcapng(TWO) if name == "b.pcapng" else pcap(TWO))
        assert FLOW.first_moment(path, name) == datetime.fromtimestamp(START, UTC)


@pytest.fixture
def program_that(tmp_path: Path, monkeypatch) -> Callable[[str, str], None]:
    """Put a script in the place of a program."""

    def replaced(name: str, script: str) -> None:
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return replaced


@pytest.mark.parametrize("script", ["kill -SEGV $$", "exec sleep 60", "exec yes broken >&2"])
def test_whatever_nfpcapd_does_there_is_a_reason(
    script: str, reads: Reads, program_that, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(process, "PATIENCE", 0.3)
    program_that("nfpcapd", script)
    with pytest.raises(UnreadableError, match=r"nfpcapd cannot read the capture: \w"):
        reads(pcap(TWO))


def test_a_capture_of_which_nfpcapd_takes_too_little_has_a_row_set_aside(reads, program_that):
    program_that("capinfos", "echo 'Number of packets:   11'")
    rows, finding = reads(pcap(MANY))
    assert len(rows) == 10
    assert "nfpcapd took only 10 of 11 packets" in finding.rejected[0].reason


@pytest.mark.parametrize("name", ["nfpcapd", "capinfos"])
def test_a_program_ended_from_outside_is_no_fault_of_the_capture(name, reads, program_that):
    program_that(name, "kill -TERM $$")
    with pytest.raises(ToolError, match=f"{name} ended with status -15"):
        reads(pcap(TWO))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded files are not on this machine")
@pytest.mark.parametrize(
    "name",
    [
        "example.pcap",
        "four_ipv6_http_streams.pcap",
        "malicious-ssh-bruteforce.pcap",
        "test-cc-capture-2.pcap",
        "test12-icmp-portscan.pcap",
        "test7-malicious.pcap",
    ],
)
def test_recorded_captures_have_the_rows_of_their_nfcapd_files(name: str, tmp_path: Path):
    made = tmp_path / "made"
    made.mkdir()
    call = ["nfpcapd", "-r", RECORDED / name, "-w", made]
    subprocess.run(call, check=True, capture_output=True, env=ENVIRONMENT)
    theirs = [row for path in sorted(made.iterdir()) for row in rows_of_nfdump(path)]
    ours, finding = read(RECORDED / name, tmp_path / "scratch")
    assert finding == Finding()
    assert sorted(map(untimed, ours)) == sorted(map(untimed, theirs))


def untimed(row: dict[str, Any]) -> list[tuple[str, str]]:
    """A row without the time received, which those files do not know."""
    times = (
        "treceived",
        "unix_tstamp",
        "tryear",
        "trmonth",
        "trday",
        "trhour",
        "trminute",
        "trsec",
    )
    return [(name, str(value)) for name, value in row.items() if name not in times]
