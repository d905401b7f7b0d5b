"""Mail from and to the outside, by way of the relay in the DMZ."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.activity.habits import ByPeople, at_large
from spot_gen.activity.model import Activity
from spot_gen.activity.records import mail_exchanger, name_data, reverse_name, text_data
from spot_gen.activity.services import connect, whole
from spot_gen.clock import MINUTE_US, WORK_CURVE, Arrived, Curve
from spot_gen.distributions import log_normal
from spot_gen.network.world import World
from spot_gen.protocols import MX, NXDOMAIN, PTR, TXT
from spot_gen.recorder import Recorder, State
from spot_gen.streams import Ints, Keys, child, integers, sample, stream_key, uniform

SMTP, SUBMISSION = 25, 587
#: What comes from outside: more in our hours than at night.
INBOUND = Curve(WORK_CURVE * 0.6 + 0.4 / 24)

#: How long what a mail server asks for may be kept, seconds; it keeps nothing itself.
_LIFE_S = 60
#: How many kinds of policies there are, the first of them long.
_KINDS, _LONG = 40, 4


def _policy(number: int) -> list[bytes]:
    """Return the TXT records of a domain: who may send for it; of some, what proves its owner."""
    proofs = 7 + number if number < _LONG else 0
    digests = (sha256(f"{number}/{n}".encode()).hexdigest() * 3 for n in range(proofs))
    records = ["v=spf1 mx a -all", *(f"site-verification={digest}" for digest in digests)]
    return [text_data(record) for record in records]


_POLICIES = pa.array([_policy(number) for number in range(_KINDS)], pa.list_(pa.binary()))

_SIZE = log_normal(28_000.0, 1.7)
_LARGEST = 25e6


def _times(key: Keys, size: Ints) -> Ints:
    """Return how long a mail takes, microseconds: about a second and its bytes."""
    return integers(key, 36, 350_000, 2_400_000) + np.minimum(size, 25_000_000)


class MailIn(Activity):
    """A mail server outside delivers to the relay, which asks who that is and passes it on."""

    name = "mail_in"
    span_us = 3 * MINUTE_US
    curve = INBOUND
    _per_person = 9.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._arrivals = at_large(self, self._per_person * len(world.people))

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the mails that arrive in [start, end)."""
        arrived, world = self._arrivals.between(start_us, end_us), self.world
        key, relay = arrived.key, world.servers["mx1"].address
        site = world.names.visited(uniform(key, 0))
        sender = world.names.address[site * 4 + 2]
        size = whole(sample(key, 1, _SIZE), _LARGEST)
        refused = uniform(key, 2) < 0.06
        recorder.connections(
            key, arrived.time_us, sender, relay, SMTP,
            up=np.where(refused, 180, size + 900),
            down=np.where(refused, 320, 760),
            duration_us=_times(key, np.where(refused, 0, size)),
        )  # fmt: skip
        self._ask_about(recorder, arrived, site, sender)
        kept = np.flatnonzero(~refused)
        connect(
            recorder, child(key[kept], 4), arrived.time_us[kept] + size[kept] + 2_500_000,
            relay, "mail1", SMTP,
            up=size[kept] + 1_100, down=700, duration_us=_times(key[kept], size[kept]),
        )  # fmt: skip

    def _ask_about(self, recorder: Recorder, arrived: Arrived, site: Ints, sender: Any) -> None:
        """Record the relay's look-ups: the name of the address, the sender's policy."""
        world, key = self.world, arrived.key
        authority, relay = world.names.authority(site), world.servers["mx1"].address
        name = world.names.site.take(pa.array(site))
        known = uniform(key, 5) < 0.9
        host = pc.binary_join_element_wise("mail", name, ".")
        recorder.lookups(
            child(key, 6), arrived.time_us + 90_000, relay, reverse_name(sender),
            qtype=PTR, rcode=np.where(known, 0, NXDOMAIN), authority=authority, ttl=_LIFE_S,
            answers=name_data(host, known),
        )  # fmt: skip
        number = integers(child(stream_key(world.seed, "policies"), site), 0, 0, _KINDS)
        for long in (False, True):
            rows = np.flatnonzero((number < _LONG) == long)
            ask = recorder.long_lookups if long else recorder.lookups
            ask(
                child(key[rows], 7), arrived.time_us[rows] + 260_000, relay,
                name.take(pa.array(rows)), qtype=TXT, authority=authority[rows], ttl=_LIFE_S,
                answers=_POLICIES.take(pa.array(number[rows])),
            )  # fmt: skip


class MailOut(ByPeople):
    """Somebody sends mail: to the mail server, and mostly on to the outside."""

    name = "mail_out"
    span_us = 5 * MINUTE_US
    per_day = 3.5

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the mails that are sent in [start, end)."""
        arrived, world = self.arrived(start_us, end_us), self.world
        key = arrived.key
        size = whole(sample(key, 1, _SIZE), _LARGEST)
        begun = connect(
            recorder, key, arrived.time_us, world.people.address[arrived.who],
            "mail1", SUBMISSION, up=size + 2_200, down=3_900, duration_us=_times(key, size),
        )  # fmt: skip
        out = np.flatnonzero(uniform(key, 2) < 0.6)
        far, size, time = child(key[out], 5), size[out], begun[out] + size[out] + 1_500_000
        begun = connect(
            recorder, far, time, world.servers["mail1"].address, "mx1", SMTP,
            up=size + 900, down=620, duration_us=_times(far, size),
        )  # fmt: skip
        self._deliver(recorder, far, begun + size + 2_000_000, size)

    def _deliver(self, recorder: Recorder, key: Keys, time_us: Ints, size: Ints) -> None:
        """Record how the relay finds the server of a domain and gives it the mail."""
        world, relay = self.world, self.world.servers["mx1"].address
        site = world.names.visited(uniform(key, 0))
        name = world.names.site.take(pa.array(site))
        known = recorder.lookups(
            child(key, 8), time_us, relay, name,
            qtype=MX, authority=world.names.authority(site), ttl=_LIFE_S,
            answers=mail_exchanger(pc.binary_join_element_wise("api", name, ".")),
        )  # fmt: skip
        host = site * 4 + 2
        ready = recorder.uses_of(child(key, 9), known + 500, relay, host)
        away = uniform(key, 3) < 0.02
        recorder.connections(
            child(key, 10), ready + 800, relay, world.names.address[host], SMTP,
            up=np.where(away, 0, size + 1_000), down=np.where(away, 0, 800),
            duration_us=np.where(away, 21_000_000, _times(key, size)),
            state=np.where(away, State.UNANSWERED, State.DONE), tries=np.where(away, 4, 1),
        )  # fmt: skip


ACTIVITIES = (MailIn, MailOut)
