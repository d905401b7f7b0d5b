"""What people do at the organisation's servers: mail, files, printing, applications, data."""

from __future__ import annotations

import numpy as np

from spot_gen.activity.habits import ON, ByPeople, Steady, chosen, expand, is_on, switched_on
from spot_gen.activity.model import Activity
from spot_gen.activity.services import connect, whole
from spot_gen.clock import FLAT, HOUR_US, MINUTE_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.network.world import World
from spot_gen.recorder import Recorder, State
from spot_gen.streams import integers, sample, uniform

IMAPS, SMB, PRINTING, HTTPS, POSTGRES, SHARED_UPDATES = 993, 445, 9100, 443, 5432, 7680


class MailPoll(Activity):
    """A mail program asks for new mail every five minutes; sometimes there is some."""

    name = "mail_poll"
    span_us = 2 * MINUTE_US
    curve = ON
    _new = log_normal(45_000.0, 1.6)
    _none = log_normal(2_400.0, 0.15)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        keys = world.people.keys(self.name)
        self._ticks = Steady(keys, 5 * MINUTE_US, 0.04, 0.3, self.rate)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the polls that begin in [start, end)."""
        arrived = self._ticks.between(start_us, end_us)
        arrived = switched_on(self.world, arrived)
        key = arrived.key
        mail = np.where(uniform(key, 0) < 0.14, sample(key, 1, self._new), 0)
        connect(
            recorder, key, arrived.time_us, self.world.people.address[arrived.who],
            "mail1", IMAPS,
            up=integers(key, 2, 1_050, 1_400),
            down=whole(sample(key, 3, self._none) + mail, 40e6),
            duration_us=whole(integers(key, 4, 60_000, 900_000) + mail * 0.4, 60e6),
        )  # fmt: skip


class FileShare(ByPeople):
    """Somebody opens, reads or writes files on the file server."""

    name = "file_share"
    span_us = 40 * MINUTE_US
    per_day = 12.0
    _data = log_normal(500_000.0, 1.7)
    _length = log_normal(90e6, 1.1)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the sessions that begin in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        key, data = arrived.key, sample(arrived.key, 0, self._data)
        reads = uniform(key, 1) < 0.72
        connect(
            recorder, key, arrived.time_us, self.world.people.address[arrived.who],
            "fs1", SMB,
            up=whole(np.where(reads, data * 0.03, data), 2e9) + 2_600,
            down=whole(np.where(reads, data, data * 0.02), 2e9) + 3_400,
            duration_us=whole(sample(key, 2, self._length), 38.0 * MINUTE_US) + SECOND_US,
        )  # fmt: skip


class Printing(ByPeople):
    """Somebody prints on the printer of their floor."""

    name = "printing"
    span_us = 5 * MINUTE_US
    per_day = 2.5
    _data = log_normal(700_000.0, 1.2)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the jobs that begin in [start, end)."""
        arrived, devices = self.arrived(start_us, end_us), self.world.devices
        printers = np.array([h.number for h in devices.hosts if h.role == "printer"])
        own = printers[arrived.who // 24 % len(printers)]
        data = whole(sample(arrived.key, 0, self._data), 80e6)
        recorder.connections(
            arrived.key, arrived.time_us, self.world.people.address[arrived.who],
            devices.address[own], PRINTING,
            up=data,
            down=integers(arrived.key, 1, 120, 900),
            duration_us=np.minimum(data * 2 + SECOND_US, 4 * MINUTE_US),
        )  # fmt: skip


class Intranet(ByPeople):
    """Somebody uses the organisation's own application; each page is a few connections."""

    name = "intranet"
    span_us = 4 * MINUTE_US
    per_day = 8.0
    _page = log_normal(38_000.0, 1.0)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the visits that begin in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        row, number, key = expand(arrived, integers(arrived.key, 0, 1, 4))
        time = arrived.time_us[row] + number * integers(key, 1, 150_000, 20 * SECOND_US)
        connect(
            recorder, key, time, self.world.people.address[arrived.who[row]],
            "app1", HTTPS,
            up=integers(key, 2, 1_400, 6_000),
            down=whole(sample(key, 3, self._page), 8e6),
            duration_us=integers(key, 4, 400_000, 65 * SECOND_US),
        )  # fmt: skip


class Reporting(ByPeople):
    """One in twelve works with the database directly."""

    name = "reporting"
    span_us = 35 * MINUTE_US
    per_day = 8.0
    _rows = log_normal(300_000.0, 1.9)
    _length = log_normal(120e6, 1.0)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the sessions that begin in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        works = uniform(self.world.people.keys("reporting/who"), 0) < 1 / 12
        arrived = chosen(arrived, works[arrived.who])
        key = arrived.key
        connect(
            recorder, key, arrived.time_us, self.world.people.address[arrived.who],
            "db1", POSTGRES,
            up=integers(key, 0, 1_500, 30_000),
            down=whole(sample(key, 1, self._rows), 500e6) + 2_000,
            duration_us=whole(sample(key, 2, self._length), 30.0 * MINUTE_US) + SECOND_US,
        )  # fmt: skip


class DatabasePool(Activity):
    """The application keeps four connections to the database, renewed every hour."""

    name = "database_pool"
    span_us = 2 * HOUR_US
    curve = FLAT
    _data = log_normal(30e6, 0.5)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        keys = world.stream(f"process/{self.name}").bits(4)
        self._ticks = Steady(keys, HOUR_US, 0.02, 1.0, self.rate)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the connections that begin in [start, end)."""
        arrived = self._ticks.between(start_us, end_us)
        key, down = arrived.key, whole(sample(arrived.key, 0, self._data), 400e6)
        connect(
            recorder, key, arrived.time_us, self.world.servers["app1"].address,
            "db1", POSTGRES,
            up=down // 9, down=down, duration_us=integers(key, 1, 3_400, 3_620) * SECOND_US,
        )  # fmt: skip


class Neighbours(ByPeople):
    """A machine has parts of an update, or somebody a folder, that another machine fetches."""

    name = "neighbours"
    span_us = 12 * MINUTE_US
    per_day = 1.5
    _data = log_normal(1_500_000.0, 1.6)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record what is fetched from [start, end) on."""
        arrived, people = self.arrived(start_us, end_us), self.world.people
        row, number, key = expand(arrived, integers(arrived.key, 0, 1, 5))
        step = 1 + np.floor(uniform(key, 1) * max(len(people) - 1, 1)).astype(np.int64)
        other = (arrived.who[row] + step) % len(people)
        there = np.flatnonzero(other != arrived.who[row])
        row, number, key, other = row[there], number[there], key[there], other[there]
        size = whole(sample(key, 2, self._data), 200e6)
        off = ~is_on(self.world, other, arrived.time_us[row])
        recorder.connections(
            key, arrived.time_us[row] + number * integers(key, 3, 1, 20) * SECOND_US,
            people.address[arrived.who[row]], people.address[other],
            np.where(uniform(arrived.key, 4) < 0.15, SMB, SHARED_UPDATES)[row],
            up=np.where(off, 0, 900 + size // 90), down=np.where(off, 0, size),
            duration_us=np.where(off, 3 * SECOND_US, 20_000 + size // 4),
            state=np.where(off, State.UNANSWERED, State.DONE), tries=3,
        )  # fmt: skip


ACTIVITIES = (MailPoll, FileShare, Printing, Neighbours, Intranet, Reporting, DatabasePool)
