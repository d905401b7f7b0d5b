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
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spot_common.errors import DataError
from spot_gen.network.addresses import INTERNAL, INTERNAL_6
from spot_gen.streams import draw
from spot_gen.writers.ragged import (
    Ints,
    Ragged,
    Rows,
    Sums,
    checksum,
    number_sums,
    structure_sums,
    word_sums,
)

SNAPSHOT = 65_535
ICMP, TCP, UDP, ICMP_6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
#: The largest packet there can be, without its Ethernet header.
LARGEST = 65_535

Packets = NDArray[np.void]

#: One packet. ``order`` and ``step`` decide between equal times. ``zeros`` is how many bytes of
#: zeros follow the payload. ICMP: ``dport`` is type x 256 + code, ``seq`` identifier x 65,536 +
#: number. TCP: ``options`` is how many 32-bit words of options follow the header (0 to 10).
#: ``kind`` and ``mark`` are the writer's own.
PACKET = np.dtype(
    [
        ("time_us", "i8"), ("order", "u8"), ("step", "u4"),
        ("src_hi", "u8"), ("src_lo", "u8"), ("dst_hi", "u8"), ("dst_lo", "u8"),
        ("sport", "u2"), ("dport", "u2"), ("proto", "u1"), ("tos", "u1"), ("ip_id", "u2"),
        ("flags", "u1"), ("options", "u1"), ("window", "u2"), ("seq", "u4"), ("ack", "u4"),
        ("zeros", "u4"), ("kind", "u1"), ("mark", "i4"),
    ]
)  # fmt: skip

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
_UDP = np.dtype([("sport", ">u2"), ("dport", ">u2"), ("length", ">u2"), ("sum", ">u2")])
_TCP = np.dtype(
    [
        ("sport", ">u2"), ("dport", ">u2"), ("seq", ">u4"), ("ack", ">u4"), ("words", "u1"),
        ("flags", "u1"), ("window", ">u2"), ("sum", ">u2"), ("urgent", ">u2"),
    ]
)  # fmt: skip
_ICMP = np.dtype([("kind", ">u2"), ("sum", ">u2"), ("number", ">u4")])

_ETHERNET = 14
_RECORD = 16
_FIRST_MAC = 0x0200_0000_0000 | int(INTERNAL[0])
_ROUTER_MAC = _FIRST_MAC | 4 << 8 | 1
_PEOPLE = (10, 49)

_MSS = b"\x02\x04\x05\xb4"
_SACK = b"\x04\x02"
_SCALE = b"\x01\x03\x03\x07"
#: TCP options as systems send them with a SYN, by their length in 32-bit words.
_OPTIONS = tuple(
    text.ljust(4 * words, b"\x01")
    for words, text in enumerate(
        [b"", _MSS, _MSS + b"\x01\x01" + _SACK, _MSS + _SCALE + b"\x01\x01" + _SACK]
        + [_MSS + _SACK + b"\x08\x0a" + bytes(8)]
        + [_MSS + _SACK + b"\x08\x0a" + bytes(8) + _SCALE] * 6
    )
)


def file_header(nanoseconds: bool = False) -> bytes:
    """Return the first 24 bytes of a capture file."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    return struct.pack("<IHHiIII", magic, 2, 4, 0, 0, SNAPSHOT, 1)


def blank(size: int, **columns: ArrayLike) -> Packets:
    """Return packets with the columns that are given; what is missing is 0."""
    packets = np.zeros(size, PACKET)
    for name, values in columns.items():
        packets[name] = values
    return packets


def in_time(packets: Packets) -> Ints:
    """Return the order of packets by time, then ``order``, then ``step``."""
    time_us = packets["time_us"]
    places = np.argsort(time_us, kind="stable")
    equal = np.diff(time_us[places]) == 0
    if equal.any():
        # Few times are equal: only those places are sorted again, which keeps times where they are.
        tied = np.flatnonzero(np.append(equal, False) | np.insert(equal, 0, False))
        rows = places[tied]
        again = np.lexsort((packets["step"][rows], packets["order"][rows], time_us[rows]))
        places[tied] = rows[again]
    return places


def records(
    packets: Packets, payload: Ragged, *, nanoseconds: bool = False, snap: int = SNAPSHOT
) -> Ragged:
    """Return the records of a capture file, one row per packet, in the order given.

    The payload is kept whole. Of the zeros behind it only those are that make a packet ``snap``
    bytes long; its length is the true one, and so is its checksum, to which zeros add nothing.
    DataError for a packet longer than 65,535 bytes.
    """
    six = packets["src_hi"] != 0
    transport = _Transport(packets, payload)
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
    header = header + _HEADER[packets["proto"]] + _options(packets)
    size: Ints = header + payload_lengths + packets["zeros"]
    return size


def hardware(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> Ints:
    """Return the Ethernet addresses of hosts: their own inside, the router's outside."""
    inside = (hi == 0) & (lo >> np.uint64(16) == np.uint64(int(INTERNAL[0]) >> 16))
    inside_6 = hi >> np.uint64(32) == np.uint64(int(INTERNAL_6[0]) >> 96)
    own = _FIRST_MAC | (lo & np.uint64(0xFFFF)).astype(np.int64)
    byte = np.uint64(0xFF)
    own_6 = _FIRST_MAC | ((hi & byte) << np.uint64(8) | lo & byte).astype(np.int64)
    return np.where(inside, own, np.where(inside_6, own_6, _ROUTER_MAC))


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


def _options(packets: Packets) -> Ints:
    options: Ints = np.where(packets["proto"] == TCP, packets["options"].astype(np.int64) * 4, 0)
    return options


class _Transport:
    """What stands between the IP header and the payload."""

    def __init__(self, packets: Packets, payload: Ragged) -> None:
        self._packets = packets
        data = payload.lengths + packets["zeros"]
        self.length: Ints = _HEADER[packets["proto"]] + _options(packets) + data
        self._sums = word_sums(payload) + self._pseudo()

    def _pseudo(self) -> Sums:
        """Return the sums of the header that checksums cover and nobody sends."""
        packets = self._packets
        sums = self.length.astype(np.uint64) + packets["proto"]
        for name in ("src_hi", "src_lo", "dst_hi", "dst_lo"):
            sums += number_sums(packets[name])
        return np.where(packets["proto"] == ICMP, np.uint64(0), sums)

    def append(self, rows: Rows) -> None:
        proto = self._packets["proto"]
        for number, make in _MAKERS.items():
            at = np.flatnonzero(proto == number)
            if len(at):
                header = make(self._packets[at], self.length[at])
                self._sign(header, at)
                rows.fixed(header, at)
        self._append_options(rows)

    def _sign(self, header: NDArray[np.void], at: Ints) -> None:
        packets = self._packets[at]
        extra = np.where(packets["proto"] == TCP, _OPTION_SUMS[packets["options"]], np.uint64(0))
        signed = checksum(structure_sums(header) + self._sums[at] + extra)
        header["sum"] = np.where((signed == 0) & (packets["proto"] == UDP), 0xFFFF, signed)

    def _append_options(self, rows: Rows) -> None:
        words = _options(self._packets) // 4
        for number in np.unique(words[words > 0]).tolist():
            at = np.flatnonzero(words == number)
            text = np.frombuffer(_OPTIONS[number], np.uint8)
            rows.fixed(np.broadcast_to(text, (len(at), len(text))), at)


def _tcp(packets: Packets, length: Ints) -> NDArray[Any]:
    head = np.zeros(len(packets), _TCP)
    for name in ("sport", "dport", "seq", "ack", "flags", "window"):
        head[name] = packets[name]
    head["words"] = (5 + packets["options"]) << 4
    return head


def _udp(packets: Packets, length: Ints) -> NDArray[Any]:
    head = np.zeros(len(packets), _UDP)
    head["sport"], head["dport"], head["length"] = packets["sport"], packets["dport"], length
    return head


def _icmp(packets: Packets, length: Ints) -> NDArray[Any]:
    head = np.zeros(len(packets), _ICMP)
    head["kind"], head["number"] = packets["dport"], packets["seq"]
    return head


_MAKERS = {TCP: _tcp, UDP: _udp, ICMP: _icmp, ICMP_6: _icmp}
#: Length of the header of each protocol, 0 of those that are not known.
_HEADER = np.zeros(256, np.int64)
_HEADER[[TCP, UDP, ICMP, ICMP_6]] = [_TCP.itemsize, _UDP.itemsize, _ICMP.itemsize, _ICMP.itemsize]
_OPTION_SUMS = np.array(
    [structure_sums(np.frombuffer(o, "u1").reshape(1, -1))[0] if o else 0 for o in _OPTIONS],
    np.uint64,
)
