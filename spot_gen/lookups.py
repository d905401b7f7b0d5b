"""Which uses of a name become questions: the caches of machines and of the resolvers.

A resolver's copy of a name ends at fixed times, ``ttl`` apart, at a phase of the name's own; the
copies handed to machines end with it, as the remaining life in the answer says. So a machine asks
at its first use in each such window, and the resolver asks outside at the first question in it:
what was asked earlier than the longest life of a name need not be known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spot_gen import events
from spot_gen.clock import SECOND_US
from spot_gen.network.addresses import Addresses, packed
from spot_gen.network.names import ROLES, TTLS
from spot_gen.network.world import World
from spot_gen.protocols import AAAA, A
from spot_gen.recorder import Recorder
from spot_gen.streams import Ints, Keys, child

#: How long before a span the uses must be known to tell what is asked in it.
MEMORY_US = max(TTLS) * SECOND_US


@dataclass(frozen=True, eq=False)
class _Book:
    """What is known of each host: the ordinary ones, then the organisation's own servers."""

    outside: int
    host: pa.StringArray
    records: pa.ListArray
    records_6: pa.ListArray
    alias: pa.StringArray

    @classmethod
    def of(cls, world: World) -> _Book:
        names, servers = world.names, list(world.servers.values())
        four = [packed(server.address[None]) for server in servers]
        six = [[] if s.address_6 is None else packed(s.address_6[None]) for s in servers]
        return cls(
            len(names.host),
            _both(names.host, [server.full_name for server in servers]),
            _both(names.records, four),
            _both(names.records_6, six),
            _both(names.alias, [""] * len(servers)),
        )


def _both(first: pa.Array, more: list[Any]) -> pa.Array:
    return pa.concat_arrays([first, pa.array(more, first.type)])


class _Seen:
    """The keys that were seen, until they end."""

    def __init__(self) -> None:
        self._keys = np.zeros(0, np.uint64)
        self._ends = np.zeros(0, np.int64)

    def first(self, keys: Keys, ends: Ints, now_us: int) -> np.ndarray:
        """Say of which keys, in the order of time, this is the first; remember them."""
        _, place = np.unique(keys, return_index=True)
        new = np.zeros(len(keys), bool)
        new[place] = True
        new &= ~np.isin(keys, self._keys)
        kept = self._ends > now_us
        self._keys = np.concatenate([self._keys[kept], keys[new]])
        self._ends = np.concatenate([self._ends[kept], ends[new]])
        return new


class Lookups:
    """Turns uses of names into look-ups, batch after batch in the order of time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._book = _Book.of(world)
        self._machines = _Seen()
        self._resolvers = _Seen()

    def record(self, uses: pa.Table, recorder: Recorder) -> None:
        """Record the look-ups of uses that are in the order of time."""
        if not uses.num_rows:
            return
        time, host = (events.numbers(uses, name) for name in ("time_us", "host"))
        six = uses.column("six").to_numpy()
        copy, end = self.world.copies(host, six, time)
        client = np.stack([events.numbers(uses, f"client_{half}") for half in ("hi", "lo")], -1)
        asked = np.flatnonzero(self._machines.first(_mixed(client, copy), end, int(time[0])))
        resolver = self.world.asks_second(client)
        upstream = self._resolvers.first(
            child(copy[asked], resolver[asked]), end[asked], int(time[0])
        )
        rows = uses.take(pa.array(asked))
        self._ask(rows, client[asked], copy[asked], upstream, (end - time)[asked], recorder)

    def _ask(
        self, uses: pa.Table, client: Addresses, copy: Keys, upstream: Any, left_us: Ints,
        recorder: Recorder,
    ) -> None:  # fmt: skip
        """Record questions: of either type, and of each label."""
        host, six = (uses.column(name).to_numpy() for name in ("host", "six"))
        labels = events.numbers(uses, "label")
        outside = host < self._book.outside
        site = np.where(outside, host // len(ROLES), 0)
        for kind, records in ((A, self._book.records), (AAAA, self._book.records_6)):
            for label in np.unique(labels).tolist():
                rows = np.flatnonzero((six == (kind == AAAA)) & (labels == label))
                chosen = pa.array(host[rows])
                with recorder.labelled(label):
                    recorder.lookups(
                        events.numbers(uses, "order")[rows],
                        events.numbers(uses, "time_us")[rows],
                        client[rows],
                        self._book.host.take(chosen),
                        qtype=kind,
                        answers=records.take(chosen),
                        ttl=-(-left_us[rows] // SECOND_US),
                        alias=self._book.alias.take(chosen),
                        authority=self.world.names.authority(site[rows]),
                        upstream=upstream[rows] & outside[rows],
                        pace=copy[rows],
                    )


def _mixed(client: Any, copy: Keys) -> Keys:
    return child(child(client[:, 0], client[:, 1]), copy)
