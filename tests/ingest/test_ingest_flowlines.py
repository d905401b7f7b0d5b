"""nfdump's lines: each becomes a row, or is set aside with its bytes."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_common.registry import check_source
from spot_ingest.accounting import Batch
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import flowlines
from spot_ingest.readers.protocols import NAMES

LINE = (
    "2023-01-25 18:36:00.039|2023-01-25 18:35:43.884|2023-01-25 18:35:44.100|  10.0.0.1|  10.0.0.2"
    "|   443| 57358|6    |...AP.SF|  0|   0|       9|     930|       0|       0|     9|    10"
    "|     7|     8|   0|  I|  10.0.0.9"
)


def parse(*lines: str) -> list[Batch]:
    return list(flowlines.parse(io.BytesIO("".join(f"{line}\n" for line in lines).encode())))


def changed(**fields: str) -> str:
    values = dict(zip([tag for tag, _ in flowlines.FIELDS], LINE.split("|"), strict=True))
    return "|".join({**values, **fields}.values())


def row(**fields: str) -> dict:
    return parse(changed(**fields))[0].rows.to_pylist()[0]


def rejected(batches: list[Batch]) -> list:
    return [row for batch in batches for row in batch.rejected]


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


def test_rows_have_the_columns_of_the_table():
    assert parse(LINE)[0].rows.schema == check_source("flow").raw.arrow()


@pytest.mark.parametrize(
    ("fields", "column", "value"),
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
        ({"tr": "9999-12-31 23:59:59.999"}, "unix_tstamp", 253_402_300_799),
    ],
)
def test_odd_values_have_a_defined_meaning(fields: dict[str, str], column: str, value: object):
    assert row(**fields)[column] == value


def test_the_hour_is_that_of_the_row():
    assert parse(LINE)[0].minutes.to_pylist() == [1674671760 // 60]


def test_no_flows_are_no_rows():
    assert [batch.rows.num_rows for batch in parse("No matching flows")] == [0]
    assert rejected(parse("No matching flows")) == []
    assert parse() == []


def test_a_line_of_another_shape_is_set_aside_with_its_bytes():
    batches = parse(LINE, "what|is|this", LINE)
    assert sum(batch.rows.num_rows for batch in batches) == 2
    (odd,) = rejected(batches)
    assert (odd.number, odd.raw) == (2, b"what|is|this")
    assert "3 fields instead of 22" in odd.reason


def test_a_flow_whose_time_cannot_be_stored_is_set_aside_alone():
    late = changed(tr="19862-03-30 05:39:41.351")
    batches = parse(LINE, "what|is|this", late, LINE, changed(te="19862-03-30 05:39:41.351"))
    assert sum(batch.rows.num_rows for batch in batches) == 2
    assert [(odd.number, odd.raw) for odd in rejected(batches)][:2] == [
        (2, b"what|is|this"),
        (3, late.encode()),
    ]
    assert [odd.number for odd in rejected(batches)] == [2, 3, 5]
    assert "beyond the year 9999" in rejected(batches)[1].reason


@pytest.mark.parametrize("fields", [{"dp": "port"}, {"sp": ""}, {"pr": "256"}, {"dp": "1.x"}])
def test_a_line_that_is_no_flow_is_an_error_and_no_crash(fields: dict[str, str]):
    with pytest.raises(UnreadableError, match="no flow"):
        parse(LINE, changed(**fields))


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, sizes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        size = min(self._sizes[len(self._data) % len(self._sizes)], len(buffer), len(self._data))
        buffer[:size], self._data = self._data[:size], self._data[size:]
        return size


times = st.datetimes(datetime(1970, 1, 3), datetime(9999, 12, 31))
addresses = st.ip_addresses().map(str)
flows = st.fixed_dictionaries(
    {
        "tr": times,
        "ts": times,
        "te": times,
        "sa": addresses,
        "da": addresses,
        "sp": st.integers(0, 65535),
        "dp": st.integers(0, 65535),
        "pr": st.integers(0, 255),
        "flg": st.text("UAPRSF.", min_size=8, max_size=8),
        "fwd": st.integers(0, 255),
        "stos": st.integers(0, 255),
        "ipkt": st.integers(0, 2**64 - 1),
        "ibyt": st.integers(0, 2**64 - 1),
        "opkt": st.integers(0, 2**64 - 1),
        "obyt": st.integers(0, 2**64 - 1),
        "in": st.integers(0, 2**32 - 1),
        "out": st.integers(0, 2**32 - 1),
        "sas": st.integers(0, 2**32 - 1),
        "das": st.integers(0, 2**32 - 1),
        "dtos": st.integers(0, 255),
        "dir": st.sampled_from("IE"),
        "ra": addresses,
    }
)


def printed(flow: dict) -> str:
    """The flow as nfdump prints it."""
    texts = dict(flow)
    for tag in ("tr", "ts", "te"):
        texts[tag] = f"{flow[tag]:%Y-%m-%d %H:%M:%S}.{flow[tag].microsecond // 1000:03}".zfill(23)
    if flow["pr"] in (1, 58):
        texts["dp"] = f"{flow['dp'] // 256}.{flow['dp'] % 256}"
    return "|".join(f"{texts[tag]:>6}" for tag, _ in flowlines.FIELDS)


def expected(flow: dict) -> dict:
    """The row, by plain Python."""
    received = flow["tr"].replace(tzinfo=UTC, microsecond=0)
    first, last = (
        flow[tag] - timedelta(microseconds=flow[tag].microsecond % 1000) for tag in ("ts", "te")
    )
    big = {
        name: min(flow[tag], 2**63 - 1)
        for name, tag in (("ipkt", "ipkt"), ("ibyt", "ibyt"), ("opkt", "opkt"), ("obyt", "obyt"))
    }
    small = {
        name: flow[tag] if flow[tag] < 2**31 else None
        for name, tag in (("input", "in"), ("output", "out"), ("sas", "sas"), ("das", "das"))
    }
    return {
        "treceived": received.strftime("%Y-%m-%d %H:%M:%S").zfill(19),
        "unix_tstamp": int((received - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()),
        "tryear": received.year,
        "trmonth": received.month,
        "trday": received.day,
        "trhour": received.hour,
        "trminute": received.minute,
        "trsec": received.second,
        "tdur": pa.scalar((last - first) / timedelta(seconds=1), pa.float32()).as_py(),
        "sip": flow["sa"],
        "dip": flow["da"],
        "sport": flow["sp"],
        "dport": flow["dp"],
        "proto": NAMES[flow["pr"]].as_py(),
        "flag": flow["flg"][2:],
        "fwd": flow["fwd"],
        "stos": flow["stos"],
        **big,
        **small,
        "dtos": flow["dtos"],
        "dir": int(flow["dir"] == "E"),
        "rip": flow["ra"],
    }


@given(st.lists(flows, max_size=12), st.lists(st.integers(1, 5000), min_size=1, max_size=4))
def test_any_flows_come_through_however_the_text_arrives(found: list[dict], sizes: list[int]):
    text = "".join(f"{printed(flow)}\n" for flow in found).encode()
    batches = flowlines.parse(io.BufferedReader(Trickle(text, sizes), 64))
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    assert rows == [expected(flow) for flow in found]


@pytest.mark.parametrize("size", [50, 300])
def test_blocks_are_cut_between_lines(size: int, monkeypatch):
    monkeypatch.setattr(flowlines, "_BLOCK", size)
    lines = [changed(sp=str(number)) for number in range(100)]
    lines[60] = "odd"
    batches = parse(*lines)
    assert len(batches) > 30
    ports = [port for batch in batches for port in batch.rows["sport"].to_pylist()]
    assert ports == [number for number in range(100) if number != 60]
    assert [odd.number for odd in rejected(batches)] == [61]


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
