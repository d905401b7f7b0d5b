"""Sensors that follow connections and read the requests in them on their way to the proxy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.events import Events, numbers
from spot_gen.network import World
from spot_gen.protocols import TCP
from spot_gen.streams import Ints, Keys, child
from spot_gen.writers.equals import running
from spot_gen.writers.lines import Logs


class Sensor(Logs):
    """Keeps several logs side by side; knows which connection carries a request."""

    def __init__(self, out: Path, world: World, rotation_us: int | None = None) -> None:
        self._carriers = Carriers()
        super().__init__(out, world, rotation_us)

    def prior(self, events: Events) -> None:
        """Take note of events that began before the span."""
        self._carriers.add(events.connections, 0)
        super().prior(events)

    def write(self, events: Events, start_us: int, end_us: int) -> None:
        """Write what is known of in [start, end)."""
        self._carriers.add(events.connections, start_us)
        super().write(events, start_us, end_us)

    def read(self, events: Events) -> tuple[pa.Table, Keys, Ints, Ints]:
        """Return the requests that can be read, with what ``Carriers.of`` says of each."""
        requests = plain(events.requests)
        return requests, *self._carriers.of(requests, "proxy")


def plain(requests: pa.Table) -> pa.Table:
    """Return the requests that can be read on the way to the proxy: HTTP and CONNECT."""
    seen = pc.is_in(requests["scheme"], pa.array(["http", "tcp"]))
    via = pa.array(numbers(requests, "proxy_lo") != 0)
    return requests.filter(pc.and_(seen, via)).combine_chunks()


class Carriers:
    """The connections that may carry a request, until they end."""

    _KEPT = ("who", "time_us", "end_us", "order", "dport", "carried")

    def __init__(self) -> None:
        self._kept = {name: np.zeros(0, np.int64) for name in self._KEPT}
        for name in ("who", "order"):
            self._kept[name] = np.zeros(0, np.uint64)

    def add(self, conns: pa.Table, now_us: int) -> None:
        """Remember TCP connections, forget those that ended before a time."""
        conns = conns.filter(pa.array(numbers(conns, "proto") == TCP))
        new = {
            "who": _who(conns, "src", "dst", "sport"),
            **{name: numbers(conns, name) for name in ("time_us", "end_us", "order")},
            "dport": numbers(conns, "dport").astype(np.int64),
            "carried": np.zeros(conns.num_rows, np.int64),
        }
        alive = self._kept["end_us"] >= now_us
        kept = {n: np.concatenate([v[alive], new[n]]) for n, v in self._kept.items()}
        order = np.lexsort((kept["time_us"], kept["who"]))
        self._kept = {name: values[order] for name, values in kept.items()}

    def of(self, requests: pa.Table, server: str) -> tuple[Keys, Ints, Ints]:
        """Find the connection of each request, which must be in the order of time.

        Returns its ``order``, its port, and how many requests it has carried, this one included.
        A request without one counts as alone on a connection with its own ``order``, port 0.
        """
        who, time = _who(requests, "client", server, "client_port"), numbers(requests, "time_us")
        place, found = self._latest(who, time)
        depth = np.ones(len(who), np.int64)
        rows = np.flatnonzero(found)
        if not len(rows):
            return numbers(requests, "order"), np.zeros(len(who), np.int64), depth
        carrier = place[rows]
        depth[rows] = self._kept["carried"][carrier] + running(carrier) + 1
        np.add.at(self._kept["carried"], carrier, 1)
        order = np.where(found, self._kept["order"][place], numbers(requests, "order"))
        return order, np.where(found, self._kept["dport"][place], 0), depth

    def _latest(self, who: Keys, time_us: Ints) -> tuple[Ints, np.ndarray]:
        """Return the latest connection of each pair of ends that began before a time."""
        size = len(self._kept["who"])
        if not size or not len(who):
            return np.zeros(len(who), np.int64), np.zeros(len(who), bool)
        _, mine = np.unique(np.concatenate([self._kept["who"], who]), return_inverse=True)
        begun = self._kept["time_us"]
        first = min(int(begun.min()), int(time_us.min()))
        width = max(int(begun.max()), int(time_us.max())) - first + 1
        keys = mine[:size] * width + begun - first
        wanted = mine[size:] * width + time_us - first
        place = np.searchsorted(keys, wanted, side="right") - 1
        found = (place >= 0) & (mine[:size][place] == mine[size:])
        return np.maximum(place, 0), found


def _who(table: pa.Table, near: str, far: str, port: str) -> Keys:
    """Return a number for both addresses and the near port."""
    key = child(numbers(table, f"{near}_hi"), numbers(table, f"{near}_lo"))
    for name in (f"{far}_hi", f"{far}_lo", port):
        key = child(key, numbers(table, name).astype(np.uint64))
    return key if table.num_rows else np.zeros(0, np.uint64)
