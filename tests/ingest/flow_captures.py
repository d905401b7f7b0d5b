"""Captures for tests of the flow source, byte by byte."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass

START = 1_700_000_000
ETHERNET, RAW_IP, COOKED, RAW_IPV4 = 1, 101, 113, 228
_TYPES = {4: 0x0800, 6: 0x86DD}


@dataclass(frozen=True)
class Packet:
    """One UDP packet; its time is in seconds and microseconds.

    Its port is not 53: to nfpcapd each packet of DNS is a flow of its own.
    """

    second: int = START
    micro: int = 123_456
    src: str = "10.0.0.1"
    dst: str = "192.0.2.7"
    sport: int = 40_000
    dport: int = 9_000
    payload: bytes = b"payload"

    @property
    def ip(self) -> bytes:
        """The packet from its IP header on."""
        ends = [ipaddress.ip_address(end).packed for end in (self.src, self.dst)]
        size = 8 + len(self.payload)
        udp = struct.pack(">HHHH", self.sport, self.dport, size, 0) + self.payload
        if len(ends[0]) == 16:
            return struct.pack(">IHBB", 6 << 28, size, 17, 64) + b"".join(ends) + udp
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + size, 1, 0, 64, 17, 0)
        return head + b"".join(ends) + udp

    def frame(self, link: int = ETHERNET, *, vlan: bool = False) -> bytes:
        """The packet with the header of its link layer."""
        kind = struct.pack(">H", _TYPES[6 if ":" in self.src else 4])
        if link == ETHERNET:
            tag = struct.pack(">HH", 0x8100, 42) if vlan else b""
            return b"\2\0\0\0\0\1\2\0\0\0\0\2" + tag + kind + self.ip
        if link == COOKED:
            return struct.pack(">HHH8s", 0, 1, 6, b"\2\0\0\0\0\1") + kind + self.ip
        return self.ip


def pcap(
    packets: Sequence[Packet],
    link: int = ETHERNET,
    *,
    order: str = "<",
    nano: bool = False,
    vlan: bool = False,
) -> bytes:
    """A capture in the classic format."""
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    data = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65_535, link)
    for packet in packets:
        frame = packet.frame(link, vlan=vlan)
        fraction = packet.micro * (1000 if nano else 1)
        data += struct.pack(f"{order}4I", packet.second, fraction, len(frame), len(frame)) + frame
    return data


def pcapng(packets: Sequence[Packet]) -> bytes:
    """The same in the newer format."""
    data = _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    data += _block(1, struct.pack("<HHI", ETHERNET, 0, 65_535))
    for packet in packets:
        frame = packet.frame()
        moment = packet.second * 1_000_000 + packet.micro
        sizes = (len(frame), len(frame))
        body = struct.pack("<5I", 0, moment >> 32, moment & 0xFFFFFFFF, *sizes)
        data += _block(6, body + frame + bytes(-len(frame) % 4))
    return data


def _block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + size + body + size


def version_5(flows: int = 2) -> bytes:
    """A NetFlow 5 datagram."""
    return struct.pack(">HHIIIIBBH", 5, flows, 1000, START, 0, 1, 0, 0, 0) + bytes(48) * flows


def version_9() -> bytes:
    """A NetFlow 9 datagram with one template."""
    template = struct.pack(">HHHHHHHH", 0, 16, 256, 2, 8, 4, 12, 4)
    return struct.pack(">HHIIII", 9, 1, 1000, START, 1, 7) + template


def ipfix() -> bytes:
    """An IPFIX message with one template."""
    template = struct.pack(">HHHHHHHH", 2, 16, 256, 2, 8, 4, 12, 4)
    return struct.pack(">HHIII", 10, 16 + len(template), START, 1, 7) + template
