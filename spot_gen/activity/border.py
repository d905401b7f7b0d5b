"""What comes to the border from outside: visitors of the web server, and the noise of scanners."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.activity.habits import at_large, expand
from spot_gen.activity.mail import INBOUND
from spot_gen.activity.model import Activity
from spot_gen.activity.services import whole, written
from spot_gen.clock import FLAT, MINUTE_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.log_fields import encode
from spot_gen.network.addresses import INTERNAL, OUTSIDE, Addresses, four
from spot_gen.network.names import OUTSIDE_BLOCKS
from spot_gen.network.world import World
from spot_gen.protocols import TCP, UDP
from spot_gen.recorder import Recorder, State
from spot_gen.streams import Keys, child, integers, pick, sample, uniform

_DMZ = int(INTERNAL[0]) + 2 * 256


class _AtTheBorder(Activity):
    """Something that comes from outside ``_per_day`` times, with the organisation's size more."""

    _per_day = 0.0
    _per_person = 0.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        often = self._per_day + self._per_person * len(world.people)
        self._arrivals = at_large(self, often)


def visitors(key: Keys, purpose: int, number: int, seed: int) -> Addresses:
    """Draw addresses outside: of ``number`` machines, some of which come again and again."""
    place = uniform(key, purpose)
    own = child(np.uint64(seed), np.floor(place * place * number).astype(np.int64))
    block = integers(own, 0, 0, OUTSIDE_BLOCKS)
    return four(int(OUTSIDE[0]) + block * 512 + integers(own, 1, 1, 511))


class InboundWeb(_AtTheBorder):
    """Somebody outside reads the organisation's pages."""

    name = "inbound_web"
    span_us = 4 * MINUTE_US
    curve = INBOUND
    _per_day = 300.0
    _per_person = 2.0
    _page = log_normal(42_000.0, 1.1)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the visits that begin in [start, end)."""
        arrived = self._arrivals.between(start_us, end_us)
        source = visitors(arrived.key, 0, 3_000, self.world.seed)
        row, number, key = expand(arrived, integers(arrived.key, 1, 1, 5))
        down = whole(sample(key, 2, self._page), 20e6)
        recorder.connections(
            key, arrived.time_us[row] + number * integers(key, 3, 40_000, 9 * SECOND_US),
            source[row], self.world.servers["www1"].address,
            np.where(uniform(key, 4) < 0.85, 443, 80),
            up=integers(key, 5, 700, 4_000), down=down,
            duration_us=integers(key, 6, 200_000, 65 * SECOND_US) + down,
            state=np.where(uniform(key, 7) < 0.03, State.RESET, State.DONE),
        )  # fmt: skip


class BackgroundScan(_AtTheBorder):
    """The noise of the internet: single probes from everywhere; the router turns them away."""

    name = "background_scan"
    span_us = MINUTE_US
    curve = FLAT
    _per_day = 1_100.0

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the probes of [start, end)."""
        arrived = self._arrivals.between(start_us, end_us)
        key, size = arrived.key, len(arrived)
        source = visitors(key, 0, 6_000, self.world.seed + 1)
        target = four(_DMZ + integers(key, 1, 31, 255))
        port = _PROBED[pick(key, 2, _PROBED_WEIGHTS)]
        port = np.where(uniform(key, 3) < 0.15, integers(key, 4, 1, 65_536), port)
        sport = integers(key, 5, 1_024, 65_536)
        datagram = uniform(key, 8) < 0.15
        port = np.where(datagram, _ASKED[integers(key, 9, 0, len(_ASKED))], port)
        for proto in (TCP, UDP):
            rows = np.flatnonzero(datagram == (proto == UDP))
            once = (uniform(key[rows], 6) < 0.9) | (proto == UDP)
            recorder.connections(
                key[rows], arrived.time_us[rows], source[rows], target[rows], port[rows],
                proto=proto, state=State.UNANSWERED, sport=sport[rows],
                up=integers(key[rows], 10, 20, 90) if proto == UDP else 0,
                tries=np.where(once, 1, 2), duration_us=np.where(once, 0, SECOND_US),
            )  # fmt: skip
        recorder.log_lines(
            child(key, 7), arrived.time_us + 40, "rt1", "firewall",
            encode("firewall", size, action="deny",
                   proto=pc.if_else(pa.array(datagram), "udp", "tcp"), src=written(source),
                   dst=written(target), sport=sport, dport=port, length=44),
        )  # fmt: skip


_PROBED = np.array([23, 22, 445, 3389, 80, 8080, 443, 5900, 1433, 6379, 2323, 25, 8443, 3306])
_ASKED = np.array([53, 123, 161, 389, 1900, 5060, 11_211])
_PROBED_WEIGHTS = np.array([22, 14, 12, 9, 9, 7, 7, 4, 4, 3, 3, 2, 2, 2], np.float64)


class GatewayNoise(_AtTheBorder):
    """Machines outside that try well-known accounts at the gateway, a try or two each."""

    name = "gateway_noise"
    span_us = MINUTE_US
    curve = FLAT
    _per_day = 70.0

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the tries of [start, end)."""
        arrived = self._arrivals.between(start_us, end_us)
        key, size = arrived.key, len(arrived)
        source, port = visitors(key, 0, 900, self.world.seed + 2), integers(key, 1, 1_024, 65_536)
        recorder.connections(
            key, arrived.time_us, source, self.world.servers["ssh1"].address, 22,
            up=integers(key, 2, 1_100, 2_300), down=integers(key, 3, 1_700, 2_900),
            duration_us=integers(key, 4, 1, 9) * SECOND_US, sport=port,
        )  # fmt: skip
        user = _TRIED.take(pa.array(integers(key, 5, 0, len(_TRIED))))
        recorder.log_lines(
            child(key, 6), arrived.time_us + 900_000, "ssh1", "sshd",
            encode("sshd", size, result="invalid", user=user, address=written(source), port=port),
        )  # fmt: skip


_TRIED = pa.array(["admin", "test", "oracle", "ubuntu", "guest", "postgres", "pi", "ftp", "user"])

ACTIVITIES = (InboundWeb, BackgroundScan, GatewayNoise)
