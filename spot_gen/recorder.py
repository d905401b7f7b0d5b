"""The one way to make events: what is done once is seen by every sensor that would see it.

Activities and attacks say what a machine does (asks for a name, opens a connection, requests a
page); the recorder works out what that looks like: packets and flags of a connection, both legs of
a look-up, the connections behind a request. Every argument is an array with one value per event, or
one value for all. ``key`` is each event's own random key (``Stream.bits`` or ``streams.child``):
everything not given is drawn from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from spot_gen import events, truth
from spot_gen.distributions import log_normal
from spot_gen.network.addresses import Addresses, packed
from spot_gen.network.world import World
from spot_gen.streams import Ints, Keys, child, draw, integers, sample, uniform

TCP, UDP, ICMP = 6, 17, 1
A, NS, CNAME, SOA, NULL, PTR, MX, TXT, AAAA, SRV, AXFR = 1, 2, 5, 6, 10, 12, 15, 16, 28, 33, 252
NOERROR, SERVFAIL, NXDOMAIN, REFUSED, NO_ANSWER = 0, 2, 3, 5, 255

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


class State(IntEnum):
    """How a TCP connection went."""

    DONE = 0  # opened, used, closed
    RESET = 1  # opened, used, then torn down by the destination
    REFUSED = 2  # a reset instead of an answer
    UNANSWERED = 3  # nothing came back
    OPEN = 4  # no end was seen


_FLAGS_UP = np.array([SYN | ACK | PSH | FIN, SYN | ACK | PSH, SYN, SYN, SYN | ACK | PSH], np.uint8)
_FLAGS_DOWN = np.array(
    [SYN | ACK | PSH | FIN, SYN | ACK | PSH | RST, RST | ACK, 0, SYN | ACK | PSH], np.uint8
)
#: Packets besides those with data, from source and from destination.
_EXTRA_UP = np.array([4, 2, 1, 1, 2])
_EXTRA_DOWN = np.array([3, 2, 1, 0, 1])
#: Bytes of payload in a packet, on average.
_SEGMENT = 700
_BIG_SEGMENT = 1_400
_PROXY_PORT = 8080
_RESOLVER_DELAY = log_normal(700.0, 0.5)
_AUTHORITY_DELAY = log_normal(28_000.0, 0.6)

#: A look-up of an ordinary name that a machine's cache may make unnecessary: see ``lookups``.
USES = pa.schema(
    [
        ("time_us", pa.int64()),
        ("client_hi", pa.uint64()),
        ("client_lo", pa.uint64()),
        ("host", pa.int32()),
        ("six", pa.bool_()),
        ("label", pa.int32()),
        ("stage", pa.uint8()),
        ("order", pa.uint64()),
    ]
)


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


class Recorder:
    """Collects events. ``label`` marks everything recorded, until ``finish`` hands it over."""

    def __init__(self, world: World, label: int = 0) -> None:
        self.world = world
        self.label = label
        self.tables: dict[str, list[pa.Table]] = {name: [] for name in events.SCHEMAS}
        self.uses: list[pa.Table] = []
        self._stage = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Mark what is recorded in the block as a stage of an incident (``truth.STAGES``)."""
        before, self._stage = self._stage, truth.stage_number(name)
        yield
        self._stage = before

    @contextmanager
    def labelled(self, label: int) -> Iterator[None]:
        """Mark what is recorded in the block with another label."""
        before, self.label = self.label, label
        yield
        self.label = before

    def finish(self) -> events.Events:
        """Return all events in the order of time."""
        return events.Events(
            **{n: events.in_order(events.SCHEMAS[n], t) for n, t in self.tables.items()}
        )

    def connections(
        self,
        key: Keys,
        time_us: ArrayLike,
        src: Addresses,
        dst: Addresses,
        dport: ArrayLike,
        *,
        up: ArrayLike = 0,
        down: ArrayLike = 0,
        duration_us: ArrayLike = 0,
        proto: int = TCP,
        state: ArrayLike = State.DONE,
        sport: ArrayLike | None = None,
        flags: ArrayLike | None = None,
        flags_down: ArrayLike | None = None,
        tries: ArrayLike = 1,
        packets: tuple[ArrayLike, ArrayLike] | None = None,
        tos: int = 0,
    ) -> None:
        """Record connections that begin at ``time_us`` and carry ``up`` and ``down`` bytes.

        ``up`` and ``down`` are payload; headers are added. ``tries``: how often an unanswered
        opening is sent. ``flags``, ``flags_down``: other TCP flags than those of ``state``, of the
        source's and the destination's packets. ``packets``: how many packets carry the payload each
        way, if the usual size does not fit. ICMP: ``dport`` is type x 256 + code.
        """
        size = len(key)
        state = np.broadcast_to(np.asarray(state, np.int64), size)
        payload = [np.broadcast_to(np.asarray(value, np.int64), size) for value in (up, down)]
        header = _header(proto, src)
        sent = _packets(payload, packets, proto, state, tries)
        time = np.broadcast_to(np.asarray(time_us, np.int64), size)
        end = time + np.broadcast_to(np.asarray(duration_us, np.int64), size)
        self._add(
            "connections",
            key,
            {
                "time_us": time,
                "end_us": np.where(sent[0] + sent[1] > 1, np.maximum(end, time), time),
                **_address("src", src, size),
                **_address("dst", dst, size),
                "sport": _sport(key, proto) if sport is None else sport,
                "dport": dport,
                "proto": proto,
                "tos": tos,
                "flags_up": _flags(_FLAGS_UP, state, proto, flags),
                "flags_down": _flags(_FLAGS_DOWN, state, proto, flags_down),
                "packets_up": sent[0],
                "bytes_up": payload[0] + header * sent[0],
                "packets_down": sent[1],
                "bytes_down": payload[1] + header * sent[1],
            },
        )

    def lookups(
        self,
        key: Keys,
        time_us: ArrayLike,
        client: Addresses,
        qname: Any,
        *,
        qtype: ArrayLike = A,
        rcode: ArrayLike = NOERROR,
        addresses: Addresses | None = None,
        answers: Any = None,
        answer_type: ArrayLike | None = None,
        ttl: ArrayLike = 300,
        alias: Any = "",
        authority: Addresses | None = None,
        upstream: ArrayLike = True,
        server: Addresses | None = None,
        proto: int = UDP,
        pace: Keys | None = None,
    ) -> Ints:
        """Record look-ups; return when each client has its answer, microseconds.

        The client asks its resolver; where ``authority`` (the server outside that knows) is given
        and ``upstream`` holds, the resolver asks there first. ``server`` asks that server directly
        instead. ``addresses``: one address per look-up as the answer; ``answers``: record data on
        the wire, a list of bytes per look-up (or one list for all). ``pace``: keys that decide
        how long answers take, if not ``key``.
        """
        size = len(key)
        time = np.broadcast_to(np.asarray(time_us, np.int64), size)
        if addresses is not None:
            found = np.broadcast_to(addresses, (size, 2))
            answers = pa.array([[data] for data in packed(found)], pa.list_(pa.binary()))
        far = np.broadcast_to(np.asarray(upstream, bool), size) & (authority is not None)
        near_us, far_us = _delays(key if pace is None else pace)
        common = {
            "qname": qname, "qtype": qtype, "rcode": rcode, "ttl": ttl, "cname": alias,
            "answers": answers, "answer_type": qtype if answer_type is None else answer_type,
            "proto": proto,
        }  # fmt: skip
        resolver = self._resolver(client, size) if server is None else server
        rtt = near_us + np.where(far, far_us, 0) if server is None else far_us
        self._exchange(
            key, time, rtt, client, resolver, common, 0x0180 if server is None else 0x0500
        )
        if far.any():
            self._upstream(key, time + near_us // 2, far_us, resolver, authority, common, far)
        return time + rtt

    def _upstream(
        self, key: Keys, time: Ints, rtt: Ints, resolver: Any, authority: Any, common: Any, far: Any
    ) -> None:
        """Record the resolver's own questions, those marked in ``far``."""
        size, rows = len(key), np.flatnonzero(far)
        chosen = {name: _rows(value, rows, size) for name, value in common.items()}
        asks, answers = (np.broadcast_to(a, (size, 2))[rows] for a in (resolver, authority))
        self._exchange(child(key[rows], 1), time[rows], rtt[rows], asks, answers, chosen, 0x0400)

    def _exchange(
        self, key: Keys, time: Ints, rtt: Ints, client: Any, server: Any, common: Any, flags: int
    ) -> None:
        self._add(
            "lookups",
            key,
            {
                **common,
                **_address("client", client, len(key)),
                **_address("server", server, len(key)),
                "time_us": time,
                "rtt_us": rtt,
                "sport": _sport(key, UDP),
                "txid": draw(key, 42) & np.uint64(0xFFFF),
                "edns": uniform(key, 43) < 0.4,
                "flags": flags,
            },
        )

    def _resolver(self, client: Addresses, size: int) -> Addresses:
        """Return the resolver of each client: the second one for a sixth of them."""
        first, second = (host.address for host in self.world.resolvers[:2])
        low = np.broadcast_to(client, (size, 2))[:, 1]
        return np.where((low % np.uint64(6) == 5)[:, None], second, first)

    def uses_of(
        self, key: Keys, time_us: Ints, client: Addresses, host: Ints | int, six: ArrayLike = False
    ) -> Ints:
        """Record that machines need the addresses of hosts; return when they have them at last.

        ``host``: numbers of ``Names``, or of own servers (``World.inside``). Whether a machine must
        ask, ``spot_gen.lookups`` decides.
        """
        if not len(key):
            return time_us
        hosts = np.broadcast_to(np.asarray(host, np.int64), len(key))
        columns = {
            "time_us": time_us,
            **_address("client", client, len(key)),
            "host": hosts,
            "six": np.broadcast_to(np.asarray(six, bool), len(key)),
            **self._truth(key),
        }
        self.uses.append(events.make(USES, len(key), columns))
        near_us, far_us = _delays(self.world.copies(hosts, six, time_us)[0])
        return time_us + near_us + far_us

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
        near = np.where(direct[:, None], origin, proxy)
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
        self._proxy_lines(key, number, group, direct, client, origin, port, columns)

    def _proxy_lines(
        self, key: Any, number: Any, group: Any, direct: Any, client: Any, origin: Any, port: Any,
        columns: Mapping[str, Any],
    ) -> None:  # fmt: skip
        size = len(key)
        places = {
            **_address("client", client[number], size),
            **_address("origin", origin[number], size),
            **_address("proxy", self.world.server("proxy").address, size),
            "client_port": _sport(group.key, TCP)[number],
            "port": port[number],
        }
        lines = events.make(events.REQUESTS, size, {**columns, **places, **self._truth(key)})
        tunnel = np.zeros(size, bool)
        if self.world.config.outputs.https == "connect":
            tunnel = pc.equal(lines.column("scheme"), "https").to_numpy()
        plain = lines.filter(pa.array(~tunnel & ~direct[number]))
        heads = group.first[(tunnel & ~direct[number])[group.first]]
        tunnels = group.tunnelled(lines.take(pa.array(heads)), number[heads])
        self.tables["requests"] += [plain, tunnels]

    def log_lines(self, key: Keys, time_us: ArrayLike, host: Any, kind: str, fields: Any) -> None:
        """Record lines of hosts' own logs; ``fields``: a JSON object as text, per line."""
        self._add(
            "log_lines", key, {"time_us": time_us, "host": host, "kind": kind, "fields": fields}
        )

    def _truth(self, key: Keys) -> dict[str, Any]:
        return {"label": self.label, "stage": self._stage, "order": draw(key, 44)}

    def _add(self, name: str, key: Keys, columns: Mapping[str, Any]) -> None:
        if len(key):
            given = {**columns, **self._truth(key)}
            self.tables[name].append(events.make(events.SCHEMAS[name], len(key), given))


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


def _delays(key: Keys) -> tuple[Ints, Ints]:
    """Return how long the resolver takes to answer, and the server outside that it asks."""
    return (
        sample(key, 40, _RESOLVER_DELAY).astype(np.int64),
        sample(key, 41, _AUTHORITY_DELAY).astype(np.int64),
    )


def _header(proto: int, src: Addresses) -> Any:
    """Return the bytes of IP and transport headers in a packet."""
    transport = {TCP: 20, UDP: 8, ICMP: 8}.get(proto, 0)
    return np.where(np.asarray(src)[..., 0] != 0, 40, 20) + transport


def _packets(
    payload: list[Ints],
    packets: tuple[ArrayLike, ArrayLike] | None,
    proto: int,
    state: Ints,
    tries: Any,
) -> tuple[Ints, Ints]:
    """Return the packets each way: with data, acknowledgements, opening and close."""
    if packets is not None:
        data = [np.broadcast_to(np.asarray(n, np.int64), len(state)) for n in packets]
    else:
        data = [-(-p // np.where(p > 1_000_000, _BIG_SEGMENT, _SEGMENT)) for p in payload]
    if proto != TCP:
        return data[0], data[1]
    up = data[0] + data[1] // 2 + _EXTRA_UP[state]
    down = data[1] + data[0] // 2 + _EXTRA_DOWN[state]
    silent = state == State.UNANSWERED
    return np.where(silent, data[0] + np.asarray(tries), up), np.where(silent, 0, down)


def _flags(table: Any, state: Ints, proto: int, given: ArrayLike | None) -> Any:
    if given is not None:
        return given
    return table[state] if proto == TCP else 0


def _sport(key: Keys, proto: int) -> Any:
    return integers(key, 46, 49_152, 65_536) if proto in (TCP, UDP) else 0


def _address(name: str, address: Addresses, size: int) -> dict[str, Any]:
    pairs = np.broadcast_to(address, (size, 2))
    return {f"{name}_hi": pairs[:, 0], f"{name}_lo": pairs[:, 1]}


def _rows(value: Any, rows: Ints, size: int) -> Any:
    """Take rows of what is given per look-up; leave alone what is one for all."""
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        return value.take(pa.array(rows))
    if isinstance(value, np.ndarray) and value.ndim:
        return value[rows]
    if isinstance(value, list) and not (value and isinstance(value[0], bytes)):
        return [value[row] for row in rows]
    return value
