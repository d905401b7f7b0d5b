"""Long and large: video calls, and films that are watched."""

from __future__ import annotations

import numpy as np

from spot_gen.activity.habits import ByPeople, expand
from spot_gen.activity.services import whole
from spot_gen.activity.web import READY_US, Visits
from spot_gen.clock import MINUTE_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.protocols import UDP
from spot_gen.recorder import Recorder
from spot_gen.streams import child, integers, sample, uniform

_MEDIA_PORT = 3478
#: Of sound and of pictures: bytes a second (from, to before), bytes of a packet, type of service.
_STREAMS = (((6_500, 9_500), 160, 46 << 2), ((60_000, 210_000), 1_050, 34 << 2))


class VideoCall(ByPeople):
    """Two streams of datagrams to a media server, large both ways for as long as the call is."""

    name = "video_call"
    span_us = 110 * MINUTE_US
    per_day = 0.9
    _minutes = log_normal(26.0, 0.7)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the calls that begin in [start, end)."""
        arrived, names = self.arrived(start_us, end_us), self.world.names
        key, who = arrived.key, arrived.who
        provider = self.world.sites.of_kind("Productivity", uniform(key, 0) * 0.2)
        host = self.world.sites.host(provider, "api.")
        begun = self.web.look_up(recorder, Visits.of(arrived, host, secure=True))
        length = whole(np.minimum(sample(key, 1, self._minutes), 100) * MINUTE_US)
        seconds = length // SECOND_US + 1
        for number, (rates, size, tos) in enumerate(_STREAMS):
            sent, got = (integers(key, 2 + 2 * number + way, *rates) * seconds for way in (0, 1))
            recorder.connections(
                child(key, 40 + number), begun + number * 180_000, self.world.people.address[who],
                names.address[host], _MEDIA_PORT + number,
                up=sent, down=got, packets=(sent // size + 1, got // size + 1),
                duration_us=length, proto=UDP, tos=tos,
            )  # fmt: skip


class Streaming(ByPeople):
    """Somebody watches or listens: a piece every half minute over one connection."""

    name = "streaming"
    span_us = 70 * MINUTE_US
    per_day = 0.7
    _minutes = log_normal(9.0, 0.9)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record what is watched from a time in [start, end)."""
        arrived, sites = self.arrived(start_us, end_us), self.world.sites
        if not len(arrived):
            return
        key = arrived.key
        site = sites.of_kind("Streaming Media", uniform(key, 0))
        host = sites.host(site, "static.")
        pieces = whole(np.minimum(sample(key, 1, self._minutes), 60) * 2) + 2
        row, number, own = expand(arrived, pieces)
        rate = integers(key, 2, 150_000, 900_000)[row]
        self.web.fetch(
            recorder,
            Visits.of(arrived, host, secure=True),
            own,
            row,
            READY_US + number * 30 * SECOND_US,
            {
                "path": "/media/segment", "extension": "", "content_type": "video/mp2t",
                "bytes_down": rate * 30 * integers(own, 3, 85, 115) // 100,
                "taken_ms": integers(own, 4, 900, 9_000),
            },
        )  # fmt: skip


ACTIVITIES = (VideoCall, Streaming)
