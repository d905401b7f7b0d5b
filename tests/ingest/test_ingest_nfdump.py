"""nfcapd files: all rows as nfdump has them, and nothing but a reason where a file is damaged."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest
from ingest_twins import FLOW_SAMPLE

from spot_common.registry import check_source
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import nfdump
from spot_ingest.readers.nfheader import header
from spot_ingest.readers.protocols import NAMES
from tests.conftest import SHARED_DATA

RECORDED = SHARED_DATA / "flow" / "nfcapd"
needs_recorded = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="recorded files that may not be shipped are not on this machine"
)
LINE = (
    "2023-01-25 18:36:00.039|2023-01-25 18:35:43.884|2023-01-25 18:35:44.100|  10.0.0.1|  10.0.0.2"
    "|   443| 57358|6    |...AP.SF|  0|   0|       9|     930|       0|       0|     9|    10"
    "|     7|     8|   0|  I|  10.0.0.9"
)


def read(path: Path) -> tuple[pa.Table, int]:
    with nfdump.dissect(path) as listing:
        batches = list(nfdump.parse(listing.stream))
        received = sum(batch.rows.num_rows + len(batch.rejected) for batch in batches)
        listing.finish(received)
    return pa.Table.from_batches([batch.rows for batch in batches]), received


def parse(*lines: str) -> list:
    return list(nfdump.parse(io.BytesIO("".join(f"{line}\n" for line in lines).encode())))


def row(**changed: str) -> dict:
    values = dict(zip([tag for tag, _ in nfdump.FIELDS], LINE.split("|"), strict=True))
    batch = parse("|".join({**values, **changed}.values()))[0]
    return batch.rows.to_pylist()[0]


def test_the_sample_has_as_many_rows_as_nfdump_counts():
    call = ["nfdump", "-r", FLOW_SAMPLE, "-o", "fmt:%ts", "-q"]
    counted = subprocess.run(call, capture_output=True, check=True).stdout.count(b"\n")
    rows, received = read(FLOW_SAMPLE)
    assert (rows.num_rows, received) == (counted, counted) == (3018, 3018)
    assert rows.schema == check_source("flow").raw.arrow()


def test_the_sample_sums_up_as_its_header_says():
    rows, _ = read(FLOW_SAMPLE)
    promised = header(FLOW_SAMPLE)
    assert sum(rows["ibyt"].to_pylist()) == promised["Bytes"]
    assert sum(rows["ipkt"].to_pylist()) == promised["Packets"]
    assert rows["proto"].to_pylist().count("TCP") == promised["Flows_tcp"]


def test_addresses_are_whole_and_without_blanks():
    rows, _ = read(FLOW_SAMPLE)
    addresses = set(rows["sip"].to_pylist()) | set(rows["dip"].to_pylist())
    assert "2800:3f0:4001:833::200a" in addresses
    assert not [text for text in addresses if ".." in text or text != text.strip()]


def test_a_line_becomes_a_row():
    assert row() == {
        "treceived": "2023-01-25 18:36:00",
        "unix_tstamp": 1674671760,
        "tryear": 2023,
        "trmonth": 1,
        "trday": 25,
        "trhour": 18,
        "trminute": 36,
        "trsec": 0,
        "tdur": pytest.approx(0.216),
        "sip": "10.0.0.1",
        "dip": "10.0.0.2",
        "sport": 443,
        "dport": 57358,
        "proto": "TCP",
        "flag": ".AP.SF",
        "fwd": 0,
        "stos": 0,
        "ipkt": 9,
        "ibyt": 930,
        "opkt": 0,
        "obyt": 0,
        "input": 9,
        "output": 10,
        "sas": 7,
        "das": 8,
        "dtos": 0,
        "dir": 0,
        "rip": "10.0.0.9",
    }


@pytest.mark.parametrize(
    ("changed", "column", "value"),
    [
        ({"pr": "1", "dp": "  8.0"}, "dport", 2048),
        ({"pr": "1", "dp": "  3.13"}, "dport", 781),
        ({"pr": "58", "dp": "  129.0"}, "dport", 33024),
        ({"pr": "1", "dp": "  0"}, "dport", 0),
        ({"pr": "58"}, "proto", "IPv6-ICMP"),
        ({"pr": "253"}, "proto", "253"),
        ({"dir": "  E"}, "dir", 1),
        ({"flg": "......"}, "flag", "......"),
        ({"sas": "4200000000"}, "sas", None),
        ({"in": "2147483647"}, "input", 2**31 - 1),
        ({"ibyt": str(2**64 - 1)}, "ibyt", 2**63 - 1),
        ({"sp": "65535"}, "sport", 65535),
        ({"tr": "1970-01-01 00:00:00.000"}, "treceived", "2023-01-25 18:35:43"),
        ({"te": "2023-01-25 18:35:33.884"}, "tdur", -10.0),
        ({"tr": "2024-02-29 23:59:59.999"}, "treceived", "2024-02-29 23:59:59"),
    ],
)
def test_odd_values_have_a_defined_meaning(changed: dict[str, str], column: str, value: object):
    assert row(**changed)[column] == value


def test_the_hour_is_that_of_the_row():
    assert parse(LINE)[0].hours.to_pylist() == [1674671760 // 3600]


def test_a_line_of_another_shape_is_set_aside_with_its_bytes():
    batches = parse(LINE, "what|is|this", LINE)
    assert sum(batch.rows.num_rows for batch in batches) == 2
    (rejected,) = [row for batch in batches for row in batch.rejected]
    assert rejected.raw == b"what|is|this"
    assert "3 fields instead of 22" in rejected.reason


def test_a_line_that_is_no_flow_is_an_error_and_no_crash():
    with pytest.raises(UnreadableError):
        parse(LINE.replace("57358", "port"))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.5, 0.999, 0.99999])
def test_a_cut_file_is_refused_although_nfdump_ends_with_0(tmp_path: Path, share: float):
    data = FLOW_SAMPLE.read_bytes()
    cut = tmp_path / "nfcapd.cut"
    cut.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableError):
        read(cut)


def test_garbage_is_refused(tmp_path: Path):
    file = tmp_path / "nfcapd.garbage"
    file.write_bytes(bytes(range(256)) * 64)
    with pytest.raises(UnreadableError, match="nfdump"):
        read(file)


def test_an_aggregated_file_is_whole_although_its_header_counts_more(tmp_path: Path):
    file = tmp_path / "nfcapd.aggregated"
    call = ["nfdump", "-r", FLOW_SAMPLE, "-A", "srcip,dstip", "-w", file]
    subprocess.run(call, check=True, capture_output=True)
    rows, _ = read(file)
    assert 0 < rows.num_rows < header(file)["Flows"]


def test_a_name_is_never_read_as_an_option(tmp_path: Path):
    file = tmp_path / "-w out;touch x $(id).nfcapd"
    file.write_bytes(FLOW_SAMPLE.read_bytes())
    rows, _ = read(file)
    assert rows.num_rows == 3018
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_every_protocol_number_has_a_name():
    assert len(NAMES) == 256
    known = {
        1: "ICMP",
        6: "TCP",
        17: "UDP",
        47: "GRE",
        58: "IPv6-ICMP",
        132: "SCTP",
        143: "Ethernet",
    }
    assert {number: NAMES[number].as_py() for number in known} == known


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
def test_a_sound_file_without_flows_says_so():
    with pytest.raises(UnreadableError, match="holds no flow"):
        read(RECORDED / "nfcapd-empty")
