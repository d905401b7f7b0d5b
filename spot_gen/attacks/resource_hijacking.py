"""Somebody else's coins, made on our machines: the connections to a mining pool."""

from __future__ import annotations

import numpy as np

from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.pace import between, bounds, sessions
from spot_gen.attacks.shared.sites import find, site, written
from spot_gen.clock import HOUR_US

#: Seconds between two jobs of the pool, and between two results of the machine.
_JOB_S, _RESULT_S = (22, 40), (15, 60)
#: Payload of a job, of a result and of its confirmation, bytes.
_JOB, _RESULT, _CONFIRMED = (300, 620), (190, 250), (62, 70)


def _play(scene: Scene) -> str:
    stream = scene.below(1)
    pool = site(scene, "pool")
    asked, lasts = sessions(
        stream, scene.start_us, scene.duration_us, bounds(scene, "lasts_s"), scene["pause_s"]
    )
    count = len(asked)
    with scene.record.stage("impact"):
        begin = find(scene, pool, stream.bits(count), asked) + stream.integers(900, 30_000, count)
        took = np.maximum(asked + lasts - begin, 0)
        jobs = took // between(stream, *_JOB_S, count, 1_000_000) + 1
        results = took // between(stream, *_RESULT_S, count, 1_000_000) + 1
        down = jobs * stream.integers(*_JOB, count) + results * stream.integers(*_CONFIRMED, count)
        scene.record.connections(
            stream.bits(count), begin, scene.actor.address, pool.address, scene["port"],
            up=results * stream.integers(*_RESULT, count), down=down, duration_us=took,
            packets=(results, jobs + results),
        )  # fmt: skip
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} computed for the coin pool"
        f" {pool.name} ({written(pool.address)[0]}), port {scene['port']}, for"
        f" {story.span(scene.duration_us)}. It held {story.many(count, 'connection')} with"
        f" {story.many(int(results.sum()), 'result')} in all."
    )


SCENARIOS = (
    Scenario(
        "mining",
        "resource hijacking",
        ("T1496",),
        ("flow", "dns"),
        "unusual flows",
        (10 * HOUR_US, 8 * HOUR_US, 6 * HOUR_US),
        _play,
        hours=((0, 24), (0, 24), (19, 1)),
        parameters={
            "port": (3_333, 5_555, 443),
            "lasts_s": ((2_400, 3_600), (1_500, 3_600), (600, 2_400)),
            "pause_s": (8, 40, 600),
        },
    ),
)
