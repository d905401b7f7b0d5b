"""Data that leave in bulk, or hidden in echo requests."""

from __future__ import annotations

import numpy as np

from spot_gen.attacks import story
from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.pace import LONGEST_US, between, bounds, portions
from spot_gen.attacks.sites import Site, find, site, written
from spot_gen.clock import HOUR_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.recorder import ICMP

_ECHO = 8 << 8
#: Bytes a second of one upload.
_RATE = log_normal(2_400_000.0, 0.45)
_HELLO_DOWN = log_normal(5_200.0, 0.15)


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
    scene.actors.append(scene.actor.name)
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
    scene.actors.append(scene.actor.name)
    drop = scene.outside(1)
    scene.know("address", *written(drop))
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
            stream.bits(bursts), begin, scene.actor.address, drop[0], _ECHO,
            up=sent * payload, down=answered * payload, duration_us=took,
            proto=ICMP, packets=(sent, answered),
        )  # fmt: skip
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} sent"
        f" {story.many(int(sent.sum()), 'echo request')} to {written(drop)[0]} within"
        f" {story.span(scene.duration_us)}. They carried {story.size(int((sent * payload).sum()))}"
        f" of data that no test of a connection needs."
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
)
