"""Machines that fetch things from the web: a look-up, a connection, requests, answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.activity.services import users
from spot_gen.clock import Arrived
from spot_gen.distributions import log_normal
from spot_gen.network.addresses import Addresses
from spot_gen.network.agents import browsers
from spot_gen.network.names import CATEGORIES, ROLES
from spot_gen.network.world import World
from spot_gen.recorder import Legs, Recorder
from spot_gen.streams import Ints, Keys, child, integers, sample, uniform

#: How long after the beginning of a connection its first request is sent, microseconds.
READY_US = 3_000

_WAIT_MS = log_normal(70.0, 0.7)
#: Bytes a millisecond.
_SPEED = log_normal(1_800.0, 0.7)
_UP = log_normal(560.0, 0.3)
_HANDSHAKE = log_normal(4_600.0, 0.25)


@dataclass(frozen=True)
class Clients:
    """Machines that browse: addresses (n, 2), IPv6 0 for none; whether without the proxy.

    ``agent``: what the browser of each calls itself.
    """

    address: Addresses
    address_6: Addresses
    user: pa.StringArray
    agent: pa.StringArray
    direct: np.ndarray

    @classmethod
    def people(cls, world: World) -> Clients:
        """Return the workstations."""
        fleet = world.people
        return cls(fleet.address, fleet.address_6, users(fleet), browsers(fleet), world.direct)

    @classmethod
    def nobodys(cls, address: Addresses, agents: Sequence[str]) -> Clients:
        """Return machines without a user that speak IPv4 and use the proxy; agents in turn."""
        size = len(address)
        agent = pa.array([agents[row % len(agents)] for row in range(size)])
        nobody = pa.array([""] * size)
        return cls(address, np.zeros_like(address), nobody, agent, np.zeros(size, bool))


@dataclass(frozen=True)
class Visits:
    """Connections to ordinary hosts: ``time_us`` is when each machine needs the name."""

    key: Keys
    who: Ints
    time_us: Ints
    host: Ints
    secure: np.ndarray

    @classmethod
    def of(cls, arrived: Arrived, host: Ints, secure: np.ndarray | bool = False) -> Visits:
        """Return a visit for each arrival."""
        there = np.broadcast_to(secure, len(arrived))
        return cls(arrived.key, arrived.who, arrived.time_us, host, there)

    def __len__(self) -> int:
        return len(self.key)


class Web:
    """Lets clients visit ordinary hosts."""

    def __init__(self, world: World, clients: Clients | None = None) -> None:
        self.world = world
        self.clients = Clients.people(world) if clients is None else clients
        self._categories = pa.array(CATEGORIES)

    def look_up(self, recorder: Recorder, visits: Visits) -> Ints:
        """Record that names are needed; return when the connections begin, 0.3 s later mostly.

        Who speaks IPv6 asks for both kinds of address.
        """
        client = self.clients.address[visits.who]
        known = recorder.uses_of(visits.key, visits.time_us, client, visits.host)
        both = np.flatnonzero(self.clients.address_6[visits.who, 0] != 0)
        recorder.uses_of(
            child(visits.key[both], 30),
            visits.time_us[both] + 60,
            client[both],
            visits.host[both],
            six=True,
        )
        return known + integers(visits.key, 30, 1_000, 70_000)

    def fetch(
        self,
        recorder: Recorder,
        visits: Visits,
        key: Keys,
        number: Ints,
        after_us: Ints | int,
        columns: Mapping[str, Any],
        denied: Any = False,
    ) -> Ints:
        """Record requests, each ``after_us`` its connection's beginning (READY_US at least).

        ``number``: the visit of each request, ascending. ``columns``: those of REQUESTS that this
        does not know, ``bytes_down`` among them; what is missing is drawn. Returns when each
        connection begins.
        """
        begun = self.look_up(recorder, visits)
        given = {**self._usual(visits, key, number), **columns}
        down = np.broadcast_to(np.asarray(given["bytes_down"], np.int64), len(key))
        taken = given["taken_ms"] if "taken_ms" in given else _taken(key, down)
        opened = np.concatenate([[True], number[1:] != number[:-1]]) & visits.secure[number]
        shake = sample(key, 24, _HANDSHAKE).astype(np.int64)
        exact = {
            "time_us": begun[number] + after_us + taken * 1_000,
            "taken_ms": taken,
            "bytes_down": down + np.where(opened, shake, 0),
            "bytes_up": given["bytes_up"] + _address_bytes(given) + np.where(opened, 900, 0),
        }
        recorder.requests(key, number, self._legs(visits, denied), {**given, **exact})
        return begun

    def ask(
        self,
        recorder: Recorder,
        visits: Visits,
        columns: Mapping[str, Any],
        denied: bool = False,
    ) -> None:
        """Record visits of one request each, as ``fetch`` does."""
        if len(visits):
            number = np.arange(len(visits))
            key = child(visits.key, 31)
            self.fetch(recorder, visits, key, number, READY_US, columns, denied)

    def _usual(self, visits: Visits, key: Keys, number: Ints) -> dict[str, Any]:
        """Return what follows from the visits, and what requests are like mostly."""
        names, host = self.world.names, visits.host[number]
        who = pa.array(visits.who[number])
        category = names.category[host // len(ROLES)]
        return {
            "user": self.clients.user.take(who),
            "agent": self.clients.agent.take(who),
            "scheme": _SCHEMES.take(pa.array(visits.secure[number].astype(np.int64))),
            "host": names.host.take(pa.array(host)),
            "categories": self._categories.take(pa.array(category)),
            "filter": _FILTERS.take(pa.array((uniform(key, 23) < 0.08).astype(np.int64))),
            "method": "GET",
            "status": 200,
            "action": "TCP_MISS",
            "bytes_up": sample(key, 22, _UP).astype(np.int64),
        }

    def _legs(self, visits: Visits, denied: Any) -> Legs:
        """Say how visits travel: over IPv6 where both ends have it and no proxy is between."""
        names = self.world.names
        direct = self.clients.direct[visits.who]
        six = direct & (names.address_6[visits.host, 0] != 0)
        six &= self.clients.address_6[visits.who, 0] != 0
        pick = six[:, None]
        return Legs(
            np.where(pick, self.clients.address_6[visits.who], self.clients.address[visits.who]),
            np.where(pick, names.address_6[visits.host], names.address[visits.host]),
            np.where(visits.secure, 443, 80),
            direct,
            denied,
        )


_SCHEMES = pa.array(["http", "https"])
_FILTERS = pa.array(["OBSERVED", "PROXIED"])


def _taken(key: Keys, down: Ints) -> Ints:
    """Return how long requests take: a wait and the time of the bytes, milliseconds."""
    time = sample(key, 20, _WAIT_MS) + down / sample(key, 21, _SPEED)
    taken: Ints = np.minimum(time, 600_000.0).astype(np.int64)
    return taken


def _address_bytes(columns: Mapping[str, Any]) -> Any:
    """Return how long path and query are: long addresses make long requests."""
    texts = [columns.get(name, "") for name in ("path", "query")]
    return sum(len(t) if isinstance(t, str) else pc.utf8_length(t).to_numpy() for t in texts)


def url(scheme: Any, host: Any, path: Any) -> pa.StringArray:
    """Write addresses of pages."""
    return pc.binary_join_element_wise(scheme, "://", host, path, "")
