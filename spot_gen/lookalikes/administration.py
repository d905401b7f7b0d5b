"""Administrators at work on many machines: scanning, looking after them, giving out programs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spot_gen.activity.habits import Occasional, expand
from spot_gen.activity.model import Activity
from spot_gen.activity.services import machines, whole, written
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US, Arrivals, Arrived, Curve
from spot_gen.distributions import log_normal
from spot_gen.log_fields import encode
from spot_gen.network.world import World
from spot_gen.recorder import Recorder, State
from spot_gen.streams import Ints, Keys, child, draw, integers, sample, stream_keys, uniform

SMB, RPC, WINRM = 445, 135, 5_985

#: Two nights a week, from one to two o'clock: Monday and Friday.
_SCAN_NIGHTS = Curve(np.array([float(hour in (1, 4 * 24 + 1)) for hour in range(168)]))
_COMMON_PORTS = np.array(
    [21, 22, 23, 25, 53, 80, 110, 111, 135, 139, 143, 389, 443, 445, 514, 587, 636, 993, 995,
     1_433, 1_521, 2_049, 3_128, 3_268, 3_306, 3_389, 5_060, 5_432, 5_900, 5_985, 6_379, 8_000,
     8_080, 8_443, 9_100, 9_103, 9_200, 11_211, 27_017, 49_152]
)  # fmt: skip
_WORKSTATION_PORTS = np.array([22, 80, 135, 139, 443, 445, 3_389, 5_900, 5_985, 8_080])
_OPEN = {
    "workstation": (135, 139, 445), "files": (135, 445), "directory": (53, 135, 389, 445, 636),
    "mail": (25, 143, 587, 993), "web": (80, 443), "database": (22, 5_432), "proxy": (22, 8_080),
    "printer": (80, 9_100), "camera": (80, 443), "resolver": (22, 53), "relay": (22, 25),
    "application": (22, 80, 443), "gateway": (22,), "backup": (22, 9_103),
}  # fmt: skip


class AuthorisedScan(Activity):
    """The vulnerability scanner goes through all machines on two nights a week."""

    name = "authorised_scan"
    span_us = 2 * HOUR_US
    curve = _SCAN_NIGHTS

    def __init__(self, world: World) -> None:
        super().__init__(world)
        key = stream_keys(world.seed, [f"process/{self.name}"])
        self._arrivals = Arrivals(key, np.array([float(self.rate > 0)]), self.curve)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the scans that begin in [start, end)."""
        arrived = self._arrivals.between(start_us, end_us)
        if not len(arrived):
            return
        target, port, is_open = self._probes()
        row, number, key = expand(arrived, np.full(len(arrived), len(port)))
        step = min(200_000, 90 * MINUTE_US // len(port))
        silent = ~is_open[number] & (uniform(key, 1) < 0.3)
        closed = np.where(silent, State.UNANSWERED, State.REFUSED)
        talks = is_open[number]
        recorder.connections(
            key,
            arrived.time_us[row] + number * step + integers(key, 2, 0, 150_000),
            self.world.servers["scan1"].address,
            target[number],
            port[number],
            up=np.where(talks, integers(key, 3, 60, 900), 0),
            down=np.where(talks, integers(key, 4, 90, 2_500), 0),
            state=np.where(talks, State.DONE, closed),
            tries=np.where(silent, 2, 1),
            duration_us=np.where(talks, integers(key, 5, 30_000, 3_000_000),
                                 np.where(silent, SECOND_US, 900)),
        )  # fmt: skip

    def _probes(self) -> tuple[np.ndarray, Ints, np.ndarray]:
        """Return what is tried on whom, machine after machine, and whether it is open."""
        targets, ports, is_open = [], [], []
        for host in self.world.hosts:
            tried = _WORKSTATION_PORTS if host.role == "workstation" else _COMMON_PORTS
            if host.role != "scanner":
                targets.append(np.broadcast_to(host.address, (len(tried), 2)))
                ports.append(tried)
                is_open.append(np.isin(tried, _OPEN.get(host.role, (22,))))
        return np.concatenate(targets), np.concatenate(ports), np.concatenate(is_open)


class _ManyMachines(Occasional):
    """Something that one machine does to a share of the workstations, one after the other."""

    _least, _most = 15, 41
    _step_us = 12 * SECOND_US

    def _reached(self, arrived: Arrived) -> tuple[Ints, Ints, Keys, Ints]:
        """Return per step: the row of its arrival, the workstation, its key, its time."""
        people = len(self.world.people)
        count = np.minimum(integers(arrived.key, 0, self._least, self._most), people)
        row, number, key = expand(arrived, count)
        first = (draw(arrived.key, 1) % np.uint64(people)).astype(np.int64)
        who = (first[row] + number) % people
        time = arrived.time_us[row] + number * self._step_us + integers(key, 2, 0, 8 * SECOND_US)
        return row, who, key, time


class AdminFanout(_ManyMachines):
    """An administrator's script looks at many workstations in turn."""

    name = "admin_fanout"
    span_us = 20 * MINUTE_US
    per_day = 5.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._machines = machines(world.people)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the runs that begin in [start, end)."""
        _, who, key, time = self._reached(self.arrived(start_us, end_us))
        source, target = self.world.servers["adm1"].address, self.world.people.address[who]
        away = uniform(key, 3) < 0.12
        for number, port in enumerate((RPC, WINRM)):
            recorder.connections(
                child(key, 10 + number), time + number * 240_000, source, target, port,
                up=np.where(away, 0, integers(key, 4, 1_500, 9_000)),
                down=np.where(away, 0, integers(key, 5, 2_000, 30_000)),
                state=np.where(away, State.UNANSWERED, State.DONE),
                tries=np.where(away, 3, 1),
                duration_us=np.where(away, 9_000_000, integers(key, 6, 200_000, 5_000_000)),
            )  # fmt: skip
        there = np.flatnonzero(~away)
        address = written(source[None])[0].as_py()
        recorder.log_lines(
            child(key[there], 7), time[there] + 300_000,
            self._machines.take(pa.array(who[there])), "windows",
            encode("windows", len(there), event_id=4624, user="admin1", logon_type=3,
                   address=address),
        )  # fmt: skip


class SoftwareRollout(_ManyMachines):
    """A new program is copied to many workstations and installed there as a service."""

    name = "software_rollout"
    span_us = HOUR_US
    per_day = 3.0
    _least, _most = 20, 61
    _step_us = 20 * SECOND_US
    _package = log_normal(45e6, 0.5)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._machines = machines(world.people)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the roll-outs that begin in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        row, who, key, time = self._reached(arrived)
        source, target = self.world.servers["app1"].address, self.world.people.address[who]
        package = whole(sample(arrived.key, 3, self._package), 200e6)[row]
        copied = package // 9 + 400_000
        recorder.connections(
            child(key, 10), time, source, target, SMB,
            up=package + 4_000, down=integers(key, 4, 9_000, 60_000), duration_us=copied,
        )  # fmt: skip
        recorder.connections(
            child(key, 11), time + copied + 150_000, source, target, RPC,
            up=integers(key, 5, 1_500, 2_600), down=integers(key, 6, 1_200, 2_200),
            duration_us=integers(key, 7, 80_000, 900_000),
        )  # fmt: skip
        self._write(recorder, who, key, time + copied)

    def _write(self, recorder: Recorder, who: Ints, key: Keys, time: Ints) -> None:
        address = written(self.world.servers["app1"].address[None])[0].as_py()
        where, size = self._machines.take(pa.array(who)), len(who)
        recorder.log_lines(
            child(key, 8), time - 200_000, where, "windows",
            encode("windows", size, event_id=4624, user="svc-deploy", logon_type=3,
                   address=address),
        )  # fmt: skip
        recorder.log_lines(
            child(key, 9), time + 400_000, where, "windows",
            encode("windows", size, event_id=7045, user="svc-deploy", service="DeployAgent",
                   process="C:\\Windows\\Deploy\\agent.exe"),
        )  # fmt: skip


ACTIVITIES = (AuthorisedScan, AdminFanout, SoftwareRollout)
