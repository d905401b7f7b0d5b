"""Data that leave in bulk, in the bodies of web requests, or hidden in echo requests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.agents import AGENTS, agent
from spot_gen.attacks.shared.choices import one_of
from spot_gen.attacks.shared.pace import LONGEST_US, between, bounds, portions
from spot_gen.attacks.shared.sites import Site, find, site, written
from spot_gen.attacks.shared.visits import bare, fetch, ordinary, whole
from spot_gen.attacks.shared.wording import HEX, texts
from spot_gen.clock import HOUR_US, SECOND_US
from spot_gen.distributions import exponential, log_normal
from spot_gen.network.names import CATEGORIES
from spot_gen.network.world import World
from spot_gen.protocols import ICMP
from spot_gen.streams import Stream

_ECHO = 8 << 8
#: Bytes a second of one upload.
_RATE = log_normal(2_400_000.0, 0.45)
_HELLO_DOWN = log_normal(5_200.0, 0.15)
_SHARING = CATEGORIES.index("File Storage/Sharing")
_HOSTS = ("rare", "sharing")
_METHODS = ("POST", "PUT")
_PATHS = ("/upload.php", "/api/files/put", "/u/in", "/store", "/v1/blob")
_ENDINGS = (".bin", ".dat", ".7z", ".tmp", "")
#: Bytes a millisecond of uploads, and what comes before them.
_UPLOAD_RATE = log_normal(2_300.0, 0.3)
_WAIT_MS = log_normal(160.0, 0.5)


def send_bulk(
    scene: Scene,
    start_us: int,
    length_us: int,
    total: int,
    chunks: int,
    where: Site,
    port: int = 443,
    part: int = 1,
) -> None:
    """Let the actor send ``total`` bytes to a site in ``chunks`` connections spread over a span.

    Each begins when the site's name has been looked up and ends before the next stretch of time
    begins, after an hour at most. ``part`` chooses the random stream.
    """
    stream = scene.below(part)
    up = portions(stream, chunks, total)
    stretch = length_us // chunks
    early = between(stream, 0, 0.25, chunks, stretch)
    with scene.record.stage("exfiltration"):
        asked = start_us + np.arange(chunks) * stretch + early
        begin = find(scene, where, stream.bits(chunks), asked) + stream.integers(
            2_000, 90_000, chunks
        )
        took = np.floor(up / stream.sample(_RATE, chunks) * SECOND_US).astype(np.int64)
        room = np.minimum(start_us + (np.arange(chunks) + 1) * stretch - begin, LONGEST_US)
        scene.record.connections(
            stream.bits(chunks), begin, scene.actor.address, where.address, port,
            up=up, down=up // 3_000 + stream.sample(_HELLO_DOWN, chunks).astype(np.int64),
            duration_us=np.minimum(took + 200_000, room * 97 // 100),
        )  # fmt: skip


def _play_bulk(scene: Scene) -> str:
    where = site(scene, "files")
    total = int(scene["megabytes"] * 10**6 * scene.below(2).uniform(1, 0.97, 1.03)[0])
    chunks = scene["chunks"]
    send_bulk(scene, scene.start_us, scene.duration_us, total, chunks, where, scene["port"])
    how = "in one connection" if chunks == 1 else f"in {chunks} portions"
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} sent {story.size(total)}"
        f" to {where.name} ({written(where.address)[0]}), port {scene['port']}. The data went"
        f" straight past the proxy, {how} within {story.span(scene.duration_us)}."
    )


def _play_icmp(scene: Scene) -> str:
    stream = scene.below(1)
    drop = bare(scene)
    bursts, requests = scene["bursts"], scene["requests"]
    sent = np.maximum(portions(stream, bursts, requests), 1)
    smallest, largest = bounds(scene, "payload")
    payload = stream.integers(smallest, largest + 1, bursts)
    stretch = scene.duration_us // bursts
    begin = scene.start_us + np.arange(bursts) * stretch + between(stream, 0, 0.15, bursts, stretch)
    took = between(stream, 0.3, 0.85, bursts, min(stretch, LONGEST_US))
    answered = sent - np.minimum(stream.integers(0, 3, bursts), sent - 1)
    with scene.record.stage("exfiltration"):
        scene.record.connections(
            stream.bits(bursts), begin, scene.actor.address, drop.address, _ECHO,
            up=sent * payload, down=answered * payload, duration_us=took,
            proto=ICMP, packets=(sent, answered),
        )  # fmt: skip
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} sent"
        f" {story.many(int(sent.sum()), 'echo request')} to {drop.name} within"
        f" {story.span(scene.duration_us)}. They carried {story.size(int((sent * payload).sum()))}"
        f" of data that no test of a connection needs."
    )


@dataclass(frozen=True)
class Uploads:
    """``count`` requests of about ``size`` bytes each, and what they look like."""

    count: int
    size: int
    method: str = "POST"
    content_type: str = ""
    agent: str = "own"


def send_posts(
    scene: Scene, start_us: int, end_us: int, where: Site, how: Uploads, part: int = 400
) -> int:
    """Let the actor upload to a site through the proxy, one after the other; return the bytes.

    What would begin after ``end_us`` is not sent.
    """
    stream = scene.below(part)
    up = whole(stream.sample(log_normal(float(how.size), 0.06), how.count))
    taken = whole(up / stream.sample(_UPLOAD_RATE, how.count) + stream.sample(_WAIT_MS, how.count))
    rest = max(0.9 * (end_us - start_us) - 1_000.0 * int(taken.sum()), 10_000.0)
    pauses = whole(stream.sample(exponential(1.0), how.count) * (rest / how.count))
    begin = start_us + np.cumsum(pauses + taken * 1_000) - taken * 1_000
    kept = int(np.searchsorted(begin, end_us - 1_000 * int(taken.max()) - 2_000_000))
    begin, up, taken = begin[:kept], up[:kept], taken[:kept]
    path = stream.choice(_PATHS)
    single, ending = how.method == "PUT", stream.choice(_ENDINGS)
    names = texts(stream, HEX, np.full(kept, 16))
    with scene.record.stage("exfiltration"):
        fetch(
            scene, stream, begin, where,
            {
                "method": how.method, "action": "TCP_NC_MISS", "content_type": how.content_type,
                "path": [f"{path}/{name}{ending}" for name in names] if single else path,
                "agent": agent(scene, stream, how.agent),
                "status": 201 if single else 200, "taken_ms": taken,
                "bytes_up": up + 420, "bytes_down": stream.integers(180, 620, kept),
            },
        )  # fmt: skip
    return int(up.sum())


def sharing_site(world: World, stream: Stream) -> Site:
    """Choose an ordinary site where people leave files, one that does not encrypt if possible."""
    of_kind = world.names.category == _SHARING
    for pool in (of_kind & ~world.sites.secure, of_kind, np.ones(len(of_kind), bool)):
        if pool.any():
            return ordinary(world, stream.choice(np.flatnonzero(pool).tolist()))
    raise AssertionError("unreachable")


def _play_post(scene: Scene) -> str:
    how = Uploads(
        scene["count"], scene["size"], one_of(scene, "method", _METHODS), scene["content_type"],
        one_of(scene, "agent", AGENTS),
    )  # fmt: skip
    shared = one_of(scene, "host", _HOSTS) == "sharing"
    stream = scene.below(401)
    where = sharing_site(scene.world, stream) if shared else site(scene, "up", 402)
    if shared:
        scene.know("domain", where.name)
    end = scene.start_us + scene.duration_us
    total = send_posts(scene, scene.start_us, end, where, how)
    kind = "a site where anybody may leave files" if shared else "a site that nobody else visits"
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} sent {story.size(total)} in the"
        f" bodies of {how.method} requests to {where.name}, {kind}. The requests were spread over"
        f" {story.span(scene.duration_us)} and about {story.size(how.size)} each."
    )


SCENARIOS = (
    Scenario(
        "exfil_bulk",
        "exfiltration",
        ("T1041", "T1048.002"),
        ("flow", "dns"),
        "unusual data flows",
        (HOUR_US, 8 * HOUR_US, 10 * HOUR_US),
        _play_bulk,
        hours=((0, 24), (7, 12), (19, 2)),
        parameters={
            "megabytes": (10_000.0, 2_000.0, 300.0),
            "chunks": (1, 8, 24),
            "port": (22, 443, 443),
        },
    ),
    Scenario(
        "exfil_icmp",
        "exfiltration",
        ("T1048.003",),
        ("flow",),
        "side-channel data escapes",
        (HOUR_US, 6 * HOUR_US, 12 * HOUR_US),
        _play_icmp,
        parameters={
            "requests": (50_000, 5_000, 500),
            "bursts": (2, 20, 60),
            "payload": ((1_000, 1_400), (400, 1_000), (64, 200)),
        },
    ),
    Scenario(
        "exfil_post",
        "exfiltration",
        ("T1567", "T1048"),
        ("proxy", "dns", "flow"),
        "unusual data POSTs",
        (2 * HOUR_US, 4 * HOUR_US, 10 * HOUR_US),
        _play_post,
        hours=((0, 24), (8, 15), (7, 12)),
        parameters={
            "count": (500, 200, 300),
            "size": (4_000_000, 500_000, 20_000),
            "method": ("POST", "PUT", "POST"),
            "content_type": ("application/x-compressed", "", "application/x-unknown"),
            "host": ("rare", "rare", "sharing"),
            "agent": ("rare", "own", "own"),
        },
    ),
)
