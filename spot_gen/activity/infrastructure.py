"""What machines do by themselves: time, messages, cameras, tests of a way."""

from __future__ import annotations

from typing import Any

import numpy as np

from spot_gen.activity.habits import Steady, at_large, chosen, liked, server_keys, switched_on
from spot_gen.activity.model import Activity
from spot_gen.activity.services import connect, whole
from spot_gen.clock import FLAT, HOUR_US, MINUTE_US, SECOND_US, WORK, Arrived
from spot_gen.distributions import log_normal
from spot_gen.network.addresses import Addresses
from spot_gen.network.world import World
from spot_gen.protocols import ICMP, UDP
from spot_gen.recorder import Recorder
from spot_gen.streams import Keys, child, integers, sample, uniform

NTP, SYSLOG, HTTPS = 123, 514, 443


class TimeKeeping(Activity):
    """Clocks ask the time server every 64 to 1,024 seconds, the time server others outside."""

    name = "time"
    span_us = MINUTE_US
    curve = FLAT

    def __init__(self, world: World) -> None:
        super().__init__(world)
        keys = {
            "people": world.people.keys(self.name),
            "devices": world.devices.keys(self.name),
            "servers": server_keys(world, self.name),
            "source": server_keys(world, f"{self.name}/source")[:3],
        }
        shares = {"people": 0.3, "devices": 1.0, "servers": 1.0, "source": 1.0}
        slowest = {"people": 2, "devices": 2, "servers": 3, "source": 1}
        self._ticks = {
            name: Steady(key, _period(key, slowest[name]), 0.02, shares[name], self.rate)
            for name, key in keys.items()
        }
        self._addresses = {
            "people": world.people.address,
            "devices": world.devices.address,
            "servers": np.array([host.address for host in world.servers.values()]),
        }

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the questions asked in [start, end)."""
        server = self.world.servers["ntp1"].address
        for name, addresses in self._addresses.items():
            arrived = self._ticks[name].between(start_us, end_us)
            if name == "people":
                arrived = switched_on(self.world, arrived)
            client = addresses[arrived.who]
            others = np.flatnonzero(client[:, 1] != server[1])
            self._ask(recorder, chosen(arrived, others), client[others], server)
        source = self._ticks["source"].between(start_us, end_us)
        far = self.world.names.address[(source.who + 40) * 4 + 2]
        self._ask(recorder, source, np.broadcast_to(server, far.shape), far)

    def _ask(
        self, recorder: Recorder, arrived: Arrived, client: Addresses, server: Addresses
    ) -> None:
        recorder.connections(
            arrived.key, arrived.time_us, client, server, NTP, up=48, down=48, proto=UDP,
            sport=NTP, duration_us=integers(arrived.key, 1, 200, 30_000),
        )  # fmt: skip


def _period(keys: Keys, slow: int) -> np.ndarray:
    """Return a polling period, a power of two seconds up to 1,024; mostly the longest."""
    power = 10 - np.minimum(integers(keys, 5, 0, slow), integers(keys, 6, 0, slow))
    return (np.int64(1) << power) * SECOND_US


class Messages(Activity):
    """Servers send what they log to the monitoring server, a few lines at a time."""

    name = "syslog"
    span_us = MINUTE_US
    curve = FLAT

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._ticks = Steady(server_keys(world, self.name), 30 * MINUTE_US, 0.9, 0.8, self.rate)
        self._addresses = np.array([host.address for host in world.servers.values()])

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record what is sent in [start, end)."""
        arrived = self._ticks.between(start_us, end_us)
        monitor = self.world.servers["mon1"].address
        arrived = chosen(arrived, np.flatnonzero(self._addresses[arrived.who, 1] != monitor[1]))
        lines = integers(arrived.key, 0, 1, 9)
        recorder.connections(
            arrived.key, arrived.time_us, self._addresses[arrived.who], monitor, SYSLOG,
            up=lines * integers(arrived.key, 1, 90, 210), packets=(lines, 0), proto=UDP,
            sport=SYSLOG, duration_us=integers(arrived.key, 2, 0, 8 * SECOND_US),
        )  # fmt: skip


class Cameras(Activity):
    """Cameras hand over a clip when something moves."""

    name = "cameras"
    span_us = 6 * MINUTE_US
    curve = FLAT
    _clip = log_normal(9e6, 0.7)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._numbers = np.array([h.number for h in world.devices.hosts if h.role == "camera"])
        keys = world.devices.keys(self.name)[self._numbers]
        self._ticks = Steady(keys, HOUR_US, 1.0, 1.0, self.rate)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the clips of [start, end)."""
        arrived = self._ticks.between(start_us, end_us)
        clip = whole(sample(arrived.key, 0, self._clip), 90e6)
        connect(
            recorder, arrived.key, arrived.time_us,
            self.world.devices.address[self._numbers[arrived.who]], "app1", HTTPS,
            up=clip, down=2_600, duration_us=np.minimum(clip * 3, 5 * MINUTE_US),
        )  # fmt: skip


class Echoes(Activity):
    """Whether something outside is there: the monitoring server asks, and people with a problem."""

    name = "echoes"
    span_us = 5 * MINUTE_US
    curve = WORK
    _per_person = 0.25

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._people = at_large(self, max(self._per_person * len(world.people), 12.0))
        row = list(world.servers).index("mon1")
        keys = child(server_keys(world, self.name)[[row] * _WATCHED], np.arange(_WATCHED))
        self._watch = Steady(keys, 5 * MINUTE_US, 0.01, 1.0, self.rate)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the requests that begin in [start, end)."""
        world, watch = self.world, self._watch.between(start_us, end_us)
        monitor = np.broadcast_to(world.servers["mon1"].address, (len(watch), 2))
        self._echo(recorder, watch, monitor, world.names.address[watch.who * 4], 56)
        asked = self._people.between(start_us, end_us)
        who = np.floor(uniform(asked.key, 39) * len(world.people)).astype(np.int64)
        site = liked(world, who, asked.key, 0)
        size = _SIZES[integers(asked.key, 3, 0, len(_SIZES))]
        self._echo(recorder, asked, world.people.address[who], world.names.address[site * 4], size)

    def _echo(
        self, recorder: Recorder, arrived: Arrived, client: Addresses, target: Addresses, size: Any
    ) -> None:
        key = arrived.key
        sent = np.where(uniform(key, 4) < 0.8, 4, integers(key, 5, 5, 120))
        got = np.where(uniform(key, 6) < 0.95, sent, sent - integers(key, 7, 1, 3))
        recorder.connections(
            key, arrived.time_us, client, target, _ECHO, proto=ICMP, packets=(sent, got),
            up=sent * size, down=got * size,
            duration_us=(sent - 1) * SECOND_US + integers(key, 8, 6_000, 90_000),
        )  # fmt: skip


#: Type 8, code 0.
_ECHO = 8 << 8
_WATCHED = 3
#: Bytes that people send: as programs do, and as large as a way may allow.
_SIZES = np.array([32, 32, 32, 32, 56, 56, 120, 512, 1_000, 1_472])

ACTIVITIES = (TimeKeeping, Messages, Cameras, Echoes)
