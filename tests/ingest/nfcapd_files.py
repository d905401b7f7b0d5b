"""nfcapd files for tests, made by hand in layout 1 or by nfdump; their rows as nfdump has them."""

from __future__ import annotations

import bz2
import ipaddress
import json
import os
import struct
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyarrow import Codec

from spot_ingest.readers.protocols import NAMES

ENVIRONMENT = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
START_MS = 1_700_000_000_123
_IPV6, _LONG_COUNTERS, _IPV6_ROUTER, _SAMPLED = 1, 2 + 4, 32, 128
#: Extensions of a flow, in order: interfaces, AS numbers, masks and direction, packets and bytes
#: out, router, time received.
_MAP = (5, 7, 8, 15, 17, 23, 27)
_MAP_IPV6_ROUTER = (5, 7, 8, 15, 17, 24, 27)
_LENGTHS = {5: 8, 7: 8, 8: 4, 15: 8, 17: 8, 23: 4, 24: 16, 27: 8}

#: Where the first flow of a file of layout 1 begins: behind header, statistics and two maps.
FIRST_FLOW = 140 + 136 + 12 + 2 * 24


@dataclass(frozen=True)
class Flow:
    """What one record holds; times are epoch milliseconds."""

    first: int = START_MS
    last: int = START_MS + 1_500
    received: int = START_MS + 2_007
    src: str = "10.0.0.1"
    dst: str = "192.0.2.7"
    sport: int = 40_000
    dport: int = 443
    proto: int = 6
    flags: int = 27
    forwarding: int = 0
    tos: int = 0
    packets: int = 9
    octets: int = 930
    out_packets: int = 0
    out_octets: int = 0
    input: int = 1
    output: int = 2
    src_as: int = 0
    dst_as: int = 0
    dst_tos: int = 0
    direction: int = 0
    router: str = "198.51.100.1"
    sampled: bool = False

    def record(self) -> bytes:
        """The record of layout 1."""
        six, long = ":" in self.src, max(self.packets, self.octets) >= 2**32
        far = ":" in self.router
        kind = _IPV6 * six + _LONG_COUNTERS * long + _IPV6_ROUTER * far + _SAMPLED * self.sampled
        number = 1 if far else 0
        times = (self.first % 1000, self.last % 1000, self.first // 1000, self.last // 1000)
        octets = (self.forwarding, self.flags, self.proto, self.tos)
        body = struct.pack(
            "<HHHHII4BHHHH", kind, number, *times, *octets, self.sport, self.dport, 0, 0
        )
        body += _address(self.src) + _address(self.dst)
        body += struct.pack("<QQ" if long else "<II", self.packets, self.octets)
        body += struct.pack("<4I", self.input, self.output, self.src_as, self.dst_as)
        body += struct.pack(
            "<4BQQ", self.dst_tos, self.direction, 24, 16, self.out_packets, self.out_octets
        )
        body += _address(self.router) + struct.pack("<Q", self.received)
        return struct.pack("<HH", 10, 4 + len(body)) + body


def _address(text: str) -> bytes:
    """An address as numbers in the byte order of the file; IPv6 in two halves, the upper first."""
    number = int(ipaddress.ip_address(text))
    if ":" not in text:
        return struct.pack("<I", number)
    return struct.pack("<QQ", number >> 64, number & (2**64 - 1))


def _map(number: int, extensions: Sequence[int]) -> bytes:
    listed = [*extensions, 0]
    listed += [0] * (len(listed) % 2)
    size = sum(_LENGTHS[one] for one in extensions)
    return struct.pack(f"<{4 + len(listed)}H", 2, 8 + 2 * len(listed), number, size, *listed)


def layout_1(
    flows: Sequence[Flow],
    *,
    per_block: int = 1000,
    packed: tuple[int, Callable[[bytes], bytes]] = (0, bytes),
    extra: Sequence[bytes] = (),
) -> bytes:
    """Make a file; ``packed`` is the flag of a compression and what it makes of a block.

    ``extra`` are more records for each block.
    """
    flag, pack = packed
    blocks = [flows[start : start + per_block] for start in range(0, len(flows), per_block)]
    head = struct.pack("<HHII128s", 0xA50C, 1, flag, len(blocks), b"by-hand")
    counters = [len(flows), sum(f.octets for f in flows), sum(f.packets for f in flows)] + [0] * 12
    first, last = min(f.first for f in flows), max(f.last for f in flows)
    statistics = struct.pack(
        "<15QIIHHI", *counters, first // 1000, last // 1000, first % 1000, last % 1000, 0
    )
    return head + statistics + b"".join(_block(block, extra, pack) for block in blocks)


def _block(flows: Sequence[Flow], extra: Sequence[bytes], pack: Callable[[bytes], bytes]) -> bytes:
    maps = [_map(0, _MAP), _map(1, _MAP_IPV6_ROUTER)]
    records = [*maps, *(flow.record() for flow in flows), *extra]
    data = pack(b"".join(records))
    return struct.pack("<IIHH", len(records), len(data), 2, 0) + data


def lzo(data: bytes) -> bytes:
    """LZO1X with nothing but literals, which every decompressor must take."""
    steps, rest = divmod(len(data) - 19, 255)
    return b"\0" * (1 + steps) + bytes([rest + 1]) + data + b"\x11\0\0"


def lz4(data: bytes) -> bytes:
    """One LZ4 block."""
    return bytes(Codec("lz4_raw").compress(data))


#: Compressions of layout 1 by name: the flag in the header, and what makes a block.
PACKED = {"none": (0, bytes), "lzo": (1, lzo), "bz2": (8, bz2.compress), "lz4": (16, lz4)}
#: Compressions of layout 2 by name: nfdump's option.
OPTIONS = {"none": (), "lzo": ("-z",), "bz2": ("-j",), "lz4": ("-y",)}


def layout_2(source: Path, target: Path, *options: str) -> Path:
    """Let nfdump write a file anew, with options of its own."""
    call = ["nfdump", "-r", source, "-w", target, *options]
    subprocess.run(call, check=True, capture_output=True, env=ENVIRONMENT)
    return target


def rows_of_nfdump(path: Path) -> list[dict[str, Any]]:
    """The rows of table flow as they follow from nfdump's JSON, which shares no code with ours."""
    call = ["nfdump", "-r", path, "-q", "-o", "json"]
    done = subprocess.run(call, check=True, capture_output=True, env=ENVIRONMENT)
    return [_row(record) for record in json.loads(b"[" + done.stdout + b"]")]


def _row(record: dict[str, Any]) -> dict[str, Any]:
    first, last, received = (
        datetime.fromisoformat(record[name]).replace(tzinfo=UTC)
        for name in ("first", "last", "received")
    )
    if received.timestamp() < 86_400:
        received = first
    port = record.get("dst_port", 0)
    if "icmp_type" in record:
        port = record["icmp_type"] * 256 + record["icmp_code"]
    return {
        "treceived": received.strftime("%Y-%m-%d %H:%M:%S"),
        "unix_tstamp": int(received.timestamp()),
        "tryear": received.year,
        "trmonth": received.month,
        "trday": received.day,
        "trhour": received.hour,
        "trminute": received.minute,
        "trsec": received.second,
        "tdur": struct.unpack("<f", struct.pack("<f", (last - first).total_seconds()))[0],
        "sip": record.get("src4_addr") or record["src6_addr"],
        "dip": record.get("dst4_addr") or record["dst6_addr"],
        "sport": record.get("src_port", 0),
        "dport": port,
        "proto": NAMES[record["proto"]].as_py(),
        "flag": record.get("tcp_flags", "......")[-6:],
        "fwd": record.get("fwd_status", 0),
        "stos": record["src_tos"],
        "ipkt": record["in_packets"],
        "ibyt": record["in_bytes"],
        "opkt": record.get("out_packets", 0),
        "obyt": record.get("out_bytes", 0),
        "input": _int(record.get("input_snmp", 0)),
        "output": _int(record.get("output_snmp", 0)),
        "sas": _int(record.get("src_as", 0)),
        "das": _int(record.get("dst_as", 0)),
        "dtos": record.get("dst_tos", 0),
        "dir": record.get("direction", 0),
        "rip": record.get("ip4_router") or record.get("ip6_router") or "0.0.0.0",
    }


def _int(number: int) -> int | None:
    return number if number < 2**31 else None
