"""The ledger: what became of every file, known by the hash of its content.

States: seen -> stored (in HDFS) -> queued (announced) -> converting -> published or set aside.
For every finished file rows received = rows stored + rows set aside; the database checks it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from spot_common.config import Config
from spot_common.state import engine
from spot_ingest.accounting import Account


class State(StrEnum):
    """Where a file is on its way."""

    SEEN = "seen"
    STORED = "stored"
    QUEUED = "queued"
    CONVERTING = "converting"
    PUBLISHED = "published"
    SET_ASIDE = "set aside"


FINISHED = (State.PUBLISHED, State.SET_ASIDE)

_METADATA = MetaData()
_FILES = Table(
    "ingest_files",
    _METADATA,
    Column("source", String(32), primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("name", String(1024), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("path", String(1024), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("worker", String(64), nullable=False, default=""),
    Column("rows_received", BigInteger, nullable=False, default=0),
    Column("rows_stored", BigInteger, nullable=False, default=0),
    Column("rows_set_aside", BigInteger, nullable=False, default=0),
    Column("partitions", JSON, nullable=False, default=list),
    Column("reason", String(2048), nullable=False, default=""),
    Column("arrived", Float, nullable=False),
    Column("changed", Float, nullable=False),
    UniqueConstraint("source", "path"),
    CheckConstraint("rows_received = rows_stored + rows_set_aside"),
    Index("ingest_files_state", "source", "state"),
)
_DUPLICATES = Table(
    "ingest_duplicates",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("source", String(32), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("name", String(1024), nullable=False),
    Column("arrived", Float, nullable=False),
)
_REASON_LIMIT = 2000


@dataclass(frozen=True)
class Entry:
    """One file. Times are seconds since 1970; ``path`` is its place in HDFS.

    ``partitions`` has one mapping a partition: its values and ``rows``.
    """

    source: str
    hash: str
    name: str
    size: int
    mtime_ns: int
    path: str
    state: State
    attempts: int
    worker: str
    rows_received: int
    rows_stored: int
    rows_set_aside: int
    partitions: Sequence[Mapping[str, int]]
    reason: str
    arrived: float
    changed: float

    @property
    def finished(self) -> bool:
        """Whether nothing more will be done with the file."""
        return self.state in FINISHED

    @property
    def days(self) -> dict[str, int]:
        """Rows by day (YYYY-MM-DD), oldest first."""
        found: dict[str, int] = {}
        for part in self.partitions:
            day = f"{part['y']:04d}-{part['m']:02d}-{part['d']:02d}"
            found[day] = found.get(day, 0) + part["rows"]
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class Duplicate:
    """A file that arrived although its content was known."""

    source: str
    hash: str
    name: str
    arrived: float


class Ledger:
    """All files of an installation, in its relational store."""

    def __init__(self, database: Engine) -> None:
        self._database = database
        with database.begin() as connection:  # several processes may do this at one moment
            for table in _METADATA.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))

    @classmethod
    def of(cls, config: Config) -> Ledger:
        """Open the ledger of a configuration."""
        return cls(engine(config))

    def find(self, source: str, digest: str) -> Entry | None:
        """Give the file of that hash."""
        return self._one(_FILES.c.source == source, _FILES.c.hash == digest)

    def at(self, source: str, path: str) -> Entry | None:
        """Give the file at that place in HDFS."""
        return self._one(_FILES.c.source == source, _FILES.c.path == path)

    def add(
        self, source: str, digest: str, *, name: str, size: int, mtime_ns: int, path: str
    ) -> Entry | None:
        """Write down a new file; None where its hash or its path is taken."""
        now = time.time()
        row = {
            "source": source,
            "hash": digest,
            "name": name,
            "size": size,
            "mtime_ns": mtime_ns,
            "path": path,
            "state": State.SEEN,
            "arrived": now,
            "changed": now,
        }
        try:
            with self._database.begin() as connection:
                connection.execute(insert(_FILES), row)
        except IntegrityError:
            return None
        return self.find(source, digest)

    def move(self, entry: Entry, state: State, **values: Any) -> Entry:
        """Put a file into another state; gives the file as it is now."""
        values = {**values, "state": state, "changed": time.time()}
        if "reason" in values:
            values["reason"] = values["reason"][:_REASON_LIMIT]
        mine = (_FILES.c.source == entry.source) & (_FILES.c.hash == entry.hash)
        with self._database.begin() as connection:
            connection.execute(update(_FILES).where(mine).values(**values))
        now = self.find(entry.source, entry.hash)
        assert now is not None
        return now

    def take(self, entry: Entry, worker: str) -> Entry:
        """Say that a worker begins with a file."""
        attempts = entry.attempts + 1
        return self.move(entry, State.CONVERTING, worker=worker, attempts=attempts)

    def publish(
        self, entry: Entry, account: Account, partitions: Sequence[Mapping[str, int]], note: str
    ) -> Entry:
        """Say that a file's rows are in the table."""
        return self.move(
            entry, State.PUBLISHED, partitions=list(partitions), reason=note, **_counts(account)
        )

    def set_aside(self, entry: Entry, reason: str, rows: int) -> Entry:
        """Say that a file is in quarantine as a whole."""
        counts = _counts(Account(set_aside=rows))
        return self.move(entry, State.SET_ASIDE, partitions=[], reason=reason, **counts)

    def duplicate(self, entry: Entry, name: str) -> None:
        """Write down that a known content arrived again."""
        row = {"source": entry.source, "hash": entry.hash, "name": name, "arrived": time.time()}
        with self._database.begin() as connection:
            connection.execute(insert(_DUPLICATES), row)

    def begin_again(self, entry: Entry) -> Entry:
        """Say that a file that was set aside is tried once more."""
        return self.move(entry, State.SEEN, attempts=0, reason="", **_counts(Account()))

    def forget(self, entry: Entry) -> None:
        """Strike out a file of which nothing was stored."""
        mine = (_FILES.c.source == entry.source) & (_FILES.c.hash == entry.hash)
        with self._database.begin() as connection:
            connection.execute(delete(_FILES).where(mine, _FILES.c.state == State.SEEN))

    def files(
        self,
        source: str | None = None,
        *,
        day: str | None = None,
        states: Sequence[State] = (),
        digests: Sequence[str] = (),
    ) -> list[Entry]:
        """Give files in the order of their arrival; ``day`` (YYYY-MM-DD) asks for rows of it."""
        query = select(_FILES).order_by(_FILES.c.arrived)
        if source is not None:
            query = query.where(_FILES.c.source == source)
        if states:
            query = query.where(_FILES.c.state.in_(states))
        if digests:
            query = query.where(_FILES.c.hash.in_(digests))
        with self._database.connect() as connection:
            found = [_entry(row) for row in connection.execute(query).mappings()]
        return found if day is None else [entry for entry in found if day in entry.days]

    def beginning_with(self, digits: str) -> list[Entry]:
        """Give the files whose hash begins with these digits."""
        query = select(_FILES).where(_FILES.c.hash.startswith(digits, autoescape=True))
        with self._database.connect() as connection:
            return [_entry(row) for row in connection.execute(query).mappings()]

    def duplicates(self, source: str | None = None, digest: str | None = None) -> list[Duplicate]:
        """Give the repeated arrivals in order."""
        table = _DUPLICATES
        query = select(table.c.source, table.c.hash, table.c.name, table.c.arrived)
        if source is not None:
            query = query.where(table.c.source == source)
        if digest is not None:
            query = query.where(table.c.hash == digest)
        with self._database.connect() as connection:
            rows = connection.execute(query.order_by(table.c.id)).mappings()
            return [Duplicate(**row) for row in rows]

    def _one(self, *conditions: Any) -> Entry | None:
        with self._database.connect() as connection:
            row = connection.execute(select(_FILES).where(*conditions)).mappings().first()
        return None if row is None else _entry(row)


def _entry(row: Mapping[Any, Any]) -> Entry:
    values = dict(row)
    return Entry(**{**values, "state": State(values["state"])})


def _counts(account: Account) -> dict[str, int]:
    return {
        "rows_received": account.received,
        "rows_stored": account.stored,
        "rows_set_aside": account.set_aside,
    }
