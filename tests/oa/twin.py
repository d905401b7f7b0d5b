"""Storage in memory: the twin of HDFS and of the warehouse, for tests that need no service."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import IO

import pyarrow as pa

from spot_common.clients.hdfs import Entry
from spot_common.errors import NotFoundError, ServiceError
from spot_common.schema.types import Table
from spot_common.warehouse import to_parquet
from spot_oa.ports import Storage, Values

HUSER = "/user/spot"


class MemoryFiles:
    """Files by path."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.down = False

    def exists(self, path: str) -> bool:
        return path in self.content or any(name.startswith(path + "/") for name in self.content)

    def list(self, path: str) -> list[Entry]:
        below = [name[len(path) + 1 :] for name in self.content if name.startswith(path + "/")]
        return [Entry(name, True, 0, 0) for name in sorted({one.split("/")[0] for one in below})]

    @contextmanager
    def open_read(self, path: str) -> Iterator[IO[bytes]]:
        if path not in self.content:
            raise NotFoundError(f"HDFS has no {path}")
        yield io.BytesIO(self.content[path])

    def write_bytes(self, path: str, data: bytes) -> None:
        if self.down:
            raise ServiceError("HDFS does not answer at 10.1.2.3:9870")
        self.content[path] = data

    def delete(self, path: str, *, recursive: bool = False) -> bool:
        return self.content.pop(path, None) is not None


class MemoryTables:
    """Partitions by table and values; rows must fit the table as they must in Parquet."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[tuple[int, ...], pa.Table]] = {}
        self.reads: list[tuple[str, tuple[int, ...], tuple[str, ...]]] = []
        self.down = False
        self.sql_down = False

    def partitions(self, table: Table, within: Values | None = None) -> list[dict[str, int]]:
        names = [column.name for column in table.partitions]
        found = [
            dict(zip(names, key, strict=True)) for key in sorted(self.rows.get(table.name, {}))
        ]
        wanted = (within or {}).items()
        return [values for values in found if all(values[name] == v for name, v in wanted)]

    def days(self, table: Table) -> list[date]:
        return sorted({date(v["y"], v["m"], v["d"]) for v in self.partitions(table)})

    def read_partition(
        self,
        table: Table,
        values: Values,
        columns: Sequence[str] | None = None,
        *,
        keep: bool = True,
    ) -> pa.Table:
        if self.down:
            raise ServiceError("HDFS does not answer at 10.1.2.3:9870")
        names = list(columns if columns is not None else table.column_names)
        key = self._key(table, values)
        self.reads.append((table.name, key, tuple(names)))
        rows = self.rows.get(table.name, {}).get(key)
        return (rows if rows is not None else table.arrow().empty_table()).select(names)

    def ensure_partitions(self, table: Table, partitions: Iterable[Values]) -> None:
        if self.sql_down:
            raise ServiceError("the SQL server does not answer at 10.1.2.3:10000")

    def replace_partition(self, table: Table, values: Values, rows: pa.Table) -> None:
        if self.down:
            raise ServiceError("the SQL server does not answer at 10.1.2.3:10000")
        to_parquet(table, rows)
        typed = rows.select(list(table.column_names)).cast(table.arrow())
        self.rows.setdefault(table.name, {})[self._key(table, values)] = typed

    @staticmethod
    def _key(table: Table, values: Values) -> tuple[int, ...]:
        return tuple(int(values[column.name]) for column in table.partitions)


class Twin(Storage):
    """Storage in memory, with ways to put things there."""

    files: MemoryFiles
    tables: MemoryTables

    def __init__(self) -> None:
        super().__init__(MemoryFiles(), MemoryTables(), HUSER)

    def put(self, table: Table, values: Values, rows: Sequence[dict[str, object]]) -> None:
        """Store rows given as mappings; columns that are not named are null."""
        full = [{name: row.get(name) for name in table.column_names} for row in rows]
        self.tables.replace_partition(table, values, pa.Table.from_pylist(full, table.arrow()))

    def put_results(self, source: str, day: date, lines: Sequence[Sequence[object]]) -> None:
        """Store a result file as the scoring job writes it."""
        texts = ["\t".join("null" if v is None else str(v) for v in line) for line in lines]
        path = f"{HUSER}/{source}/scored_results/{day:%Y%m%d}/scores/{source}_results.csv"
        self.files.content[path] = "".join(text + "\n" for text in texts).encode()

    def get(self, table: Table, values: Values) -> list[dict[str, object]]:
        """Give the rows of a partition as mappings."""
        return self.tables.read_partition(table, values).to_pylist()
