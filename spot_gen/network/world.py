"""Everything that is there before anything happens: made once from seed and configuration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from spot_gen.clock import SECOND_US
from spot_gen.config import Config
from spot_gen.network.addresses import OUTSIDE, Addresses, four
from spot_gen.network.hosts import Fleet, Host, devices, fixed_hosts, workstations
from spot_gen.network.names import OUTSIDE_BLOCKS, TTLS, Names, make_names
from spot_gen.network.sites import Sites
from spot_gen.streams import Ints, Keys, Stream, child, draw, uniform

#: Multiples of it, without their whole parts, fall evenly between 0 and 1.
_SPREAD = 0.5698402909980532


@dataclass(frozen=True, eq=False)
class World:
    """The network. ``people`` are the workstations, ``devices`` printers and cameras."""

    config: Config
    seed: int
    people: Fleet
    devices: Fleet
    servers: dict[str, Host]
    names: Names

    @classmethod
    def of(cls, config: Config, seed: int) -> World:
        """Make the network of a configuration."""
        network = config.network
        servers = fixed_hosts(network.ipv6_share > 0)
        return cls(
            config,
            seed,
            workstations(seed, config.hosts, network.ipv6_share),
            devices(seed, config.hosts),
            {host.name: host for host in servers},
            make_names(seed, network.names, network.unlisted_share, network.ipv6_sites),
        )

    @cached_property
    def resolvers(self) -> tuple[Host, ...]:
        """The organisation's two resolvers."""
        return tuple(h for h in self.servers.values() if h.role == "resolver")

    def asks_second(self, client: Addresses) -> np.ndarray:
        """Say which machines, by their IPv4 addresses (n, 2), ask the second resolver: a sixth.

        A resolver asks the other one.
        """
        first, second = (host.address[1] for host in self.resolvers[:2])
        low = client[:, 1]
        asks: np.ndarray = (low == first) | ((low % np.uint64(6) == 5) & (low != second))
        return asks

    def server(self, role: str) -> Host:
        """Return the first server of a role; KeyError where there is none."""
        for host in self.servers.values():
            if host.role == role:
                return host
        raise KeyError(role)

    @cached_property
    def sites(self) -> Sites:
        """What the ordinary sites are used for."""
        return Sites(self.names)

    @cached_property
    def direct(self) -> np.ndarray:
        """Say of each person whether they reach the web without the proxy."""
        first = uniform(self.people.keys("direct"), 0)[0]
        place: np.ndarray = (first + np.arange(len(self.people)) * _SPREAD) % 1.0
        return place < self.config.network.direct_share

    def is_direct(self, host: Host) -> bool:
        """Say whether a machine reaches the web without the proxy."""
        return host.role == "workstation" and bool(self.direct[host.number])

    @cached_property
    def _six(self) -> tuple[Keys, Addresses]:
        """The IPv4 addresses, ascending, of machines that speak IPv6 too, and their IPv6 ones."""
        dual = [host for host in self.hosts if host.address_6 is not None]
        four_low = np.array([host.address[1] for host in dual], np.uint64)
        six = np.array([host.address_6 for host in dual], np.uint64).reshape(-1, 2)
        order = np.argsort(four_low)
        return four_low[order], six[order]

    def over_six(self, client: Addresses, server: Addresses) -> tuple[Addresses, Addresses]:
        """Return the addresses by which machines talk, given IPv4 ones: IPv6 where both have it.

        Both have the shape (n, 2).
        """
        known, six = self._six
        if not len(known):
            return client, server
        ends = (client, server)
        rows = [np.minimum(np.searchsorted(known, end[:, 1]), len(known) - 1) for end in ends]
        dual = [known[row] == end[:, 1] for row, end in zip(rows, ends, strict=True)]
        both = (dual[0] & dual[1])[:, None]
        return np.where(both, six[rows[0]], client), np.where(both, six[rows[1]], server)

    @cached_property
    def _lives(self) -> Ints:
        """How long the addresses of ordinary hosts, then of own servers, may be kept (seconds)."""
        return np.concatenate([self.names.ttl, np.full(len(self.servers), max(TTLS))])

    def copies(self, host: Ints, six: ArrayLike, time_us: Ints) -> tuple[Keys, Ints]:
        """Return which copy of hosts' addresses is to be had at a time, and when that ends.

        The copies that resolvers hold end at fixed times, at a phase of the name's own. The first
        result is a random key of the copy.
        """
        life_us = self._lives[host] * SECOND_US
        place = time_us + (draw(host, 7) >> np.uint64(32)).astype(np.int64)
        window, used = np.divmod(place, life_us)
        return child(host * 2 + np.asarray(six, np.int64), window), time_us + life_us - used

    def inside(self, name: str) -> int:
        """Return the number of a server for ``Recorder.uses_of``: after those of ``names``."""
        return len(self.names.host) + list(self.servers).index(name)

    def registry(self, zone: str) -> Addresses:
        """Return the server outside that knows which names there are below a top-level zone."""
        network = self.stream(f"zone/{zone}").number(0, OUTSIDE_BLOCKS)
        found: Addresses = four(int(OUTSIDE[0]) + network * 512 + 53)[0]
        return found

    @cached_property
    def hosts(self) -> tuple[Host, ...]:
        """All machines of the organisation."""
        return (*self.servers.values(), *self.devices.hosts, *self.people.hosts)

    def stream(self, name: str) -> Stream:
        """Open a named random stream of this seed."""
        return Stream.named(self.seed, name)
