"""Every form of nfcapd file that nfdump reads: row for row what nfdump's JSON says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ingest_twins import FLOW_SAMPLE
from nfcapd_files import OPTIONS, PACKED, START_MS, Flow, layout_1, layout_2, rows_of_nfdump

from spot_ingest.source import ingest_source
from tests.conftest import SHARED_DATA

RECORDED = SHARED_DATA / "flow" / "nfcapd"
END_MS = (2**32 - 1) * 1000

FLOWS = [
    Flow(),
    Flow(src="2001:db8::1", dst="2001:db8:ffff:1234:5678:9abc:def0:1", sport=1, dport=65_535),
    Flow(src="::", dst="ff02::1:ff8e:c3d1", proto=58, sport=0, dport=135 * 256, flags=0),
    Flow(proto=1, sport=0, dport=8 * 256, flags=0),
    Flow(proto=1, sport=0, dport=3 * 256 + 13, flags=0),
    Flow(proto=1, sport=0, dport=255 * 256 + 255, flags=0),
    Flow(packets=2**40, octets=2**50),
    Flow(packets=5, octets=2**33, src="::1", dst="::2"),
    Flow(packets=2**32 - 1, octets=2**32 - 1),
    Flow(packets=0, octets=0),
    Flow(out_packets=7, out_octets=2**34),
    Flow(sampled=True, packets=3_000, octets=4_500_000),
    Flow(router="2001:db8::99"),
    Flow(input=2**31, output=2**32 - 1, src_as=4_200_000_000, dst_as=2**31 - 1),
    Flow(direction=1, dst_tos=255, tos=184, forwarding=64),
    Flow(proto=253, sport=0, dport=0, flags=0),
    Flow(proto=47, sport=0, dport=0, flags=0),
    Flow(flags=255),
    Flow(flags=2),
    Flow(received=0),
    Flow(first=999, last=1_999, received=5_000),
    Flow(first=START_MS, last=START_MS - 10_500),
    Flow(first=START_MS, last=START_MS),
    Flow(first=END_MS + 1, last=END_MS + 999, received=END_MS + 999),
]


def rows_of(path: Path) -> list[dict[str, Any]]:
    with ingest_source("flow").read(path, path.parent) as reading:
        rows = [row for batch in reading.batches for row in batch.rows.to_pylist()]
        assert reading.finish(len(rows)).rejected == ()
    return rows


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    """A file of layout 1 with several blocks, not compressed."""
    path = tmp_path / "by-hand"
    path.write_bytes(layout_1(FLOWS, per_block=5))
    return path


@pytest.mark.parametrize("name", PACKED)
def test_layout_1_in_every_compression(name: str, by_hand: Path, tmp_path: Path):
    path = tmp_path / "packed"
    path.write_bytes(layout_1(FLOWS, per_block=5, packed=PACKED[name]))
    rows = rows_of(path)
    assert len(rows) == len(FLOWS)
    assert rows == rows_of_nfdump(path) == rows_of(by_hand)


@pytest.mark.parametrize("name", OPTIONS)
def test_layout_2_in_every_compression(name: str, by_hand: Path, tmp_path: Path):
    path = layout_2(by_hand, tmp_path / "packed", *OPTIONS[name])
    rows = rows_of(path)
    assert len(rows) == len(FLOWS)
    assert rows == rows_of_nfdump(path)


@pytest.mark.parametrize("name", OPTIONS)
def test_layout_2_in_several_blocks(name: str, tmp_path: Path):
    old = tmp_path / "old"
    old.write_bytes(layout_1([Flow(sport=number) for number in range(20_000)]))
    rows = rows_of(layout_2(old, tmp_path / "packed", *OPTIONS[name]))
    assert [row["sport"] for row in rows] == list(range(20_000))


def test_flows_of_two_ways_made_of_two_records(by_hand: Path, tmp_path: Path):
    both = [Flow(), Flow(src="192.0.2.7", dst="10.0.0.1", sport=443, dport=40_000, octets=77_000)]
    by_hand.write_bytes(layout_1(both))
    (row,) = rows_of(layout_2(by_hand, tmp_path / "two-way", "-b"))
    assert sorted((row["ibyt"], row["obyt"])) == [930, 77_000]
    assert row["ipkt"] == row["opkt"] == 9
    assert [row] == rows_of_nfdump(tmp_path / "two-way")


def test_the_sample():
    assert rows_of(FLOW_SAMPLE) == rows_of_nfdump(FLOW_SAMPLE)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded files are not on this machine")
@pytest.mark.parametrize("name", ["nfcapd-small-lzo", "nfcapd.sample-v2", "test1-malicious.nfdump"])
def test_recorded_files(name: str):
    assert rows_of(RECORDED / name) == rows_of_nfdump(RECORDED / name)
