"""What is rare without being bad: a new application, a new machine, work at night."""

from __future__ import annotations

import numpy as np

from spot_gen.activity.browsing import Browser
from spot_gen.activity.habits import NIGHT, Occasional, expand
from spot_gen.activity.web import READY_US, Clients, Visits
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US, Arrived
from spot_gen.network.addresses import INTERNAL, four
from spot_gen.network.agents import PROGRAMS
from spot_gen.network.world import World
from spot_gen.recorder import Recorder
from spot_gen.streams import Ints, child, integers, uniform

#: Where machines get an address that nobody knows yet.
_GUESTS = int(INTERNAL[0]) + 5 * 256


class NewApplication(Occasional):
    """Somebody tries a program that nobody else has, with a port and a site of its own."""

    name = "new_application"
    span_us = HOUR_US
    per_day = 5.0
    _port = 8_447

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the trials that begin in [start, end)."""
        arrived, world = self.arrived(start_us, end_us), self.world
        if not len(arrived):
            return
        count = len(world.names.site)
        site = integers(arrived.key, 0, count // 2, count)
        host = world.sites.host(site, "api.")
        row, number, key = expand(arrived, integers(arrived.key, 1, 4, 14))
        time = arrived.time_us[row] + number * integers(key, 2, 20, 200) * SECOND_US
        visits = Visits.of(Arrived(arrived.who[row], key, time), host[row])
        begun = self.web.look_up(recorder, visits)
        recorder.connections(
            child(key, 3), begun, world.people.address[visits.who],
            world.names.address[visits.host], self._port,
            up=integers(key, 4, 900, 60_000), down=integers(key, 5, 1_200, 900_000),
            duration_us=integers(key, 6, 300_000, 90_000_000),
        )  # fmt: skip
        self._register(recorder, arrived, host)

    def _register(self, recorder: Recorder, arrived: Arrived, host: Ints) -> None:
        """Record how the program makes itself known, through the proxy."""
        number = np.arange(len(arrived))
        columns = {
            "method": "POST",
            "path": "/register/device",
            "content_type": "application/json",
            "agent": PROGRAMS["novelty"],
            "action": "TCP_NC_MISS",
            "bytes_up": integers(arrived.key, 8, 900, 2_400),
            "bytes_down": integers(arrived.key, 9, 400, 1_900),
        }
        first = Arrived(arrived.who, child(arrived.key, 7), arrived.time_us)
        key = child(arrived.key, 10)
        self.web.fetch(recorder, Visits.of(first, host), key, number, READY_US, columns)


class NewHost(Occasional):
    """A visitor's machine is connected and used for an hour or two."""

    name = "new_host"
    span_us = 3 * HOUR_US
    per_day = 4.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        address = four(_GUESTS + 10 + np.arange(len(world.people)) % 240)
        self._browser = Browser(world, Clients.nobodys(address, _GUEST_AGENTS))

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the visits that begin in [start, end)."""
        sessions = _sessions(self.arrived(start_us, end_us), 5, 16, 10 * MINUTE_US)
        self._browser.browse(recorder, sessions)


_GUEST_AGENTS = (
    "Mozilla/5.0 (Linux; Android 14; Tablet) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/121.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_3) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.3 Safari/605.1.15",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36",
)


class NightShift(Occasional):
    """Somebody is at work at night, and reads for a few hours."""

    name = "night_shift"
    span_us = 4 * HOUR_US
    curve = NIGHT
    per_day = 6.0
    per_person = 0.015

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._browser = Browser(world)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the shifts that begin in [start, end)."""
        sessions = _sessions(self.arrived(start_us, end_us), 4, 10, 18 * MINUTE_US)
        self._browser.browse(recorder, sessions)


def _sessions(arrived: Arrived, least: int, most: int, apart_us: int) -> Arrived:
    """Expand each arrival to several, ``apart_us`` from each other on average."""
    row, number, key = expand(arrived, integers(arrived.key, 0, least, most))
    later = (number * apart_us + uniform(key, 1) * apart_us).astype(np.int64)
    return Arrived(arrived.who[row], key, arrived.time_us[row] + later)


ACTIVITIES = (NewApplication, NewHost, NightShift)
