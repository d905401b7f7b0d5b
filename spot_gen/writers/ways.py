"""One direction of connections: which packets it has, what each is for, and what is in it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_gen.events import numbers
from spot_gen.protocols import ACK, FIN, PSH, RST, SYN, TCP
from spot_gen.streams import Floats, Ints, draw, uniform
from spot_gen.writers.pcap import blank, sizes

Flags = NDArray[np.bool_]

#: Up to so many packets in a direction there is a frame for each.
MOST = 100
#: Bytes of data in a merged segment, at most; and in a packet on Ethernet, with its headers.
LARGEST_DATA = 65_000
_ETHERNET = 1_500

#: Purpose of the random numbers, by a connection's ``order``, that say where data are cut.
_SPLIT = 70
_ECN = 0xC0

#: Phases of a TCP connection: the opening of either side, the data, the close of either side.
OPEN_UP, OPEN_DOWN, OPENED, DATA, CLOSE_UP, CLOSE_DOWN, CLOSED = range(7)


class Way:
    """One direction of connections (``down``: 0 or 1), and which packets it has."""

    def __init__(self, connections: pa.Table, down: int) -> None:
        way, other = ("down", "up") if down else ("up", "down")
        self.down = down
        self.key = draw(numbers(connections, "order"), _SPLIT + down)
        self.proto = numbers(connections, "proto")
        self.flags = numbers(connections, f"flags_{way}").astype(np.int64)
        self.other_flags = numbers(connections, f"flags_{other}").astype(np.int64)
        counted = numbers(connections, f"packets_{way}").astype(np.int64)
        total = numbers(connections, f"bytes_{way}").astype(np.int64)
        self.header = sizes(
            blank(len(total), src_hi=numbers(connections, "src_hi"), proto=self.proto),
            np.zeros(len(total), np.int64),
        )
        self.data = np.maximum(total - self.header * counted, 0)
        merged = np.maximum(MOST, -(-self.data // LARGEST_DATA) + 4)
        self.packets = np.minimum(counted, merged)
        self.is_tcp = self.proto == TCP
        torn = (self.flags & SYN != 0) & (self.flags & RST != 0) & (counted > 1)
        #: The others are one probe, sent again and again.
        self.goes_on = self.is_tcp & ((self.flags & ACK != 0) | torn)

    @cached_property
    def row(self) -> Ints:
        """The connection of each packet."""
        return np.repeat(np.arange(len(self.packets)), self.packets)

    @cached_property
    def number(self) -> Ints:
        """The number of each packet within connection and direction."""
        starts = np.cumsum(self.packets) - self.packets
        number: Ints = np.arange(len(self.row)) - starts[self.row]
        return number

    @cached_property
    def phase(self) -> Ints:
        """What each packet is for."""
        flags, last = self.flags[self.row], self.packets[self.row] - 1
        other, number, down = self.other_flags[self.row], self.number, self.down
        phase = np.full(len(flags), DATA)
        # Who closes first also acknowledges the other's close.
        both = (flags & other & FIN != 0) & (last >= 3) & (down == 0)
        closes = self.goes_on[self.row] & (flags & (FIN | RST) != 0)
        phase[closes & (number == last - both)] = CLOSE_DOWN if down else CLOSE_UP
        phase[closes & (number > last - both)] = CLOSED
        shaken = (flags & other & SYN != 0) & (down == 0)
        phase[shaken & (number == 1) & (phase == DATA)] = OPENED
        # Openings that nobody answers are spread over the time, like data.
        heard = self.goes_on[self.row] | (other & SYN != 0) | (last == 0)
        opens = self.is_tcp[self.row] & (flags & SYN != 0) & (number == 0) & heard
        phase[opens] = OPEN_DOWN if down else OPEN_UP
        return phase

    @cached_property
    def open(self) -> Flags:
        """Which packets may have data: where there are only opening and close, the last one."""
        inside = (self.phase == DATA) | (self.phase == OPENED) | ~self.goes_on[self.row]
        some = np.bincount(self.row[inside], minlength=len(self.packets)) > 0
        last: Flags = self.number == self.packets[self.row] - 1
        last &= ~some[self.row]
        last |= inside
        return last

    def room(self) -> Ints:
        """Return how many packets of each connection may have data."""
        return np.bincount(self.row[self.open], minlength=len(self.packets))

    def split(self, room: Ints, far: Ints) -> tuple[Ints, Flags]:
        """Return the bytes of data in each packet, and which is the last with data.

        ``far``: the room in the other direction. As many packets have data as leave one pure
        acknowledgement for every two packets with data of the other side.
        """
        segment = np.maximum(_ETHERNET - self.header, 1)
        least = np.maximum(-(-self.data // segment), 1)
        carriers = np.where(self.goes_on, np.maximum((4 * room - 2 * far) // 3, least), room)
        carriers = np.clip(carriers, 1, np.maximum(room, 1))
        row = self.row
        before: Ints = np.cumsum(self.open) - self.open
        place: Ints = before - before[_starts(self.packets)[row]]
        # The carriers stand evenly among the packets with room, the last of which is one.
        number = place * carriers[row] // np.maximum(room, 1)[row]
        carries = self.open & ((place + 1) * carriers[row] // np.maximum(room, 1)[row] > number)
        last = carries & (number == carriers[row] - 1)
        mean = self.data / carriers
        free = np.clip((segment / np.maximum(mean, 1.0) - 1.0) / 2, 0.0, 0.5) * self.goes_on
        low, high = (self._edge(number + n, mean, free, carriers) for n in (0, 1))
        return np.where(carries, high - low, 0), last

    def _edge(self, number: Ints, mean: Floats, free: Floats, carriers: Ints) -> Ints:
        """Return where in the data a segment begins: off from even by up to ``free`` of one."""
        row = self.row
        off = (uniform(self.key[row], number) * 2.0 - 1.0) * free[row]
        edge = np.floor((number + off) * mean[row]).astype(np.int64)
        edge = np.where(number == 0, 0, edge)
        return np.where(number == carriers[row], self.data[row], edge)

    def bits(self, data: Ints, last: Flags) -> Ints:
        """Return the TCP flags of each packet: OR-ed they are those of the direction."""
        row, phase = self.row, self.phase
        given = self.flags[row]
        opening = (phase == OPEN_UP) | (phase == OPEN_DOWN)
        closing = (phase == CLOSE_UP) | (phase == CLOSE_DOWN)
        flags = np.where(opening, given & (SYN | _ECN | (ACK if self.down else 0)), given & ACK)
        flags |= np.where(closing, given & (FIN | RST), 0)
        flags |= np.where((data > 0) & (last | (self.number % 8 == 7)), given & PSH, 0)
        flags = np.where(self.goes_on[row], flags, given)
        filled = np.flatnonzero(self.packets)
        if len(filled):
            ends = np.cumsum(self.packets)[filled]
            seen = np.bitwise_or.reduceat(flags, ends - self.packets[filled])
            flags[ends - 1] |= self.flags[filled] & ~seen
        return np.where(self.is_tcp[row], flags, 0)


def _starts(packets: Ints) -> Ints:
    """Return where the packets of each connection begin; some place for those without any."""
    starts: Ints = np.minimum(np.cumsum(packets) - packets, max(int(packets.sum()) - 1, 0))
    return starts
