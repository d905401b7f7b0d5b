"""Rows to Parquet: one local file for each partition that an input has rows of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spot_common.schema.types import Table
from spot_ingest.accounting import Batch
from spot_ingest.errors import UnreadableError

#: Rows of a partition that are written together, and bytes kept back in all partitions.
_GROUP_ROWS = 256 * 1024
_HELD_BYTES = 16 << 20
#: Partitions (hours) that one file may spread over, and those whose files are open at a time: an
#: open file holds about 1 MB.
HOURS_LIMIT = 800
_OPEN_LIMIT = 64
_HOUR = 3600

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """The rows of one partition, in a local Parquet file.

    ``minutes`` counts those of each of the 60 minutes that have all fields which count.
    """

    values: Mapping[str, int]
    path: Path
    rows: int
    minutes: tuple[int, ...] = ()

    def record(self) -> dict[str, int]:
        """The partition as the ledger keeps it."""
        return {**self.values, "rows": self.rows}


@dataclass
class _Hour:
    """What is known of one partition while rows still come."""

    path: Path
    rows: int = 0
    minutes: Ints = field(default_factory=lambda: np.zeros(60, np.int64))
    held: list[pa.RecordBatch] = field(default_factory=list)
    held_rows: int = 0
    held_bytes: int = 0
    writer: pq.ParquetWriter | None = None
    closed: list[Path] = field(default_factory=list)

    def close(self) -> None:
        """Close the file for now; what comes later goes to another, which is joined with it."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None
            self.closed.append(self.path.rename(self.path.with_suffix(f".{len(self.closed)}")))


class Splitter:
    """Writes batches into Parquet files of ``folder``, one per hour of the rows' own time (UTC).

    ``counted`` are the columns that a row must have to count in its minute.
    """

    def __init__(self, table: Table, folder: Path, counted: Sequence[str] = ()) -> None:
        self._schema = table.arrow()
        self._counted = counted
        self._folder = folder
        self._hours: dict[int, _Hour] = {}
        self._held_bytes = 0
        self._open: dict[Path, _Hour] = {}  # written to longest ago first

    def write(self, batch: Batch) -> None:
        """Take the rows of a batch; UnreadableError when the file spreads over too many hours."""
        hours = np.unique(pc.unique(batch.minutes).to_numpy() // 60).tolist()
        for hour in hours:
            rows, minutes = batch.rows, batch.minutes
            if len(hours) > 1:
                mine = pc.equal(pc.divide(minutes, 60), hour)
                rows, minutes = rows.filter(mine), minutes.filter(mine)
            self._hold(hour, rows)
            self._count(hour, rows, minutes)
        while self._held_bytes > _HELD_BYTES:
            self._flush(max(self._hours.values(), key=lambda one: one.held_bytes))

    def _count(self, hour: int, rows: pa.RecordBatch, minutes: pa.Int64Array) -> None:
        for name in self._counted:
            column = rows.column(name)
            if column.null_count:
                there = column.is_valid()
                rows, minutes = rows.filter(there), minutes.filter(there)
        within = minutes.to_numpy() - 60 * hour
        self._hours[hour].minutes += np.bincount(within, minlength=60)

    @property
    def parts(self) -> list[Part]:
        """The files, oldest first; they are whole after :meth:`close`."""
        return [
            Part(partition_of_hour(hour), state.path, state.rows, tuple(state.minutes.tolist()))
            for hour, state in sorted(self._hours.items())
        ]

    def close(self, describe: Callable[[Part], Mapping[str, str]] = lambda _: {}) -> list[Part]:
        """Finish the files; ``describe`` gives the metadata that each carries in its footer."""
        parts = self.parts
        for part, (_, state) in zip(parts, sorted(self._hours.items()), strict=True):
            self._flush(state)
            if state.closed:
                self._join(state)
            if state.writer is not None:
                state.writer.add_key_value_metadata(dict(describe(part)))
                state.writer.close()
                state.writer = None
        return parts

    def _join(self, state: _Hour) -> None:
        """Copy what was written of a partition into one file, which is left open."""
        state.close()
        writer = state.writer = self._writer(state)
        for path in state.closed:
            with pq.ParquetFile(path) as piece:
                for group in range(piece.num_row_groups):
                    writer.write_table(piece.read_row_group(group).cast(self._schema))
            path.unlink()
        state.closed.clear()

    def _hold(self, hour: int, rows: pa.RecordBatch) -> None:
        state = self._hours.get(hour)
        if state is None:
            if len(self._hours) >= HOURS_LIMIT:
                raise UnreadableError(
                    f"its rows spread over more than {HOURS_LIMIT} hours",
                    hint="split the file by day",
                )
            state = self._hours[hour] = _Hour(self._folder / f"{hour}.parquet")
        state.held.append(rows)
        state.held_rows += rows.num_rows
        state.rows += rows.num_rows
        state.held_bytes += rows.nbytes
        self._held_bytes += rows.nbytes
        if state.held_rows >= _GROUP_ROWS:
            self._flush(state)

    def _flush(self, state: _Hour) -> None:
        if not state.held:
            return
        writer = state.writer or self._writer(state)
        self._open.pop(state.path, None)
        self._open[state.path] = state
        writer.write_table(pa.Table.from_batches(state.held, self._schema))
        self._held_bytes -= state.held_bytes
        state.held, state.held_rows, state.held_bytes = [], 0, 0

    def _writer(self, state: _Hour) -> pq.ParquetWriter:
        """Open a partition's file; the one that was written to longest ago is closed for it."""
        if len(self._open) >= _OPEN_LIMIT:
            self._open.pop(next(iter(self._open))).close()
        state.writer = pq.ParquetWriter(state.path, self._schema, compression="zstd")
        return state.writer


def partition_of_hour(hour: int) -> dict[str, int]:
    """Give the partition of the hour that begins so many hours after 1970-01-01 00:00 UTC."""
    moment = datetime.fromtimestamp(hour * _HOUR, UTC)
    return {"y": moment.year, "m": moment.month, "d": moment.day, "h": moment.hour}
