"""What a table is: columns with types, partitions, a folder, and the forms made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import pyarrow as pa


class ColumnType(Enum):
    """The column types that the tables use, as SQL names."""

    STRING = "STRING"
    TINYINT = "TINYINT"
    SMALLINT = "SMALLINT"
    INT = "INT"
    BIGINT = "BIGINT"
    FLOAT = "FLOAT"

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of the same values."""
        return _ARROW[self]


_ARROW = {
    ColumnType.STRING: pa.string(),
    ColumnType.TINYINT: pa.int8(),
    ColumnType.SMALLINT: pa.int16(),
    ColumnType.INT: pa.int32(),
    ColumnType.BIGINT: pa.int64(),
    ColumnType.FLOAT: pa.float32(),
}


@dataclass(frozen=True)
class Column:
    """One column: its name, type, and meaning in a few words."""

    name: str
    type: ColumnType
    doc: str = ""


@dataclass(frozen=True)
class Table:
    """An external Parquet table of one source.

    ``folder`` is the part of its location below ``<HUSER>/<source>/``. ``padded`` tells how
    partition folders are named: ``m=07`` (raw tables) or ``m=7`` (OA tables).
    """

    name: str
    source: str
    folder: str
    columns: tuple[Column, ...]
    partitions: tuple[Column, ...]
    padded: bool

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns in order, without the partition columns."""
        return tuple(column.name for column in self.columns)

    def arrow(self) -> pa.Schema:
        """The Arrow schema of a file of this table (partition columns are not in the file)."""
        return pa.schema([(column.name, column.type.arrow) for column in self.columns])

    def location(self, huser: str) -> str:
        """The table's folder in HDFS."""
        return f"{huser.rstrip('/')}/{self.source}/{self.folder}"

    def partition_path(self, values: Mapping[str, int]) -> str:
        """The folder of one partition below the table's, e.g. ``y=2016/m=07/d=08/h=03``.

        KeyError where a partition column has no value.
        """
        return self.leading_path({column.name: values[column.name] for column in self.partitions})

    def leading_path(self, values: Mapping[str, int]) -> str:
        """The folder of the leading partition columns that have a value, e.g. that of a day."""
        parts = []
        for column in self.partitions:
            if column.name not in values:
                break
            value = int(values[column.name])
            padded = self.padded and column.name != "y"
            parts.append(f"{column.name}={value:02d}" if padded else f"{column.name}={value}")
        return "/".join(parts)

    def create_sql(self, database: str, huser: str) -> str:
        """The statement that creates the table where it does not exist."""
        columns = ",\n  ".join(f"`{c.name}` {c.type.value}" for c in self.columns)
        partitions = ", ".join(f"`{c.name}` {c.type.value}" for c in self.partitions)
        return (
            f"CREATE EXTERNAL TABLE IF NOT EXISTS `{database}`.`{self.name}` (\n  {columns}\n)\n"
            f"PARTITIONED BY ({partitions})\nSTORED AS PARQUET\n"
            f"LOCATION '{self.location(huser)}'"
        )


@dataclass(frozen=True)
class SourceSchema:
    """A source of telemetry: its name, the title on pages, its raw table and its OA tables.

    ``position`` orders the sources in menus and listings, lowest first. ``counted`` are the columns
    of the raw table that a record must have to count in the summary of records per minute.
    """

    name: str
    title: str
    raw: Table
    oa: tuple[Table, ...]
    position: int = 100
    counted: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[int, str]:
        """What sources are sorted by."""
        return (self.position, self.name)

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables of the source, the raw one first."""
        return (self.raw, *self.oa)

    def table(self, name: str) -> Table:
        """The table of that name; KeyError where the source has none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)


def columns(text: str) -> tuple[Column, ...]:
    """Build columns from lines of ``name TYPE  meaning``."""
    found = []
    for line in text.strip().splitlines():
        name, kind, *doc = line.split(None, 2)
        found.append(Column(name, ColumnType(kind), doc[0] if doc else ""))
    return tuple(found)


def raw_table(source: str, partitions: str, text: str) -> Table:
    """The raw table of a source, at ``<HUSER>/<source>/hive``."""
    return Table(source, source, "hive", columns(text), columns(partitions), padded=True)


def oa_table(source: str, name: str, folder: str, text: str) -> Table:
    """An OA table of a source, at ``<HUSER>/<source>/hive/oa/<folder>``."""
    day = columns("y SMALLINT year\nm TINYINT month\nd TINYINT day")
    return Table(f"{source}_{name}", source, f"hive/oa/{folder}", columns(text), day, padded=False)


def summary_table(source: str) -> Table:
    """The ingest summary, which every source has: records per minute."""
    return oa_table(
        source,
        "ingest_summary",
        "summary",
        """
        tdate STRING  minute, YYYY-MM-DD HH:MM
        total BIGINT  records received in it
        """,
    )
