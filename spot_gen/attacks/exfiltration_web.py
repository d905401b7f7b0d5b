"""Data that leave in the bodies of web requests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spot_gen.attacks import story
from spot_gen.attacks.choices import one_of
from spot_gen.attacks.command_channel import AGENTS, agent
from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.sites import Site, site
from spot_gen.attacks.visits import fetch, ordinary, whole
from spot_gen.attacks.wording import HEX, texts
from spot_gen.clock import HOUR_US
from spot_gen.distributions import exponential, log_normal
from spot_gen.network.names import CATEGORIES
from spot_gen.network.world import World
from spot_gen.streams import Stream

_SHARING = CATEGORIES.index("File Storage/Sharing")
_HOSTS = ("rare", "sharing")
_METHODS = ("POST", "PUT")
_PATHS = ("/upload.php", "/api/files/put", "/u/in", "/store", "/v1/blob")
_ENDINGS = (".bin", ".dat", ".7z", ".tmp", "")
#: Bytes a millisecond of uploads, and what comes before them.
_RATE = log_normal(2_300.0, 0.3)
_WAIT_MS = log_normal(160.0, 0.5)


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
    taken = whole(up / stream.sample(_RATE, how.count) + stream.sample(_WAIT_MS, how.count))
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


def _play(scene: Scene) -> str:
    how = Uploads(
        scene["count"], scene["size"], one_of(scene, "method", _METHODS), scene["content_type"],
        one_of(scene, "agent", AGENTS),
    )  # fmt: skip
    shared = one_of(scene, "host", _HOSTS) == "sharing"
    stream = scene.below(401)
    where = sharing_site(scene.world, stream) if shared else site(scene, "up", 402)
    if shared:
        scene.know("domain", where.name)
    scene.actors.append(scene.actor.name)
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
        "exfil_post",
        "exfiltration",
        ("T1567", "T1048"),
        ("proxy", "dns", "flow"),
        "unusual data POSTs",
        (2 * HOUR_US, 4 * HOUR_US, 10 * HOUR_US),
        _play,
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
