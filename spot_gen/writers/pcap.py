"""Capture files in the classic pcap format, and the packets in them, framed many at a time.

A packet is one item of the structured type ``PACKET`` and one row of payload::

    packets = blank(n, time_us=…, src_hi=…, src_lo=…, …, proto=UDP)
    file.write(file_header())
    file.write(records(packets, payload).values.data)

``records`` adds everything below the payload: the record header, Ethernet, IPv4 or IPv6, and TCP,
UDP, ICMP or ICMPv6, with right lengths and checksums. Hosts of the organisation have a locally
administered hardware address made of their address; whoever is outside is behind the router's.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from spot_common.errors import DataError
from spot_gen.network.addresses import INTERNAL, is_internal, is_six
from spot_gen.protocols import TCP
from spot_gen.ragged import Ints, Ragged, Rows, checksum, structure_sums
from spot_gen.streams import draw
from spot_gen.writers.packet import PACKET, Packets, blank, in_time
from spot_gen.writers.transport import HEADER, Transport, option_bytes

__all__ = [
    "LARGEST",
    "PACKET",
    "SNAPSHOT",
    "Packets",
    "blank",
    "file_header",
    "hardware",
    "in_time",
    "lifetimes",
    "records",
    "sizes",
]

SNAPSHOT = 65_535
#: The largest packet there can be, without its Ethernet header.
LARGEST = 65_535

_LINK = np.dtype(
    [
        ("seconds", "<u4"), ("fraction", "<u4"), ("captured", "<u4"), ("length", "<u4"),
        ("dst_hi", ">u2"), ("dst_lo", ">u4"), ("src_hi", ">u2"), ("src_lo", ">u4"),
        ("kind", ">u2"),
    ]
)  # fmt: skip
_IP_4 = np.dtype(
    [
        ("version", "u1"), ("tos", "u1"), ("length", ">u2"), ("id", ">u2"), ("fragment", ">u2"),
        ("ttl", "u1"), ("proto", "u1"), ("sum", ">u2"), ("src", ">u4"), ("dst", ">u4"),
    ]
)  # fmt: skip
_IP_6 = np.dtype(
    [
        ("version", ">u4"), ("length", ">u2"), ("proto", "u1"), ("ttl", "u1"),
        ("src_hi", ">u8"), ("src_lo", ">u8"), ("dst_hi", ">u8"), ("dst_lo", ">u8"),
    ]
)  # fmt: skip
_ETHERNET = 14
_RECORD = 16
_FIRST_MAC = 0x0200_0000_0000 | int(INTERNAL[0])
_ROUTER_MAC = _FIRST_MAC | 4 << 8 | 1
_PEOPLE = (10, 49)


def file_header(nanoseconds: bool = False) -> bytes:
    """Return the first 24 bytes of a capture file."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    return struct.pack("<IHHiIII", magic, 2, 4, 0, 0, SNAPSHOT, 1)


def records(
    packets: Packets, payload: Ragged, *, nanoseconds: bool = False, snap: int = SNAPSHOT
) -> Ragged:
    """Return the records of a capture file, one row per packet, in the order given.

    The payload is kept whole. Of the zeros behind it only those are that make a packet ``snap``
    bytes long; its length is the true one, and so is its checksum, to which zeros add nothing.
    DataError for a packet longer than 65,535 bytes.
    """
    six = packets["src_hi"] != 0
    transport = Transport(packets, payload)
    inside = transport.length
    size = inside + np.where(six, 0, _IP_4.itemsize)
    if len(size) and size.max() > LARGEST:
        raise DataError(f"a packet of {int(size.max())} bytes is longer than {LARGEST}")
    length = inside + np.where(six, _IP_6.itemsize, _IP_4.itemsize) + _ETHERNET
    zeros = packets["zeros"].astype(np.int64)
    kept = np.clip(snap - (length - zeros), 0, zeros)
    rows = Rows(len(packets))
    rows.fixed(_link(packets, six, length - zeros + kept, length, nanoseconds))
    at = np.flatnonzero(~six)
    rows.fixed(_ip_4(packets[at], inside[at]), at)
    at = np.flatnonzero(six)
    rows.fixed(_ip_6(packets[at], inside[at]), at)
    transport.append(rows)
    return rows.ragged(payload).zeros(kept).build()


def sizes(packets: Packets, payload_lengths: Ints) -> Ints:
    """Return how many bytes the IP layer counts for each packet."""
    header = np.where(packets["src_hi"] != 0, _IP_6.itemsize, _IP_4.itemsize)
    header = header + HEADER[packets["proto"]] + option_bytes(packets)
    size: Ints = header + payload_lengths + packets["zeros"]
    return size


def hardware(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> Ints:
    """Return the Ethernet addresses of hosts: their own inside, the router's outside."""
    own = _FIRST_MAC | (lo & np.uint64(0xFFFF)).astype(np.int64)
    byte = np.uint64(0xFF)
    own_6 = _FIRST_MAC | ((hi & byte) << np.uint64(8) | lo & byte).astype(np.int64)
    return np.where(is_internal(hi, lo), np.where(is_six(hi), own_6, own), _ROUTER_MAC)


def lifetimes(mac: Ints, lo: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return the TTL of packets: 128 of workstations, 64 of others, less from far away."""
    third = mac >> 8 & 0xFF
    desk = (third >= _PEOPLE[0]) & (third <= _PEOPLE[1])
    far = draw(lo, 0)
    first = np.where(far >> np.uint64(62) == 0, 128, 64)
    hops = 4 + (far % np.uint64(15)).astype(np.int64)
    inside = np.where(desk, 128, 64)
    return np.where(mac == _ROUTER_MAC, first - hops, inside).astype(np.uint8)


def _link(
    packets: Packets, six: NDArray[np.bool_], captured: Ints, length: Ints, nanoseconds: bool
) -> NDArray[np.void]:
    link = np.zeros(len(packets), _LINK)
    seconds, micros = np.divmod(packets["time_us"], 1_000_000)
    link["seconds"] = seconds
    link["fraction"] = micros * 1000 if nanoseconds else micros
    link["captured"], link["length"] = captured, length
    for end in ("dst", "src"):
        mac = hardware(packets[f"{end}_hi"], packets[f"{end}_lo"])
        link[f"{end}_hi"], link[f"{end}_lo"] = mac >> 32, mac & 0xFFFFFFFF
    link["kind"] = np.where(six, 0x86DD, 0x0800)
    return link


def _ip_4(packets: Packets, inside: Ints) -> NDArray[np.void]:
    head = np.zeros(len(packets), _IP_4)
    head["version"] = 0x45
    head["tos"], head["proto"] = packets["tos"], packets["proto"]
    head["length"] = inside + _IP_4.itemsize
    head["id"] = packets["ip_id"]
    head["fragment"] = np.where(packets["proto"] == TCP, 0x4000, 0)
    head["ttl"] = lifetimes(hardware(packets["src_hi"], packets["src_lo"]), packets["src_lo"])
    head["src"], head["dst"] = packets["src_lo"], packets["dst_lo"]
    head["sum"] = checksum(structure_sums(head))
    return head


def _ip_6(packets: Packets, inside: Ints) -> NDArray[np.void]:
    head = np.zeros(len(packets), _IP_6)
    ports = packets["sport"].astype(np.uint64) << np.uint64(16) | packets["dport"]
    label = draw(packets["src_lo"] ^ packets["dst_hi"] ^ packets["dst_lo"], ports)
    head["version"] = (
        6 << 28
        | packets["tos"].astype(np.int64) << 20
        | (label & np.uint64(0xFFFFF)).astype(np.int64)
    )
    head["length"], head["proto"] = inside, packets["proto"]
    head["ttl"] = lifetimes(hardware(packets["src_hi"], packets["src_lo"]), packets["src_lo"])
    for name in ("src_hi", "src_lo", "dst_hi", "dst_lo"):
        head[name] = packets[name]
    return head
