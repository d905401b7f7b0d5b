"""One span of time, written by every sensor: what one process does of a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spot_common.errors import ConfigError
from spot_gen.clock import MINUTE_US
from spot_gen.config import Config
from spot_gen.network import World
from spot_gen.simulation import Simulation
from spot_gen.truth import RECORDS, Names, records
from spot_gen.writers import writers
from spot_gen.writers.files import Output, Writer, Written

#: Told of each batch: microseconds that went by and events that began in them.
Report = Callable[[int, int], None]
#: Lines that were damaged on purpose.
Noise = list[dict[str, object]]
#: Finished files and damaged lines.
Made = tuple[list[Written], Noise]

_MINUTES = (1, 2, 5, 10, 15, 30, 60)


def batch_us(config: Config) -> int:
    """Return how long a batch is: about as many events in each, whatever the network's size."""
    wanted = 60 * 150 / (config.hosts * max(config.activity, 0.01))
    return max([m for m in _MINUTES if m <= wanted] or [_MINUTES[0]]) * MINUTE_US


def check_sources(config: Config) -> dict[str, type[Writer]]:
    """Return the writers of a configuration's sources; ConfigError for an unknown one."""
    known = writers()
    for name in config.sources:
        if name not in known:
            raise ConfigError(
                f"sources: there is no sensor {name!r}", hint=f"known are: {', '.join(known)}"
            )
    if not config.sources or len(set(config.sources)) < len(config.sources):
        raise ConfigError("sources: name at least one, and each once")
    return {name: known[name] for name in config.sources}


class Span:
    """The sensors of one span. ``parts`` is the folder for its labels, None for no labels."""

    def __init__(
        self,
        simulation: Simulation,
        out: Path,
        parts: Path | None,
        rotation_us: int | None = None,
    ) -> None:
        self._simulation = simulation
        world = simulation.world
        kinds = check_sources(world.config)
        self._writers = [kind(out, world, rotation_us) for kind in kinds.values()]
        names = Names.of(simulation.incidents)
        self._labels = (
            []
            if parts is None
            else [_Labels(parts, writer.source, names) for writer in self._writers]
        )

    def write(self, start_us: int, end_us: int, report: Report) -> Made:
        """Let [start, end) happen; return the finished files and the damaged lines."""
        length = batch_us(self._simulation.world.config)
        for batch in self._simulation.run(start_us, end_us, length):
            for writer in self._writers:
                if batch.prior:
                    writer.prior(batch.events)
                else:
                    writer.write(batch.events, batch.start_us, batch.end_us)
            self._label([writer.output for writer in self._writers])
            if not batch.prior:
                report(batch.end_us - batch.start_us, len(batch.events))
        done = [writer.close() for writer in self._writers]
        self._label(done)
        for labels in self._labels:
            labels.close()
        return [f for o in done for f in o.files], [line for o in done for line in o.noise]

    def _label(self, outputs: Sequence[Output]) -> None:
        for labels, output in zip(self._labels, outputs, strict=bool(self._labels)):
            labels.add(output.marked())
        for output in outputs:
            output.marks.clear()


class _Labels:
    """The labels of one source, in a file of their own until all are joined."""

    def __init__(self, parts: Path, source: str, names: Names) -> None:
        self._names = names
        self._file = pq.ParquetWriter(parts / f"{source}.parquet", RECORDS)

    def add(self, marks: pa.Table) -> None:
        if marks.num_rows:
            self._file.write_table(records(marks, self._names))

    def close(self) -> None:
        self._file.close()


def simulate(config: Config, seed: int) -> Simulation:
    """Make the world of a configuration and its plan."""
    return Simulation(World.of(config, seed))
