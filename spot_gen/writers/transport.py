"""Headers of TCP, UDP, ICMP and ICMPv6, with checksums over all that follows them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spot_gen.protocols import ICMP, ICMP_6, TCP, UDP
from spot_gen.ragged import (
    Ints,
    Ragged,
    Rows,
    Sums,
    checksum,
    number_sums,
    structure_sums,
    word_sums,
)
from spot_gen.writers.packet import Packets

_UDP = np.dtype([("sport", ">u2"), ("dport", ">u2"), ("length", ">u2"), ("sum", ">u2")])
_TCP = np.dtype(
    [
        ("sport", ">u2"), ("dport", ">u2"), ("seq", ">u4"), ("ack", ">u4"), ("words", "u1"),
        ("flags", "u1"), ("window", ">u2"), ("sum", ">u2"), ("urgent", ">u2"),
    ]
)  # fmt: skip
_ICMP = np.dtype([("kind", ">u2"), ("sum", ">u2"), ("number", ">u4")])

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


def option_bytes(packets: Packets) -> Ints:
    """Return how many bytes of TCP options each packet has."""
    options: Ints = np.where(packets["proto"] == TCP, packets["options"].astype(np.int64) * 4, 0)
    return options


class Transport:
    """What stands between the IP header and the payload."""

    def __init__(self, packets: Packets, payload: Ragged) -> None:
        self._packets = packets
        data = payload.lengths + packets["zeros"]
        #: Bytes from here to the end of each packet.
        self.length: Ints = HEADER[packets["proto"]] + option_bytes(packets) + data
        self._sums = word_sums(payload) + self._pseudo()

    def _pseudo(self) -> Sums:
        """Return the sums of the header that checksums cover and nobody sends."""
        packets = self._packets
        sums = self.length.astype(np.uint64) + packets["proto"]
        for name in ("src_hi", "src_lo", "dst_hi", "dst_lo"):
            sums += number_sums(packets[name])
        return np.where(packets["proto"] == ICMP, np.uint64(0), sums)

    def append(self, rows: Rows) -> None:
        """Append the headers, signed, to rows of packets."""
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
        words = option_bytes(self._packets) // 4
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
HEADER = np.zeros(256, np.int64)
HEADER[[TCP, UDP, ICMP, ICMP_6]] = [_TCP.itemsize, _UDP.itemsize, _ICMP.itemsize, _ICMP.itemsize]
_OPTION_SUMS = np.array(
    [structure_sums(np.frombuffer(o, "u1").reshape(1, -1))[0] if o else 0 for o in _OPTIONS],
    np.uint64,
)
