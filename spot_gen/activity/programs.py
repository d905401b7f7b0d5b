"""Programs that fetch something small from the web, by themselves."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from spot_gen.activity.habits import ByPeople, chosen
from spot_gen.activity.letters import ALNUM, letters
from spot_gen.activity.web import Visits
from spot_gen.clock import MINUTE_US
from spot_gen.network.agents import PROGRAMS
from spot_gen.recorder import Recorder
from spot_gen.streams import child, integers, uniform


class CertificateChecks(ByPeople):
    """A program asks whether a certificate still holds; the question is in the path."""

    name = "certificate_checks"
    span_us = 2 * MINUTE_US
    per_day = 6.0

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the questions asked in [start, end)."""
        arrived, sites = self.arrived(start_us, end_us), self.world.sites
        key = arrived.key
        site = sites.of_kind("Technology/Internet", uniform(key, 0) * 0.3)
        certificate = child(site, np.floor(uniform(key, 1) * 40).astype(np.int64))
        path = pc.binary_join_element_wise("/ocsp/", letters(certificate, 1, 44, ALNUM), "")
        columns = {
            "path": path,
            "content_type": "application/ocsp-response",
            "agent": PROGRAMS["certificates"],
            "action": "TCP_NC_MISS",
            "bytes_down": integers(certificate, 2, 1_500, 2_300),
            "taken_ms": integers(key, 3, 20, 240),
            "bytes_up": integers(key, 4, 250, 320),
        }
        self.web.ask(recorder, Visits.of(arrived, sites.host(site, "api.")), columns)


class BlockedPages(ByPeople):
    """Somebody asks for what the proxy does not let through."""

    name = "blocked_pages"
    span_us = MINUTE_US
    per_day = 4.0

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the requests of [start, end)."""
        arrived, sites = self.arrived(start_us, end_us), self.world.sites
        arrived = chosen(arrived, ~self.world.direct[arrived.who])
        key = arrived.key
        site = sites.of_kind(_BLOCKED, uniform(key, 0))
        columns = {
            "path": "/",
            "status": 403,
            "action": "TCP_DENIED",
            "filter": "DENIED",
            "content_type": "text/html",
            "bytes_down": integers(key, 1, 1_180, 1_260),
            "taken_ms": integers(key, 2, 1, 12),
        }
        self.web.ask(recorder, Visits.of(arrived, sites.host(site, "www.")), columns, denied=True)


_BLOCKED = "Sports/Recreation"

ACTIVITIES = (CertificateChecks, BlockedPages)
