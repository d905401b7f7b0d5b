"""Web requests: lines of the proxy, and the connections behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen import events
from spot_gen.network.addresses import Addresses
from spot_gen.protocols import TCP
from spot_gen.recorder.connections import Connections, source_port
from spot_gen.recorder.store import ends
from spot_gen.streams import Ints, Keys, child, integers

_PROXY_PORT = 8080


@dataclass
class Legs:
    """How a group of requests travels: one connection per distinct ``number``, ascending.

    ``client`` and ``origin``: shape (m, 2) for m connections, or (2,). ``direct``: those that do
    not go through the proxy. ``denied``: those that the proxy answers itself, without asking.
    """

    client: Addresses
    origin: Addresses
    port: Any = 80
    direct: Any = False
    denied: Any = False


class Requests(Connections):
    """Records web requests."""

    def requests(self, key: Keys, number: Ints, legs: Legs, columns: Mapping[str, Any]) -> None:
        """Record web requests and the connections that carry them.

        ``number``: which connection (row of ``legs``) each request is on, ascending; every one of
        0 to m - 1 occurs. ``columns``: those of REQUESTS, of which ``time_us`` and ``taken_ms`` are
        needed; addresses are added here. HTTPS is one CONNECT line per connection, unless the
        proxy is configured to open it.
        """
        size = int(number[-1]) + 1
        first = np.searchsorted(number, np.arange(size))
        group = _Carried(key[first], number, first, columns)
        direct = np.broadcast_to(np.asarray(legs.direct, bool), size)
        client, origin = (np.broadcast_to(a, (size, 2)) for a in (legs.client, legs.origin))
        port = np.broadcast_to(np.asarray(legs.port, np.int64), size)
        proxy = self.world.server("proxy").address
        own, near = self.world.over_six(client, np.broadcast_to(proxy, (size, 2)))
        client = np.where(direct[:, None], client, own)
        near = np.where(direct[:, None], origin, near)
        self.connections(
            group.key,
            group.start_us,
            client,
            near,
            np.where(direct, port, _PROXY_PORT),
            up=group.up,
            down=group.down,
            duration_us=group.length_us,
        )
        via = np.flatnonzero(~direct & ~np.broadcast_to(np.asarray(legs.denied, bool), size))
        self.connections(
            child(group.key[via], 2),
            group.start_us[via] + 2_000,
            proxy,
            origin[via],
            port[via],
            up=group.up[via],
            down=group.down[via],
            duration_us=np.maximum(group.length_us[via] - 3_000, 1_000),
        )
        places = {
            **ends("client", client[number], len(key)),
            **ends("origin", origin[number], len(key)),
            **ends("proxy", near[number], len(key)),
            "client_port": source_port(group.key, TCP)[number],
            "port": port[number],
        }
        self._proxy_lines(key, number, group, direct, {**columns, **places})

    def _proxy_lines(
        self, key: Keys, number: Ints, group: _Carried, direct: Any, columns: Mapping[str, Any]
    ) -> None:
        size = len(key)
        lines = events.make(events.REQUESTS, size, {**columns, **self.marked(key)})
        tunnel = np.zeros(size, bool)
        if self.world.config.outputs.https == "connect":
            tunnel = pc.equal(lines.column("scheme"), "https").to_numpy()
        plain = lines.filter(pa.array(~tunnel & ~direct[number]))
        heads = group.first[(tunnel & ~direct[number])[group.first]]
        tunnels = group.tunnelled(lines.take(pa.array(heads)), number[heads])
        self.tables["requests"] += [plain, tunnels]


class _Carried:
    """What the requests of each connection amount to."""

    def __init__(self, key: Keys, number: Ints, first: Ints, columns: Mapping[str, Any]) -> None:
        size = len(number)
        done, taken, up, down = (
            np.broadcast_to(np.asarray(columns.get(name, 0), np.int64), size)
            for name in ("time_us", "taken_ms", "bytes_up", "bytes_down")
        )
        self.key, self.first = key, first
        begun = np.minimum.reduceat(done - taken * 1_000, first)
        self.start_us = begun - 3_000
        self.end_us = np.maximum.reduceat(done, first)
        self.length_us = self.end_us - self.start_us + integers(key, 45, 5_000, 4_000_000)
        self.up, self.down = (np.add.reduceat(values, first) for values in (up, down))

    def tunnelled(self, lines: pa.Table, number: Ints) -> pa.Table:
        """Turn the first request of each connection into the CONNECT line of all."""
        size = lines.num_rows
        down, up = self.down[number], self.up[number]
        new = {
            "time_us": self.end_us[number],
            "taken_ms": (self.end_us[number] - self.start_us[number]) // 1_000,
            "method": "CONNECT", "scheme": "tcp", "path": "", "query": "", "extension": "",
            "referer": "", "content_type": "", "status": 200, "action": "TCP_TUNNELED",
            "bytes_down": down, "bytes_up": up,
        }  # fmt: skip
        kept = {name: lines.column(name) for name in lines.schema.names}
        return events.make(events.REQUESTS, size, {**kept, **new})
