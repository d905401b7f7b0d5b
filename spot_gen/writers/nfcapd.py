"""The nfcapd file, layout version 1 (specification B9): little-endian, no padding inside.

A file is the 140 bytes of its header, 136 bytes of statistics, then blocks. Each block here begins
with the extension map, which says what follows the counters of a flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_gen.events import numbers
from spot_gen.network.addresses import is_six
from spot_gen.protocols import ICMP, ICMP_6, TCP, UDP
from spot_gen.ragged import Rows
from spot_gen.streams import Ints

_MAGIC = 0xA50C
_LAYOUT = 1
_DATA_BLOCK = 2
_MAP_TYPE = 2
_FLOW_TYPE = 10
#: Records in a block: with the longest kind (128 bytes) it stays below 1 MiB.
_BLOCK_RECORDS = 8000

_HEADER = np.dtype(
    [("magic", "<u2"), ("version", "<u2"), ("flags", "<u4"), ("blocks", "<u4"), ("ident", "S128")]
)
#: Counters by protocol stand in the order TCP, UDP, ICMP, other.
_STATISTICS = np.dtype(
    [("flows", "<u8"), ("bytes", "<u8"), ("packets", "<u8")]
    + [(f"{what}_by_protocol", "<u8", 4) for what in ("flows", "bytes", "packets")]
    + [("first", "<u4"), ("last", "<u4"), ("first_ms", "<u2"), ("last_ms", "<u2")]
    + [("sequence_failures", "<u4")]
)
_BLOCK = np.dtype([("records", "<u4"), ("size", "<u4"), ("type", "<u2"), ("flags", "<u2")])

_COMMON = [
    ("type", "<u2"), ("size", "<u2"), ("flags", "<u2"), ("map", "<u2"),
    ("first_ms", "<u2"), ("last_ms", "<u2"), ("first", "<u4"), ("last", "<u4"),
    ("forwarding", "u1"), ("tcp_flags", "u1"), ("protocol", "u1"), ("tos", "u1"),
    ("sport", "<u2"), ("dport", "<u2"), ("exporter_number", "<u2"), ("reserved", "<u2"),
]  # fmt: skip
#: The extensions of a flow: number, and fields.
_EXTENSIONS: list[tuple[int, list[tuple[str, str]]]] = [
    (5, [("input", "<u4"), ("output", "<u4")]),
    (7, [("src_as", "<u4"), ("dst_as", "<u4")]),
    (8, [("dst_tos", "u1"), ("direction", "u1"), ("src_mask", "u1"), ("dst_mask", "u1")]),
    (15, [("out_packets", "<u8")]),
    (17, [("out_bytes", "<u8")]),
    (23, [("exporter", "<u4")]),
    (27, [("received", "<u8")]),
]
_TAIL = [field for _, fields in _EXTENSIONS for field in fields]
_SAME = (
    "input", "output", "src_as", "dst_as", "src_mask", "dst_mask", "out_packets", "out_bytes",
    "exporter", "tos", "sport", "dport", "packets", "bytes",
)  # fmt: skip
_OTHER_PROTOCOL = 3
_PROTOCOLS = np.full(256, _OTHER_PROTOCOL)
_PROTOCOLS[[TCP, UDP, ICMP, ICMP_6]] = 0, 1, 2, 2


@dataclass(frozen=True)
class _Kind:
    """Flows whose structure is the same: IPv6 or not, counters of 64 bits or 32."""

    six: bool
    long: bool

    @property
    def flags(self) -> int:
        return self.six * 1 + self.long * (2 + 4)

    @property
    def structure(self) -> np.dtype[Any]:
        address = "<u8" if self.six else "<u4"
        ends = ("src_hi", "src_lo", "dst_hi", "dst_lo") if self.six else ("src_lo", "dst_lo")
        counter = "<u8" if self.long else "<u4"
        addresses = [(end, address) for end in ends]
        return np.dtype(_COMMON + addresses + [("packets", counter), ("bytes", counter)] + _TAIL)


#: In the order of the number ``six + 2 x long``.
_KINDS = [_Kind(six, long) for long in (False, True) for six in (False, True)]
_LENGTHS = np.array([kind.structure.itemsize for kind in _KINDS])


def encode(records: pa.Table, identification: str, window_us: int) -> bytes:
    """Return the file of some records (schema RECORDS), those of the window that begins then."""
    columns = {name: numbers(records, name) for name in records.schema.names}
    blocks = _blocks(columns, records.num_rows)
    header = np.zeros((), _HEADER)
    header["magic"], header["version"] = _MAGIC, _LAYOUT
    header["blocks"] = -(-records.num_rows // _BLOCK_RECORDS)
    header["ident"] = identification.encode()
    return b"".join((header.tobytes(), _statistics(columns, window_us).tobytes(), blocks))


def _statistics(columns: dict[str, Any], window_us: int) -> NDArray[Any]:
    """Add up both directions, as nfdump does."""
    found = np.zeros((), _STATISTICS)
    group = _PROTOCOLS[columns["proto"]]
    ones = np.ones(len(group), np.uint64)
    octets = columns["bytes"] + columns["out_bytes"]
    packets = columns["packets"] + columns["out_packets"]
    for name, values in (("flows", ones), ("bytes", octets), ("packets", packets)):
        found[name] = values.sum()
        found[f"{name}_by_protocol"] = [values[group == number].sum() for number in range(4)]
    first = columns["first_us"].min() if len(group) else window_us
    last = columns["last_us"].max() if len(group) else window_us
    found["first"], found["first_ms"] = _second(first), _millisecond(first)
    found["last"], found["last_ms"] = _second(last), _millisecond(last)
    return found


def _second(time_us: Any) -> Any:
    return time_us // 1_000_000


def _millisecond(time_us: Any) -> Any:
    return time_us // 1000 % 1000


@cache
def _map() -> bytes:
    """Return the extension map: the extensions' numbers and their length together."""
    listed = [number for number, _ in _EXTENSIONS] + [0]
    listed += [0] * (len(listed) % 2)
    words = [_MAP_TYPE, 8 + 2 * len(listed), 0, np.dtype(_TAIL).itemsize, *listed]
    return np.array(words, "<u2").tobytes()


def _blocks(columns: dict[str, Any], count: int) -> bytes:
    """Return all blocks of a file: before every so many flows the header and map of a block."""
    long = (columns["packets"] | columns["bytes"]) >> np.uint64(32) != 0
    kinds = (is_six(columns["src_hi"]) | is_six(columns["dst_hi"])).astype(np.int64) + 2 * long
    rows = Rows(count)
    first = np.arange(0, count, _BLOCK_RECORDS)
    if count:
        rows.fixed(_heads(np.add.reduceat(_LENGTHS[kinds], first), first, count), first)
    for number, kind in enumerate(_KINDS):
        at = np.flatnonzero(kinds == number)
        if len(at):
            rows.fixed(_flows(columns, at, kind), at)
    return rows.build().values.tobytes()


def _heads(sizes: Ints, first: Ints, count: int) -> NDArray[Any]:
    """Return header and extension map of each block; ``sizes`` are the bytes of its flows."""
    heads = np.zeros(len(first), np.dtype([("block", _BLOCK), ("map", f"V{len(_map())}")]))
    block = heads["block"]
    block["records"] = np.minimum(count - first, _BLOCK_RECORDS) + 1
    block["size"] = sizes + len(_map())
    block["type"] = _DATA_BLOCK
    heads["map"] = np.void(_map())
    return heads


def _flows(columns: dict[str, Any], rows: Ints, kind: _Kind) -> NDArray[Any]:
    """Return the structures of some flows of one kind."""
    flows = np.zeros(len(rows), kind.structure)
    every = len(rows) == len(columns["proto"])
    first, last, received = (
        columns[name] if every else columns[name][rows]
        for name in ("first_us", "last_us", "received_us")
    )
    flows["type"], flows["size"], flows["flags"] = _FLOW_TYPE, kind.structure.itemsize, kind.flags
    flows["first"], flows["first_ms"] = _second(first), _millisecond(first)
    flows["last"], flows["last_ms"] = _second(last), _millisecond(last)
    flows["received"] = received // 1000
    same = [
        name
        for name in (*_SAME, "src_hi", "src_lo", "dst_hi", "dst_lo")
        if name in flows.dtype.names
    ]
    for target, source in (
        *zip(same, same, strict=True),
        ("tcp_flags", "flags"),
        ("protocol", "proto"),
    ):
        flows[target] = columns[source] if every else columns[source][rows]
    return flows
