"""Answers that nobody asked for, from so many servers that a machine can do nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spot_common.errors import ConfigError
from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.pace import between
from spot_gen.attacks.shared.sites import written
from spot_gen.clock import MINUTE_US
from spot_gen.distributions import Quantiles, log_normal
from spot_gen.network.addresses import OUTSIDE, Addresses, four
from spot_gen.protocols import UDP


@dataclass(frozen=True)
class _Service:
    """A service that answers with more than it was asked: bytes of an answer, answers a second."""

    name: str
    port: int
    smallest: int
    largest: int
    rate: Quantiles


_SERVICES = {
    "dns": _Service("DNS", 53, 1_180, 1_440, log_normal(14.0, 0.7)),
    "ntp": _Service("NTP", 123, 440, 441, log_normal(45.0, 0.8)),
    "ssdp": _Service("SSDP", 1_900, 270, 350, log_normal(18.0, 0.6)),
    "memcached": _Service("memcached", 11_211, 1_380, 1_400, log_normal(120.0, 0.9)),
}
_NOTED = 40


def _reflectors(scene: Scene, count: int) -> Addresses:
    """Draw ordinary servers outside that strangers may use, all different."""
    networks, hosts = 256, 450
    chosen = scene.below(2).order(networks * hosts)[:count]
    return four(int(OUTSIDE[0]) + chosen // hosts * 512 + 50 + chosen % hosts)


def _play(scene: Scene) -> str:
    stream = scene.below(1)
    kind = stream.choice(scene["services"])
    if kind not in _SERVICES:
        raise ConfigError(
            f"reflection has no service {kind!r}", hint=f"choose of {', '.join(_SERVICES)}"
        )
    service = _SERVICES[kind]
    victim = scene.victims[0] if scene.victims else scene.world.server("web")
    scene.victims[:] = [victim]
    source = _reflectors(scene, scene["servers"])
    count = len(source)
    scene.actors += written(source)
    scene.know("address", *scene.actors[:_NOTED])
    late = between(stream, 0.0, 0.12, count, scene.duration_us)
    took = between(stream, 0.3, 0.86, count, scene.duration_us)
    answers = np.floor(stream.sample(service.rate, count) * (took / 1_000_000)).astype(np.int64) + 1
    size = stream.integers(service.smallest, service.largest + 1, count)
    port = stream.choice((80, 443, stream.number(1_024, 65_536)))
    with scene.record.stage("impact"):
        scene.record.connections(
            stream.bits(count), scene.start_us + late, source, victim.address, port,
            sport=service.port, up=answers * size, duration_us=took, proto=UDP,
            packets=(answers, 0),
        )  # fmt: skip
    total = int((answers * size).sum())
    return (
        f"From {story.when(scene.start_us)} {story.many(count, f'{service.name} server')} outside"
        f" sent answers to {victim.name} that it had not asked for."
        f" They were {story.size(total)} within {story.span(scene.duration_us)}."
    )


SCENARIOS = (
    Scenario(
        "reflection",
        "denial of service",
        ("T1498.002",),
        ("flow",),
        "reflection attacks",
        (4 * MINUTE_US, 8 * MINUTE_US, 20 * MINUTE_US),
        _play,
        parameters={
            "servers": (2_000, 300, 40),
            "services": (tuple(_SERVICES),) * 3,
        },
        inside=False,
    ),
)
