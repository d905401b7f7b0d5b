"""The tables of the ledger. A column that is added gets a default of the server's."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
)

METADATA = MetaData()
FILES = Table(
    "ingest_files",
    METADATA,
    Column("source", String(32), primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("name", String(1024), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("path", String(1024), nullable=False),
    Column("state", String(16), nullable=False),
    Column("collector", String(320), nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("worker", String(320), nullable=False, server_default=""),
    Column("claim", String(32), nullable=False, server_default=""),
    Column("beat", BigInteger, nullable=False, server_default="0"),
    Column("taken", Float, nullable=False, server_default="0"),
    Column("rows_received", BigInteger, nullable=False, server_default="0"),
    Column("rows_stored", BigInteger, nullable=False, server_default="0"),
    Column("rows_set_aside", BigInteger, nullable=False, server_default="0"),
    Column("reasons", JSON, nullable=False, server_default="{}"),
    Column("dropped", Boolean, nullable=False, server_default=false()),
    Column("partitions", JSON, nullable=False, server_default="[]"),
    Column("reason", String(2048), nullable=False, server_default=""),
    Column("arrived", Float, nullable=False),
    Column("changed", Float, nullable=False),
    UniqueConstraint("source", "path"),
    CheckConstraint("rows_received = rows_stored + rows_set_aside"),
    Index("ingest_files_state", "source", "state"),
)
DUPLICATES = Table(
    "ingest_duplicates",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("source", String(32), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("name", String(1024), nullable=False),
    Column("arrived", Float, nullable=False),
)
MARKS = Table(
    "ingest_marks",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("moment", Float, nullable=False),
)
