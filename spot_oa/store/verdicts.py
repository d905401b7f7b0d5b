"""Verdicts in the store: rating, listing, withdrawing. Their meaning is in `spot_oa.rating`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Engine, Select, func, insert, select, update

from spot_oa.rating import Kind, RatedRow, Rating, Row
from spot_oa.store.models import PUBLICATIONS, VERDICTS, create


@dataclass(frozen=True)
class Verdict:
    """A severity for one thing, about the suspicious rows given."""

    kind: Kind
    thing: tuple[object, ...]
    rows: Sequence[Row]
    severity: int


class VerdictStore:
    """The verdicts of all sources. May be used from several threads and processes at once."""

    def __init__(self, engine: Engine) -> None:
        create(engine)
        self.engine = engine

    def rate(self, source: str, day: date, verdicts: Sequence[Verdict], author: str) -> None:
        """Add verdicts, all or none, and note that the day has to be published."""
        if not verdicts:
            return
        now = _now()
        values = [
            {
                "source": source,
                "day": day,
                "kind": verdict.kind.name,
                "key": _key(verdict.thing),
                "thing": list(verdict.thing),
                "rows": [dict(row) for row in verdict.rows],
                "severity": verdict.severity,
                "author": author,
                "at": now,
            }
            for verdict in verdicts
        ]
        with self.engine.begin() as connection:
            connection.execute(insert(VERDICTS), values)
            _note_change(connection, source, day)

    def withdraw_day(self, source: str, day: date, author: str) -> int:
        """Withdraw all verdicts of a day; they stay on record. Gives how many there were."""
        with self.engine.begin() as connection:
            done = connection.execute(
                update(VERDICTS)
                .where(VERDICTS.c.source == source, VERDICTS.c.day == day)
                .where(VERDICTS.c.withdrawn_at.is_(None))
                .values(withdrawn_at=_now(), withdrawn_by=author)
            )
            _note_change(connection, source, day)
        return int(done.rowcount)

    def rated_things(self, source: str, day: date) -> dict[str, set[tuple[object, ...]]]:
        """Give the things that have a verdict on that day, by kind."""
        found: dict[str, set[tuple[object, ...]]] = {}
        query = _current(source, day).with_only_columns(VERDICTS.c.kind, VERDICTS.c.thing)
        with self.engine.connect() as connection:
            for kind, thing in connection.execute(query):
                found.setdefault(kind, set()).add(tuple(thing))
        return found

    def rated_rows(self, source: str, rating: Rating, day: date) -> list[RatedRow]:
        """Give every row that has a verdict on that day, in the order they were first rated.

        A row under several verdicts (a client and its query name) is there once, with the
        severity of each kind; twins (events equal in all columns) are there as often as they
        occurred.
        """
        found: dict[str, RatedRow] = {}
        with self.engine.connect() as connection:
            for verdict in connection.execute(_current(source, day)):
                twins: Counter[str] = Counter()
                for row in verdict.rows:
                    event = json.dumps([row.get(name) for name in rating.identity])
                    identity = f"{twins[event]} {event}"
                    twins[event] += 1
                    before = found[identity].severities if identity in found else {}
                    severities = {**before, verdict.kind: verdict.severity}
                    moment = f"{verdict.at:%Y-%m-%d %H:%M:%S}"
                    found[identity] = RatedRow(row, severities, verdict.author, moment)
        return list(found.values())


def _current(source: str, day: date) -> Select[tuple[object, ...]]:
    """The verdicts that hold: of each thing the latest that is not withdrawn."""
    latest = (
        select(func.max(VERDICTS.c.id))
        .where(VERDICTS.c.source == source, VERDICTS.c.day == day)
        .where(VERDICTS.c.withdrawn_at.is_(None))
        .group_by(VERDICTS.c.kind, VERDICTS.c.key)
    )
    return select(VERDICTS).where(VERDICTS.c.id.in_(latest)).order_by(VERDICTS.c.id)


def _note_change(connection: Connection, source: str, day: date) -> None:
    """Remember, in the same transaction, that the day's verdicts are not published as they are."""
    where = (PUBLICATIONS.c.source == source, PUBLICATIONS.c.day == day)
    grown = update(PUBLICATIONS).where(*where).values(version=PUBLICATIONS.c.version + 1)
    if not connection.execute(grown).rowcount:
        new = {"source": source, "day": day, "version": 1, "claimed_until": 0.0, "attempts": 0}
        connection.execute(insert(PUBLICATIONS), new)


def group_by_thing(kind: Kind, rows: Iterable[Row], severity: int) -> list[Verdict]:
    """Make one verdict for each thing of a kind that occurs in rows."""
    things: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        things.setdefault(kind.key(row), []).append(row)
    return [Verdict(kind, thing, of_it, severity) for thing, of_it in things.items()]


def is_rated(rating: Rating, things: Mapping[str, set[tuple[object, ...]]], row: Row) -> bool:
    """Tell whether any of the things that a row is about has a verdict."""
    return any(kind.key(row) in things.get(kind.name, ()) for kind in rating.kinds)


def _key(thing: tuple[object, ...]) -> str:
    return hashlib.sha256(json.dumps(thing).encode()).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
