"""Tables as files: writing partitions so that they appear whole, and reading them back fast.

A table is a folder of Parquet files in HDFS. Ingest adds one file per input and partition, named
by the input's hash; OA replaces the file of a day. Both write aside and rename, then tell the SQL
server of partitions it does not know.
"""

from __future__ import annotations

import io
import posixpath
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from threading import Lock

import pyarrow as pa
import pyarrow.parquet as pq

from spot_common.clients.dialect import refresh
from spot_common.clients.hdfs import Entry, Hdfs
from spot_common.clients.sql import Sql
from spot_common.config import Config
from spot_common.errors import DataError, NotFoundError, ServiceError
from spot_common.schema.types import Column, ColumnType, Table

Values = Mapping[str, int]

_COMPRESSION = "zstd"
_CACHED_READS = 64
#: The file of a partition that is always replaced as a whole.
_WHOLE = "rows.parquet"
#: How often a partition is listed again because it changed while it was read.
_LISTINGS = 5
_FOOTER_BYTES = 1 << 16


class Warehouse:
    """The tables of this installation."""

    def __init__(self, config: Config, hdfs: Hdfs | None = None, sql: Sql | None = None) -> None:
        self.huser = config.text("HUSER")
        self.database = config.text("DBNAME")
        self.hdfs = hdfs or Hdfs(config)
        self.sql = sql or Sql(config)
        self._known: set[tuple[str, str]] = set()
        self._reads: OrderedDict[object, pa.Table] = OrderedDict()
        self._lock = Lock()

    def partition_folder(self, table: Table, values: Values) -> str:
        """The HDFS folder of a partition."""
        return f"{table.location(self.huser)}/{table.partition_path(values)}"

    def adopt(self, table: Table, values: Values, staged: str, name: str) -> bool:
        """Rename a staged Parquet file into a partition, as ``name``.

        False where a file of that name is there already; NotFoundError where nothing is staged.
        The partition must be made known by :meth:`ensure_partitions`.
        """
        return self.hdfs.rename(staged, self._file(table, values, name))

    def holds(self, table: Table, values: Values, name: str) -> bool:
        """Say whether a partition has a file of that name."""
        return self.hdfs.exists(self._file(table, values, name))

    def footer(self, path: str) -> pq.FileMetaData:
        """Read the footer of a Parquet file; DataError where it is none or was cut short."""
        size = self.hdfs.status(path).size
        end = self.hdfs.read_end(path, size, _FOOTER_BYTES)
        needed = int.from_bytes(end[-8:-4], "little") + 8
        if len(end) < needed <= size:
            end = self.hdfs.read_end(path, size, needed)
        try:
            return pq.read_metadata(pa.BufferReader(end))
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path} is no whole Parquet file: {error}") from error

    def ensure_partitions(self, table: Table, partitions: Iterable[Values]) -> None:
        """Tell the SQL server of partitions that it may not know, in one statement."""
        paths = {table.partition_path(values): values for values in partitions}
        new = {path: v for path, v in paths.items() if (table.name, path) not in self._known}
        if new:
            clauses = " ".join(self._partition_clause(table, values) for values in new.values())
            name = f"`{self.database}`.`{table.name}`"
            self.sql.execute(f"ALTER TABLE {name} ADD IF NOT EXISTS {clauses}")
            self._known.update((table.name, path) for path in new)
        self._refresh(table)

    def relocate(self, table: Table, values: Values, folder: str) -> None:
        """Let the SQL server read a partition from another folder, in one step."""
        name = f"`{self.database}`.`{table.name}`"
        spec = self._partition_spec(table, values)
        self.sql.execute(f"ALTER TABLE {name} {spec} SET LOCATION '{folder}'")
        self._refresh(table)

    def replace_partition(self, table: Table, values: Values, rows: pa.Table) -> None:
        """Replace all rows of a partition, in one step."""
        folder = self.partition_folder(table, values)
        fresh, target = f"{folder}/.{uuid.uuid4().hex}", f"{folder}/{_WHOLE}"
        self.hdfs.write_bytes(fresh, to_parquet(table, rows))
        self.hdfs.replace(fresh, target)
        for entry in data_files(self.hdfs.list(folder)):
            if entry.name != _WHOLE:  # of another program, or of an earlier version
                self.hdfs.delete(f"{folder}/{entry.name}")
        self.ensure_partitions(table, [values])

    def read_partition(
        self,
        table: Table,
        values: Values,
        columns: Sequence[str] | None = None,
        *,
        keep: bool = True,
    ) -> pa.Table:
        """Give the rows of a partition, read from its files; no rows where there is none.

        Unchanged files (same names, sizes and times) are not read twice, unless ``keep`` is
        False: for one pass over large partitions.
        """
        folder = self.partition_folder(table, values)
        wanted = list(columns) if columns is not None else list(table.column_names)
        schema = pa.schema([table.arrow().field(name) for name in wanted])
        for _ in range(_LISTINGS):
            files = data_files(self.hdfs.list(folder))
            key = (folder, tuple(files), tuple(wanted))
            with self._lock:
                if key in self._reads:
                    self._reads.move_to_end(key)
                    return self._reads[key]
            try:
                rows = self._read_files(folder, files, schema)
            except _ChangedError:
                continue
            if keep:
                self._remember(key, rows)
            return rows
        raise ServiceError(f"{folder} changes faster than it can be read", hint="try again")

    def _read_files(self, folder: str, files: Sequence[Entry], schema: pa.Schema) -> pa.Table:
        """Read files as they were listed; _ChangedError where one is another now or gone."""
        parts = []
        for entry in files:
            try:
                data = self.hdfs.read_bytes(f"{folder}/{entry.name}")
            except NotFoundError as error:
                raise _ChangedError from error
            if len(data) != entry.size:
                raise _ChangedError
            parts.append(_rows_of(data, f"{folder}/{entry.name}", schema))
        return pa.concat_tables(parts) if parts else schema.empty_table()

    def _remember(self, key: object, rows: pa.Table) -> None:
        with self._lock:
            self._reads[key] = rows
            while len(self._reads) > _CACHED_READS:
                self._reads.popitem(last=False)

    def partitions(self, table: Table, within: Values | None = None) -> list[dict[str, int]]:
        """Give the partitions that have a folder, oldest first.

        ``within`` holds values of leading partition columns: only partitions below them.
        """
        return self.partitions_below(table, table.location(self.huser), within)

    def partitions_below(
        self, table: Table, root: str, within: Values | None = None
    ) -> list[dict[str, int]]:
        """Give the partitions of a table that have a folder below another root than its own."""
        found: list[dict[str, int]] = [dict(within or {})]
        for column in table.partitions[len(found[0]) :]:
            found = [
                {**values, column.name: number}
                for values in found
                for number in self._numbers(
                    posixpath.join(root, table.leading_path(values)), column
                )
            ]
        return found

    def days(self, table: Table) -> list[date]:
        """Give the days that have a partition, oldest first."""
        return sorted({date(v["y"], v["m"], v["d"]) for v in self.partitions(table)})

    def _file(self, table: Table, values: Values, name: str) -> str:
        return f"{self.partition_folder(table, values)}/{name}.parquet"

    def _numbers(self, folder: str, column: Column) -> list[int]:
        numbers = set()
        for entry in self.hdfs.list(folder):
            key, _, text = entry.name.partition("=")
            if entry.is_dir and key == column.name and text.isdigit():
                numbers.add(int(text))
        return sorted(numbers)

    def _refresh(self, table: Table) -> None:
        statement = refresh(self.sql.engine, self.database, table.name)
        if statement:
            self.sql.execute(statement)

    def _partition_clause(self, table: Table, values: Values) -> str:
        folder = self.partition_folder(table, values)
        return f"{self._partition_spec(table, values)} LOCATION '{folder}'"

    @staticmethod
    def _partition_spec(table: Table, values: Values) -> str:
        parts = []
        for column in table.partitions:
            number = int(values[column.name])
            if column.type is ColumnType.STRING:
                width = 4 if column.name == "y" else 2
                parts.append(f"`{column.name}`='{number:0{width}d}'")
            else:
                parts.append(f"`{column.name}`={number}")
        return f"PARTITION ({', '.join(parts)})"


class _ChangedError(Exception):
    """A partition changed between listing and reading."""


def _rows_of(data: bytes, path: str, schema: pa.Schema) -> pa.Table:
    """Read a Parquet file's rows; DataError where it is none of the table."""
    try:
        table = pq.read_table(pa.BufferReader(data), columns=schema.names, partitioning=None)
        return table.select(schema.names).cast(schema)
    except (pa.ArrowException, KeyError) as error:
        raise DataError(
            f"{path} is no Parquet file of this table: {error}",
            hint="a foreign writer put it there; move it away and run the step again",
        ) from error


def to_parquet(table: Table, rows: pa.Table) -> bytes:
    """Give the Parquet file of rows; DataError when they do not have the table's columns."""
    try:
        typed = rows.select(list(table.column_names)).cast(table.arrow())
    except (pa.ArrowException, KeyError) as error:
        raise DataError(f"rows do not fit the table {table.name}: {error}") from error
    sink = io.BytesIO()
    pq.write_table(typed, sink, compression=_COMPRESSION)
    return sink.getvalue()


def day_values(day: date) -> dict[str, int]:
    """The partition values of a day."""
    return {"y": day.year, "m": day.month, "d": day.day}


def data_files(entries: Sequence[Entry]) -> list[Entry]:
    """The entries that hold rows: hidden and marker files are none."""
    return [e for e in entries if not e.is_dir and not e.name.startswith((".", "_"))]
