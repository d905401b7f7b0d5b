"""The router as a sensor: connections become flow records (specification B5).

A router sees the packets of a connection and keeps one record of them until it has been silent for
the inactive time-out, has been open for the active time-out, or was closed by FIN or RST. Packets
are taken to be spread evenly over the connection; of a single packet each way, the answer comes at
its end. The random part of a record depends on the connection's ``order`` and the record's number
within the connection only, so the records are the same however the connections were batched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_gen.config.model import Export
from spot_gen.events import numbers
from spot_gen.network import World
from spot_gen.network.routes import routes
from spot_gen.protocols import FIN, ICMP, ICMP_6, RST, SYN, TCP
from spot_gen.streams import Floats, Ints, Keys, integers, uniform

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

#: One flow record. Times are whole milliseconds, written in microseconds. ``packets`` and ``bytes``
#: are from source to destination, ``out_*`` the other way (0 in style ``uni``). ``input`` and
#: ``output`` are interfaces of the router; ``exporter`` and ``next_hop`` IPv4 addresses; ``number``
#: tells the records of one connection apart. ICMP as in ``spot_gen.events.CONNECTIONS``.
RECORDS = pa.schema(
    [
        ("received_us", pa.int64()),
        ("first_us", pa.int64()),
        ("last_us", pa.int64()),
        ("src_hi", pa.uint64()),
        ("src_lo", pa.uint64()),
        ("dst_hi", pa.uint64()),
        ("dst_lo", pa.uint64()),
        ("sport", pa.uint16()),
        ("dport", pa.uint16()),
        ("proto", pa.uint8()),
        ("tos", pa.uint8()),
        ("flags", pa.uint8()),
        ("packets", pa.uint64()),
        ("bytes", pa.uint64()),
        ("out_packets", pa.uint64()),
        ("out_bytes", pa.uint64()),
        ("input", pa.uint16()),
        ("output", pa.uint16()),
        ("src_as", pa.uint32()),
        ("dst_as", pa.uint32()),
        ("src_mask", pa.uint8()),
        ("dst_mask", pa.uint8()),
        ("exporter", pa.uint32()),
        ("next_hop", pa.uint32()),
        ("label", pa.int32()),
        ("stage", pa.uint8()),
        ("order", pa.uint64()),
        ("number", pa.uint32()),
    ]
)

_MS = 1000
#: What takes a closed or too long flow out of the router's memory, at most.
_PROMPT_MS = 1000
_SYN = np.uint8(SYN)
_CLOSING = np.uint8(FIN | RST)
_MIDDLE = np.uint8(0xFF ^ (FIN | SYN | RST))

#: Purposes of random numbers: each direction thinned and losing flags; then by record number.
_THIN, _LOSE_OPENING, _LOSE_CLOSING, _LATE = 0, 2, 4, 16

#: The answer's type x 256 to an ICMP question: echo, timestamp, and echo of version 6.
_ANSWERS = {8 << 8: 0, 13 << 8: 14 << 8, 128 << 8: 129 << 8}


@dataclass(frozen=True)
class _Way:
    """One direction of some connections: packets and bytes (int64), flags; ``number`` 0 or 1."""

    packets: Ints
    octets: Ints
    flags: Bytes
    number: int


@dataclass(frozen=True)
class _Share:
    """What records have of one direction; ``first`` and ``last`` packet in ms of the connection."""

    packets: Ints
    octets: Ints
    flags: Bytes
    first: Ints
    last: Ints


@dataclass(frozen=True)
class _Cuts:
    """Pieces of connections: whose (``row``), which (``piece``), whether ``final``.

    ``low`` and ``high`` (ms after the connection's begin) bound a piece, ``length`` is that of the
    whole connection.
    """

    row: Ints
    piece: Ints
    low: Ints
    high: Ints
    length: Ints
    final: Flags


class Exporter:
    """A router that is told of connections and gives their records when it would export them."""

    def __init__(self, export: Export, world: World) -> None:
        self._export = export
        self._address = np.uint32(world.server("router").address[1])
        self._waiting: list[pa.Table] = []

    def add(self, connections: pa.Table) -> None:
        """Take connections (schema CONNECTIONS, any order)."""
        if connections.num_rows:
            self._waiting.append(self._records(connections))

    def until(self, end_us: int) -> pa.Table:
        """Give the records received before ``end_us`` that were not given yet (schema RECORDS).

        They are in the order of receipt, then ``order``, then ``number``. All connections that
        begin before ``end_us`` must have been added.
        """
        waiting = pa.concat_tables([RECORDS.empty_table(), *self._waiting]).combine_chunks()
        due = numbers(waiting, "received_us") < end_us
        later = waiting.filter(pa.array(~due))
        self._waiting = [later] if later.num_rows else []
        ready = waiting.filter(pa.array(due)) if later.num_rows else waiting
        keys = (numbers(ready, name) for name in ("number", "order", "received_us"))
        return ready.take(pa.array(np.lexsort(tuple(keys)))).combine_chunks()

    def _records(self, connections: pa.Table) -> pa.Table:
        columns = {name: numbers(connections, name) for name in connections.schema.names}
        up, down = (self._seen(columns, way, number) for number, way in enumerate(("up", "down")))
        begin = columns["time_us"] // _MS
        cuts = _cut(columns["end_us"] // _MS - begin, self._export.active_s * 1000)
        there, back = _share(up, cuts), _share(down, cuts)
        columns = {name: columns[name][cuts.row] for name in _KEPT}
        columns["begin"] = begin[cuts.row]
        if self._export.style == "bi":
            return self._table(columns, cuts, _joined(there, back), back)
        nothing = np.zeros_like(there.packets)
        none = _Share(nothing, nothing, there.flags, there.first, there.last)
        tables = [self._table(columns, cuts, there, none)]
        tables.append(self._table(_turned(columns), cuts, back, none, reverse=1))
        return pa.concat_tables(tables)

    def _seen(self, columns: dict[str, Any], way: str, number: int) -> _Way:
        """Thin the packets of a direction: every n-th packet that passes is seen."""
        packets = columns[f"packets_{way}"].astype(np.int64)
        octets = columns[f"bytes_{way}"].astype(np.int64)
        flags = columns[f"flags_{way}"]
        every = self._export.sampling
        if every == 1:
            return _Way(packets, octets, flags, number)
        order: Keys = columns["order"]
        seen = (packets + integers(order, _THIN + number, 0, every)) // every
        share: Floats = seen / np.maximum(packets, 1)
        kept = np.where(uniform(order, _LOSE_OPENING + number) < share, flags, flags & ~_SYN)
        kept = np.where(uniform(order, _LOSE_CLOSING + number) < share, kept, kept & ~_CLOSING)
        kept = np.where(kept == 0, flags, kept)
        return _Way(seen, _part(octets, seen, packets), kept, number)

    def _table(
        self,
        columns: dict[str, Any],
        cuts: _Cuts,
        share: _Share,
        out: _Share,
        reverse: int = 0,
    ) -> pa.Table:
        """Put records together; those without packets are left out."""
        prompt = ~cuts.final | ((columns["proto"] == TCP) & (share.flags & _CLOSING != 0))
        number = cuts.piece * 2 + reverse
        wait = np.where(prompt, _PROMPT_MS, self._export.inactive_s * 1000)
        wait = wait + integers(columns["order"], number + _LATE, 20, 1000)
        last = columns["begin"] + share.last
        values = {
            **columns,
            **routes(columns),
            "received_us": (last + wait) * _MS,
            "first_us": (columns["begin"] + share.first) * _MS,
            "last_us": last * _MS,
            "flags": share.flags,
            "packets": share.packets,
            "bytes": share.octets,
            "out_packets": out.packets,
            "out_bytes": out.octets,
            "exporter": np.full(len(last), self._address),
            "number": number,
        }
        arrays = [_array(values[field.name], field.type) for field in RECORDS]
        table = pa.Table.from_arrays(arrays, schema=RECORDS)
        empty = (share.packets == 0) & (out.packets == 0)
        return table.filter(pa.array(~empty)) if empty.any() else table


_ENDS = ("src_hi", "src_lo", "dst_hi", "dst_lo")
_KEPT = (*_ENDS, "sport", "dport", "proto", "tos", "label", "stage", "order")


def _array(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    return pa.array(values.astype(kind.to_pandas_dtype(), copy=False))


def _cut(length: Ints, active_ms: int) -> _Cuts:
    """Cut connections (their lengths in ms) at the active time-out."""
    counts = length // active_ms + 1
    row = np.repeat(np.arange(len(length)), counts)
    piece = np.arange(len(row)) - (np.cumsum(counts) - counts)[row]
    low = piece * active_ms
    return _Cuts(row, piece, low, low + active_ms, length[row], piece == counts[row] - 1)


def _share(way: _Way, cuts: _Cuts) -> _Share:
    """Give each piece the packets of one direction that fall into it."""
    packets, octets, flags = way.packets[cuts.row], way.octets[cuts.row], way.flags[cuts.row]
    whole = cuts.final & (cuts.piece == 0)
    answer = (packets == 1) & (way.number == 1)
    zero = np.zeros_like(packets)
    low, high = zero.copy(), packets.copy()
    first, last = np.where(answer, cuts.length, 0), np.where(packets == 1, 0, cuts.length)
    last = np.where(answer, cuts.length, last)
    part = np.flatnonzero(~whole)
    if len(part):
        total, length, lone = packets[part], cuts.length[part], answer[part]
        low[part] = _before(cuts.low[part], total, length, lone)
        high[part] = _before(cuts.high[part], total, length, lone)
        step = np.maximum(total - 1, 1)
        first[part] = np.where(lone, length, length * low[part] // step)
        last[part] = np.where(lone, length, length * (high[part] - 1) // step)
        octets[part] = _part(octets[part], high[part], total) - _part(
            octets[part], low[part], total
        )
    opening = np.where((low == 0) & (high > 0), flags & _SYN, 0)
    closing = np.where((high == packets) & (high > low), flags & _CLOSING, 0)
    middle = np.where(high > low, flags & _MIDDLE, 0)
    return _Share(high - low, octets, (opening | closing | middle).astype(np.uint8), first, last)


def _before(cut: Ints, packets: Ints, length: Ints, lone_answer: Flags) -> Ints:
    """Count the packets before a time (ms): packet i of n comes at length x i / (n - 1)."""
    count = -(-cut * np.maximum(packets - 1, 1) // np.maximum(length, 1))
    return np.where(lone_answer, cut > length, np.minimum(count, packets))


def _part(total: Ints, number: Ints, of: Ints) -> Ints:
    """Give the bytes of the first ``number`` of ``of`` packets; no product exceeds 64 bits."""
    each, rest = np.divmod(total, np.maximum(of, 1))
    return each * number + rest * number // np.maximum(of, 1)


def _joined(there: _Share, back: _Share) -> _Share:
    """Make one record of both directions: the times and flags of either."""
    no_there, no_back = there.packets == 0, back.packets == 0
    first = np.minimum(there.first, back.first)
    last = np.maximum(there.last, back.last)
    return _Share(
        there.packets,
        there.octets,
        there.flags | back.flags,
        np.where(no_there, back.first, np.where(no_back, there.first, first)),
        np.where(no_there, back.last, np.where(no_back, there.last, last)),
    )


def _turned(columns: dict[str, Any]) -> dict[str, Any]:
    """Swap the ends of connections; an ICMP answer has its own type."""
    source, destination = columns["sport"], columns["dport"]
    icmp = (columns["proto"] == ICMP) | (columns["proto"] == ICMP_6)
    answer = destination
    for question, reply in _ANSWERS.items():
        answer = np.where(destination == question, reply, answer)
    return {
        **columns,
        "src_hi": columns["dst_hi"],
        "src_lo": columns["dst_lo"],
        "dst_hi": columns["src_hi"],
        "dst_lo": columns["src_lo"],
        "sport": np.where(icmp, source, destination),
        "dport": np.where(icmp, answer, source),
    }
