"""nfcapd files: all flows as nfdump has them, and nothing but a reason where a file is damaged."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from ingest_twins import FLOW_SAMPLE
from nfcapd_files import FIRST_FLOW, OPTIONS, Flow, layout_1, layout_2

from spot_common import process
from spot_common.errors import ToolError
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import nfdump, nfheader
from spot_ingest.source import ingest_source
from tests.conftest import SHARED_DATA

RECORDED = SHARED_DATA / "flow" / "nfcapd"
needs_recorded = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="recorded files that may not be shipped are not on this machine"
)


def read(path: Path) -> tuple[pa.Table, int]:
    with ingest_source("flow").read(path, path.parent) as reading:
        batches = list(reading.batches)
        received = sum(batch.rows.num_rows + len(batch.rejected) for batch in batches)
        reading.finish(received)
    return pa.Table.from_batches([batch.rows for batch in batches]), received


def test_the_sample_has_as_many_rows_as_nfdump_counts():
    call = ["nfdump", "-r", FLOW_SAMPLE, "-o", "fmt:%ts", "-q"]
    counted = subprocess.run(call, capture_output=True, check=True).stdout.count(b"\n")
    rows, received = read(FLOW_SAMPLE)
    assert (rows.num_rows, received) == (counted, counted) == (3018, 3018)


def test_the_sample_sums_up_as_its_statistics_say():
    call = ["nfdump", "-I", "-r", FLOW_SAMPLE]
    told = subprocess.run(call, capture_output=True, check=True, text=True).stdout
    promised = dict(line.split(": ", 1) for line in told.splitlines())
    rows, _ = read(FLOW_SAMPLE)
    assert sum(rows["ibyt"].to_pylist()) == int(promised["Bytes"])
    assert sum(rows["ipkt"].to_pylist()) == int(promised["Packets"])
    assert rows["proto"].to_pylist().count("TCP") == int(promised["Flows_tcp"])


def test_addresses_are_whole_and_without_blanks():
    rows, _ = read(FLOW_SAMPLE)
    addresses = set(rows["sip"].to_pylist()) | set(rows["dip"].to_pylist())
    assert "2800:3f0:4001:833::200a" in addresses
    assert not [text for text in addresses if ".." in text or text != text.strip()]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_the_zone_of_the_machine_changes_nothing(zone: str, monkeypatch):
    rows, _ = read(FLOW_SAMPLE)
    monkeypatch.setenv("TZ", zone)
    assert read(FLOW_SAMPLE)[0] == rows


def test_settings_that_the_machine_has_for_nfdump_change_nothing(monkeypatch):
    rows, _ = read(FLOW_SAMPLE)
    monkeypatch.setenv("NFCONF", "/nowhere")
    monkeypatch.setenv("NFGEODB", "/nowhere")
    assert read(FLOW_SAMPLE)[0] == rows


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.5, 0.999, 0.99999])
def test_a_cut_file_is_refused_although_nfdump_ends_with_0(tmp_path: Path, share: float):
    data = FLOW_SAMPLE.read_bytes()
    cut = tmp_path / "nfcapd.cut"
    cut.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableError):
        read(cut)


def test_a_block_that_is_damaged_inside_is_refused_with_all_flows_it_promised(tmp_path: Path):
    data = bytearray(layout_1([Flow()] * 30, per_block=10))
    data[FIRST_FLOW + 2 : FIRST_FLOW + 4] = b"\0\0"  # the length of the record
    broken = tmp_path / "nfcapd.broken"
    broken.write_bytes(data)
    with pytest.raises(UnreadableError, match=r"nfdump could read only \d+ of 30 flows") as caught:
        read(broken)
    assert caught.value.rows == 30


def test_flows_that_are_missing_or_too_many_are_told(tmp_path: Path):
    data = bytearray(layout_1([Flow()] * 30))
    for promised in (31, 29):
        data[140] = promised
        file = tmp_path / "nfcapd.wrong"
        file.write_bytes(data)
        with pytest.raises(UnreadableError, match=f"promises {promised} flows, nfdump printed 30"):
            read(file)


@pytest.mark.parametrize("name", OPTIONS)
def test_packed_statistics_are_compared_too(name: str, tmp_path: Path):
    path = layout_2(FLOW_SAMPLE, tmp_path / "packed", *OPTIONS[name])
    with nfdump.dissect(path) as listing:
        listing.stream.read()
        with pytest.raises(UnreadableError, match="promises 3018 flows, nfdump printed 3017"):
            listing.finish(3017)


def test_a_sound_file_without_flows_says_so(tmp_path: Path):
    none = layout_2(FLOW_SAMPLE, tmp_path / "none", "proto igmp")
    with pytest.raises(UnreadableError, match="sound but holds no flow") as caught:
        read(none)
    assert caught.value.rows == 0


def test_an_aggregated_file_is_whole_although_its_header_counts_more(tmp_path: Path):
    file = layout_2(FLOW_SAMPLE, tmp_path / "nfcapd.aggregated", "-A", "srcip,dstip")
    promised = nfheader.survey(file).statistics
    assert promised is not None
    assert 0 < read(file)[0].num_rows < promised.flows


def test_a_name_is_never_read_as_an_option(tmp_path: Path):
    file = tmp_path / "-w out;touch x $(id).nfcapd"
    file.write_bytes(FLOW_SAMPLE.read_bytes())
    rows, _ = read(file)
    assert rows.num_rows == 3018
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_complaint_after_any_number_of_skipped_records_counts(tmp_path: Path):
    """nfdump tells of each record that it skips: the text of 40,000 hid what came after."""
    skipped = [struct.pack("<HH16x", 9, 20)] * 40_000
    file = tmp_path / "nfcapd.samplers"
    file.write_bytes(layout_1([Flow()], extra=skipped))
    assert read(file)[1] == 1
    file.write_bytes(layout_1([Flow()], extra=[*skipped, struct.pack("<HH", 9, 0)]))
    with pytest.raises(UnreadableError, match="could read only 1 of 1 flows"):
        read(file)


@pytest.fixture
def nfdump_that(tmp_path: Path, monkeypatch) -> Callable[[str], None]:
    """Put a script in the place of nfdump."""

    def replace(script: str) -> None:
        program = tmp_path / "bin" / "nfdump"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return replace


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("kill -SEGV $$", "status -11"),
        ("exec sleep 60", "it neither printed nor read anything for 0.2 s"),
        ("exec yes broken >&2", "it complained without end"),
        ("echo Corrupt data file >&2", "Corrupt data file"),
        ("exit 0", "promises 3018 flows, nfdump printed 0"),
    ],
)
def test_whatever_nfdump_does_there_is_a_reason(script, reason, nfdump_that, monkeypatch):
    nfdump_that(script)
    monkeypatch.setattr(process, "PATIENCE", 0.2)
    with pytest.raises(UnreadableError, match=reason) as caught:
        read(FLOW_SAMPLE)
    assert caught.value.rows == 3018


def test_nfdump_ended_from_outside_is_no_fault_of_the_file(nfdump_that):
    nfdump_that("kill -TERM $$")
    with pytest.raises(ToolError, match="status -15"):
        read(FLOW_SAMPLE)


def test_a_missing_nfdump_is_no_fault_of_the_file(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolError, match="nfdump is not installed"):
        read(FLOW_SAMPLE)


@needs_recorded
@pytest.mark.parametrize(
    ("name", "rows"), [("nfcapd-small-lzo", 10), ("test1-malicious.nfdump", 4593)]
)
def test_recorded_files_of_the_older_layout(name: str, rows: int):
    assert read(RECORDED / name)[0].num_rows == rows


@needs_recorded
def test_a_corrupt_file_is_refused_with_the_rows_it_promised():
    with pytest.raises(UnreadableError, match="0 of 39584 flows") as caught:
        read(RECORDED / "nfcapd-corrupt")
    assert caught.value.rows == 39584


@needs_recorded
def test_a_recorded_file_without_flows_says_so():
    with pytest.raises(UnreadableError, match="holds no flow"):
        read(RECORDED / "nfcapd-empty")
