"""Data hidden in DNS: sent out in names, or whole sessions with answers that carry data back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.carriers import ENCODINGS, KINDS
from spot_gen.attacks.shared.choices import at_most, drawn_or
from spot_gen.attacks.shared.pace import spread
from spot_gen.attacks.shared.sites import Site, written
from spot_gen.attacks.shared.wording import HEX
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.distributions import exponential, log_normal
from spot_gen.protocols import NOERROR, NXDOMAIN
from spot_gen.streams import Ints, Stream

_PREFIXES = ("t", "ns7", "dl", "s1", "x")

#: Transaction numbers of the published set: random names that are answered or do not exist, and
#: TCP over DNS by encoding.
_ANSWERED, _FAILED = 1002, 1003
_SESSIONS = {"base32": 1001, "base64": 1005, "hex": 1007}


@dataclass(frozen=True)
class Tunnel:
    """How data leave in names: ``label`` characters in each of ``labels`` parts of a name.

    ``direct``: the machine asks the server outside itself instead of its resolver. ``per_second``:
    questions, on average.
    """

    encoding: str
    kind: str
    count: int
    per_second: float
    label: int
    labels: int = 1
    direct: bool = False


def tunnel_end(scene: Scene, number: int) -> Site:
    """Set up a name server for a zone of its own; both become indicators."""
    authority = scene.outside(1, number + 1)[0]
    zone = f"{scene.below(number + 2).choice(_PREFIXES)}.{scene.domain(number)}"
    scene.know("domain", zone)
    scene.know("address", *written(authority))
    return Site(zone, authority, authority)


def dns_tunnel(
    scene: Scene, start_us: int, end_us: int, end: Site, how: Tunnel, part: int = 200
) -> int:
    """Let the actor send data in names from ``start_us`` on; return how many questions it took.

    What would be asked after ``end_us`` is not.
    """
    stream = scene.below(part)
    gaps = stream.sample(exponential(SECOND_US / how.per_second), how.count)
    times = start_us + np.cumsum(gaps.astype(np.int64))
    times = times[times < end_us - SECOND_US]
    size = len(times)
    full = stream.uniform(size) < 0.9
    lengths = np.where(full, how.label, stream.integers(how.label // 3, how.label, size))
    names = _names(stream, how.encoding, lengths, how.labels, end.name)
    with scene.record.stage("exfiltration"):
        _questions(scene, stream, times, names, how, end, stream.integers(24, 120, size))
    return size


def _names(stream: Stream, encoding: str, lengths: Ints, labels: int, zone: str) -> list[str]:
    """Return names of ``labels`` parts with data each, below the zone."""
    parts = [ENCODINGS[encoding](stream, lengths) for _ in range(labels)]
    return [f"{'.'.join(row)}.{zone}" for row in zip(*parts, strict=True)]


def _questions(
    scene: Scene, stream: Stream, times: Ints, names: list[str], how: Any, end: Site, sizes: Ints
) -> None:
    """Record the questions; ``how`` has ``kind`` and ``direct``, ``sizes`` is what comes back."""
    kind = KINDS[how.kind]
    answers = None
    if kind.data is not None:
        records = kind.data(stream, sizes, end.name)
        answers = pa.array([[record] for record in records], pa.list_(pa.binary()))
    scene.record.lookups(
        stream.bits(len(times)), times, scene.actor.address, pa.array(names, pa.string()),
        qtype=kind.qtype, rcode=NXDOMAIN if answers is None else NOERROR, answers=answers, ttl=0,
        authority=None if how.direct else end.authority,
        server=end.authority if how.direct else None,
    )  # fmt: skip


@dataclass(frozen=True)
class Sessions:
    """TCP sessions over DNS: ``count`` bursts of about ``questions``, ``gap_ms`` apart."""

    encoding: str
    kind: str
    count: int
    questions: int
    gap_ms: float
    label: int
    direct: bool = False


def dns_sessions(
    scene: Scene, start_us: int, end_us: int, end: Site, how: Sessions, part: int = 220
) -> int:
    """Let the actor hold TCP sessions over DNS in [start, end); return how many questions.

    Names carry data up, answers carry data down; mostly one of them is long.
    """
    stream = scene.below(part)
    room = int((end_us - start_us) * 0.95)
    begins = spread(stream, how.count, start_us, room - room // (how.count + 1)).tolist()
    asked = 0
    for number, begin in enumerate(begins):
        own = stream.below(number)
        size = own.number(how.questions * 3 // 4, how.questions * 5 // 4)
        gaps = own.sample(log_normal(how.gap_ms * 1_000, 0.6), size).astype(np.int64)
        times = begin + np.cumsum(gaps)
        times = times[times < end_us - SECOND_US]
        asked += len(times)
        _session(scene, own, times, end, how)
    return asked


def _session(scene: Scene, stream: Stream, times: Ints, end: Site, how: Sessions) -> None:
    size = len(times)
    up = stream.uniform(size) < stream.uniform(1, 0.2, 0.6)[0]
    short = stream.integers(2, 6, size)
    lengths = np.where(up, max(how.label - 6, 10) - stream.integers(0, 2, size) * short, short)
    token, first = stream.text(HEX, 2), stream.number(0, 3_000)
    data = _names(stream, how.encoding, lengths, 1, end.name)
    names = [f"{token}{first + n:04x}{name}" for n, name in enumerate(data)]
    down = np.where(up, stream.integers(8, 24, size), stream.integers(110, 230, size))
    with scene.record.stage("control"):
        _questions(scene, stream, times, names, how, end, down)


def _tunnel(scene: Scene) -> Tunnel:
    return Tunnel(
        drawn_or(scene, "encoding", tuple(ENCODINGS), 205),
        drawn_or(scene, "type", tuple(KINDS), 206),
        scene["queries"], scene["per_second"], at_most(scene, "label", 63),
        at_most(scene, "labels", 3), scene["direct"],
    )  # fmt: skip


def _session_encoding(scene: Scene) -> str:
    return drawn_or(scene, "encoding", tuple(_SESSIONS), 225)


def transaction_number(scene: Scene) -> int | None:
    """Return the DNS transaction number of the published set (B8) for a scene's look-ups.

    None for a scene that is no tunnel, or that has other look-ups too.
    """
    number = _NUMBERS.get(scene.scenario.id)
    return number(scene) if number else None


def _name_number(scene: Scene) -> int:
    return _FAILED if KINDS[_tunnel(scene).kind].data is None else _ANSWERED


#: How the scenarios are numbered in the published set.
_NUMBERS: Mapping[str, Callable[[Scene], int]] = {
    "dns_tunnel": _name_number,
    "dns_tunnel_tcp": lambda scene: _SESSIONS[_session_encoding(scene)],
}


def _play_names(scene: Scene) -> str:
    how = _tunnel(scene)
    end = tunnel_end(scene, 201)
    count = dns_tunnel(scene, scene.start_us, scene.start_us + scene.duration_us, end, how)
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} sent data out in the names of"
        f" {story.many(count, 'DNS question')} below {end.name}, {_way(how.direct)}."
        f" The names are in {how.encoding}, up to {story.many(how.label, 'character')} a part; the"
        f" questions are of type {KINDS[how.kind].written}."
    )


def _play_sessions(scene: Scene) -> str:
    how = Sessions(
        _session_encoding(scene), drawn_or(scene, "type", ("TXT", "NULL", "CNAME"), 226),
        scene["sessions"], scene["questions"], scene["gap_ms"], at_most(scene, "label", 63),
        scene["direct"],
    )  # fmt: skip
    end = tunnel_end(scene, 221)
    count = dns_sessions(scene, scene.start_us, scene.start_us + scene.duration_us, end, how)
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} held"
        f" {story.many(how.count, 'TCP session')} with {end.name} inside of"
        f" {story.many(count, 'DNS question')}, {_way(how.direct)}. Names in {how.encoding} carried"
        f" data up, the answers carried data down."
    )


def _way(direct: bool) -> str:
    return "asked straight of that server" if direct else "asked through the resolver"


_ANY = ("any", "any", "any")

SCENARIOS = (
    Scenario(
        "dns_tunnel",
        "tunnel",
        ("T1071.004", "T1048.003"),
        ("dns", "flow"),
        "DNS tunnelling, covert channels",
        (3 * MINUTE_US, 12 * MINUTE_US, 2 * HOUR_US),
        _play_names,
        parameters={
            "encoding": _ANY,
            "type": _ANY,
            "queries": (2_000, 1_000, 400),
            "per_second": (20, 2, 0.1),
            "label": (60, 40, 20),
            "labels": (2, 1, 1),
            "direct": (True, False, False),
        },
    ),
    Scenario(
        "dns_tunnel_tcp",
        "tunnel",
        ("T1572",),
        ("dns", "flow"),
        "DNS tunnelling",
        (20 * MINUTE_US, HOUR_US, 5 * HOUR_US),
        _play_sessions,
        parameters={
            "encoding": _ANY,
            "type": _ANY,
            "sessions": (6, 5, 6),
            "questions": (250, 100, 50),
            "gap_ms": (45, 160, 700),
            "label": (60, 50, 32),
            "direct": (False, False, False),
        },
    ),
)
