"""A machine that reports to its master at intervals: over HTTP through the proxy, or over TLS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spot_gen.attacks import story
from spot_gen.attacks.choices import at_most, one_of
from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.sites import Site, site
from spot_gen.attacks.visits import agent_of, expired, fetch, pool, whole
from spot_gen.attacks.wording import HEX, texts
from spot_gen.clock import HOUR_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.network.addresses import packed
from spot_gen.streams import Ints, Stream

AGENTS = ("rare", "altered", "own")
_PREFIXES = ("update", "cdn2", "stats", "sync", "node1", "api2")
#: User agents that hardly any machine of an office has.
_RARE_AGENTS = (
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", "python-requests/2.18.4",
    "Go-http-client/1.1", "Mozilla/5.0 (Windows NT 6.1; rv:24.0) Gecko/20100101 Firefox/24.0",
    "WinHttpClient/1.0", "curl/7.55.1",
)  # fmt: skip
#: What a careless author gets wrong in the user agent that he imitates.
_SLIPS = (
    ("Mozilla/5.0 (", "Mozilla/5.0("), ("Mozilla/5.0", "Mozilla/5.1"), ("; ", ";"),
    ("Gecko", "gecko"), (" (", "  ("),
)  # fmt: skip
_PATHS = {
    "POST": ("/gate.php", "/api/v2/sync", "/panel/in.php", "/submit"),
    "GET": ("/jquery-3.min.js", "/status.php", "/feed/latest.xml", "/img/pixel.gif", "/check"),
}
_ANSWERS = ("text/html", "application/octet-stream", "application/json")
_TAKEN = log_normal(180.0, 0.45)
_HANDSHAKE_US = log_normal(420_000.0, 0.5)


@dataclass(frozen=True)
class Beacon:
    """How a machine reports: each pause is off by up to ``jitter`` of it either way.

    ``agent``: rare, altered (slightly wrong) or own. ``padded``: sizes vary.
    """

    interval_s: float
    jitter: float
    padded: bool
    method: str = "GET"
    agent: str = "own"
    addresses: int = 1

    @classmethod
    def of(cls, scene: Scene) -> Beacon:
        """Take what the scenario's parameters say; ConfigError for what is not possible."""
        known = scene.scenario.parameters
        at_most(scene, "jitter", 1)
        if "method" in known:
            one_of(scene, "method", tuple(_PATHS))
            one_of(scene, "agent", AGENTS)
        return cls(**{name: scene[name] for name in cls.__dataclass_fields__ if name in known})


def beats(stream: Stream, start_us: int, end_us: int, how: Beacon) -> Ints:
    """Return when a machine reports in [start, end): the work between two pauses takes time too."""
    shortest = how.interval_s * (1 - how.jitter / 2)
    most = int((end_us - start_us) / (shortest * SECOND_US)) + 2
    pause = stream.uniform(most, 1 - how.jitter, 1 + how.jitter) * how.interval_s * SECOND_US
    work = stream.uniform(most, 0.04, 0.4) * SECOND_US
    times = start_us + np.cumsum(whole(pause + work)) - int(pause[0] * 0.9)
    return times[times < end_us - 10 * SECOND_US]


def beacon_http(
    scene: Scene, start_us: int, end_us: int, where: Site, how: Beacon, part: int = 100
) -> int:
    """Let the actor report to a server through the proxy in [start, end); return how often.

    ``part`` chooses the random stream, for a caller that does it more than once.
    """
    stream = scene.below(part)
    times = beats(stream.below(1), start_us, end_us, how)
    size = len(times)
    path = stream.choice(_PATHS[how.method])
    token = stream.text(HEX, 16)
    posted = how.method == "POST"
    if how.padded:
        query: Any = [f"?v={text}" for text in texts(stream, HEX, np.full(size, 12))]
    else:
        query = f"?id={token}"
    payload = _sizes(stream, size, how.padded, (180, 420), 900) if posted else 0
    with scene.record.stage("beacon"):
        fetch(
            scene, stream, times, where,
            {
                "method": how.method, "path": path, "query": "" if posted else query,
                "agent": agent(scene, stream, how.agent), "content_type": stream.choice(_ANSWERS),
                "action": "TCP_NC_MISS", "taken_ms": whole(stream.sample(_TAKEN, size)),
                "bytes_down": _sizes(stream, size, how.padded, (190, 520), 1_800),
                "bytes_up": 240 + len(path) + (0 if posted else len(token) + 4) + payload,
            },
        )  # fmt: skip
    return size


def agent(scene: Scene, stream: Stream, kind: str) -> str:
    """Return a user agent: ``own`` of the actor's user, that slightly ``altered``, or ``rare``."""
    own = agent_of(scene.world, scene.actor)
    slips = [own.replace(right, wrong, 1) for right, wrong in _SLIPS if right in own]
    kinds = {
        "own": own,
        "altered": stream.choice(slips or [f"{own} "]),
        "rare": stream.choice(_RARE_AGENTS),
    }
    return kinds[kind]


def _sizes(stream: Stream, size: int, padded: bool, fixed: tuple[int, int], pad: int) -> Ints:
    """Return sizes that are all the same, or padded with up to ``pad`` bytes."""
    base = stream.number(*fixed)
    return base + (stream.integers(0, pad, size) if padded else np.zeros(size, np.int64))


def beacon_tls(
    scene: Scene, start_us: int, end_us: int, where: Site, how: Beacon, part: int = 110
) -> int:
    """Let the actor report by TLS connections past the proxy; return how often.

    With several ``how.addresses`` each new answer to a look-up begins with another one.
    """
    stream = scene.below(part)
    times = beats(stream.below(1), start_us, end_us, how)
    size = len(times)
    servers = pool(scene, where, how.addresses, part + 1)
    ttl_s = 300 if how.addresses == 1 else 60
    first, life = expired(stream, times, ttl_s)
    turn = np.cumsum(first) % how.addresses
    with scene.record.stage("beacon"):
        ready = times.copy()
        ready[first] = scene.record.lookups(
            stream.bits(int(first.sum())), times[first], scene.actor.address, where.name,
            answers=_rotated(packed(servers), turn[first].tolist()), ttl=life[first],
            authority=where.authority,
        )  # fmt: skip
        scene.record.connections(
            stream.bits(size), ready + stream.integers(3_000, 30_000, size),
            scene.actor.address, servers[turn], 443,
            up=_sizes(stream, size, how.padded, (780, 1_150), 700),
            down=_sizes(stream, size, how.padded, (3_300, 4_900), 2_200),
            duration_us=whole(stream.sample(_HANDSHAKE_US, size)),
        )  # fmt: skip
    return size


def _rotated(records: list[bytes], turns: list[int]) -> pa.Array:
    """Return all records once per turn, beginning with that of the turn."""
    return pa.array([records[turn:] + records[:turn] for turn in turns], pa.list_(pa.binary()))


def _play_http(scene: Scene) -> str:
    how = Beacon.of(scene)
    where = site(scene, scene.below(101).choice(_PREFIXES))
    scene.actors.append(scene.actor.name)
    count = beacon_http(scene, scene.start_us, _end(scene), where, how)
    return _told(scene, where, how, count, f"by {how.method} requests through the proxy")


def _play_tls(scene: Scene) -> str:
    how = Beacon.of(scene)
    where = site(scene, scene.below(101).choice(_PREFIXES))
    scene.actors.append(scene.actor.name)
    count = beacon_tls(scene, scene.start_us, _end(scene), where, how)
    servers = story.many(how.addresses, "address")
    return _told(scene, where, how, count, f"at {servers} by encrypted connections of its own")


def _end(scene: Scene) -> int:
    return min(scene.start_us + int(scene["hours"] * HOUR_US), scene.start_us + scene.duration_us)


def _told(scene: Scene, where: Site, how: Beacon, count: int, means: str) -> str:
    every = story.span(int(how.interval_s * SECOND_US))
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} reported to {where.name} {means},"
        f" {story.many(count, 'time')} at intervals of about {every}. The answers were small, as of"
        f" a server that has no orders yet."
    )


_TIMES: Mapping[str, tuple[Any, Any, Any]] = {
    "interval_s": (60, 300, 3_600),
    "jitter": (0.0, 0.2, 0.5),
    "padded": (False, True, True),
    "hours": (8, 12, 22),
}
#: Parameters of ``beacon_http``, for scenarios that end in it.
HTTP: Mapping[str, tuple[Any, Any, Any]] = {
    **_TIMES,
    "method": ("GET", "POST", "GET"),
    "agent": ("rare", "altered", "own"),
}

SCENARIOS = (
    Scenario(
        "beacon_http",
        "command channel",
        ("T1071.001",),
        ("proxy", "dns", "flow"),
        "beaconing, command and control",
        (8 * HOUR_US, 12 * HOUR_US, 22 * HOUR_US),
        _play_http,
        parameters=HTTP,
    ),
    Scenario(
        "beacon_tls",
        "command channel",
        ("T1071.001", "T1573"),
        ("flow", "dns"),
        "beaconing",
        (8 * HOUR_US, 12 * HOUR_US, 22 * HOUR_US),
        _play_tls,
        parameters={**_TIMES, "addresses": (1, 1, 4)},
    ),
)
