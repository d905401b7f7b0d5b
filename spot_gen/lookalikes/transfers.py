"""Much data on the move, as it should be: backup, uploads, the search index, downloads."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.activity.habits import NIGHT, Occasional, Steady, expand, server_keys
from spot_gen.activity.letters import ALNUM, letters
from spot_gen.activity.model import Activity
from spot_gen.activity.services import connect, whole
from spot_gen.activity.web import READY_US, Visits
from spot_gen.clock import FLAT, HOUR_US, MINUTE_US, SECOND_US, Arrivals, Arrived
from spot_gen.distributions import log_normal
from spot_gen.network.agents import PROGRAMS
from spot_gen.network.world import World
from spot_gen.recorder import Recorder
from spot_gen.streams import Ints, child, integers, sample, uniform

STORAGE, SMB = 9_103, 445
_LONGEST = 100.0 * MINUTE_US
#: Bytes a microsecond.
_SPEED = log_normal(14.0, 0.3)


class Backup(Activity):
    """Every night each machine's agent sends what is new to the backup server."""

    name = "backup"
    span_us = 2 * HOUR_US
    curve = NIGHT
    _server = log_normal(7e9, 0.9)
    _workstation = log_normal(0.7e9, 0.9)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        servers = list(world.servers.values())
        sources = [row for row, host in enumerate(servers) if host.role not in _NOT_BACKED_UP]
        keys = np.concatenate(
            [server_keys(world, self.name)[sources], world.people.keys(self.name)]
        )
        self._servers = len(sources)
        self._addresses = np.concatenate(
            [np.array([servers[row].address for row in sources]), world.people.address]
        )
        self._arrivals = Arrivals(keys, np.full(len(keys), self.rate), self.curve)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the backups that begin in [start, end)."""
        arrived = self._arrivals.between(start_us, end_us)
        key, big = arrived.key, arrived.who < self._servers
        size = np.where(big, sample(key, 0, self._server), sample(key, 0, self._workstation))
        time = size / sample(key, 1, _SPEED)
        connect(
            recorder, key, arrived.time_us, self._addresses[arrived.who],
            "backup1", STORAGE,
            up=whole(size), down=whole(size / 5_000) + 20_000,
            duration_us=whole(time, _LONGEST) + 4 * SECOND_US,
        )  # fmt: skip


_NOT_BACKED_UP = ("backup", "router")


class _Upload(Occasional):
    """Somebody sends files of their own to a site that keeps them."""

    _program = ""
    _path = ""
    _type = ""
    _count = (1, 2)
    _size = log_normal(1e6, 0.5)
    _most = 1e9

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the uploads that begin in [start, end)."""
        arrived, sites = self.arrived(start_us, end_us), self.world.sites
        if not len(arrived):
            return
        key = arrived.key
        site = sites.of_kind("File Storage/Sharing", uniform(key, 0) * 0.3)
        row, _, own = expand(arrived, integers(key, 1, *self._count))
        size = whole(sample(own, 2, self._size), self._most)
        taken = whole(size / (integers(key, 3, 1_500, 6_000)[row])) + 200
        after = READY_US + _one_after_the_other(row, taken * 1_000 + 40_000)
        visits = Visits.of(arrived, sites.host(site, "api."), uniform(key, 4) < 0.4)
        serial = letters(own, 1, 10, ALNUM)
        put = uniform(own, 6) < 0.5
        columns = {
            "method": pc.if_else(pa.array(put), "PUT", "POST"),
            "status": np.where(put, 201, 200),
            "path": pc.binary_join_element_wise(self._path, serial, ""),
            "agent": self._program,
            "content_type": self._type,
            "action": "TCP_NC_MISS",
            "bytes_up": size + 700,
            "bytes_down": integers(own, 5, 300, 620),
            "taken_ms": taken,
        }
        self.web.fetch(recorder, visits, own, row, after, columns)


def _one_after_the_other(row: Ints, lengths: Ints) -> Ints:
    """Return when each item of a group begins, if it waits for those before it."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    first = np.searchsorted(row, row)
    return starts - starts[first]


class PhotoUpload(_Upload):
    """Photos of an outing, one request each."""

    name = "photo_upload"
    span_us = 10 * MINUTE_US
    per_day = 6.0
    per_person = 0.04
    _program = PROGRAMS["photos"]
    _path = "/v1/photos/"
    _type = "application/json"
    _count = (12, 60)
    _size = log_normal(2.8e6, 0.4)
    _most = 12e6


class VideoUpload(_Upload):
    """A film in pieces."""

    name = "video_upload"
    span_us = 40 * MINUTE_US
    per_day = 4.0
    per_person = 0.02
    _program = PROGRAMS["studio"]
    _path = "/v1/video/parts/"
    _type = "application/json"
    _count = (6, 50)
    _size = log_normal(32e6, 0.1)
    _most = 64e6


class IndexServer(Activity):
    """The server that makes files searchable reads what is new on the file server."""

    name = "index_server"
    span_us = HOUR_US
    curve = FLAT
    _size = log_normal(4e9, 0.6)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        keys = world.stream(f"process/{self.name}").bits(1)
        self._ticks = Steady(keys, 2 * HOUR_US, 0.1, 1.0, self.rate)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the runs that begin in [start, end)."""
        arrived = self._ticks.between(start_us, end_us)
        size = sample(arrived.key, 0, self._size)
        time = size / sample(arrived.key, 1, _SPEED) * 3
        connect(
            recorder, arrived.key, arrived.time_us,
            self.world.servers["index1"].address, "fs1", SMB,
            up=whole(size / 60), down=whole(size),
            duration_us=whole(time, 50.0 * MINUTE_US) + SECOND_US,
        )  # fmt: skip


class InstallerDownload(Occasional):
    """Somebody fetches a program from the site of its maker: a page, a redirect, the file."""

    name = "installer_download"
    span_us = 15 * MINUTE_US
    per_day = 7.0
    per_person = 0.04
    _size = log_normal(70e6, 0.8)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the downloads that begin in [start, end)."""
        arrived, sites = self.arrived(start_us, end_us), self.world.sites
        if not len(arrived):
            return
        key = arrived.key
        site = sites.of_kind("Software Downloads", uniform(key, 0))
        page, file = sites.host(site, "www."), sites.host(site, "static.")
        plain = uniform(key, 1) < 0.3
        begun = self._page(recorder, arrived, page, plain)
        self._file(recorder, arrived, begun, file, plain)

    def _page(self, recorder: Recorder, arrived: Arrived, host: Ints, secure: np.ndarray) -> Ints:
        row, number, key = expand(arrived, np.full(len(arrived), 2))
        last = number == 1
        visits = Visits.of(arrived, host, secure)
        start = pc.binary_join_element_wise(
            "http://", self.world.names.host.take(pa.array(host[row])), "/downloads.html", ""
        )
        columns = {
            "path": pc.if_else(pa.array(last), "/get/setup", "/downloads.html"),
            "query": pc.if_else(pa.array(last), "?os=win64&lang=en", ""),
            "extension": pc.if_else(pa.array(last), "", "html"),
            "status": np.where(last, 302, 200),
            "content_type": "text/html",
            "referer": pc.if_else(pa.array(last), start, ""),
            "bytes_down": np.where(last, 420, integers(key, 5, 9_000, 60_000)),
        }
        after = READY_US + number * integers(key, 6, 4, 25) * SECOND_US
        begun = self.web.fetch(recorder, visits, key, row, after, columns)
        return begun + after[1::2]

    def _file(
        self, recorder: Recorder, arrived: Arrived, begun: Ints, host: Ints, secure: np.ndarray
    ) -> None:
        key = child(arrived.key, 7)
        size = whole(sample(key, 0, self._size), 400e6)
        kind = integers(key, 1, 0, len(_INSTALLERS))
        ending = _ENDINGS.take(pa.array(kind))
        serial = pa.array(integers(key, 2, 100, 999)).cast(pa.string())
        columns = {
            "path": pc.binary_join_element_wise("/dist/setup-", serial, ".", ending, ""),
            "extension": ending,
            "content_type": _TYPES.take(pa.array(kind)),
            "referer": pc.binary_join_element_wise(
                "http://", self.world.names.host.take(pa.array(host - 1)), "/", ""
            ),
            "bytes_down": size,
            "taken_ms": size // integers(key, 3, 1_500, 9_000) + 80,
        }
        time = begun + integers(key, 4, 250_000, 900_000)
        visits = Visits(key, arrived.who, time, host, secure)
        number = np.arange(len(key))
        self.web.fetch(recorder, visits, child(key, 8), number, READY_US, columns)


_INSTALLERS = (
    ("exe", "application/x-msdownload"), ("exe", "application/octet-stream"),
    ("msi", "application/x-msi"), ("zip", "application/zip"),
)  # fmt: skip
_ENDINGS = pa.array([ending for ending, _ in _INSTALLERS])
_TYPES = pa.array([kind for _, kind in _INSTALLERS])

ACTIVITIES = (Backup, PhotoUpload, VideoUpload, IndexServer, InstallerDownload)
