"""DNS messages out of TCP streams, fragments and tunnels, each as a datagram of its own.

tshark finds and reassembles them; here each response is wrapped anew in UDP and IP, with the time
and the length of the frame that completed it. So one way leads from a message to its row.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from spot_ingest.readers import pcap, pcapng
from spot_ingest.readers.datagrams import framed
from spot_ingest.readers.dissection import Dissection, DissectionError
from spot_ingest.readers.frames import Frames, Portion

#: tshark's arguments: one line of JSON a frame, with bytes as they were.
_STYLE = ("-T", "ek", "-x", "-j", "frame frame.number dns")
#: By tshark's name for the protocol, the port that leads to it.
_LAYERS = {"dns": 53, "mdns": 5353, "llmnr": 5355}
_HIGH_PORT = 65535
_MOST_BYTES = 65507
_UDP = 17
_RESPONSE = 0x80


def messages(dissection: Dissection, portion: Portion, after: int) -> list[Frames]:
    """Give the responses in these frames as frames of another form, one a message.

    Those of frames up to number ``after`` are left out. Raises DissectionError.
    """
    made: dict[bytes, _Made] = {}
    with dissection.printed(portion, _STYLE) as lines:
        for line in lines:
            try:
                for head, record in _records(json.loads(line).get("layers"), portion, after):
                    made.setdefault(head, _Made()).add(record)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise DissectionError(f"tshark printed what we do not know: {error!r}") from error
    return [records.frames(head) for head, records in made.items()]


@dataclass(frozen=True)
class _Record:
    """A frame that was made: its record, where the packet begins in it, and what it stands for."""

    body: bytes
    begin: int
    stop: int
    link: int
    number: int
    captured: bytes


class _Made:
    """Frames that were made, all with the same head."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []
        self._captured: list[bytes] = []
        self._places = array("q")

    def add(self, record: _Record) -> None:
        """Append one."""
        self._bodies.append(record.body)
        self._captured.append(record.captured)
        sizes = (len(record.body), record.begin, record.stop, record.link, record.number)
        self._places.extend(sizes)

    def frames(self, head: bytes) -> Frames:
        """Give them all."""
        sizes, begins, stops, links, numbers = np.array(self._places).reshape(-1, 5).T
        ends = np.cumsum(sizes)
        starts = ends - sizes
        body = b"".join(self._bodies)
        return Frames(
            head, body, ends, starts + begins, starts + stops, links, numbers, self._captured
        )


def _records(
    layers: dict[str, Any] | None, portion: Portion, after: int
) -> Iterator[tuple[bytes, _Record]]:
    """Give a new record, and its head, for each response in what tshark says of one frame."""
    if not layers:  # a line that only names an index
        return
    index, place = portion.locate(int(layers["frame"]["frame_frame_number"]) - 1)
    part = portion.parts[index]
    if part.numbers[place] <= after:
        return
    for layer, port in _LAYERS.items():
        shown = _each(layers.get(layer))
        for text, fields in zip(_each(layers.get(f"{layer}_raw")), shown, strict=True):
            message = bytes.fromhex(text)
            if any(name.endswith("dns_length") for name in fields):  # of a TCP stream
                message = message[2:]
            if len(message) > 2 and message[2] & _RESPONSE:
                yield _record(part, place, _packet(layers, port, message[:_MOST_BYTES]))


def _each(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _packet(layers: dict[str, Any], port: int, message: bytes) -> bytes:
    """Wrap a message in UDP and IP with the outermost addresses that it came with, IPv4 first."""
    udp = struct.pack(">HHHH", port, _HIGH_PORT, 8 + len(message), 0) + message
    for header in _each(layers.get("ip_raw"))[:1]:
        ends = bytes.fromhex(header)[12:20]
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, _UDP, 0) + ends + udp
    for header in _each(layers.get("ipv6_raw"))[:1]:
        ends = bytes.fromhex(header)[8:40]
        return struct.pack(">IHBB", 6 << 28, len(udp), _UDP, 64) + ends + udp
    return struct.pack(">IHBB", 6 << 28, len(udp), _UDP, 64) + bytes(32) + udp


def _record(part: Frames, place: int, packet: bytes) -> tuple[bytes, _Record]:
    container = pcap if pcap.is_pcap(part.head) else pcapng
    link, frame = framed(int(part.links[place]), packet)
    head, body, begin = container.replaced(part.head, part.record(place), frame, link)
    number, captured = int(part.numbers[place]), part.packet(place)
    return head, _Record(body, begin, begin + len(frame), link, number, captured)
