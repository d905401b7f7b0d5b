"""The packets of connections: opening, data, acknowledgements and close, with exact sums.

Packets, bytes and flags of each direction are those that CONNECTIONS says. Two exceptions:

* Beyond ``MOST`` packets in a direction, packets are merged into segments of up to ``LARGEST_DATA``
  bytes, as captures look on hosts whose network card does that (generic receive offload). The bytes
  of data stay exact; the headers of the packets that were merged are not seen.
* Where CONNECTIONS counts fewer bytes than there are headers, packets are as short as they can be.

Data are zeros. Time is a round trip for opening and close each, and even in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_gen.events import numbers
from spot_gen.streams import Floats, Ints, Keys, draw, integers, uniform
from spot_gen.writers.pcap import ACK, FIN, ICMP, ICMP_6, PSH, RST, SYN, TCP, Packets, blank
from spot_gen.writers.pcap import sizes as ip_sizes
from spot_gen.writers.traffic import FIRST, UNMARKED

Flags = NDArray[np.bool_]

#: Up to so many packets in a direction there is a frame for each.
MOST = 1_000
#: Bytes of data in a merged segment, at most; and in a packet on Ethernet, with its headers.
LARGEST_DATA = 65_000
_ETHERNET = 1_500

#: Purposes of random numbers by a connection's ``order``.
_TRIP, _ID, _SEQUENCE, _PING, _SPLIT = 64, 65, 67, 69, 70
_ECN = 0xC0
_WINDOW = 502
#: The answer's type x 256 to an ICMP question: echo, timestamp, and echo of version 6.
_ANSWERS = {8 << 8: 0, 13 << 8: 14 << 8, 128 << 8: 129 << 8}

#: Phases of a TCP connection: the opening of either side, the data, the close of either side.
_OPEN_UP, _OPEN_DOWN, _OPENED, _DATA, _CLOSE_UP, _CLOSE_DOWN, _CLOSED = range(7)


def packet_counts(connections: pa.Table) -> Ints:
    """Return how many packets ``train`` makes of each connection."""
    counts: Ints = _Way(connections, 0).packets + _Way(connections, 1).packets
    return counts


def train(connections: pa.Table, marks: Ints) -> Packets:
    """Return the packets of connections; the first of each has its ``mark``."""
    ways = [_Way(connections, number) for number in (0, 1)]
    rooms = [way.room() for way in ways]
    both = [
        _Sent.of(way, room, far) for way, room, far in zip(ways, rooms, rooms[::-1], strict=True)
    ]
    sent = _Sent(*(np.concatenate(columns) for columns in zip(*map(_columns, both), strict=True)))
    # By connection, then phase, then place within it; of equal ones the source's comes first.
    place = sent.phase << 33 | sent.place
    order = np.lexsort((sent.down, place, sent.row))
    return _packets(connections, _Sent(*(c[order] for c in _columns(sent))), marks)


class _Way:
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
        self.header = ip_sizes(
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
        phase = np.full(len(flags), _DATA)
        # Who closes first also acknowledges the other's close.
        both = (flags & other & FIN != 0) & (last >= 3) & (down == 0)
        closes = self.goes_on[self.row] & (flags & (FIN | RST) != 0)
        phase[closes & (number == last - both)] = _CLOSE_DOWN if down else _CLOSE_UP
        phase[closes & (number > last - both)] = _CLOSED
        shaken = (flags & other & SYN != 0) & (down == 0)
        phase[shaken & (number == 1) & (phase == _DATA)] = _OPENED
        # Openings that nobody answers are spread over the time, like data.
        heard = self.goes_on[self.row] | (other & SYN != 0) | (last == 0)
        opens = self.is_tcp[self.row] & (flags & SYN != 0) & (number == 0) & heard
        phase[opens] = _OPEN_DOWN if down else _OPEN_UP
        return phase

    @cached_property
    def open(self) -> Flags:
        """Which packets may have data: where there are only opening and close, the last one."""
        inside = (self.phase == _DATA) | (self.phase == _OPENED) | ~self.goes_on[self.row]
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
        opening = (phase == _OPEN_UP) | (phase == _OPEN_DOWN)
        closing = (phase == _CLOSE_UP) | (phase == _CLOSE_DOWN)
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


@dataclass(frozen=True, eq=False)
class _Sent:
    """Packets: of which connection, in which direction, which number of it; what it is."""

    row: Ints
    down: Ints
    number: Ints
    phase: Ints
    place: Ints
    data: Ints
    flags: Ints
    #: What it adds to TCP's sequence number.
    counts: Ints

    @classmethod
    def of(cls, way: _Way, room: Ints, far: Ints) -> _Sent:
        """List the packets of a direction; ``room`` and ``far`` as in ``_Way.split``."""
        row, number, down = way.row, way.number, way.down
        data, last = way.split(room, far)
        flags = way.bits(data, last)
        before, within = (
            np.bincount(row[there], minlength=len(room))
            for there in (way.phase < _DATA, way.phase == _DATA)
        )
        place = ((2 * (number - before[row]) + down) << 31) // np.maximum(within, 1)[row]
        place = np.where(way.phase == _DATA, place, number)
        again = way.is_tcp[row] & ~way.goes_on[row] & (number < way.packets[row] - 1)
        counts = np.where(again, 0, data + (flags & SYN != 0) + (flags & FIN != 0))
        return cls(row, np.full(len(row), down), number, way.phase, place, data, flags, counts)


def _starts(packets: Ints) -> Ints:
    """Return where the packets of each connection begin; some place for those without any."""
    starts: Ints = np.minimum(np.cumsum(packets) - packets, max(int(packets.sum()) - 1, 0))
    return starts


def _columns(sent: _Sent) -> list[Ints]:
    return [getattr(sent, name) for name in _Sent.__dataclass_fields__]


def _packets(connections: pa.Table, sent: _Sent, marks: Ints) -> Packets:
    """Fill in packets that are in the order of connection and step."""
    row, down = sent.row, sent.down == 1
    order = numbers(connections, "order")
    counts = np.bincount(row, minlength=len(order))
    step = np.arange(len(row)) - (np.cumsum(counts) - counts)[row]
    packets = blank(
        len(row),
        time_us=_times(connections, sent, counts, step),
        order=order[row],
        step=step,
        proto=numbers(connections, "proto")[row],
        tos=numbers(connections, "tos")[row],
        flags=sent.flags,
        zeros=sent.data,
        ip_id=(draw(order[row], _ID + sent.down) + sent.number.astype(np.uint64)).astype(np.uint16),
        kind=np.where(step == 0, FIRST, 0),
        mark=np.where(step == 0, marks[row], UNMARKED),
    )
    for name, other in (("src", "dst"), ("dst", "src")):
        for half in ("hi", "lo"):
            near, far = (numbers(connections, f"{end}_{half}")[row] for end in (name, other))
            packets[f"{name}_{half}"] = np.where(down, far, near)
    _fill_ports(packets, connections, sent)
    _fill_sequence(packets, order, sent)
    _fill_pings(packets, order, sent)
    return packets


def _times(connections: pa.Table, sent: _Sent, counts: Ints, step: Ints) -> Ints:
    """Return when each packet passes."""
    begin, end = numbers(connections, "time_us"), numbers(connections, "end_us")
    before = np.bincount(sent.row[sent.phase < _DATA], minlength=len(begin))
    after = np.bincount(sent.row[sent.phase > _DATA], minlength=len(begin))
    trip = integers(numbers(connections, "order"), _TRIP, 150, 20_000)
    trip = np.minimum(trip, np.maximum(end - begin, 0) // (2 * (before + after + 1)))
    first, last = begin + before * trip, np.maximum(end - after * trip, begin + before * trip)
    row = sent.row
    steps = np.maximum(counts - before - after - 1, 1)
    spread = first[row] + (last - first)[row] * (step - before[row]) // steps[row]
    closing = np.maximum(end, begin)[row] - (counts[row] - 1 - step) * trip[row]
    opening = begin[row] + step * trip[row]
    late: Ints = np.where(sent.phase > _DATA, closing, spread)
    return np.where(sent.phase < _DATA, opening, late)


def _fill_ports(packets: Packets, connections: pa.Table, sent: _Sent) -> None:
    sport, dport = (numbers(connections, name)[sent.row] for name in ("sport", "dport"))
    down = sent.down == 1
    packets["sport"] = np.where(down, dport, sport)
    packets["dport"] = np.where(down, sport, dport)
    echo = np.isin(packets["proto"], (ICMP, ICMP_6))
    kind = dport.copy()
    for question, answer in _ANSWERS.items():
        kind[down & (dport == question)] = answer
    packets["dport"] = np.where(echo, kind, packets["dport"])


def _fill_sequence(packets: Packets, order: Keys, sent: _Sent) -> None:
    """Fill in TCP's numbers: what this side has sent, and what it has got, until now."""
    tcp = packets["proto"] == TCP
    down = sent.down == 1
    if not tcp.any():
        return
    first = np.flatnonzero(np.diff(sent.row, prepend=-1))
    far = []
    for number, counted in enumerate((~down, down)):
        counts = np.where(counted, sent.counts, 0)
        total = np.cumsum(counts) - counts
        begun = np.repeat(total[first], np.diff(first, append=len(total)))
        start = (draw(order, _SEQUENCE + number) >> np.uint64(33)).astype(np.int64)
        far.append((start[sent.row] + total - begun) & 0xFFFFFFFF)
    acknowledges = sent.flags & ACK != 0
    packets["seq"] = np.where(tcp, np.where(down, far[1], far[0]), 0)
    packets["ack"] = np.where(tcp & acknowledges, np.where(down, far[0], far[1]), 0)
    packets["window"] = np.where(tcp, _WINDOW, 0)


def _fill_pings(packets: Packets, order: Keys, sent: _Sent) -> None:
    """Fill in the identifier and number of ICMP questions and their answers."""
    echo = np.flatnonzero(np.isin(packets["proto"], (ICMP, ICMP_6)))
    if len(echo):
        identifier = (draw(order, _PING) >> np.uint64(48)).astype(np.int64)
        number = (sent.number[echo] + 1) & 0xFFFF
        packets["seq"][echo] = identifier[sent.row[echo]] << 16 | number
