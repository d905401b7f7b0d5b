"""What the resolvers of the sources have in common: reading a day, hiding what is rated, rating."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.compute as pc
from ariadne import ObjectType
from graphql import GraphQLResolveInfo

from spot_common.registry import check_source
from spot_common.schema.types import Table
from spot_common.warehouse import day_values
from spot_oa.api.errors import ApiError, Code, bad_input
from spot_oa.api.service import Context
from spot_oa.api.shape import Shape, column, shaped
from spot_oa.rating import SEVERITIES, RatedRow
from spot_oa.source import oa_source
from spot_oa.store.verdicts import Verdict, group_by_thing

#: Rows of a suspicious list.
LIST_LIMIT = 250
#: Rules in one mutation.
MOST_RULES = 3_000
#: Longest period of a summary, in days.
MOST_DAYS = 366
#: Longest texts that are compared with names and URIs, in characters.
LONGEST_NAME, LONGEST_URI = 1_024, 65_536

Info = GraphQLResolveInfo[Any]
Condition = Callable[[pa.Table], pa.ChunkedArray]
Answer = dict[str, Any]

SUMMARY: Shape = {
    "datetime": lambda rows: [f"{minute}:00" for minute in rows.column("tdate").to_pylist()],
    "total": column("total"),
}


@dataclass(frozen=True)
class Rule:
    """A severity for the suspicious rows of a day whose columns have the values of ``where``."""

    day: date
    kind: str
    where: Mapping[str, object]
    severity: int


def context(info: Info) -> Context:
    """Give what the request knows."""
    found: Context = info.context
    return found


def today(day: date | None) -> date:
    """Give the day asked for, or the server's current one."""
    return day or date.today()


def table_of(name: str, folder: str) -> Table:
    """Give a source's OA table, e.g. ``table_of("flow", "edge")``."""
    return check_source(name).table(f"{name}_{folder}")


def read_day(info: Info, name: str, folder: str, day: date) -> pa.Table:
    """Give a day's rows of an OA table; none where the day has no partition."""
    tables = context(info).service.where.tables
    return tables.read_partition(table_of(name, folder), day_values(day))


def suspicious(
    info: Info,
    name: str,
    day: date | None,
    conditions: Iterable[Condition],
    order: str,
    shape: Shape,
) -> list[Answer]:
    """Give the first rows of a day that are not rated, most suspicious first."""
    rows = read_day(info, name, "scores", today(day))
    rows = unrated(info, name, today(day), rows)
    for condition in conditions:
        rows = rows.filter(condition(rows))
    first = rows.sort_by([(order, "ascending")]).slice(0, LIST_LIMIT)
    return shaped(first, shape)


def unrated(info: Info, name: str, day: date, rows: pa.Table) -> pa.Table:
    """Leave out the rows of which any thing has a verdict on that day: exactly these things."""
    rating = oa_source(name).rating
    things = context(info).service.store.rated_things(name, day)
    for kind in rating.kinds:
        rated = things.get(kind.name)
        if rated and len(rows):
            keys = zip(*(rows.column(c).to_pylist() for c in kind.columns), strict=True)
            rows = rows.filter(pa.array([key not in rated for key in keys]))
    return rows


def matching(rows: pa.Table, where: Mapping[str, object]) -> pa.Table:
    """Give the rows whose columns have the values."""
    for name, value in where.items():
        rows = rows.filter(pc.equal(rows.column(name), pa.scalar(value, rows[name].type)))
    return rows


def equals_any(value: object, *names: str) -> Condition:
    """The condition that any of the columns has the value."""

    def condition(rows: pa.Table) -> pa.ChunkedArray:
        found = pc.equal(rows.column(names[0]), value)
        for name in names[1:]:
            found = pc.or_(found, pc.equal(rows.column(name), value))
        return found

    return condition


def contains(text: str, name: str, longest: int) -> Condition:
    """The condition that a column contains a text, in any case; the text is no pattern."""
    check_length(text, longest)
    return lambda rows: pc.match_substring(rows.column(name), pattern=text, ignore_case=True)


def summary(info: Info, name: str, first: date, last: date) -> list[Answer]:
    """Give the records per minute from one day to another, both included, by time."""
    if first > last:
        raise bad_input("endDate is before startDate")
    if (last - first).days >= MOST_DAYS:
        raise bad_input(f"at most {MOST_DAYS} days can be summed up at once")
    table = table_of(name, "ingest_summary")
    days = [day for day in context(info).service.where.tables.days(table) if first <= day <= last]
    rows = [shaped(read_day(info, name, "ingest_summary", day), SUMMARY) for day in days]
    return sorted((row for day in rows for row in day), key=lambda row: str(row["datetime"]))


def rated_rows(info: Info, name: str, day: date | None) -> list[RatedRow]:
    """Give the rows that have a verdict on that day."""
    return context(info).service.store.rated_rows(name, oa_source(name).rating, today(day))


def rate(info: Info, name: str, rules: Sequence[Sequence[Rule]]) -> list[Answer]:
    """Rate by rules, a group of them for each element of the input, and have it published.

    All are checked before any is kept. An element without a rule (no criterion was given) is no
    success; one that matches no row is.
    """
    if len(rules) > MOST_RULES:
        raise bad_input(f"at most {MOST_RULES} ratings can be given at once")
    for rule in (rule for group in rules for rule in group):
        if rule.severity not in SEVERITIES:
            raise bad_input("score is 1 (high), 2 (medium) or 3 (low)")
    days: dict[date, list[Verdict]] = {}
    for rule in (rule for group in rules for rule in group):
        days.setdefault(rule.day, []).extend(_verdicts(info, name, rule))
    service, user = context(info).service, context(info).user
    for day, verdicts in days.items():
        service.store.rate(name, day, verdicts, user)
    service.publisher.wake()
    return [{"success": bool(group)} for group in rules]


def _verdicts(info: Info, name: str, rule: Rule) -> list[Verdict]:
    rows = matching(read_day(info, name, "scores", rule.day), rule.where)
    kind = oa_source(name).rating.kind(rule.kind)
    return group_by_thing(kind, rows.to_pylist(), rule.severity)


def reset(info: Info, name: str, day: date) -> Answer:
    """Withdraw all verdicts of a day, and have its table and feedback emptied."""
    service, user = context(info).service, context(info).user
    service.store.withdraw_day(name, day, user)
    service.publisher.wake()
    return {"success": True}


def common_fields(
    name: str, query: ObjectType, mutation: ObjectType, rules: Callable[[Answer], list[Rule]]
) -> None:
    """Give a source's types the fields that are resolved alike in every source.

    ``rules`` makes of one rating of the ``score`` mutation what it means in this source.
    """

    def ingest_summary(_: object, info: Info, **asked: Any) -> list[Answer]:
        return summary(info, name, asked["startDate"], asked["endDate"])

    def score(_: object, info: Info, **asked: Any) -> list[Answer]:
        return rate(info, name, [rules(rating) for rating in asked["input"]])

    def reset_scored(_: object, info: Info, **asked: Any) -> Answer:
        return reset(info, name, asked["date"])

    query.set_field("ingestSummary", ingest_summary)
    query.set_field("threats", group)
    query.set_field("threat", group)
    mutation.set_field("score", score)
    mutation.set_field("resetScoredConnections", reset_scored)
    mutation.set_field("createStoryboard", not_available)


def group(*_: object, **__: object) -> Answer:
    """Resolve a field that only groups others."""
    return {}


def nothing(*_: object, **__: object) -> list[Answer]:
    """Resolve a list of what cannot exist yet: there are no stories before they can be written."""
    return []


def not_available(*_: object, **__: object) -> NoReturn:
    """Resolve a field that the schema promises and a later part brings."""
    raise ApiError(Code.NOT_IMPLEMENTED, "not available yet")


def required(asked: Mapping[str, Any], argument: str) -> str:
    """Give an argument that may not be empty."""
    if not asked[argument]:
        raise bad_input(f"{argument} must not be empty")
    return str(asked[argument])


def check_length(text: str, longest: int) -> str:
    """Give a text that is not longer than it may be."""
    if len(text) > longest:
        raise bad_input(f"a text has {len(text)} characters; at most {longest} are allowed")
    return text
