"""How fast the generator lets things happen, without writing them down.

    python benchmarks/gen_simulation.py [--preset small] [--seed 1] [--minutes 60]

Prints events a second of CPU and the memory taken beside the world and its names; the aim is
``small`` below 8 s, ``medium`` (batches of 15 minutes) below 90 s, and both below 250 MB.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter

from spot_gen.activity import activities
from spot_gen.clock import MINUTE_US
from spot_gen.config.presets import PRESETS
from spot_gen.network import World
from spot_gen.simulation import Simulation, default_activities


def main() -> None:
    """Run a preset's whole span and print what came of it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--preset", choices=sorted(PRESETS), default="small")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--minutes", type=int, default=60, help="length of a batch")
    arguments.add_argument("--each", action="store_true", help="every activity by itself, too")
    given = arguments.parse_args()
    world = World.of(PRESETS[given.preset], given.seed)
    _run(world, given.minutes, "all")
    for kind in sorted(activities(), key=lambda kind: kind.name) if given.each else ():
        _run(world, given.minutes, kind.name)


def _run(world: World, minutes: int, name: str) -> None:
    chosen = [a for a in default_activities(world) if name in ("all", a.name)]
    before, memory = time.process_time(), _peak_mb()
    counts: Counter[str] = Counter()
    config = world.config
    run = Simulation(world, chosen, []).run(config.start_us, config.end_us, minutes * MINUTE_US)
    for batch in run:
        if batch.start_us >= config.start_us:
            counts.update({kind: t.num_rows for kind, t in batch.events.tables().items()})
    spent, total = time.process_time() - before, counts.total()
    print(
        f"{name:22} {total:>10,} events {spent:7.1f} s {total / spent:>9,.0f} /s"
        f" {_peak_mb() - memory:5.0f} MB  {dict(counts)}"
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
