"""Files of the flow source, told by their first bytes and not by their names; packed ones too."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flow_captures import Packet, pcap
from ingest_twins import FLOW_SAMPLE
from packers import PACKERS

from spot_ingest.accounting import Finding
from spot_ingest.errors import UnreadableError
from spot_ingest.source import ingest_source

FLOW = ingest_source("flow")
CAPTURE = pcap([Packet(sport=number) for number in range(1, 11)])


def read(data: bytes, folder: Path) -> tuple[int, Finding]:
    """Read a file of these bytes; give its rows and the verdict."""
    path, scratch = folder / "file", folder / "scratch"
    path.write_bytes(data)
    scratch.mkdir()
    with FLOW.read(path, scratch) as reading:
        rows = sum(batch.rows.num_rows for batch in reading.batches)
        return rows, reading.finish(rows)


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize(
    ("data", "rows"), [(CAPTURE, 10), (FLOW_SAMPLE.read_bytes(), 3018)], ids=["capture", "nfcapd"]
)
def test_a_compressed_file_is_read_as_what_it_holds(data: bytes, rows: int, pack, tmp_path: Path):
    assert read(pack(data), tmp_path) == (rows, Finding())


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("name", ["nfcapd.202301251836", "a.nfdump", "a.pcap", "a.pcapng", "a.cap"])
def test_compressed_names_are_taken(name: str, suffix: str):
    assert FLOW.accepted_name(f"{name}.{suffix}") == f"{name}.{suffix}"


def test_a_cut_compressed_capture_keeps_its_rows_and_has_one_set_aside(tmp_path: Path):
    rows, finding = read(gzip.compress(CAPTURE, 0)[:-100], tmp_path)
    assert 0 < rows < 10
    assert len(finding.rejected) == 1
    assert "the gzip data is cut short" in finding.note


def test_damage_behind_the_last_packet_is_told(tmp_path: Path):
    rows, finding = read(gzip.compress(CAPTURE)[:-4], tmp_path)
    assert rows == 10
    assert "the gzip data is cut short" in finding.rejected[0].reason


def test_a_cut_compressed_nfcapd_file_is_refused(tmp_path: Path):
    with pytest.raises(UnreadableError, match="the gzip data is cut short"):
        read(gzip.compress(FLOW_SAMPLE.read_bytes())[:-4], tmp_path)


def test_a_file_made_to_fill_the_disk_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SPOT_UNPACK_LIMIT", "1")
    with pytest.raises(UnreadableError, match="unpacks to more than 1 MB"):
        read(gzip.compress(bytes(2 << 20)), tmp_path)


def test_what_is_packed_twice_or_something_else_is_refused(tmp_path: Path):
    with pytest.raises(UnreadableError, match="first bytes are 1f 8b"):
        read(gzip.compress(gzip.compress(CAPTURE)), tmp_path)
