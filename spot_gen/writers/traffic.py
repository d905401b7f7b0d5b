"""Packets on their way into a capture, and those of DNS exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from spot_gen.dnswire import DATAGRAMS, PORT, STREAM, Step, answered, queries, responses
from spot_gen.events import numbers
from spot_gen.protocols import FIN, SYN, TCP
from spot_gen.ragged import Ragged
from spot_gen.streams import Ints, draw
from spot_gen.writers.pcap import PACKET, Packets, blank

#: Bits of a packet's ``kind``: the first of an event, an answer of DNS.
FIRST, RESPONSE = 1, 2
#: ``mark`` of a packet that no label points at.
UNMARKED = -1

#: Purposes of random numbers by an event's ``order``.
_SEQUENCE_UP, _SEQUENCE_DOWN, _ID_UP, _ID_DOWN = 60, 61, 62, 63
_WINDOW_UP, _WINDOW_DOWN = 502, 509


@dataclass(frozen=True, eq=False)
class Traffic:
    """Packets in any order. Packet i carries row ``message[i]`` of ``messages``."""

    packets: Packets
    messages: Ragged
    message: Ints

    def __len__(self) -> int:
        return len(self.packets)

    @classmethod
    def joined(cls, parts: Sequence[Traffic]) -> Traffic:
        """Return the packets of several."""
        before = np.cumsum([0, *(len(part.messages) for part in parts)])
        return cls(
            np.concatenate([np.zeros(0, PACKET), *(part.packets for part in parts)]),
            Ragged.joined(part.messages for part in parts),
            np.concatenate(
                [np.zeros(0, np.int64)]
                + [p.message + n for p, n in zip(parts, before[:-1], strict=True)]
            ),
        )

    def payload(self, rows: ArrayLike) -> Ragged:
        """Return what the packets at positions carry."""
        return self.messages.take(self.message[np.asarray(rows)])

    def take(self, rows: Ints) -> Traffic:
        """Return the packets at positions, with nothing else in memory."""
        return Traffic(self.packets[rows], self.payload(rows), np.arange(len(rows)))


def exchanges(lookups: pa.Table, marks: Ints, *, mark_first: bool = False) -> Traffic:
    """Return the packets of look-ups (LOOKUPS).

    ``marks``: what the marked packet of each look-up is given; that packet is the answer, or the
    question where no answer came (``mark_first``: the first packet in any case).
    """
    size = lookups.num_rows
    asked, told = queries(lookups, framed=True), responses(lookups, framed=True)
    messages = Ragged.joined([asked, told, Ragged.empty(1)])
    stream = numbers(lookups, "proto") == TCP
    parts, message = [], []
    for steps, at in ((DATAGRAMS, np.flatnonzero(~stream)), (STREAM, np.flatnonzero(stream))):
        if not len(at):
            continue
        group = _Exchanges(lookups.take(pa.array(at)), asked.lengths[at], told.lengths[at])
        for number, step in enumerate(steps):
            rows = group.rows(step)
            packets = group.packets(number, step, rows, steps is STREAM)
            marked = (number == 0) if mark_first else group.marked(step)[rows]
            packets["mark"] = np.where(marked, marks[at][rows], UNMARKED)
            parts.append(packets)
            place = at[rows] + step.response * size
            message.append(place if step.query or step.response else np.full(len(rows), 2 * size))
    if not parts:
        return Traffic.joined([])
    return Traffic(np.concatenate(parts), messages, np.concatenate(message))


class _Exchanges:
    """Look-ups of one protocol, whose messages have these lengths."""

    def __init__(self, lookups: pa.Table, query: Ints, response: Ints) -> None:
        self._lookups = lookups
        self._lengths = query, response
        self._answered = answered(lookups)
        self._order = numbers(lookups, "order")
        self._first = [
            draw(self._order, n) >> np.uint64(33) for n in (_SEQUENCE_UP, _SEQUENCE_DOWN)
        ]
        self._id = [draw(self._order, n) & np.uint64(0x7FFF) for n in (_ID_UP, _ID_DOWN)]

    def rows(self, step: Step) -> Ints:
        """Return the look-ups that take a step."""
        there = self._answered if step.if_answered else np.ones(len(self._answered), bool)
        return np.flatnonzero(there)

    def marked(self, step: Step) -> np.ndarray:
        """Say for which look-ups this is the packet that a label points at."""
        return self._answered if step.response else ~self._answered & step.query

    def packets(self, number: int, step: Step, rows: Ints, stream: bool) -> Packets:
        """Return the packets of one step."""
        ends = ("client", "server") if step.up else ("server", "client")
        port = numbers(self._lookups, "sport")[rows]
        kind = (FIRST if number == 0 else 0) | (RESPONSE if step.response else 0)
        packets = blank(
            len(rows),
            time_us=step.time_us(self._lookups)[rows],
            order=self._order[rows],
            step=number,
            sport=port if step.up else PORT,
            dport=PORT if step.up else port,
            proto=numbers(self._lookups, "proto")[rows],
            ip_id=self._id[not step.up][rows] + np.uint64(number),
            kind=kind,
        )
        for name, end in zip(("src", "dst"), ends, strict=True):
            for half in ("hi", "lo"):
                packets[f"{name}_{half}"] = numbers(self._lookups, f"{end}_{half}")[rows]
        if stream:
            self._number(packets, number, step, rows)
        return packets

    def _number(self, packets: Packets, number: int, step: Step, rows: Ints) -> None:
        """Fill in what TCP counts: bytes sent and bytes seen, each opening and close as one."""
        packets["flags"], packets["options"] = step.flags, step.options
        packets["window"] = _WINDOW_UP if step.up else _WINDOW_DOWN
        sent, seen = self._counted(number, step.up), self._counted(number, not step.up)
        packets["seq"] = (sent[rows] & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        if step.flags != SYN:
            packets["ack"] = (seen[rows] & np.uint64(0xFFFFFFFF)).astype(np.uint32)

    def _counted(self, number: int, up: bool) -> np.ndarray:
        """Return what one side has sent before a step."""
        count = self._first[not up].copy()
        for step in STREAM[:number]:
            if step.up == up:
                data = step.query * self._lengths[0] + step.response * self._lengths[1]
                opened = bool(step.flags & SYN) + bool(step.flags & FIN)
                count += (data + opened).astype(np.uint64)
        return count
