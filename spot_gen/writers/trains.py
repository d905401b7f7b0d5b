"""The packets of connections: opening, data, acknowledgements and close, with exact sums.

Packets, bytes and flags of each direction are those that CONNECTIONS says. Two exceptions:

* Beyond ``ways.MOST`` packets in a direction, packets are merged into segments of up to
  ``ways.LARGEST_DATA`` bytes, as captures look on hosts whose network card does that (generic
  receive offload). The bytes of data stay exact; the headers of merged packets are not seen.
* Where CONNECTIONS counts fewer bytes than there are headers, packets are as short as they can be.

Data are zeros. Time is a round trip for opening and close each, and even in between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from spot_gen.events import numbers
from spot_gen.protocols import ACK, FIN, ICMP, ICMP_6, SYN, TCP
from spot_gen.streams import Ints, Keys, draw, integers
from spot_gen.writers.pcap import Packets, blank
from spot_gen.writers.traffic import FIRST, UNMARKED
from spot_gen.writers.ways import DATA, Way

#: Purposes of random numbers by a connection's ``order``.
_TRIP, _ID, _SEQUENCE, _PING = 64, 65, 67, 69
_WINDOW = 502
#: The answer's type x 256 to an ICMP question: echo, timestamp, and echo of version 6.
_ANSWERS = {8 << 8: 0, 13 << 8: 14 << 8, 128 << 8: 129 << 8}


def packet_counts(connections: pa.Table) -> Ints:
    """Return how many packets ``train`` makes of each connection."""
    counts: Ints = Way(connections, 0).packets + Way(connections, 1).packets
    return counts


def train(connections: pa.Table, marks: Ints) -> Packets:
    """Return the packets of connections; the first of each has its ``mark``."""
    ways = [Way(connections, number) for number in (0, 1)]
    rooms = [way.room() for way in ways]
    both = [
        _Sent.of(way, room, far) for way, room, far in zip(ways, rooms, rooms[::-1], strict=True)
    ]
    sent = _Sent(*(np.concatenate(columns) for columns in zip(*map(_columns, both), strict=True)))
    # By connection, then phase, then place within it; of equal ones the source's comes first.
    place = sent.phase << 33 | sent.place
    order = np.lexsort((sent.down, place, sent.row))
    return _packets(connections, _Sent(*(c[order] for c in _columns(sent))), marks)


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
    def of(cls, way: Way, room: Ints, far: Ints) -> _Sent:
        """List the packets of a direction; ``room`` and ``far`` as in ``Way.split``."""
        row, number, down = way.row, way.number, way.down
        data, last = way.split(room, far)
        flags = way.bits(data, last)
        before, within = (
            np.bincount(row[there], minlength=len(room))
            for there in (way.phase < DATA, way.phase == DATA)
        )
        place = ((2 * (number - before[row]) + down) << 31) // np.maximum(within, 1)[row]
        place = np.where(way.phase == DATA, place, number)
        again = way.is_tcp[row] & ~way.goes_on[row] & (number < way.packets[row] - 1)
        counts = np.where(again, 0, data + (flags & SYN != 0) + (flags & FIN != 0))
        return cls(row, np.full(len(row), down), number, way.phase, place, data, flags, counts)


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
    before = np.bincount(sent.row[sent.phase < DATA], minlength=len(begin))
    after = np.bincount(sent.row[sent.phase > DATA], minlength=len(begin))
    trip = integers(numbers(connections, "order"), _TRIP, 150, 20_000)
    trip = np.minimum(trip, np.maximum(end - begin, 0) // (2 * (before + after + 1)))
    first, last = begin + before * trip, np.maximum(end - after * trip, begin + before * trip)
    row = sent.row
    steps = np.maximum(counts - before - after - 1, 1)
    spread = first[row] + (last - first)[row] * (step - before[row]) // steps[row]
    closing = np.maximum(end, begin)[row] - (counts[row] - 1 - step) * trip[row]
    opening = begin[row] + step * trip[row]
    late: Ints = np.where(sent.phase > DATA, closing, spread)
    return np.where(sent.phase < DATA, opening, late)


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
