"""The blocks of a pcapng file, one after the other."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from spot_ingest.readers.frames import Frames, Ints
from spot_ingest.readers.pcap import MOST

_SECTION = 0x0A0D0D0A
_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET, _SECRETS = 1, 2, 3, 6, 10
#: Where the packet begins in each kind of block that holds one.
_PACKET_AT = {_OLD_PACKET: 28, _SIMPLE_PACKET: 12, _PACKET: 28}
_ORDERS = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_LEAST_BLOCK = 12
_MOST_BLOCK = 16 << 20
#: Most bytes of one section's descriptions of interfaces and secrets.
_MOST_HEAD = 1 << 20
_END_OF_OPTIONS, _RESOLUTION = 0, 9
_MICROSECONDS = 1_000_000


def is_pcapng(begin: bytes) -> bool:
    """Whether a file that begins so is a pcapng file."""
    return begin[:4] == _SECTION.to_bytes(4, "big")


@dataclass
class _Section:
    """What is known of the section that is read."""

    order: str
    head: bytes
    links: list[int] = field(default_factory=list)
    #: The most bytes that the first interface keeps of a packet.
    snap: int = MOST


class _DamagedError(Exception):
    """The blocks cannot be followed any further."""


class Pcapng:
    """A pcapng file that is read from front to back."""

    def __init__(self) -> None:
        self.damage = ""
        self.count = 0
        self._section = _Section("", b"")

    def walk(self, data: bytes) -> tuple[list[Frames], int]:
        """Give the whole frames at the beginning of ``data``, and how many bytes they take.

        Where the data goes wrong ``damage`` says how.
        """
        found: list[Frames] = []
        place = 0
        try:
            while not self.damage and (size := self._size(data, place)):
                kind = self._number(data, place)
                if kind in _PACKET_AT:
                    starts, place = self._chain(data, place, kind)
                    frames, place = self._frames(data, starts, place, kind)
                    found += frames
                else:
                    self._describe(data[place : place + size], kind)
                    place += size
        except _DamagedError as error:
            self.damage = str(error)
        return found, place

    def _number(self, data: bytes, place: int) -> int:
        return int(struct.unpack_from(f"{self._section.order}I", data, place)[0])

    def _size(self, data: bytes, place: int) -> int:
        """Give the size of the block at ``place``; 0 where it is not all there."""
        if place + _LEAST_BLOCK > len(data):
            return 0
        if is_pcapng(data[place : place + 4]):
            order = _ORDERS.get(data[place + 8 : place + 12])
            if order is None:
                raise _DamagedError("a section that does not tell its byte order")
            self._section = _Section(order, b"")
        size = self._number(data, place + 4)
        if size % 4 or not _LEAST_BLOCK <= size <= _MOST_BLOCK:
            raise _DamagedError(f"a block of {size} bytes")
        if place + size > len(data):
            return 0
        if self._number(data, place + size - 4) != size:
            raise _DamagedError("a block whose two lengths differ")
        return size

    def _chain(self, data: bytes, place: int, kind: int) -> tuple[list[int], int]:
        """Go from block to block as long as they are of one kind; the first one is whole."""
        head_at = struct.Struct(f"{self._section.order}2I").unpack_from
        starts: list[int] = []
        length = len(data)
        while place + _LEAST_BLOCK <= length:
            found, size = head_at(data, place)
            if found != kind or size < _LEAST_BLOCK or size % 4 or place + size > length:
                break
            starts.append(place)
            place += size
        return starts, place

    def _describe(self, block: bytes, kind: int) -> None:
        """Take in a block that says how later ones are to be read."""
        if kind not in (_SECTION, _INTERFACE, _SECRETS):
            return
        section = self._section
        if len(section.head) + len(block) > _MOST_HEAD:
            raise _DamagedError(f"descriptions of interfaces of more than {_MOST_HEAD} bytes")
        section.head += block
        if kind == _INTERFACE:
            if len(block) < 20:
                raise _DamagedError("an interface without a description")
            link, _, snap = struct.unpack_from(f"{section.order}HHI", block, 8)
            if not section.links and snap:
                section.snap = snap
            section.links.append(link)

    def _frames(
        self, data: bytes, blocks: list[int], end: int, kind: int
    ) -> tuple[list[Frames], int]:
        """Give the packets of blocks of one kind up to the first that is not sound, and its place.

        ``blocks`` are the places of the blocks, ``end`` is where the last of them ends.
        """
        starts = np.array(blocks)
        begin = starts + _PACKET_AT[kind]
        ends = np.append(starts[1:], end)
        sizes, interfaces = self._fields(data, starts, ends, kind)
        links = np.array([*self._section.links, -1])
        tails = self._numbers(data, ends - 4)
        faults = (
            ("a block whose two lengths differ", tails != ends - starts),
            ("a packet of an interface that is not described", interfaces >= len(links) - 1),
            ("a packet that is longer than its block", begin + sizes > ends - 4),
            (f"a packet of more than {MOST} bytes", sizes > MOST),
        )
        sound = len(starts)
        for reason, flags in faults:
            if flags[:sound].any():
                self.damage, sound = reason, int(np.argmax(flags))
        if not sound:
            return [], blocks[0]
        first, after = self.count + 1, int(ends[sound - 1])
        self.count += sound
        frames = Frames(
            self._section.head,
            data[blocks[0] : after],
            ends[:sound] - blocks[0],
            begin[:sound] - blocks[0],
            (begin + sizes)[:sound] - blocks[0],
            links[interfaces[:sound]],
            np.arange(first, self.count + 1),
        )
        return [frames], after

    def _fields(self, data: bytes, starts: Ints, ends: Ints, kind: int) -> tuple[Ints, Ints]:
        """Give how many bytes of each packet were captured, and by which interface."""
        if kind == _SIMPLE_PACKET:
            sizes = np.minimum(self._numbers(data, starts + 8), self._section.snap)
            return np.minimum(sizes, ends - 4 - starts - _PACKET_AT[kind]), np.zeros_like(starts)
        interfaces = self._numbers(data, starts + 8)
        if kind == _OLD_PACKET:  # 16 bits, and 16 bits of something else
            interfaces = interfaces >> 16 if self._section.order == ">" else interfaces & 0xFFFF
        return self._numbers(data, np.minimum(starts + 20, ends - 4)), interfaces

    def _numbers(self, data: bytes, places: Ints) -> Ints:
        """Read the numbers at these places; blocks lie at multiples of four."""
        words = np.frombuffer(data, f"{self._section.order}u4", len(data) // 4)
        return words[places // 4].astype(np.int64)


def seconds(head: bytes, record: bytes) -> int:
    """Give the time of a record in seconds since 1970; 0 where it has none."""
    order = _ORDERS[head[8:12]]
    kind, _, interface, high, low = struct.unpack_from(f"{order}5I", record)
    if kind == _SIMPLE_PACKET:
        return 0
    if kind == _OLD_PACKET:
        interface = struct.unpack_from(f"{order}H", record, 8)[0]
    place, size = list(_interfaces(head, order))[interface]
    return int((high << 32 | low) // _units(head[place + 16 : place + size - 4], order))


def _units(options: bytes, order: str) -> int:
    """Units a second of an interface's time stamps."""
    place = 0
    while place + 4 <= len(options):
        code, length = struct.unpack_from(f"{order}HH", options, place)
        if code == _RESOLUTION and length >= 1 and place + 4 < len(options):
            value = options[place + 4]
            return int(2 ** (value & 0x7F) if value & 0x80 else 10**value)
        if code == _END_OF_OPTIONS:
            break
        place += 4 + (length + 3) // 4 * 4
    return _MICROSECONDS


def replaced(head: bytes, record: bytes, packet: bytes, link: int) -> tuple[bytes, bytes, int]:
    """Put another packet of another link type into a record.

    Gives the new head, the new record, and the place of the packet in it. Its time and its length
    on the wire stay (a simple packet block has no time).
    """
    order = _ORDERS[head[8:12]]
    kind = struct.unpack_from(f"{order}I", record)[0]
    size = struct.pack(f"{order}I", len(packet))
    fields = size if kind == _SIMPLE_PACKET else record[8:20] + size + record[24:28]
    body = fields + packet + bytes(-len(packet) % 4)
    length = struct.pack(f"{order}I", len(body) + _LEAST_BLOCK)
    new_head = _relinked(head, order, link)
    return new_head, record[:4] + length + body + length, _PACKET_AT[kind]


def _relinked(head: bytes, order: str, link: int) -> bytes:
    """Give all interfaces of a section another link type, and no limit."""
    changed = bytearray(head)
    for place, _ in _interfaces(head, order):
        struct.pack_into(f"{order}HHI", changed, place + 8, link, 0, 0)
    return bytes(changed)


def _interfaces(head: bytes, order: str) -> Iterator[tuple[int, int]]:
    """Give place and size of each description of an interface in the head of a section."""
    place = 0
    while place < len(head):
        kind, size = struct.unpack_from(f"{order}2I", head, place)
        if kind == _INTERFACE:
            yield place, size
        place += size
