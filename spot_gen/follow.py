"""Writing on and on: one file per source and stretch of simulated time, for live demonstrations."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spot_gen.clock import MINUTE_US, SECOND_US
from spot_gen.simulation import Simulation
from spot_gen.span import Span

#: How much simulated time a file holds.
STRETCH_US = 5 * MINUTE_US


@dataclass(frozen=True)
class Stretch:
    """One written stretch: when it began, and its files."""

    start_us: int
    files: tuple[Path, ...]


def follow(
    simulation: Simulation,
    folders: dict[str, Path],
    stage: Path,
    speed: float,
    report: Callable[[Stretch], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Write the span, each stretch when its time has passed at ``speed`` times real time.

    ``folders``: where the files of each source appear, whole. ``stage``: a folder on the same
    file system for those being written.
    """
    config = simulation.world.config
    began = time.monotonic()
    start = config.start_us
    while start < config.end_us:
        end = start + STRETCH_US
        due = (end - config.start_us) / SECOND_US / speed
        sleep(max(0.0, began + due - time.monotonic()))
        report(Stretch(start, _write(simulation, folders, stage, start, end)))
        start = end


def _write(
    simulation: Simulation, folders: dict[str, Path], stage: Path, start_us: int, end_us: int
) -> tuple[Path, ...]:
    span = Span(simulation, stage, None, STRETCH_US)
    files, _ = span.write(start_us, end_us, lambda _time, _events: None)
    moved = []
    for file in files:
        source = stage / file.file
        target = folders[file.source] / source.name
        source.replace(target)
        moved.append(target)
    shutil.rmtree(stage / "data")
    return tuple(moved)
