"""What OA needs of storage. ``spot_common``'s Hdfs and Warehouse do it; tests hand in others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import IO, Protocol

import pyarrow as pa

from spot_common.clients.hdfs import Entry
from spot_common.schema.types import Table

Values = Mapping[str, int]


class Files(Protocol):
    """Files in HDFS."""

    def exists(self, path: str) -> bool:
        """Say whether something is at ``path``."""

    def list(self, path: str) -> list[Entry]:
        """Give the entries of a folder; nothing where it is missing."""

    def open_read(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file as a stream; NotFoundError where it is missing."""

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a whole file, replacing one that is there."""

    def delete(self, path: str, *, recursive: bool = False) -> bool:
        """Delete a file; False where nothing was."""


class Tables(Protocol):
    """Tables of Parquet files."""

    def partitions(self, table: Table, within: Values | None = None) -> Sequence[Values]:
        """Give the partitions that have a folder, oldest first; only those below ``within``."""

    def days(self, table: Table) -> list[date]:
        """Give the days that have a partition, oldest first."""

    def read_partition(
        self,
        table: Table,
        values: Values,
        columns: Sequence[str] | None = None,
        *,
        keep: bool = True,
    ) -> pa.Table:
        """Give the rows of a partition; ``keep`` remembers them for the next call."""

    def ensure_partitions(self, table: Table, partitions: Iterable[Values]) -> None:
        """Tell the SQL server of partitions; fails where it does not answer."""

    def replace_partition(self, table: Table, values: Values, rows: pa.Table) -> None:
        """Replace all rows of a partition."""


@dataclass(frozen=True)
class Storage:
    """Where OA reads and writes: files, tables, and the HDFS folder that all lies under."""

    files: Files
    tables: Tables
    huser: str
