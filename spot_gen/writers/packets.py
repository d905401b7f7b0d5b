"""Captures of all packets (source ``pcap``), for small networks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from spot_common.errors import UsageError
from spot_gen.clock import DAY_US, HOUR_US
from spot_gen.config import Config
from spot_gen.events import Events, labelled, numbers
from spot_gen.network import World
from spot_gen.network.addresses import text
from spot_gen.ragged import Ragged
from spot_gen.streams import Ints
from spot_gen.writers.capture import CaptureWriter, mark_numbers
from spot_gen.writers.traffic import Traffic, exchanges
from spot_gen.writers.trains import packet_counts, train

#: Packets that may be expected at most: some 2 GB of files.
_MOST = 20_000_000
#: Packets a workstation and day that ordinary traffic amounts to, about.
_PER_HOST_DAY = 150_000
#: So many packets are made at once.
_CHUNK = 50_000


class PacketWriter(CaptureWriter):
    """Writes ``packets_YYYYMMDDhh.pcap``: connections (``spot_gen.writers.trains``) and DNS.

    A file has all packets of what begins in its hour. Of connections only headers are captured, of
    DNS everything; lengths are the true ones. Data that are not captured are zeros, which do not
    count in checksums: so these are right. The mark of a labelled connection or look-up is at its
    first packet.

    UsageError when more than about 20 million packets must be expected.
    """

    source = "pcap"
    rotation_us = HOUR_US
    prefix = "packets"
    snap = 0

    def __init__(self, out: Path, world: World, rotation_us: int | None = None) -> None:
        expected = expected_packets(world.config)
        if expected > _MOST:
            raise UsageError(
                f"a capture of all packets would have about {expected:,} of them",
                hint="choose a shorter span or fewer hosts, or leave out the source pcap",
            )
        super().__init__(out, world, rotation_us)

    def traffic(self, events: Events, first_mark: int) -> tuple[list[Traffic], pa.Table]:
        """Return the packets of connections and look-ups, and the keys of the labelled ones."""
        flows, lookups = events.connections, events.lookups
        marks = mark_numbers(numbers(flows, "label"), first_mark)
        keys = _keys(labelled(flows), ("src", "dst"), "dport")
        more = mark_numbers(numbers(lookups, "label"), first_mark + keys.num_rows)
        asked = _keys(labelled(lookups), ("client", "server"), None)
        parts = [*_trains(flows, marks), exchanges(lookups, more, mark_first=True)]
        return parts, pa.concat_tables([keys, asked])


def expected_packets(config: Config) -> int:
    """Estimate how many packets ordinary traffic has."""
    days = config.span_us / DAY_US
    return int(config.hosts * days * config.activity * _PER_HOST_DAY)


def _trains(flows: pa.Table, marks: Ints) -> Iterator[Traffic]:
    """Make the packets of connections, so many at a time that memory is bounded."""
    chunk = np.cumsum(packet_counts(flows)) // _CHUNK
    edges = np.flatnonzero(np.diff(chunk, prepend=-1, append=-1)).tolist()
    for first, last in pairwise(edges):
        packets = train(flows.slice(first, last - first), marks[first:last])
        yield Traffic(packets, Ragged.empty(1), np.zeros(len(packets), np.int64))


def _keys(table: pa.Table, ends: tuple[str, str], port: str | None) -> pa.Table:
    size = table.num_rows
    src, dst = (text(numbers(table, f"{end}_hi"), numbers(table, f"{end}_lo")) for end in ends)
    dport = numbers(table, port) if port else np.full(size, 53)
    return pa.table(
        {
            "src": src,
            "dst": dst,
            "sport": numbers(table, "sport").astype(np.int32),
            "dport": dport.astype(np.int32),
            "proto": numbers(table, "proto").astype(np.int32),
            "marker": table.column("label"),
            "stage": table.column("stage"),
        }
    )


WRITER = PacketWriter
