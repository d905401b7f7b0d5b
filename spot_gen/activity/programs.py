"""Programs that fetch something small from the web, by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.activity.habits import ByPeople, chosen
from spot_gen.activity.letters import ALNUM, letters
from spot_gen.activity.web import READY_US, Visits, Web
from spot_gen.clock import MINUTE_US
from spot_gen.network.agents import PROGRAMS, browsers
from spot_gen.network.world import World
from spot_gen.recorder import Recorder
from spot_gen.streams import child, integers, uniform


def single(
    web: Web, recorder: Recorder, visits: Visits, columns: Mapping[str, Any], denied: bool = False
) -> None:
    """Record visits of one request each."""
    if len(visits):
        number = np.arange(len(visits))
        web.fetch(recorder, visits, child(visits.key, 31), number, READY_US, columns, denied)


class CertificateChecks(ByPeople):
    """A program asks whether a certificate still holds; the question is in the path."""

    name = "certificate_checks"
    span_us = 2 * MINUTE_US
    per_day = 6.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._web = Web(world)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the questions asked in [start, end)."""
        arrived, sites = self.arrived(start_us, end_us), self.world.sites
        key = arrived.key
        site = sites.of_kind("Technology/Internet", uniform(key, 0) * 0.3)
        certificate = child(site, np.floor(uniform(key, 1) * 40).astype(np.int64))
        path = pc.binary_join_element_wise("/ocsp/", letters(certificate, 1, 44, ALNUM), "")
        visits = Visits(
            key, arrived.who, arrived.time_us, sites.host(site, "api."), np.zeros(len(key), bool)
        )
        columns = {
            "path": path,
            "content_type": "application/ocsp-response",
            "agent": PROGRAMS["certificates"],
            "action": "TCP_NC_MISS",
            "bytes_down": integers(certificate, 2, 1_500, 2_300),
            "taken_ms": integers(key, 3, 20, 240),
            "bytes_up": integers(key, 4, 250, 320),
        }
        single(self._web, recorder, visits, columns)


class BlockedPages(ByPeople):
    """Somebody asks for what the proxy does not let through."""

    name = "blocked_pages"
    span_us = MINUTE_US
    per_day = 4.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._web = Web(world)
        self._agents = browsers(world.people)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the requests of [start, end)."""
        arrived, sites = self.arrived(start_us, end_us), self.world.sites
        arrived = chosen(arrived, ~self.world.direct[arrived.who])
        key = arrived.key
        site = sites.of_kind(_BLOCKED, uniform(key, 0))
        visits = Visits(
            key, arrived.who, arrived.time_us, sites.host(site, "www."), np.zeros(len(key), bool)
        )
        columns = {
            "path": "/",
            "status": 403,
            "action": "TCP_DENIED",
            "filter": "DENIED",
            "content_type": "text/html",
            "agent": self._agents.take(pa.array(arrived.who)),
            "bytes_down": integers(key, 1, 1_180, 1_260),
            "taken_ms": integers(key, 2, 1, 12),
        }
        single(self._web, recorder, visits, columns, denied=True)


_BLOCKED = "Sports/Recreation"

ACTIVITIES = (CertificateChecks, BlockedPages)
