"""What the writers of flow records have in common: they write when the router exports."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen import dnswire
from spot_gen.clock import MINUTE_US
from spot_gen.config.model import Export
from spot_gen.events import Events, labelled, numbers
from spot_gen.export import Exporter
from spot_gen.network import World
from spot_gen.network.addresses import text
from spot_gen.streams import Ints
from spot_gen.truth import marks
from spot_gen.writers.files import DataFile, Output, Writer


class RecordWriter(Writer):
    """A writer of flow records by the time when they were received.

    Records come to ``put`` in steps of whole minutes, however the events were batched; a step lies
    within one file, and every file of the span has a step, perhaps without records.
    """

    #: Microseconds that are put at once, never more than a file's.
    step_us: ClassVar[int] = 5 * MINUTE_US

    def __init__(self, out: Path, world: World, rotation_us: int | None = None) -> None:
        super().__init__(out, world, rotation_us)
        self._step = min(self.step_us, self.rotation)
        self._exporter = Exporter(self.export(), world)
        self._done: int | None = None
        self._end = 0

    def prior(self, events: Events) -> None:
        """Take note of connections that began before the span; they may be reported within it."""
        tell(self._exporter, events)

    def write(self, events: Events, start_us: int, end_us: int) -> None:
        """Put what was received before the last whole step of the batch."""
        if self._done is None:
            self._exporter.until(start_us)
            self._done = start_us
        tell(self._exporter, events)
        self._end = end_us
        self._put_until(end_us // self._step * self._step)

    def close(self) -> Output:
        """Put the rest of the span; what would be received after it never is."""
        self._put_until(self._end)
        self.finish()
        return self.output

    def export(self) -> Export:
        """Return how the router exports for this source."""
        return self.world.config.export

    @abstractmethod
    def put(self, window_us: int, records: pa.Table) -> None:
        """Append records (schema RECORDS, in order) to the file that begins at ``window_us``."""

    def finish(self) -> None:
        """Finish what is open."""

    def take_note(self, file: DataFile, records: pa.Table, ordinals: Ints | None = None) -> None:
        """Mark the labelled records that are being appended to a file, and count them all.

        ``ordinals`` are their places in the file where the order of receipt is not that of the
        file; by default they follow what the file has.
        """
        if ordinals is None:
            ordinals = np.arange(records.num_rows) + file.counts["records"] + 1
        chosen = numbers(records, "label") != 0
        if chosen.any():
            keys = _keys(labelled(records))
            name = self.name(file.path.name)
            self.output.marks.append(marks(self.source, name, ordinals[chosen], keys))
        sums = {
            name: int(numbers(records, name).sum() + numbers(records, f"out_{name}").sum())
            for name in ("bytes", "packets")
        }
        file.count(numbers(records, "received_us"), **sums)

    def open(self, name: str, window_us: int) -> DataFile:
        """Begin a file; one that stays empty is as old as its window."""
        file = DataFile(self.folder, name)
        file.last_us = window_us
        return file

    def closed(self, file: DataFile) -> None:
        """Let a file appear."""
        self.output.files.append(file.close(self.source, self.name(file.path.name)))

    def _put_until(self, end_us: int) -> None:
        """Put all steps before a time, those without records too."""
        start = self._done
        if start is None or end_us <= start:
            return
        records = self._exporter.until(end_us)
        whole = range(start // self._step * self._step + self._step, end_us, self._step)
        edges = [start, *whole]
        places = np.searchsorted(numbers(records, "received_us"), [*edges, end_us]).tolist()
        for edge, first, last in zip(edges, places, places[1:], strict=False):
            window = edge // self.rotation * self.rotation
            self.put(window, records.slice(first, last - first))
        self._done = end_us


def tell(exporter: Exporter, events: Events) -> None:
    """Tell a router of all connections among events, those of look-ups too."""
    exporter.add(events.connections)
    if events.lookups.num_rows:
        exporter.add(dnswire.connections(events.lookups))


def _keys(records: pa.Table) -> dict[str, pa.Array]:
    """Return the natural key of flow records, and what the truth says of them."""
    ends = {
        end: text(numbers(records, f"{end}_hi"), numbers(records, f"{end}_lo"))
        for end in ("src", "dst")
    }
    return {
        "time_us": records.column("first_us"),
        "end_ms": pc.divide(records.column("last_us"), 1000),
        "received_us": records.column("received_us"),
        **ends,
        **{name: records.column(name) for name in ("sport", "dport", "proto", "stage")},
        "marker": records.column("label"),
    }
