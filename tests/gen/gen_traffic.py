"""Ordinary traffic to look at: the events of a span, and the size of what a preset makes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pyarrow as pa

from spot_gen.activity.model import Activity
from spot_gen.clock import HOUR_US
from spot_gen.config import Config
from spot_gen.config.presets import preset
from spot_gen.dnswire.exchanges import connections as exchanges
from spot_gen.events import SCHEMAS, Events
from spot_gen.export import Exporter
from spot_gen.network import World
from spot_gen.simulation import Batch, Simulation, default_activities


def happened(
    world: World, start_us: int, end_us: int, batch_us: int, chosen: list[Activity] | None = None
) -> Events:
    """Return what begins in a span, without incidents."""
    chosen = default_activities(world) if chosen is None else chosen
    batches = Simulation(world, chosen, []).run(start_us, end_us, batch_us)
    return joined(batch for batch in batches if batch.end_us > start_us)


def joined(batches: Iterable[Batch | Events]) -> Events:
    """Put the events of batches one behind the other."""
    parts = [batch.events if isinstance(batch, Batch) else batch for batch in batches]
    return Events(
        **{
            name: pa.concat_tables([part.tables()[name] for part in parts]).combine_chunks()
            for name in SCHEMAS
        }
    )


def part(arguments: tuple[Config, int, int, int]) -> Events:
    """Return a part of a span, made by a process of its own."""
    config, seed, start_us, end_us = arguments
    return happened(World.of(config, seed), start_us, end_us, HOUR_US)


@cache
def small() -> tuple[World, Events]:
    """Return the preset ``small`` without its incidents."""
    world = World.of(preset("small"), 1)
    return world, happened(world, world.config.start_us, world.config.end_us, HOUR_US)


def flow_records(world: World, events: Events) -> int:
    """Count what the router exports."""
    exporter = Exporter(world.config.export, world)
    exporter.add(events.connections)
    exporter.add(exchanges(events.lookups))
    return int(exporter.until(2**62).num_rows)
