"""What a configuration would make, without making it: an estimate from some short samples."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spot_gen.clock import HOUR_US, MINUTE_US, moment
from spot_gen.config import Config
from spot_gen.network import World
from spot_gen.plan import play
from spot_gen.simulation import Simulation
from spot_gen.span import Span, simulate
from spot_gen.writers.files import Written

#: Malicious records above this share of their source are no longer rare (B6).
RARE = 0.01
_SAMPLES = 12
_SAMPLE_US = 5 * MINUTE_US


@dataclass(frozen=True)
class Estimate:
    """Records and bytes of one source, and how many of the records are malicious."""

    source: str
    records: int
    size: int
    malicious: int

    @property
    def rarity(self) -> float:
        """The share of malicious records."""
        return self.malicious / self.records if self.records else 0.0


def describe(config: Config, seed: int) -> dict[str, Any]:
    """Return hosts, sources with their volume, incidents, and warnings."""
    simulation = simulate(config, seed)
    estimates = _estimates(simulation)
    return {
        "seed": seed,
        "start": moment(config.start_us).isoformat(),
        "end": moment(config.end_us).isoformat(),
        "hosts": _hosts(simulation.world),
        "sources": {
            e.source: {
                "records": e.records,
                "bytes": e.size,
                "malicious": e.malicious,
                "rarity": e.rarity,
            }
            for e in estimates
        },
        "incidents": [_incident(simulation, number) for number in range(len(simulation.incidents))],
        "warnings": [
            f"{e.source}: {100 * e.rarity:.1f} % of the records are malicious, more than "
            f"{100 * RARE:g} %: not rare any more"
            for e in estimates
            if e.rarity > RARE
        ],
    }


def _hosts(world: World) -> dict[str, int]:
    roles: dict[str, int] = {}
    for host in world.hosts:
        roles[host.role] = roles.get(host.role, 0) + 1
    return roles


def _incident(simulation: Simulation, number: int) -> dict[str, Any]:
    incident = simulation.incidents[number]
    return {
        "incident_id": incident.id,
        "scenario": incident.scenario.id,
        "family": incident.scenario.family,
        "stealth": incident.attack.stealth,
        "start": moment(incident.start_us).isoformat(),
        "actor": incident.actor.name if incident.scenario.inside else "",
        "story": play(simulation.world, incident).story,
    }


def _estimates(simulation: Simulation) -> list[Estimate]:
    """Write some five-minute samples of ordinary traffic, and all incidents alone."""
    config = simulation.world.config
    ordinary = Simulation(simulation.world, simulation.activities, [])
    records, size = Counter[str](), Counter[str]()
    for start, share in samples(config):
        for file in _written(ordinary, start, start + _SAMPLE_US, _SAMPLE_US):
            records[file.source] += round(file.counts["records"] * share)
            size[file.source] += round(file.size * share)
    alone = Simulation(simulation.world, [], simulation.incidents)
    malicious = Counter[str]()
    for file in _written(alone, config.start_us // HOUR_US * HOUR_US, config.end_us, HOUR_US):
        malicious[file.source] += file.counts["records"]
        size[file.source] += file.size
    return [
        Estimate(source, records[source] + malicious[source], size[source], malicious[source])
        for source in config.sources
    ]


def samples(config: Config) -> list[tuple[int, float]]:
    """Return the starts of samples and how many stretches like it each stands for."""
    count = min(_SAMPLES, max(1, config.span_us // (2 * _SAMPLE_US)))
    each = config.span_us / count
    starts = [int(config.start_us + each * (n + 0.5)) for n in range(count)]
    return [(start // _SAMPLE_US * _SAMPLE_US, each / _SAMPLE_US) for start in starts]


def _written(simulation: Simulation, start_us: int, end_us: int, rotation: int) -> list[Written]:
    """Write a span and throw it away; return what the files were."""
    with tempfile.TemporaryDirectory(prefix="spot-describe-") as folder:
        span = Span(simulation, Path(folder), None, rotation)
        files, _ = span.write(start_us, end_us, lambda _time, _events: None)
    return files
