"""Log-ons that fail without any attack: forgotten passwords, and a service with an old one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spot_gen.activity.habits import Occasional, expand
from spot_gen.activity.services import connect, machines, users, written
from spot_gen.clock import FLAT, HOUR_US, MINUTE_US, SECOND_US, Arrived
from spot_gen.log_fields import encode
from spot_gen.network.world import World
from spot_gen.recorder import Recorder
from spot_gen.streams import Ints, Keys, child, integers

KERBEROS = 88
#: Codes: wrong password by Kerberos, and to Windows; all is well.
_WRONG, _BAD_PASSWORD, _WELL = "0x18", "0xC000006A", "0x0"
_LOCKED_AFTER = 5


class ForgottenPassword(Occasional):
    """Somebody tries a few passwords; after five wrong ones the account is locked for a while."""

    name = "forgotten_password"
    span_us = 30 * MINUTE_US
    per_day = 6.0
    per_person = 0.04

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._users, self._machines = users(world.people), machines(world.people)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the tries that begin in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        wrong = integers(arrived.key, 0, 3, 8)
        row, number, key = expand(arrived, wrong + 1)
        right = number == wrong[row]
        locked = (wrong[row] >= _LOCKED_AFTER) & right
        time = arrived.time_us[row] + number * integers(arrived.key, 1, 6, 14)[row] * SECOND_US
        time = time + integers(key, 2, 0, 3 * SECOND_US) + np.where(locked, 17 * MINUTE_US, 0)
        tries = Arrived(arrived.who[row], key, time)
        self._try(recorder, tries, right)
        last = np.flatnonzero(number == _LOCKED_AFTER - 1)
        recorder.log_lines(
            child(key[last], 9), time[last] + 60_000, "dc1", "windows",
            encode("windows", len(last), event_id=4740,
                   user=self._users.take(pa.array(tries.who[last]))),
        )  # fmt: skip

    def _try(self, recorder: Recorder, tries: Arrived, right: np.ndarray) -> None:
        """Record each try: the question to the directory, its log and the machine's."""
        key, size, client = tries.key, len(tries), self.world.people.address[tries.who]
        connect(
            recorder, key, tries.time_us, client, "dc1", KERBEROS,
            up=integers(key, 3, 260, 330), down=np.where(right, 1_500, 210),
            duration_us=integers(key, 4, 2_000, 40_000),
        )  # fmt: skip
        user = self._users.take(pa.array(tries.who))
        address = written(client)
        recorder.log_lines(
            child(key, 5), tries.time_us + 45_000, "dc1", "windows",
            encode("windows", size, event_id=np.where(right, 4768, 4771), user=user,
                   address=address, status=_codes(right, _WRONG)),
        )  # fmt: skip
        recorder.log_lines(
            child(key, 6), tries.time_us + 52_000, self._machines.take(pa.array(tries.who)),
            "windows",
            encode("windows", size, event_id=np.where(right, 4624, 4625), user=user,
                   logon_type=2, status=_codes(right, _BAD_PASSWORD)),
        )  # fmt: skip


def _codes(right: np.ndarray, wrong: str) -> pa.StringArray:
    return pa.array([wrong, _WELL]).take(pa.array(right.astype(np.int64)))


class ServiceAccountLoop(Occasional):
    """A service whose password was changed tries the old one until somebody notices."""

    name = "service_account_loop"
    span_us = 4 * HOUR_US
    curve = FLAT
    per_day = 3.0
    _server = "app1"
    _account = "svc-report"

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the loops that begin in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        row, number, key = expand(arrived, integers(arrived.key, 0, 50, 200))
        time = arrived.time_us[row] + number * MINUTE_US + integers(key, 1, 0, 900_000)
        self._try(recorder, key, time)

    def _try(self, recorder: Recorder, key: Keys, time: Ints) -> None:
        client = self.world.servers[self._server].address
        connect(
            recorder, key, time, np.broadcast_to(client, (len(key), 2)), "dc1",
            KERBEROS, up=286, down=212, duration_us=integers(key, 2, 2_000, 30_000),
        )  # fmt: skip
        address = written(client[None])[0].as_py()
        common = {"user": self._account, "address": address, "status": _WRONG}
        recorder.log_lines(
            child(key, 3), time + 40_000, "dc1", "windows",
            encode("windows", len(key), event_id=4771, **common),
        )  # fmt: skip
        recorder.log_lines(
            child(key, 4), time + 48_000, self._server, "windows",
            encode("windows", len(key), event_id=4625, user=self._account, logon_type=5,
                   status=_BAD_PASSWORD),
        )  # fmt: skip


ACTIVITIES = (ForgottenPassword, ServiceAccountLoop)
