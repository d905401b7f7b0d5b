"""Gathering of data before it leaves: one workstation reads far more files than its user needs."""

from __future__ import annotations

import numpy as np

from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.pace import LONGEST_US, between, portions
from spot_gen.clock import DAY_US, HOUR_US
from spot_gen.network.hosts import Host

_SMB = 445
#: Bytes a millisecond that a workstation reads at most.
_FASTEST = 90_000


def read_files(
    scene: Scene,
    start_us: int,
    length_us: int,
    total: int,
    count: int,
    server: Host | None = None,
    part: int = 1,
) -> Host:
    """Let the actor read ``total`` bytes from the file server over ``count`` connections.

    No connection lasts longer than an hour. Returns the server, the organisation's own if none is
    given. ``part`` chooses the random stream, for a caller that does it more than once.
    """
    stream = scene.below(part)
    server = server or scene.world.server("files")
    down = portions(stream, count, total)
    stretch = length_us // count
    begin = start_us + np.arange(count) * stretch + between(stream, 0.0, 0.1, count, stretch)
    room = min(stretch * 9 // 10, LONGEST_US)
    took = np.floor(stream.uniform(count, 0.35, 0.95) * room).astype(np.int64)
    took = np.minimum(np.maximum(took, down * 1_000 // _FASTEST), room)
    with scene.record.stage("collection"):
        scene.record.connections(
            stream.bits(count), begin, scene.actor.address, server.address, _SMB,
            up=down // 400 + stream.integers(6_000, 60_000, count), down=down, duration_us=took,
        )  # fmt: skip
    return server


def _play(scene: Scene) -> str:
    stream = scene.below(2)
    server = scene.victims[0] if scene.victims else scene.world.server("files")
    scene.victims[:] = [server]
    total = int(scene["gigabytes"] * 10**9 * stream.uniform(1, 0.97, 1.03)[0])
    days = scene.duration_us // DAY_US + 1
    day_us = scene.duration_us - (days - 1) * DAY_US
    late = between(stream, 0.0, 0.125, days, day_us)
    for day, share in enumerate(portions(stream, days, total).tolist()):
        start = scene.start_us + day * DAY_US + int(late[day])
        length = day_us * 7 // 8
        read_files(scene, start, length, share, scene["connections"], server, part=10 + day)
    within = story.span(scene.duration_us) if days == 1 else story.many(days, "day")
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} read {story.size(total)} of files"
        f" from {server.name} within {within}. Its user"
        f" {scene.actor.user or 'account'} does not read as much in an ordinary month."
    )


SCENARIOS = (
    Scenario(
        "hoarding",
        "collection",
        ("T1039",),
        ("flow",),
        "insider",
        (2 * HOUR_US, 10 * HOUR_US, 2 * DAY_US + 9 * HOUR_US),
        _play,
        hours=((0, 24), (7, 10), (8, 10)),
        parameters={"gigabytes": (200.0, 30.0, 5.0), "connections": (6, 14, 8)},
    ),
)
