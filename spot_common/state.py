"""The relational store of this installation: the ledger of files and the analysts' verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from spot_common.config import Config
from spot_common.errors import ServiceError

_BUSY_TIMEOUT_MS = 30_000
#: The number of our lock; any will do that nobody else uses.
_MAKING_TABLES = 0x5350_4F54


def engine(config: Config) -> Engine:
    """Give the engine for ``STATE_DB``; one per address and process."""
    return _engine(config.text("STATE_DB"))


def make_tables(database: Engine, metadata: MetaData) -> None:
    """Make the tables, columns and indexes that are not there; safe side by side.

    A column that a newer version added needs a default of the server's.
    """
    with database.begin() as connection:
        if database.dialect.name == "postgresql":  # IF NOT EXISTS alone does not make it safe there
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MAKING_TABLES})"))
        for table in metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            _add_columns(connection, table)
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))


def _add_columns(connection: Connection, table: Table) -> None:
    present = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in present:
            words = CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {words}"))


@contextmanager
def reachable() -> Iterator[None]:
    """Raise ServiceError where the store does not answer, is locked or has no room."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise ServiceError(
            f"the state store cannot be used: {error.orig}",
            hint="STATE_DB says where it is; is it running, and is there room on its disk?",
        ) from error


@lru_cache
def _engine(address: str) -> Engine:
    url = make_url(address)
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    made = create_engine(url)
    event.listen(made, "connect", _prepare_sqlite)
    return made


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Let readers and one writer work side by side, and writers wait for each other."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
