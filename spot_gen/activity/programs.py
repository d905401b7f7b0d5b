"""Programs that fetch something small from the web, by themselves."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.activity.habits import ByPeople, Occasional, chosen, expand
from spot_gen.activity.letters import ALNUM, letters
from spot_gen.activity.web import READY_US, Visits
from spot_gen.clock import MINUTE_US, SECOND_US
from spot_gen.network.agents import PROGRAMS, RARE
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


class Scripts(Occasional):
    """A script or an old program of somebody fetches data, now and then leaves some."""

    name = "scripts"
    span_us = 10 * MINUTE_US
    per_day = 14.0
    per_person = 0.1

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the runs that begin in [start, end)."""
        arrived, sites = self.arrived(start_us, end_us), self.world.sites
        if not len(arrived):
            return
        row, number, key = expand(arrived, integers(arrived.key, 0, 2, 6))
        own = self.world.people.keys(self.name)[arrived.who]
        site = sites.of_kind("Technology/Internet", uniform(own, 0))
        what = integers(own, 1, 0, len(_FILES))[row]
        put = uniform(key, 2) < 0.12
        columns = {
            "method": pc.if_else(pa.array(put), "PUT", "GET"),
            "path": _FILE_PATHS.take(pa.array(what)),
            "extension": _FILE_ENDINGS.take(pa.array(what)),
            "content_type": pc.if_else(pa.array(put), "", _FILE_TYPES.take(pa.array(what))),
            "status": np.where(put, 201, 200),
            "agent": pa.array(RARE).take(pa.array(integers(own, 3, 0, len(RARE))[row])),
            "action": "TCP_NC_MISS",
            "bytes_down": np.where(put, integers(key, 4, 180, 620), integers(key, 5, 400, 90_000)),
            "bytes_up": np.where(put, integers(key, 6, 2_000, 400_000), integers(key, 7, 190, 420)),
        }
        visits = Visits.of(arrived, sites.host(site, "api."))
        after = READY_US + number * integers(arrived.key, 8, 1, 60)[row] * SECOND_US
        self.web.fetch(recorder, visits, key, row, after, columns)


_BINARY = "application/octet-stream"
_FILES = (
    ("/export/latest.csv", "csv", "text/csv"), ("/api/v2/items", "", "application/json"),
    ("/pub/data.7z", "7z", _BINARY), ("/cgi-bin/status.cgi", "cgi", "text/html"),
    ("/feed/stock.php", "php", "text/html"), ("/firmware/image.bin", "bin", _BINARY),
)  # fmt: skip
_FILE_PATHS, _FILE_ENDINGS, _FILE_TYPES = (pa.array(column) for column in zip(*_FILES, strict=True))

ACTIVITIES = (CertificateChecks, BlockedPages, Scripts)
