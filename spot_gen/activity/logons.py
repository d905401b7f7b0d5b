"""People logging on: tickets, directory, policies, and what the servers write down about it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.activity.habits import ByPeople, Occasional
from spot_gen.activity.records import service
from spot_gen.activity.services import connect, machines, users, whole, written
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US, Arrived
from spot_gen.distributions import log_normal
from spot_gen.log_fields import encode
from spot_gen.network.addresses import OUTSIDE, Addresses, four
from spot_gen.network.hosts import ORGANISATION
from spot_gen.network.names import OUTSIDE_BLOCKS
from spot_gen.network.world import World
from spot_gen.protocols import SRV
from spot_gen.recorder import Recorder
from spot_gen.streams import Ints, child, integers, sample, uniform

KERBEROS, LDAP, SMB, SSH = 88, 389, 445, 22


class LogOn(ByPeople):
    """A person logs on or unlocks the machine: a ticket, the directory, the policies."""

    name = "log_on"
    span_us = 10 * MINUTE_US
    per_day = 2.6
    _policies = log_normal(60_000.0, 0.8)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._users, self._machines = users(world.people), machines(world.people)
        self._services = [service(port, f"dc1.{ORGANISATION}") for port in (LDAP, KERBEROS)]

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the log-ons that begin in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        self._find(recorder, arrived)
        key, client = arrived.key, self.world.people.address[arrived.who]
        for number, (port, up, down, after_us) in enumerate(_STEPS):
            own = child(key, 10 + number)
            policies = whole(sample(own, 1, self._policies)) if port == SMB else 0
            connect(
                recorder, own, arrived.time_us + after_us, client, "dc1", port,
                up=integers(own, 2, up, 2 * up),
                down=integers(own, 3, down, 2 * down) + policies,
                duration_us=integers(own, 4, 8_000, 4 * SECOND_US),
            )  # fmt: skip
        self._write(recorder, arrived)

    def _find(self, recorder: Recorder, arrived: Arrived) -> None:
        """Record the look-up of the directory's services, by half of the log-ons."""
        rows = np.flatnonzero(uniform(arrived.key, 5) < 0.5)
        for number, name in enumerate(("_ldap._tcp.dc._msdcs", "_kerberos._tcp")):
            recorder.lookups(
                child(arrived.key[rows], 20 + number),
                arrived.time_us[rows] + number * 9_000,
                self.world.people.address[arrived.who[rows]],
                f"{name}.{ORGANISATION}",
                qtype=SRV, ttl=600, answers=[self._services[number]],
            )  # fmt: skip

    def _write(self, recorder: Recorder, arrived: Arrived) -> None:
        key, row = arrived.key, pa.array(arrived.who)
        user, size = self._users.take(row), len(arrived)
        common = {
            "user": user,
            "address": written(self.world.people.address[arrived.who]),
            "port": integers(key, 6, 49_152, 65_536),
        }
        for number, event in enumerate((4768, 4769)):
            recorder.log_lines(
                child(key, 30 + number), arrived.time_us + 40_000 + number * 160_000, "dc1",
                "windows",
                encode("windows", size, event_id=event, **common, status="0x0"),
            )  # fmt: skip
        kind = np.where(uniform(key, 7) < 0.45, 2, 7)
        recorder.log_lines(
            child(key, 32), arrived.time_us + 420_000, self._machines.take(row), "windows",
            encode("windows", size, event_id=4624, user=user, logon_type=kind),
        )  # fmt: skip


#: Port, least bytes each way, and how long after the log-on.
_STEPS = (
    (KERBEROS, 260, 900, 20_000),
    (KERBEROS, 1_500, 1_600, 190_000),
    (LDAP, 900, 4_000, 350_000),
    (SMB, 2_800, 3_600, 700_000),
)


class Tickets(ByPeople):
    """A program needs a ticket for a server; the server notes who came."""

    name = "tickets"
    span_us = MINUTE_US
    per_day = 5.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._users, self._machines = users(world.people), machines(world.people)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the tickets that are asked for in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        key, size = arrived.key, len(arrived)
        client = self.world.people.address[arrived.who]
        connect(
            recorder, key, arrived.time_us, client, "dc1", KERBEROS,
            up=integers(key, 0, 1_400, 1_700), down=integers(key, 1, 1_450, 1_800),
            duration_us=integers(key, 2, 3_000, 60_000),
        )  # fmt: skip
        user = self._users.take(pa.array(arrived.who))
        common = {"user": user, "address": written(client)}
        recorder.log_lines(
            child(key, 3), arrived.time_us + 60_000, "dc1", "windows",
            encode("windows", size, event_id=4769, **common, status="0x0"),
        )  # fmt: skip
        where = _SERVERS.take(pa.array(integers(key, 4, 0, len(_SERVERS))))
        station = self._machines.take(pa.array(arrived.who))
        recorder.log_lines(
            child(key, 5), arrived.time_us + 240_000, where, "windows",
            encode("windows", size, event_id=4624, **common, workstation=station, logon_type=3),
        )  # fmt: skip
        recorder.log_lines(
            child(key, 6), arrived.time_us + integers(key, 7, 1, 55) * SECOND_US, where, "windows",
            encode("windows", size, event_id=4634, user=user, logon_type=3),
        )  # fmt: skip


_SERVERS = pa.array(["fs1", "fs1", "fs1", "app1", "mail1", "db1"])


class RemoteWork(Occasional):
    """Somebody who is out logs on to the gateway from outside by SSH."""

    name = "remote_work"
    span_us = 3 * HOUR_US
    per_day = 8.0
    per_person = 0.06
    _length = log_normal(9 * 60e6, 1.1)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the sessions that begin in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        key, who = arrived.key, arrived.who
        home = child(self.world.people.keys(self.name)[who], 0)
        source = four(
            int(OUTSIDE[0]) + integers(home, 0, 0, OUTSIDE_BLOCKS) * 512 + integers(home, 1, 1, 64)
        )
        length = whole(sample(key, 1, self._length), 2.9 * HOUR_US) + 20 * SECOND_US
        port = integers(key, 2, 1_024, 65_536)
        recorder.connections(
            key, arrived.time_us, source, self.world.servers["ssh1"].address, SSH,
            up=integers(key, 3, 4_000, 90_000) + length // 4_000,
            down=integers(key, 4, 6_000, 400_000) + length // 900,
            duration_us=length, sport=port,
        )  # fmt: skip
        self._write(recorder, arrived, source, port, length)

    def _write(
        self, recorder: Recorder, arrived: Arrived, source: Addresses, port: Ints, length: Ints
    ) -> None:
        """Record what the gateway logs; some mistype their password first."""
        key, size = arrived.key, len(arrived)
        user = users(self.world.people).take(pa.array(arrived.who))
        by_word = uniform(key, 5) < 0.2
        fields = {
            "user": user,
            "address": written(source),
            "port": port,
            "method": pc.if_else(pa.array(by_word), "password", "publickey"),
        }
        slip = np.flatnonzero(by_word & (uniform(key, 6) < 0.3))
        recorder.log_lines(
            child(key[slip], 13), arrived.time_us[slip] + 900_000, "ssh1", "sshd",
            encode(
                "sshd", len(slip), result="failed", user=user.take(pa.array(slip)),
                address=fields["address"].take(pa.array(slip)), port=port[slip],
            ),
        )  # fmt: skip
        for number, (result, after) in enumerate((("accepted", 1_900_000), ("opened", 1_960_000))):
            recorder.log_lines(
                child(key, 10 + number), arrived.time_us + after, "ssh1", "sshd",
                encode("sshd", size, result=result, **fields),
            )  # fmt: skip
        recorder.log_lines(
            child(key, 12), arrived.time_us + length, "ssh1", "sshd",
            encode("sshd", size, result="ended", user=user),
        )  # fmt: skip


class Administration(Occasional):
    """An administrator logs on to a server from the machine for that, and acts as root."""

    name = "administration"
    span_us = HOUR_US
    per_day = 24.0
    _length = log_normal(4 * 60e6, 1.0)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the sessions that begin in [start, end)."""
        arrived, servers = self.arrived(start_us, end_us), self.world.servers
        key, size = arrived.key, len(arrived)
        target = integers(key, 1, 0, len(_UNIX))
        length = whole(sample(key, 2, self._length), 0.9 * HOUR_US) + 15 * SECOND_US
        source = servers["adm1"].address
        port = integers(key, 3, 49_152, 65_536)
        recorder.connections(
            key, arrived.time_us, source,
            np.array([servers[name].address for name in _UNIX])[target], SSH,
            up=integers(key, 4, 4_000, 60_000), down=integers(key, 5, 6_000, 900_000),
            duration_us=length, sport=port,
        )  # fmt: skip
        address = written(np.broadcast_to(source, (size, 2)))
        where = pa.array(_UNIX).take(pa.array(target))
        user = pa.array(["admin1", "admin2"]).take(pa.array(integers(key, 6, 0, 2)))
        fields = {"user": user, "address": address, "port": port, "method": "publickey"}
        for number, (result, after) in enumerate(_SESSION):
            recorder.log_lines(
                child(key, 20 + number),
                arrived.time_us + np.where(after < 0, length, after),
                where,
                "sshd",
                encode("sshd", size, result=result, **fields),
            )
        self._act(recorder, arrived, user, where)

    def _act(
        self, recorder: Recorder, arrived: Arrived, user: pa.StringArray, where: pa.StringArray
    ) -> None:
        """Record commands as root, and that some become root for a while."""
        key, time = arrived.key, arrived.time_us + 9 * SECOND_US
        command = pa.array(_COMMANDS).take(pa.array(integers(key, 7, 0, len(_COMMANDS))))
        common = {"user": user, "tty": "pts/0"}
        recorder.log_lines(
            child(key, 24), time, where, "sudo",
            encode("sudo", len(key), result="allowed", command=command, folder="/root", **common),
        )  # fmt: skip
        becomes = np.flatnonzero(uniform(key, 8) < 0.2)
        rows = pa.array(becomes)
        for number, result in enumerate(("opened", "closed")):
            recorder.log_lines(
                child(key[becomes], 25 + number),
                time[becomes] + (2 + number * 3) * SECOND_US, where.take(rows), "su",
                encode("su", len(rows), result=result, user=user.take(rows), tty="pts/0"),
            )  # fmt: skip


#: What the log says of a session, and how long after its beginning; -1: at its end.
_SESSION = (("accepted", 600_000), ("opened", 640_000), ("ended", -1))
_UNIX = ("dns1", "dns2", "proxy1", "mail1", "db1", "ntp1", "www1", "mx1", "ssh1", "mon1")
_COMMANDS = (
    "/usr/bin/systemctl status", "/usr/bin/journalctl -n 200", "/usr/bin/apt-get update",
    "/usr/bin/tail -f /var/log/syslog", "/usr/bin/systemctl reload nginx", "/usr/bin/df -h",
)  # fmt: skip

ACTIVITIES = (LogOn, Tickets, RemoteWork, Administration)
