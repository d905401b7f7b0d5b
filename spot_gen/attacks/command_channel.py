"""A machine that reports to its master at intervals: by HTTP, by TLS, or at any port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spot_common.errors import ConfigError
from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.agents import AGENTS, agent
from spot_gen.attacks.shared.choices import at_most, one_of
from spot_gen.attacks.shared.pace import sessions
from spot_gen.attacks.shared.sites import Site, site
from spot_gen.attacks.shared.visits import bare, expired, fetch, pool, whole
from spot_gen.attacks.shared.wording import HEX, texts
from spot_gen.clock import HOUR_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.network.addresses import packed
from spot_gen.protocols import TCP, UDP
from spot_gen.recorder import State
from spot_gen.streams import Ints, Stream

_PREFIXES = ("update", "cdn2", "stats", "sync", "node1", "api2")
_PATHS = {
    "POST": ("/gate.php", "/api/v2/sync", "/panel/in.php", "/submit"),
    "GET": ("/jquery-3.min.js", "/status.php", "/feed/latest.xml", "/img/pixel.gif", "/check"),
}
_ANSWERS = ("text/html", "application/octet-stream", "application/json")
_TAKEN = log_normal(180.0, 0.45)
_HANDSHAKE_US = log_normal(420_000.0, 0.5)
_PROTOCOLS = {"tcp": TCP, "udp": UDP}
#: What a machine needs between two check-ins besides the pause, microseconds.
_DELAY = log_normal(60_000.0, 0.7)
_ROUND_TRIP = log_normal(45_000.0, 0.3)
_HELLO_UP, _HELLO_DOWN = 212, 148
_COMMAND_UP, _COMMAND_DOWN = log_normal(9_000.0, 1.1), log_normal(2_200.0, 0.6)
#: How many check-ins bring a command, and how many find nobody.
_COMMANDS, _LOST = 0.04, 0.01
#: Longest and shortest of lasting connections, seconds, and the pause between them.
_LASTS_S, _PAUSE_S = (1_800, 3_500), 20


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
    query: Any = f"?id={token}"
    if how.padded:
        query = [f"?v={text}" for text in texts(stream, HEX, np.full(size, 12))]
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
    records = packed(servers)
    ttl_s = 300 if how.addresses == 1 else 60
    first, life = expired(stream, times, ttl_s)
    turn = np.cumsum(first) % how.addresses
    with scene.record.stage("beacon"):
        ready = times.copy()
        ready[first] = scene.record.lookups(
            stream.bits(int(first.sum())), times[first], scene.actor.address, where.name,
            answers=pa.array([records[n:] + records[:n] for n in turn[first].tolist()],
                             pa.list_(pa.binary())),
            ttl=life[first], authority=where.authority,
        )  # fmt: skip
        scene.record.connections(
            stream.bits(size), ready + stream.integers(3_000, 30_000, size),
            scene.actor.address, servers[turn], 443,
            up=_sizes(stream, size, how.padded, (780, 1_150), 700),
            down=_sizes(stream, size, how.padded, (3_300, 4_900), 2_200),
            duration_us=whole(stream.sample(_HANDSHAKE_US, size)),
        )  # fmt: skip
    return size


def _play_http(scene: Scene) -> str:
    how, where = Beacon.of(scene), site(scene, scene.below(101).choice(_PREFIXES))
    count = beacon_http(scene, scene.start_us, _end(scene), where, how)
    return _told(scene, where, how, count, f"by {how.method} requests through the proxy")


def _play_tls(scene: Scene) -> str:
    how, where = Beacon.of(scene), site(scene, scene.below(101).choice(_PREFIXES))
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


def _port(scene: Scene, stream: Stream) -> tuple[int, str]:
    """Draw the port; return it with its protocol."""
    text = str(stream.choice(scene["ports"]))
    number, _, name = text.partition("/")
    if name not in _PROTOCOLS or not number.isdecimal() or not 0 < int(number) < 65_536:
        raise ConfigError(f"beacon_port has no port {text!r}", hint="write 4444/tcp or 443/udp")
    return int(number), name


def _check_ins(scene: Scene, stream: Stream) -> Ints:
    """Return when the machine calls: the pause varies by ``jitter`` either way."""
    period = min(scene["period_s"] * SECOND_US, scene.duration_us // 4)
    jitter = min(scene["jitter"], 0.95)
    most = int(scene.duration_us / (period * (1 - jitter) + 1)) + 1
    pause = period * (1 + jitter * stream.uniform(most, -1.0, 1.0)) + stream.sample(_DELAY, most)
    time = scene.start_us + np.cumsum(pause.astype(np.int64))
    return time[time < scene.start_us + scene.duration_us - 5 * SECOND_US]


def _play_port(scene: Scene) -> str:
    stream = scene.below(1)
    server = bare(scene)
    port, protocol = _port(scene, stream)
    talk, kind = (_lasting, "lasting") if scene["lasting"] else (_regular, "short")
    with scene.record.stage("beacon"):
        count = talk(scene, stream, server.address, port, _PROTOCOLS[protocol])
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} called {server.name} at port"
        f" {port}/{protocol} for {story.span(scene.duration_us)}, with"
        f" {story.many(count, f'{kind} connection')}. Now and then a command came back and its"
        f" result went out."
    )


def _regular(scene: Scene, stream: Stream, server: np.ndarray, port: int, proto: int) -> int:
    """Record one short exchange a check-in."""
    time = _check_ins(scene, stream)
    count = len(time)
    command = stream.uniform(count) < _COMMANDS
    lost = stream.uniform(count) < _LOST
    up = stream.integers(0, 12, count) + _HELLO_UP
    down = stream.integers(0, 6, count) + _HELLO_DOWN
    up += np.where(command, stream.sample(_COMMAND_UP, count).astype(np.int64), 0)
    down += np.where(command, stream.sample(_COMMAND_DOWN, count).astype(np.int64), 0)
    took = stream.sample(_ROUND_TRIP, count).astype(np.int64) * np.where(command, 14, 3)
    scene.record.connections(
        stream.bits(count), time, scene.actor.address, server, port, proto=proto,
        up=np.where(lost, 0 if proto == TCP else up, up), down=np.where(lost, 0, down),
        duration_us=np.where(lost, 3_000_000, took), tries=3,
        state=np.where(lost, State.UNANSWERED, State.DONE),
    )  # fmt: skip
    return count


def _lasting(scene: Scene, stream: Stream, server: np.ndarray, port: int, proto: int) -> int:
    """Record connections that stay open, with a sign of life every period."""
    begin, took = sessions(stream, scene.start_us, scene.duration_us, _LASTS_S, _PAUSE_S)
    count = len(begin)
    signs = took // (scene["period_s"] * SECOND_US) + 2
    commands = stream.integers(0, 3, count)
    up = signs * stream.integers(48, 64, count)
    down = signs * stream.integers(40, 48, count) + commands * 900
    up += commands * stream.sample(_COMMAND_UP, count).astype(np.int64)
    scene.record.connections(
        stream.bits(count), begin, scene.actor.address, server, port, proto=proto,
        up=up, down=down, duration_us=took, packets=(signs + commands * 9, signs + commands * 2),
        state=np.where(stream.uniform(count) < 0.7, State.DONE, State.RESET),
    )  # fmt: skip
    return count


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
    Scenario(
        "beacon_port",
        "command channel",
        ("T1571",),
        ("flow",),
        "unusual flows",
        (4 * HOUR_US, 8 * HOUR_US, 20 * HOUR_US),
        _play_port,
        parameters={
            "period_s": (60, 300, 3_600),
            "jitter": (0.0, 0.2, 0.5),
            "ports": (("4444/tcp",), ("8081/tcp",), ("53/tcp", "443/udp")),
            "lasting": (False, True, False),
        },
    ),
)
