"""Lets a span of time happen, batch after batch, in memory that does not grow with the span.

What happens depends on seed and configuration alone: neither on where the span begins nor on the
length of batches. So a day may be made in one piece or by several processes, an hour each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import pyarrow as pa

from spot_common.errors import ConfigError
from spot_gen import events
from spot_gen.activity import activities
from spot_gen.activity.model import Activity
from spot_gen.clock import HOUR_US
from spot_gen.events import Events
from spot_gen.lookalikes import LOOKALIKES
from spot_gen.lookups import MEMORY_US, Lookups
from spot_gen.network import World
from spot_gen.plan import Incident, plan, play
from spot_gen.recorder import USES, Recorder


@dataclass(frozen=True)
class Batch:
    """All events that begin in [start, end), in the order of time.

    ``prior``: they began before the span, and are told because they may end in it.
    """

    start_us: int
    end_us: int
    events: Events
    prior: bool = False


class Simulation:
    """The traffic of a world. ``prior`` looks back as far as a sensor may have to."""

    def __init__(
        self,
        world: World,
        chosen: Sequence[Activity] | None = None,
        incidents: Sequence[Incident] | None = None,
    ) -> None:
        self.world = world
        self.incidents = plan(world) if incidents is None else list(incidents)
        self.activities = default_activities(world) if chosen is None else list(chosen)

    def run(self, start_us: int, end_us: int, batch_us: int) -> Iterator[Batch]:
        """Yield first what began before the span and may not have ended, then its batches.

        Nothing happens outside the configured span.
        """
        run = _Run(self, start_us)
        yield from run.prior(batch_us)
        while start_us < end_us:
            until = min(start_us + batch_us, end_us)
            yield run.batch(start_us, until)
            start_us = until


def default_activities(world: World) -> list[Activity]:
    """Return the activities of a world, without look-alikes where it shall have none.

    ConfigError for a rate of a process that does not exist.
    """
    known = {kind.name for kind in activities()}
    for name in world.config.rates:
        if name not in known:
            near = get_close_matches(name, known, 1) or sorted(known)
            raise ConfigError(
                f"rates: there is no process {name!r}", hint=f"known are: {', '.join(near)}"
            )
    kinds = [
        kind for kind in activities() if world.config.lookalikes or kind.name not in LOOKALIKES
    ]
    return [kind(world) for kind in kinds]


class _Run:
    """One pass over a span: what was caused already but has not begun yet."""

    def __init__(self, simulation: Simulation, start_us: int) -> None:
        self._simulation = simulation
        self._world = simulation.world
        self._start = start_us
        self._lookups = Lookups(self._world)
        self._waiting = {name: schema.empty_table() for name, schema in events.SCHEMAS.items()}
        self._uses = USES.empty_table()

    def prior(self, batch_us: int) -> Iterator[Batch]:
        """Look back: tell what was caused before the span."""
        begun = self._world.config.start_us
        firsts = [
            (activity, max(begun, self._start - activity.span_us - MEMORY_US))
            for activity in self._simulation.activities
        ]
        # No connection of an incident is open for longer than an hour.
        start = min([max(begun, self._start - HOUR_US), *(first for _, first in firsts)])
        while start < self._start:
            end = min(start + batch_us, self._start)
            recorder = Recorder(self._world)
            for activity, first in firsts:
                if first < end:
                    activity.happen(recorder, max(first, start), end)
            self._incidents(recorder, start, end)
            yield Batch(start, end, self._until(recorder, end), prior=True)
            start = end

    def batch(self, start_us: int, end_us: int) -> Batch:
        """Let the next stretch of time happen."""
        recorder = Recorder(self._world)
        for activity in self._simulation.activities:
            activity.happen(recorder, start_us, end_us)
        self._incidents(recorder, start_us, end_us)
        return Batch(start_us, end_us, self._until(recorder, end_us))

    def _incidents(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Add the events of incidents that begin in [start, end)."""
        for incident in self._simulation.incidents:
            if incident.start_us - HOUR_US < end_us and incident.end_us + HOUR_US > start_us:
                happened = play(self._world, incident).events.between(start_us, end_us)
                for name, table in happened.tables().items():
                    recorder.tables[name].append(table)

    def _until(self, recorder: Recorder, end_us: int) -> Events:
        """Return what begins before ``end_us``; the rest waits."""
        uses = events.in_order(USES, [self._uses, *recorder.uses])
        now, self._uses = _cut(uses, end_us)
        self._lookups.record(now, recorder)
        result = {}
        for name, schema in events.SCHEMAS.items():
            table = events.in_order(schema, [self._waiting[name], *recorder.tables[name]])
            result[name], self._waiting[name] = _cut(table, end_us)
        return Events(**result)


def _cut(table: pa.Table, end_us: int) -> tuple[pa.Table, pa.Table]:
    """Split a table that is in order: what begins before a time, and the rest."""
    split = int(events.numbers(table, "time_us").searchsorted(end_us))
    return table.slice(0, split), table.slice(split).combine_chunks()
