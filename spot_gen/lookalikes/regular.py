"""Regular traffic that looks like a beacon: update checks, chat, monitoring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.activity.habits import ON, Steady, chosen, is_on, server_keys
from spot_gen.activity.letters import HEX, letters
from spot_gen.activity.model import Activity
from spot_gen.activity.web import Clients, Visits, Web
from spot_gen.clock import FLAT, HOUR_US, MINUTE_US, SECOND_US, Arrived
from spot_gen.network.agents import PROGRAMS
from spot_gen.network.world import World
from spot_gen.protocols import ICMP, TCP, UDP
from spot_gen.recorder import Recorder
from spot_gen.streams import child, integers, uniform

_PROGRAMS = 2


class UpdateCheck(Activity):
    """Programs ask every one to four hours whether there is something newer."""

    name = "update_check"
    span_us = 2 * MINUTE_US
    curve = ON

    def __init__(self, world: World) -> None:
        super().__init__(world)
        people = np.concatenate([world.people.keys(f"{self.name}/{n}") for n in range(_PROGRAMS)])
        servers = server_keys(world, self.name)
        self._ticks = [
            Steady(keys, integers(keys, 0, 80, 300) * MINUTE_US, 0.01, 1.0, self.rate)
            for keys in (people, servers)
        ]
        self._webs = [self.web, Web(world, _servers(world))]
        self._agents = [PROGRAMS["updater"], PROGRAMS["server"]]

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the questions asked in [start, end)."""
        people, servers = (ticks.between(start_us, end_us) for ticks in self._ticks)
        program, who = np.divmod(people.who, len(self.world.people))
        on = is_on(self.world, who, people.time_us)
        people = Arrived(who, people.key, people.time_us)
        self._check(recorder, chosen(people, on), program[on], 0)
        self._check(recorder, servers, np.full(len(servers), _PROGRAMS), 1)

    def _check(self, recorder: Recorder, arrived: Arrived, program: np.ndarray, kind: int) -> None:
        sites, key = self.world.sites, arrived.key
        site = sites.of_kind("Software Downloads", program * 0.07)
        secure = program == 1
        visits = Visits.of(arrived, sites.host(site, "api."), secure)
        machine = letters(child(arrived.who + 7_000 * kind, program), 1, 32, HEX)
        newer = uniform(key, 1) < 0.04
        columns = {
            "path": "/update/v2/check",
            "query": pc.binary_join_element_wise("?build=22631.3155&id=", machine, ""),
            "content_type": pc.if_else(pa.array(newer), "application/json", ""),
            "status": np.where(newer, 200, 204),
            "action": "TCP_NC_MISS",
            "agent": self._agents[kind],
            "bytes_down": np.where(newer, 2_900, 260) + program,
            "bytes_up": 410 + program * 23,
            "taken_ms": integers(key, 2, 40, 190),
        }
        self._webs[kind].ask(recorder, visits, columns)


def _servers(world: World) -> Clients:
    """Return the servers; all but the proxy itself use the proxy."""
    address = np.array([host.address for host in world.servers.values()])
    proxy = np.array([host is world.server("proxy") for host in world.servers.values()])
    return replace(Clients.nobodys(address, [PROGRAMS["server"]]), direct=proxy)


class ChatKeepalive(Activity):
    """A chat program says every 30 to 60 seconds that it is still there.

    Most do so inside a connection that they renew every hour; some ask anew each time.
    """

    name = "chat_keepalive"
    span_us = 2 * HOUR_US
    curve = ON

    def __init__(self, world: World) -> None:
        super().__init__(world)
        keys = world.people.keys(self.name)
        self._long = Steady(keys, HOUR_US, 0.0, 0.08, self.rate)
        asking = world.people.keys(f"{self.name}/ask")
        self._short = Steady(
            asking, integers(asking, 0, 40, 61) * SECOND_US, 0.02, 0.012, self.rate
        )

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record what begins in [start, end)."""
        self._hold(recorder, self._on(self._long, start_us, end_us))
        self._ask(recorder, self._on(self._short, start_us, end_us))

    def _on(self, ticks: Steady, start_us: int, end_us: int) -> Arrived:
        """Return the ticks at which a machine is on and the program, in every other hour, open."""
        arrived = ticks.between(start_us, end_us)
        hour = child(self.world.people.keys(self.name)[arrived.who], arrived.time_us // HOUR_US)
        on = is_on(self.world, arrived.who, arrived.time_us)
        return chosen(arrived, on & ((uniform(hour, 0) < 0.5) | (ticks is self._long)))

    def _visits(self, arrived: Arrived, secure: bool) -> Visits:
        sites = self.world.sites
        site = sites.of_kind("Social Networking", np.full(len(arrived), 0.02))
        return Visits.of(arrived, sites.host(site, "api."), secure)

    def _hold(self, recorder: Recorder, arrived: Arrived) -> None:
        times = 3_600 // integers(child(self.world.people.keys(self.name), 1), 0, 30, 61)
        count, key = times[arrived.who], arrived.key
        columns = {
            "path": "/socket",
            "agent": PROGRAMS["chat"],
            "bytes_down": count * integers(key, 2, 230, 420),
            "bytes_up": count * integers(key, 3, 200, 330),
            "taken_ms": integers(key, 4, 3_580_000, 3_595_000),
        }
        self.web.ask(recorder, self._visits(arrived, secure=True), columns)

    def _ask(self, recorder: Recorder, arrived: Arrived) -> None:
        key = arrived.key
        news = uniform(key, 2) < 0.06
        columns = {
            "method": "POST",
            "path": "/chat/poll",
            "agent": PROGRAMS["chat"],
            "content_type": "application/json",
            "action": "TCP_NC_MISS",
            "bytes_down": np.where(news, integers(key, 3, 600, 3_000), 318),
            "bytes_up": 486,
            "taken_ms": integers(key, 4, 25, 140),
        }
        self.web.ask(recorder, self._visits(arrived, secure=False), columns)


class MonitoringPoll(Activity):
    """The monitoring server asks every server every five minutes, devices every quarter hour."""

    name = "monitoring_poll"
    span_us = MINUTE_US
    curve = FLAT

    def __init__(self, world: World) -> None:
        super().__init__(world)
        servers, devices = server_keys(world, self.name), world.devices.keys(self.name)
        names = list(world.servers)
        period = np.full(len(servers), 5) * MINUTE_US
        self._ticks = Steady(
            np.concatenate([servers, devices]),
            np.concatenate([period, np.full(len(devices), 15) * MINUTE_US]),
            0.01,
            1.0,
            self.rate,
        )
        machines = [*world.servers.values(), *world.devices.hosts]
        self._targets = np.array([host.address for host in machines])
        self._ports = np.array([_CHECKS.get(host.role, 0) for host in machines])
        self._monitor = names.index("mon1")

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the polls of [start, end)."""
        arrived = self._ticks.between(start_us, end_us)
        arrived = chosen(arrived, arrived.who != self._monitor)
        ports = self._ports[arrived.who]
        kinds = ((ICMP, ports == 0), (UDP, ports == _SNMP), (TCP, (ports > 0) & (ports != _SNMP)))
        for proto, rows in kinds:
            self._poll(recorder, chosen(arrived, rows), proto, ports[rows])

    def _poll(self, recorder: Recorder, arrived: Arrived, proto: int, ports: np.ndarray) -> None:
        key = arrived.key
        echo, snmp = proto == ICMP, proto == UDP
        recorder.connections(
            key,
            arrived.time_us,
            self.world.servers["mon1"].address,
            self._targets[arrived.who],
            np.where(ports == 0, 8 << 8, ports),
            up=4 * 56 if echo else 82 if snmp else integers(key, 0, 180, 240),
            down=4 * 56 if echo else integers(key, 1, 90, 130) + (0 if snmp else 700),
            packets=(4, 4) if echo else None,
            proto=proto,
            duration_us=integers(key, 2, 400, 40_000) + (3 * SECOND_US if echo else 0),
        )


_SNMP = 161
#: The port that is asked, by role; others are sent echo requests.
_CHECKS = {
    "proxy": 8_080, "mail": 993, "directory": 389, "files": 445, "database": 5_432, "web": 443,
    "application": 443, "relay": 25, "gateway": 22, "router": _SNMP, "printer": _SNMP,
    "camera": _SNMP, "backup": 9_103,
}  # fmt: skip

ACTIVITIES = (UpdateCheck, ChatKeepalive, MonitoringPoll)
