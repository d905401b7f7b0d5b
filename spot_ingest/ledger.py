"""The ledger: what became of every file, known by the hash of its content.

States: seen -> stored (in HDFS) -> queued (announced) -> converting -> published or set aside.
For every finished file rows received = rows stored + rows set aside; the database checks it.

A worker holds the file that it converts by a claim. Whoever takes the file over makes a new claim;
from then on nothing that the earlier holder says of the file is written down.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from spot_common.config import Config
from spot_common.state import engine, make_tables, reachable
from spot_ingest.accounting import Account, plain
from spot_ingest.entry import FINISHED, OPEN, Arrival, Duplicate, Entry, State, Totals
from spot_ingest.errors import ClaimLostError
from spot_ingest.ledger_tables import DUPLICATES, FILES, MARKS, METADATA

T = TypeVar("T")

_REASON_LIMIT = 2000
#: Hashes that one statement asks for: SQLite takes 999 parameters wherever it was built.
_AT_ONCE = 500


class Ledger:
    """All files of an installation, in its relational store.

    Every method raises ServiceError where the store does not answer.
    """

    def __init__(self, database: Engine) -> None:
        self._database = database
        with reachable():
            make_tables(database, METADATA)

    @classmethod
    def of(cls, config: Config) -> Ledger:
        """Open the ledger of a configuration."""
        return cls(engine(config))

    def write(self, change: Callable[[Connection], T]) -> T:
        """Make a change: all of it or nothing."""
        with reachable(), self._database.begin() as connection:
            return change(connection)

    # --- arriving ---------------------------------------------------------------------------

    def add(self, source: str, arrivals: Sequence[Arrival], collector: str = "") -> list[Entry]:
        """Write down new files, all or none: none where a hash or a path of them is taken."""
        now = time.time()
        fixed = {"source": source, "collector": collector, "state": State.SEEN}
        rows = [{**vars(one), **fixed, "arrived": now, "changed": now} for one in arrivals]
        try:
            self.write(lambda connection: connection.execute(insert(FILES), rows))
        except IntegrityError:
            return []
        return self.files(source, digests=[one.hash for one in arrivals])

    def place(self, entry: Entry, path: str) -> Entry:
        """Say that a file's place in HDFS will be another."""
        self._update(_is(entry) & (FILES.c.state == State.SEEN), path=path)
        return self._again(entry)

    def advance(self, entries: Sequence[Entry], state: State) -> None:
        """Put files into the next state of their way to a worker, all or none.

        Files that a worker has taken meanwhile stay where they are.
        """
        open_ = FILES.c.state.in_([State.SEEN, State.STORED])

        def change(connection: Connection) -> None:
            for entry in entries:
                statement = update(FILES).where(_is(entry), open_)
                connection.execute(statement.values(state=state, changed=time.time()))

        self.write(change)

    def duplicate(self, entry: Entry, name: str) -> None:
        """Write down that a known content arrived again."""
        row = {"source": entry.source, "hash": entry.hash, "name": name, "arrived": time.time()}
        self.write(lambda connection: connection.execute(insert(DUPLICATES), row))

    def begin_again(self, entry: Entry) -> Entry:
        """Say that a file that was set aside is tried once more."""
        fresh = {"state": State.SEEN, "attempts": 0, "worker": "", "reason": "", "partitions": []}
        fresh["dropped"] = False
        aside = _is(entry) & (FILES.c.state == State.SET_ASIDE)
        self._update(aside, **fresh, **_counts(Account()))
        return self._again(entry)

    def drop(self, entry: Entry, reason: str) -> None:
        """Say that what was kept of a finished file's bad rows, or of a bad file, is deleted."""
        finished = _is(entry) & FILES.c.state.in_(FINISHED)
        self._update(finished, dropped=True, reason=reason[:_REASON_LIMIT])

    def forget(self, entry: Entry) -> None:
        """Strike out a file of which nothing was stored."""
        unstored = delete(FILES).where(_is(entry), FILES.c.state == State.SEEN)
        self.write(lambda connection: connection.execute(unstored))

    # --- converting -------------------------------------------------------------------------

    def take(self, entry: Entry, worker: str) -> Entry | None:
        """Claim a file for a worker; None where somebody else took it since ``entry`` was read."""
        unchanged = (FILES.c.claim == entry.claim) & FILES.c.state.not_in(FINISHED)
        values: dict[str, Any] = {
            "state": State.CONVERTING,
            "worker": worker,
            "claim": uuid.uuid4().hex,
        }
        values |= {"attempts": entry.attempts + 1, "beat": 0, "taken": time.time()}
        taken = self._update(_is(entry) & unchanged, **values)
        return self._again(entry) if taken else None

    def beat(self, entry: Entry) -> bool:
        """Say that the holder of a claim is alive; False where it holds the file no more."""
        return self._update(_held(entry), beat=FILES.c.beat + 1)

    def let_go(self, entry: Entry, *, counts: bool) -> None:
        """Give a file back to the line; ``counts`` says whether that was an attempt."""
        attempts = entry.attempts - (not counts)
        self._update(_held(entry), state=State.QUEUED, claim="", attempts=attempts)

    def staged(
        self, entry: Entry, account: Account, partitions: Sequence[Mapping[str, int]], note: str
    ) -> Entry:
        """Say that a file's rows wait to be published; ClaimLostError where another has it."""
        return self._say(entry, partitions=list(partitions), reason=note, **_counts(account))

    def publish(self, entry: Entry) -> Entry:
        """Say that a file's rows are in the table; ClaimLostError where another worker has it."""
        return self._say(entry, state=State.PUBLISHED, claim="")

    def set_aside(self, entry: Entry, reason: str, rows: int) -> Entry:
        """Say that a file is in quarantine as a whole; ClaimLostError where another has it."""
        account = Account()
        account.reject(reason, rows)
        values = {"partitions": [], "reason": reason, **_counts(account)}
        return self._say(entry, state=State.SET_ASIDE, claim="", **values)

    def _say(self, entry: Entry, **values: Any) -> Entry:
        """Write down what the holder of a claim says of its file."""
        if "reason" in values:
            values["reason"] = plain(values["reason"])[:_REASON_LIMIT]
        if not self._update(_held(entry), **values):
            raise ClaimLostError(entry.name)
        return self._again(entry)

    # --- restoring --------------------------------------------------------------------------

    def differs(self, entry: Entry) -> bool:
        """Say whether the ledger lacks a file that HDFS shows, or says something else of it.

        A file that is on its way may be further than HDFS shows.
        """
        known = self.find(entry.source, entry.hash)
        if known is None:
            return True
        on_its_way = known.state in (State.QUEUED, State.CONVERTING)
        return known.state is not entry.state and not (on_its_way and not entry.finished)

    def restore(self, entry: Entry) -> bool:
        """Write a file down as HDFS shows it, where the ledger differs; say whether it did.

        A file that a worker has in hand stays as it is.
        """
        if not self.differs(entry):
            return False
        values = {**vars(entry), "reason": entry.reason[:_REASON_LIMIT]}
        if self.find(entry.source, entry.hash) is None:
            self.write(lambda connection: connection.execute(insert(FILES), values))
            return True
        told = ("state", "rows_received", "rows_stored", "rows_set_aside", "reasons", "partitions")
        kept = {name: values[name] for name in (*told, "reason")}
        return self._update(_is(entry) & (FILES.c.claim == ""), **kept)

    # --- how far others have come -----------------------------------------------------------

    def mark(self, name: str) -> float:
        """Give the moment (seconds since 1970) up to which somebody is done; 0 for nobody yet."""
        with reachable(), self._database.connect() as connection:
            query = select(MARKS.c.moment).where(MARKS.c.name == name)
            return float(connection.execute(query).scalar() or 0.0)

    def set_mark(self, name: str, moment: float) -> None:
        """Say up to which moment somebody is done."""

        def change(connection: Connection) -> None:
            connection.execute(delete(MARKS).where(MARKS.c.name == name))
            connection.execute(insert(MARKS), {"name": name, "moment": moment})

        self.write(change)

    # --- asking -----------------------------------------------------------------------------

    def find(self, source: str, digest: str) -> Entry | None:
        """Give the file of that hash."""
        return self._one(FILES.c.source == source, FILES.c.hash == digest)

    def at(self, source: str, path: str) -> Entry | None:
        """Give the file at that place in HDFS."""
        return self._one(FILES.c.source == source, FILES.c.path == path)

    def files(
        self,
        source: str | None = None,
        *,
        day: str | None = None,
        states: Sequence[State] = (),
        digests: Sequence[str] | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Entry]:
        """Give files in the order of their arrival.

        ``day`` (YYYY-MM-DD) asks for rows of it, ``since`` and ``until`` for a last change since
        and before then (seconds since 1970).
        """
        query = select(FILES)
        if source is not None:
            query = query.where(FILES.c.source == source)
        if states:
            query = query.where(FILES.c.state.in_(states))
        if since is not None:
            query = query.where(FILES.c.changed >= since)
        if until is not None:
            query = query.where(FILES.c.changed < until)
        queries = [query]
        if digests is not None:
            chunks = [digests[n : n + _AT_ONCE] for n in range(0, len(digests), _AT_ONCE)]
            queries = [query.where(FILES.c.hash.in_(chunk)) for chunk in chunks]
        with reachable(), self._database.connect() as connection:
            found = [_entry(row) for q in queries for row in connection.execute(q).mappings()]
        found.sort(key=lambda entry: (entry.arrived, entry.hash))
        return found if day is None else [entry for entry in found if day in entry.days]

    def unfinished(self, source: str) -> tuple[int, float | None]:
        """Count the files on their way; give when the oldest arrived, None where there is none."""
        c = FILES.c
        query = select(func.count(), func.min(c.arrived)).where(
            c.source == source, c.state.in_(OPEN)
        )
        with reachable(), self._database.connect() as connection:
            number, oldest = connection.execute(query).one()
        return int(number), oldest

    def totals(self, source: str, since: float = 0.0) -> Totals:
        """Count the files that were finished since then (seconds since 1970), and their rows."""
        c = FILES.c
        sums = [func.coalesce(func.sum(column), 0) for column in (c.rows_stored, c.rows_set_aside)]
        query = select(c.state, func.count(), *sums).where(
            c.source == source, c.state.in_(FINISHED), c.changed >= since
        )
        with reachable(), self._database.connect() as connection:
            rows = {row[0]: row[1:] for row in connection.execute(query.group_by(c.state))}
        nothing = (0, 0, 0)
        published, aside = rows.get(State.PUBLISHED, nothing), rows.get(State.SET_ASIDE, nothing)
        return Totals(
            published=int(published[0]),
            set_aside_files=int(aside[0]),
            stored=int(published[1]),
            set_aside=int(published[2]) + int(aside[2]),
        )

    def beginning_with(self, digits: str) -> list[Entry]:
        """Give the files whose hash begins with these digits."""
        query = select(FILES).where(FILES.c.hash.startswith(digits, autoescape=True))
        with reachable(), self._database.connect() as connection:
            return [_entry(row) for row in connection.execute(query).mappings()]

    def duplicates(self, source: str | None = None, digest: str | None = None) -> list[Duplicate]:
        """Give the repeated arrivals in order."""
        table = DUPLICATES
        query = select(table.c.source, table.c.hash, table.c.name, table.c.arrived)
        if source is not None:
            query = query.where(table.c.source == source)
        if digest is not None:
            query = query.where(table.c.hash == digest)
        with reachable(), self._database.connect() as connection:
            rows = connection.execute(query.order_by(table.c.id)).mappings()
            return [Duplicate(**row) for row in rows]

    def _one(self, *conditions: ColumnElement[bool]) -> Entry | None:
        with reachable(), self._database.connect() as connection:
            row = connection.execute(select(FILES).where(*conditions)).mappings().first()
        return None if row is None else _entry(row)

    def _again(self, entry: Entry) -> Entry:
        now = self.find(entry.source, entry.hash)
        assert now is not None
        return now

    def _update(self, where: ColumnElement[bool], **values: Any) -> bool:
        """Change one file; False where no file is so."""
        statement = update(FILES).where(where).values(changed=time.time(), **values)
        return self.write(lambda connection: connection.execute(statement).rowcount == 1)


def _is(entry: Entry) -> ColumnElement[bool]:
    return (FILES.c.source == entry.source) & (FILES.c.hash == entry.hash)


def _held(entry: Entry) -> ColumnElement[bool]:
    """The file, as long as the claim of ``entry`` holds."""
    return _is(entry) & (FILES.c.claim == entry.claim) & (FILES.c.state == State.CONVERTING)


def _entry(row: Mapping[Any, Any]) -> Entry:
    values = dict(row)
    return Entry(**{**values, "state": State(values["state"])})


def _counts(account: Account) -> dict[str, Any]:
    return {
        "rows_received": account.received,
        "rows_stored": account.stored,
        "rows_set_aside": account.set_aside,
        "reasons": dict(account.reasons),
    }
