"""The records of a pcap file, one after the other."""

from __future__ import annotations

import struct

import numpy as np

from spot_ingest.readers.frames import Frames, Ints

HEAD_SIZE = 24
RECORD_SIZE = 16
#: More bytes than this are no packet (the limit of the tools that write captures).
MOST = 262_144
#: Byte orders by magic number: times in microseconds and in nanoseconds.
_ORDERS = {b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
_ORDERS |= {magic[::-1]: "<" for magic in _ORDERS}
_LINK_BITS = 0x03FF_FFFF


def is_pcap(begin: bytes) -> bool:
    """Whether a file that begins so is a pcap file."""
    return begin[:4] in _ORDERS


class Pcap:
    """A pcap file that is read from front to back."""

    def __init__(self) -> None:
        self.damage = ""
        self.count = 0
        self._head = b""
        self._order = ""

    def walk(self, data: bytes) -> tuple[list[Frames], int]:
        """Give the whole frames at the beginning of ``data``, and how many bytes they take.

        Where the data goes wrong ``damage`` says how.
        """
        place = 0
        if not self._head:
            if len(data) < HEAD_SIZE:
                return [], 0
            place = HEAD_SIZE
            self._head = data[:place]
            self._order = _ORDERS[data[:4]]
        starts, end = self._chain(data, place)
        if not starts:
            return [], place
        return [self._frames(data[place:end], np.array(starts) - place)], end

    def _chain(self, data: bytes, place: int) -> tuple[list[int], int]:
        """Go from record to record; each says where the next one begins."""
        size_at = struct.Struct(f"{self._order}I").unpack_from
        starts: list[int] = []
        length = len(data)
        while place + RECORD_SIZE <= length:
            size = size_at(data, place + 8)[0]
            after = place + RECORD_SIZE + size
            if size > MOST:
                self.damage = f"a packet of {size} bytes, more than {MOST}"
                break
            if after > length:
                break
            starts.append(place)
            place = after
        return starts, place

    def _frames(self, body: bytes, starts: Ints) -> Frames:
        ends = np.append(starts[1:], len(body))
        first = self.count + 1
        self.count += len(starts)
        link = struct.unpack_from(f"{self._order}I", self._head, 20)[0] & _LINK_BITS
        return Frames(
            self._head,
            body,
            ends,
            starts + RECORD_SIZE,
            ends,
            np.full(len(starts), link),
            np.arange(first, self.count + 1),
        )


def seconds(head: bytes, record: bytes) -> int:
    """Give the time of a record in seconds since 1970."""
    return int(struct.unpack_from(f"{_ORDERS[head[:4]]}I", record)[0])


def replaced(head: bytes, record: bytes, packet: bytes, link: int) -> tuple[bytes, bytes, int]:
    """Put another packet of another link type into a record.

    Gives the new head, the new record, and the place of the packet in it. Its time and its length
    on the wire stay.
    """
    order = _ORDERS[head[:4]]
    new_head = head[:20] + struct.pack(f"{order}I", link)
    size = struct.pack(f"{order}I", len(packet))
    return new_head, record[:8] + size + record[12:16] + packet, RECORD_SIZE
