"""Long addresses of pages that hide nothing: counting clicks, and signed links to files."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import pyarrow.compute as pc

from spot_gen.activity.habits import ByPeople
from spot_gen.activity.letters import ALNUM, HEX, URL64, letters
from spot_gen.activity.services import whole
from spot_gen.activity.web import Visits
from spot_gen.clock import MINUTE_US
from spot_gen.distributions import log_normal
from spot_gen.recorder import Recorder
from spot_gen.streams import Keys, integers, sample, uniform


class _LongUrl(ByPeople):
    """A page that makes the browser ask for a long address of a site of ``_kind``."""

    span_us = 15 * MINUTE_US
    _kind: ClassVar[str]
    _role: ClassVar[str]

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the requests of [start, end)."""
        arrived, sites = self.arrived(start_us, end_us), self.world.sites
        key = arrived.key
        site = sites.of_kind(self._kind, uniform(key, 0))
        visits = Visits.of(arrived, sites.host(site, self._role), uniform(key, 1) < 0.5)
        self.web.ask(recorder, visits, self._columns(key))

    @abstractmethod
    def _columns(self, key: Keys) -> dict[str, object]:
        """Return what the request is: its path, query and answer."""


class TrackingUrls(_LongUrl):
    """A picture of one point whose address says who read what, percent-encoded."""

    name = "tracking_urls"
    per_day = 4.0
    _kind = "Web Ads/Analytics"
    _role = "api."

    def _columns(self, key: Keys) -> dict[str, object]:
        campaign = letters(key, 3, 12, ALNUM)
        parts = (
            "?e=view&cid=", letters(key, 1, 32, HEX), "&u=", letters(key, 2, 22, URL64),
            "&utm_source=letter&utm_campaign=", campaign, "&ref=https%3A%2F%2F", campaign,
            "%2F%3Fd%3D", letters(key, 4, integers(key, 5, 150, 600), URL64), "&sr=1920x1080",
        )  # fmt: skip
        return {
            "path": "/collect/pixel.gif",
            "query": pc.binary_join_element_wise(*parts, ""),
            "extension": "gif",
            "content_type": "image/gif",
            "action": "TCP_NC_MISS",
            "bytes_down": 343,
        }


class SignedUrls(_LongUrl):
    """A link to a file that holds for an hour, with its signature."""

    name = "signed_urls"
    per_day = 1.6
    _kind = "File Storage/Sharing"
    _role = "static."
    _size = log_normal(900_000.0, 1.5)

    def _columns(self, key: Keys) -> dict[str, object]:
        path = ("/files/", letters(key, 3, 8, HEX), "/", letters(key, 4, 24, ALNUM), ".pdf")
        parts = (
            "?Expires=1893456000&Key-Pair-Id=", letters(key, 1, 20, ALNUM), "&Signature=",
            letters(key, 2, integers(key, 5, 256, 700), URL64), "__&Policy=",
            letters(key, 6, integers(key, 7, 100, 320), URL64),
        )  # fmt: skip
        return {
            "path": pc.binary_join_element_wise(*path, ""),
            "query": pc.binary_join_element_wise(*parts, ""),
            "extension": "pdf",
            "content_type": "application/pdf",
            "bytes_down": whole(sample(key, 8, self._size), 200e6),
        }


ACTIVITIES = (TrackingUrls, SignedUrls)
