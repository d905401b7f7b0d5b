"""Writers of one line per record, at once or when what it tells has ended."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from spot_gen import truth
from spot_gen.clock import HOUR_US, moment
from spot_gen.events import Events, numbers
from spot_gen.network import World
from spot_gen.text import payload
from spot_gen.writers.files import DataFile, Output, Rotating, Writer

_KEY = [field for field in truth.MARKS if field.name not in ("source", "file", "ordinal", "marker")]

#: Lines that wait: when each is written (``emit_us``), what decides between equal times (``rank``,
#: ``order``), the line with its end, the event's label, and stage and natural key for a mark.
HELD = pa.schema(
    [
        ("emit_us", pa.int64()),
        ("rank", pa.int8()),
        ("order", pa.uint64()),
        ("line", pa.string()),
        ("label", pa.int32()),
        *_KEY,
    ]
)


def held(columns: Mapping[str, Any], size: int) -> pa.Table:
    """Build a table of lines that wait; key columns that are missing are null."""
    arrays = [_column(columns.get(field.name), field.type, size) for field in HELD]
    return pa.Table.from_arrays(arrays, schema=HELD)


def _column(value: Any, kind: pa.DataType, size: int) -> Any:
    if value is None:
        return pa.nulls(size, kind)
    if isinstance(value, int):
        return pa.repeat(pa.scalar(value, kind), size)
    if isinstance(value, np.ndarray):
        value = pa.array(value)
    return value if value.type == kind else value.cast(kind)


def stamped(prefix: str, window_us: int, rotation_us: int, suffix: str) -> str:
    """Return ``prefix_YYYYMMDDhh.suffix``, with the minute for windows of less than an hour."""
    form = "%Y%m%d%H" if rotation_us % HOUR_US == 0 else "%Y%m%d%H%M"
    return f"{prefix}_{moment(window_us):{form}}.{suffix}"


class LineWriter(Rotating):
    """A writer whose records are lines."""

    def append(self, file: DataFile, times_us: np.ndarray, lines: pa.Array) -> int:
        """Append lines to a file; return the ordinal of the first."""
        first = file.counts["records"] + 1
        file.write(payload(lines))
        file.count(times_us)
        return first

    def mark(self, file: DataFile, ordinal: np.ndarray, records: pa.Table) -> None:
        """Note where labelled records are; ``records``: label, stage and natural key."""
        if len(ordinal):
            columns = {name: records.column(name) for name in records.column_names}
            columns["marker"] = columns.pop("label")
            name = self.name(file.path.name)
            self.output.marks.append(truth.marks(self.source, name, ordinal, columns))


class Delayed(LineWriter):
    """A writer of lines that appear later than the event began, as with most sensors.

    What has not ended when the span does is left to the writer of the next span, which gets it
    through ``prior``.
    """

    _waiting: pa.Table = HELD.empty_table()

    @abstractmethod
    def lines(self, events: Events) -> pa.Table:
        """Return the lines of events, in any order (schema HELD)."""

    def prior(self, events: Events) -> None:
        """Take note of events that began before the span but end in it."""
        self._waiting = pa.concat_tables([self._waiting, self.lines(events)])

    def write(self, events: Events, start_us: int, end_us: int) -> None:
        """Write what ends in [start, end)."""
        pool = pa.concat_tables([self._waiting, self.lines(events)]).combine_chunks()
        when = numbers(pool, "emit_us")
        self._waiting = pool.filter(pa.array(when >= end_us))
        rows = np.flatnonzero((when >= start_us) & (when < end_us))
        keys = [numbers(pool, name)[rows] for name in ("order", "rank", "emit_us")]
        self._release(pool, rows[np.lexsort(keys)], when)

    def _release(self, pool: pa.Table, rows: np.ndarray, when: np.ndarray) -> None:
        labelled = numbers(pool, "label") != 0
        for window, part in self.windows(when[rows]):
            file, chosen = self.file(window), rows[part]
            lines = pool.column("line").take(pa.array(chosen))
            first = self.append(file, when[chosen], lines)
            found = np.flatnonzero(labelled[chosen])
            self.mark(file, first + found, pool.drop_columns("line").take(pa.array(chosen[found])))


class Log(Delayed):
    """One of several logs of a sensor: its writer's files ``prefix_YYYYMMDDhh.suffix``."""

    def __init__(
        self,
        owner: Writer,
        prefix: str,
        suffix: str,
        make: Callable[[Events], pa.Table],
        head: Callable[[int], bytes] = lambda _: b"",
    ) -> None:
        self.world, self.folder, self.rotation = owner.world, owner.folder, owner.rotation
        self.source = owner.source  # type: ignore[misc]
        self.output = owner.output
        self.prefix, self._suffix, self._make, self._head = prefix, suffix, make, head

    def file_name(self, window_us: int) -> str:
        """Return the name of the file that begins at a time."""
        return stamped(self.prefix, window_us, self.rotation, self._suffix)

    def header(self, window_us: int) -> bytes:
        """Return what a file begins with."""
        return self._head(window_us)

    def lines(self, events: Events) -> pa.Table:
        """Return the lines of events."""
        return self._make(events)


class Logs(Writer):
    """A sensor that keeps several logs side by side."""

    rotation_us: ClassVar[int] = HOUR_US

    def __init__(self, out: Path, world: World, rotation_us: int | None = None) -> None:
        super().__init__(out, world, rotation_us)
        self.logs = self.kept()

    @abstractmethod
    def kept(self) -> list[Log]:
        """Return the logs."""

    def prior(self, events: Events) -> None:
        """Take note of events that began before the span."""
        for log in self.logs:
            log.prior(events)

    def write(self, events: Events, start_us: int, end_us: int) -> None:
        """Write what ends in [start, end) into each log."""
        for log in self.logs:
            log.write(events, start_us, end_us)

    def close(self) -> Output:
        """Finish all files; they are listed by time, then in the order of the logs."""
        for log in self.logs:
            log.close()
        order = [log.prefix for log in self.logs]
        self.output.files.sort(key=lambda file: _place(file.file, order))
        return self.output


def _place(file: str, order: list[str]) -> tuple[str, int]:
    prefix, _, time = file.rpartition("/")[2].partition("_")
    return time.partition(".")[0], order.index(prefix)
