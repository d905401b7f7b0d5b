"""Look-ups: what machines ask their resolvers, and these the servers outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from spot_gen import events
from spot_gen.distributions import log_normal
from spot_gen.network.addresses import Addresses, packed
from spot_gen.protocols import NOERROR, TCP, UDP, A
from spot_gen.recorder.connections import source_port
from spot_gen.recorder.store import Store, ends
from spot_gen.streams import Ints, Keys, child, draw, sample, uniform

_RESOLVER_DELAY = log_normal(700.0, 0.5)
_AUTHORITY_DELAY = log_normal(28_000.0, 0.6)
#: Flags of answers: from a resolver that finds out, from a server outside that is asked to, from
#: one that knows; and of those that are cut short.
_FROM_RESOLVER, _FROM_SERVER, _AUTHORITATIVE, _CUT = 0x0180, 0x0500, 0x0400, 0x0200

#: A look-up of an ordinary name that may be needless: ``spot_gen.lookups`` decides.
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


class Lookups(Store):
    """Records look-ups, and uses of names that may need one."""

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
        cut: bool = False,
    ) -> Ints:
        """Record look-ups; return when each client has its answer, microseconds.

        The client asks its resolver; where ``authority`` (the server outside that knows) is given
        and ``upstream`` holds, the resolver asks there first. ``server`` asks that server directly
        instead. ``addresses``: one address per look-up as the answer; ``answers``: record data on
        the wire, a list of bytes per look-up (or one list for all). ``pace``: keys that decide
        how long answers take, if not ``key``. ``cut``: answers are empty, since they are too long.
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
        near = _FROM_RESOLVER if server is None else _FROM_SERVER
        ends = self.world.over_six(*(np.broadcast_to(a, (size, 2)) for a in (client, resolver)))
        self._exchange(key, time, rtt, *ends, {**common, "flags": near | cut * _CUT})
        if far.any():
            common["flags"] = _AUTHORITATIVE | cut * _CUT
            self._upstream(key, time + near_us // 2, far_us, resolver, authority, common, far)
        return time + rtt

    def long_lookups(
        self, key: Keys, time_us: ArrayLike, client: Addresses, qname: Any, **how: Any
    ) -> Ints:
        """Record look-ups whose answers fit into no datagram: they are asked for again over TCP.

        As ``lookups`` otherwise.
        """
        first = {**how, "answers": None, "cut": True}
        told = self.lookups(child(key, 2), time_us, client, qname, **first)
        return self.lookups(key, told + 250, client, qname, proto=TCP, **how)

    def _upstream(
        self, key: Keys, time: Ints, rtt: Ints, resolver: Any, authority: Any, common: Any, far: Any
    ) -> None:
        """Record the resolver's own questions, those marked in ``far``."""
        size, rows = len(key), np.flatnonzero(far)
        chosen = {name: _rows(value, rows) for name, value in common.items()}
        asks, answers = (np.broadcast_to(a, (size, 2))[rows] for a in (resolver, authority))
        self._exchange(child(key[rows], 1), time[rows], rtt[rows], asks, answers, chosen)

    def _exchange(
        self, key: Keys, time: Ints, rtt: Ints, client: Any, server: Any, common: Any
    ) -> None:
        self.add(
            "lookups",
            key,
            {
                **common,
                **ends("client", client, len(key)),
                **ends("server", server, len(key)),
                "time_us": time,
                "rtt_us": rtt,
                "sport": source_port(key, UDP),
                "txid": draw(key, 42) & np.uint64(0xFFFF),
                "edns": uniform(key, 43) < 0.4,
            },
        )

    def _resolver(self, client: Addresses, size: int) -> Addresses:
        """Return the resolver of each client."""
        first, second = (host.address for host in self.world.resolvers[:2])
        asks_second = self.world.asks_second(np.broadcast_to(client, (size, 2)))
        return np.where(asks_second[:, None], second, first)

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
            **ends("client", client, len(key)),
            "host": hosts,
            "six": np.broadcast_to(np.asarray(six, bool), len(key)),
            **self.marked(key),
        }
        self.uses.append(events.make(USES, len(key), columns))
        near_us, far_us = _delays(self.world.copies(hosts, six, time_us)[0])
        return time_us + near_us + far_us


def _delays(key: Keys) -> tuple[Ints, Ints]:
    """Return how long the resolver takes to answer, and the server outside that it asks."""
    return (
        sample(key, 40, _RESOLVER_DELAY).astype(np.int64),
        sample(key, 41, _AUTHORITY_DELAY).astype(np.int64),
    )


def _rows(value: Any, rows: Ints) -> Any:
    """Take rows of what is given per look-up; leave alone what is one for all."""
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        return value.take(pa.array(rows))
    if isinstance(value, np.ndarray) and value.ndim:
        return value[rows]
    if isinstance(value, list) and not (value and isinstance(value[0], bytes)):
        return [value[row] for row in rows]
    return value
