"""People reading the web: sessions of a few pages over several hosts, and what pages prefetch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.activity import content
from spot_gen.activity.content import CSS, FONT, GIF, HTML, JPEG, JS, JSON, PNG, SVG, WEBP, Objects
from spot_gen.activity.habits import ByPeople, expand, liked
from spot_gen.activity.services import whole
from spot_gen.activity.web import READY_US, Clients, Visits, Web, url
from spot_gen.clock import MINUTE_US, Arrived
from spot_gen.distributions import Family, even, log_normal
from spot_gen.network.agents import browsers
from spot_gen.network.world import World
from spot_gen.recorder import Recorder
from spot_gen.streams import Ints, Keys, child, integers, sample, uniform

_MOST_PAGES = 5
_READING_US = log_normal(16e6, 0.8)
_LONGEST_READING_US = 150e6
#: The places of a session: its main host, that one's pictures, two hosts that pay for the page, its
#: interface, a second site and that one's pictures. How often there is one; how many requests.
_CHANCE = np.array([1.0, 0.92, 0.55, 0.25, 0.15, 0.25, 0.18])
_LEAST = np.array([3, 10, 1, 1, 1, 2, 2])
_MOST = np.array([8, 16, 4, 3, 3, 3, 3])
_MAIN, _STATIC, _AD, _CONTENT, _API, _OTHER, _OTHER_STATIC = range(7)
#: When they are needed after their page is, microseconds.
_LAG = Family([even(*span) for span in (
    (0, 1), (0.35e6, 0.9e6), (0.5e6, 1.9e6), (0.4e6, 1.2e6), (0.6e6, 2e6), (0, 1), (0.35e6, 0.9e6),
)])  # fmt: skip

_SHARES = {
    _MAIN: {HTML: 38, JSON: 22, JPEG: 18, JS: 12, PNG: 10},
    _STATIC: {CSS: 11, JS: 25, JPEG: 28, PNG: 13, WEBP: 11, SVG: 6, FONT: 6},
    _AD: {GIF: 40, JS: 30, JSON: 18, HTML: 12},
    _CONTENT: {JS: 35, JPEG: 25, WEBP: 20, FONT: 12, CSS: 8},
    _API: {JSON: 100},
    _OTHER: {HTML: 50, JSON: 20, JPEG: 20, JS: 10},
    _OTHER_STATIC: {CSS: 15, JS: 30, JPEG: 30, PNG: 25},
}
_KIND_EDGES = np.cumsum(
    [[row.get(kind, 0) / 100 for kind in range(len(content.KINDS))] for row in _SHARES.values()],
    axis=1,
)

#: Status, how often per mille, whether it has a body of its own size, action.
_OUTCOMES = (
    (200, 862, True, "TCP_MISS"), (200, 0, True, "TCP_HIT"), (304, 55, False, "TCP_HIT"),
    (302, 28, False, "TCP_NC_MISS"), (301, 12, False, "TCP_MISS"), (204, 18, False, "TCP_NC_MISS"),
    (404, 13, True, "TCP_NC_MISS"), (206, 6, True, "TCP_MISS"), (403, 3, False, "TCP_NC_MISS"),
    (500, 2, False, "TCP_NC_MISS"), (503, 1, False, "TCP_NC_MISS"),
)  # fmt: skip
_STATUS = np.array([outcome[0] for outcome in _OUTCOMES])
_OUTCOME_EDGES = np.cumsum([outcome[1] for outcome in _OUTCOMES])
_HAS_BODY = np.array([outcome[2] for outcome in _OUTCOMES])
_ACTIONS = pa.array([outcome[3] for outcome in _OUTCOMES])
_METHODS = pa.array(["GET", "POST"])
#: Bytes of a request, and of a form that is sent with it.
_ASKED = log_normal(560.0, 0.3)
_FORM = log_normal(1_300.0, 1.4)
_CACHED = (CSS, JS, JPEG, PNG, WEBP, SVG, FONT)


@dataclass(frozen=True)
class _Sessions:
    """What sessions have in common; ``pages``: when each page is opened, (n, 5), microseconds."""

    arrived: Arrived
    site: Ints
    other: Ints
    secure: np.ndarray
    pages: Ints
    page_count: Ints


@dataclass(frozen=True)
class _Parts:
    """Requests of sessions; ``number``: the visit of each, whose ``slot`` and session ``row``."""

    visits: Visits
    row: Ints
    slot: Ints
    number: Ints
    key: Keys
    after_us: Ints
    kind: Ints


class Browser:
    """Lets people have web sessions at given times; used by everything that browses."""

    def __init__(self, world: World, clients: Clients | None = None) -> None:
        self.world = world
        self._web = Web(world, clients)
        self._first = self._web.clients.agent
        self._second = browsers(world.people, 1) if clients is None else self._first

    def browse(self, recorder: Recorder, arrived: Arrived, site: Ints | None = None) -> None:
        """Record a session for each arrival; ``site``: where, if not where the person likes."""
        if not len(arrived):
            return
        sessions = self._sessions(arrived, site)
        parts = self._parts(sessions)
        thing = content.objects(
            self.world.seed, parts.visits.host[parts.number], parts.kind, parts.key
        )
        outcome = _outcomes(parts)
        body = _HAS_BODY[outcome]
        down = np.where(body, thing.size, 0) + integers(parts.key, 5, 240, 620)
        posts = (parts.kind == JSON) & (uniform(parts.key, 15) < 0.22)
        form = whole(sample(parts.key, 16, _FORM), 300_000)
        self._web.fetch(
            recorder,
            parts.visits,
            parts.key,
            parts.number,
            parts.after_us,
            {
                "method": _METHODS.take(pa.array(posts.astype(np.int64))),
                "path": thing.path,
                "query": thing.query,
                "extension": thing.extension,
                "content_type": pc.if_else(pa.array(body), thing.content_type, ""),
                "status": _STATUS[outcome],
                "action": _ACTIONS.take(pa.array(outcome)),
                "agent": self._agent(arrived).take(pa.array(parts.row[parts.number])),
                "referer": self._referers(sessions, parts, thing),
                "bytes_down": down,
                "bytes_up": whole(sample(parts.key, 17, _ASKED)) + np.where(posts, form, 0),
            },
        )

    def _agent(self, arrived: Arrived) -> pa.StringArray:
        rows = pa.array(arrived.who)
        second = pa.array(uniform(arrived.key, 9) < 0.1)
        return pc.if_else(second, self._second.take(rows), self._first.take(rows))

    def _sessions(self, arrived: Arrived, site: Ints | None) -> _Sessions:
        key = arrived.key
        place = liked(self.world, arrived.who, key, 0) if site is None else site
        think = [
            np.minimum(sample(child(key, page), 0, _READING_US), _LONGEST_READING_US)
            for page in range(_MOST_PAGES - 1)
        ]
        pages = np.cumsum([np.zeros(len(key)), *think], axis=0).T.astype(np.int64)
        return _Sessions(
            arrived,
            place,
            liked(self.world, arrived.who, child(key, 50), 0),
            self.world.sites.secure[place],
            pages,
            integers(key, 7, 1, _MOST_PAGES + 1),
        )

    def _parts(self, sessions: _Sessions) -> _Parts:
        key = sessions.arrived.key
        there = _there(key)
        row, slot = np.nonzero(there)
        visit_key = child(key[row], slot + 200)
        opened = np.minimum(np.where(slot >= _OTHER, 1, 0), sessions.page_count[row] - 1)
        at = sessions.pages[row, opened]
        at = at + np.floor(_LAG.at(slot, uniform(visit_key, 10))).astype(np.int64)
        host, secure = self._hosts(sessions, row, slot, visit_key)
        visits = Visits(
            visit_key, sessions.arrived.who[row], sessions.arrived.time_us[row] + at, host, secure
        )
        counts = integers(visit_key, 11, _LEAST[slot], _MOST[slot] + 1)
        number, turn, request = expand(Arrived(row, visit_key, at), counts)
        after = _after(sessions, row[number], opened[number], turn, request)
        order = np.lexsort((after, number))
        kind = (uniform(request, 8)[:, None] >= _KIND_EDGES[slot[number]]).sum(axis=1)
        kind = np.where((turn == 0) & np.isin(slot[number], (_MAIN, _OTHER)), HTML, kind)
        return _Parts(visits, row, slot, number, request[order], after[order], kind[order])

    def _hosts(
        self, sessions: _Sessions, row: Ints, slot: Ints, key: Keys
    ) -> tuple[Ints, np.ndarray]:
        """Return the host of each place, and whether it is encrypted: on secure pages, always."""
        sites = self.world.sites
        pool = [sites.of_kind(name, uniform(key, 12)) for name in _PAYING]
        site = np.where(slot >= _OTHER, sessions.other[row], sessions.site[row])
        site = np.where(slot == _AD, pool[0], np.where(slot == _CONTENT, pool[1], site))
        bare = uniform(site, 60) < 0.25
        role = _ROLE_OF[slot] + np.where((_ROLE_OF[slot] == 0) & bare, 3, 0)
        secure = sites.secure[site] | (sessions.secure[row] & (slot < _OTHER))
        return site * 4 + role, secure

    def _referers(self, sessions: _Sessions, parts: _Parts, thing: Objects) -> pa.StringArray:
        """Return where requests come from: a search, the main page, or the second site's page."""
        names = self.world.names
        first = np.searchsorted(parts.number, np.arange(len(parts.visits)))
        own = url("http", names.host.take(pa.array(parts.visits.host)), thing.path.take(first))
        start = np.searchsorted(parts.row, np.arange(len(sessions.site)))
        main = own.take(pa.array(start[parts.row]))
        beside = np.maximum(np.arange(len(parts.visits)) - 1, 0)
        near = pa.array((parts.slot == _OTHER_STATIC) & (parts.slot[beside] == _OTHER))
        page = pc.if_else(near, own.take(pa.array(beside)), main)
        page = page.take(pa.array(parts.number))
        search = self.world.sites.of_kind("Search Engines/Portals", uniform(parts.key, 14))
        search_page = url("http", names.host.take(pa.array(search * 4)), "/search")
        lead = np.concatenate([[True], parts.number[1:] != parts.number[:-1]])
        lead &= parts.slot[parts.number] == _MAIN
        found = pc.if_else(pa.array(uniform(parts.key, 13) < 0.45), search_page, "")
        secure = pa.array(sessions.secure[parts.row[parts.number]])
        return pc.if_else(pa.array(lead), found, pc.if_else(secure, "", page))


_PAYING = ("Web Ads/Analytics", "Content Servers")
#: The role (``names.ROLES``) of each place.
_ROLE_OF = np.array([0, 1, 0, 1, 2, 0, 1])


def _there(key: Keys) -> np.ndarray:
    """Say which places each session has; no second site's pictures without the site."""
    there = np.stack([uniform(key, 20 + n) < chance for n, chance in enumerate(_CHANCE)], axis=1)
    there[:, _OTHER_STATIC] &= there[:, _OTHER]
    return there


def _after(sessions: _Sessions, row: Ints, opened: Ints, turn: Ints, key: Keys) -> Ints:
    """Return when requests are sent after their connection was opened."""
    pages = sessions.page_count[row] - opened
    page = opened + np.floor(uniform(key, 6) * pages).astype(np.int64)
    moment = sessions.pages[row, page] - sessions.pages[row, opened]
    moment += READY_US + integers(key, 7, 30_000, 1_900_000)
    return np.where(turn == 0, READY_US, moment)


def _outcomes(parts: _Parts) -> Ints:
    """Draw what becomes of requests: only what may be cached is answered from a cache."""
    outcome = np.searchsorted(_OUTCOME_EDGES, uniform(parts.key, 3) * 1_000, side="right")
    cached = np.isin(parts.kind, _CACHED)
    outcome = np.where((_STATUS[outcome] == 304) & ~cached, 0, outcome)
    outcome = np.where((_STATUS[outcome] == 204) & (parts.kind != GIF), 0, outcome)
    hit = cached & (outcome == 0) & (uniform(parts.key, 4) < 0.25)
    return np.where(hit, 1, outcome)


class WebSession(ByPeople):
    """A person reads a few pages of a site that they like, and sometimes of another."""

    name = "web_session"
    span_us = 12 * MINUTE_US
    per_day = 84.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._browser = Browser(world)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the sessions that begin in [start, end)."""
        self._browser.browse(recorder, self.arrived(start_us, end_us))


class LinkPrefetch(ByPeople):
    """Browsers and programs look up what may be wanted next; mostly it is not."""

    name = "link_prefetch"
    span_us = MINUTE_US
    per_day = 37.5

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the bursts of look-ups that begin in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        if not len(arrived):
            return
        row, turn, key = expand(arrived, integers(arrived.key, 0, 3, 9))
        who, time = arrived.who[row], arrived.time_us[row] + turn * 400
        time = time + integers(key, 6, 0, 30_000)
        site = liked(self.world, who, key, 1)
        role = integers(key, 4, 0, 4)
        host = site * 4 + role
        self.web.look_up(recorder, Visits(key, who, time, host, self.world.sites.secure[site]))


ACTIVITIES = (WebSession, LinkPrefetch)
