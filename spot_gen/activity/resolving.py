"""The background of DNS: names of addresses, services, and answers that do not come."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spot_gen.activity.habits import ByPeople, Steady, liked, server_keys
from spot_gen.activity.model import Activity
from spot_gen.activity.records import name_data, reverse_name, service
from spot_gen.clock import FLAT, MINUTE_US, SECOND_US
from spot_gen.network.hosts import ORGANISATION
from spot_gen.network.world import World
from spot_gen.protocols import NO_ANSWER, NXDOMAIN, PTR, SERVFAIL, SRV
from spot_gen.recorder import Recorder
from spot_gen.streams import child, integers, uniform


class ReverseLookups(Activity):
    """Servers that log addresses ask for their names; many have none."""

    name = "reverse_lookups"
    span_us = MINUTE_US
    curve = FLAT
    _asking = ("proxy1", "www1", "ssh1", "mon1")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        names = list(world.servers)
        rows = [names.index(name) for name in self._asking]
        keys = server_keys(world, self.name)[rows]
        self._clients = np.array([world.servers[name].address for name in self._asking])
        self._ticks = Steady(keys, 8 * MINUTE_US, 1.0, 1.0, self.rate)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the questions asked in [start, end)."""
        arrived, names = self._ticks.between(start_us, end_us), self.world.names
        site = names.visited(uniform(arrived.key, 0))
        host = site * 4 + integers(arrived.key, 1, 0, 4)
        known = uniform(arrived.key, 2) < 0.6
        recorder.lookups(
            arrived.key, arrived.time_us, self._clients[arrived.who],
            reverse_name(names.address[host]),
            qtype=PTR, rcode=np.where(known, 0, NXDOMAIN), ttl=3_600,
            answers=name_data(names.host.take(pa.array(host)), known),
            authority=names.authority(site),
        )  # fmt: skip


class ServiceRecords(ByPeople):
    """Programs look for their servers by service records, also for some that do not exist."""

    name = "service_records"
    span_us = MINUTE_US
    per_day = 3.0

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the questions asked in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        which = integers(arrived.key, 0, 0, len(_SERVICES))
        for number, (name, server, port) in enumerate(_SERVICES):
            rows = np.flatnonzero(which == number)
            recorder.lookups(
                arrived.key[rows], arrived.time_us[rows],
                self.world.people.address[arrived.who[rows]], f"{name}.{ORGANISATION}",
                qtype=SRV, ttl=600, rcode=0 if server else NXDOMAIN,
                answers=[service(port, f"{server}.{ORGANISATION}")] if server else None,
            )  # fmt: skip


#: Name, server (none: there is no such service), port.
_SERVICES = (
    ("_ldap._tcp", "dc1", 389), ("_kerberos._udp", "dc1", 88), ("_gc._tcp", "dc1", 3_268),
    ("_autodiscover._tcp", "mail1", 443), ("_sip._tls", "", 0),
)  # fmt: skip


class BrokenServers(ByPeople):
    """Name servers outside that fail or stay silent; whoever asks tries again."""

    name = "broken_servers"
    span_us = MINUTE_US
    per_day = 3.0

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the questions asked in [start, end)."""
        arrived, names = self.arrived(start_us, end_us), self.world.names
        key = arrived.key
        site = liked(self.world, arrived.who, key, 0)
        host = names.host.take(pa.array(site * 4 + integers(key, 3, 0, 4)))
        silent = uniform(key, 4) < 0.3
        for turn in range(2):
            recorder.lookups(
                child(key, 5 + turn), arrived.time_us + turn * (1_100_000 + SECOND_US),
                self.world.people.address[arrived.who], host,
                rcode=np.where(silent, NO_ANSWER, SERVFAIL),
                authority=names.authority(site), upstream=~silent,
            )  # fmt: skip


ACTIVITIES = (ReverseLookups, ServiceRecords, BrokenServers)
