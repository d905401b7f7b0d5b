"""Resolvers of the root: who asks, which days there are, and a group for each source."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
from ariadne import ObjectType

from spot_common.errors import UsageError
from spot_common.registry import check_source, sources
from spot_common.warehouse import day_values
from spot_oa.api.errors import bad_input
from spot_oa.api.resolvers.shared import Info, context, group, table_of, unrated
from spot_oa.source import oa_source

_query = ObjectType("SpotQueryType")
_mutation = ObjectType("SpotMutationType")
_day = ObjectType("SpotDayType")


def bindables() -> list[ObjectType]:
    """Give the root types, with a field for each source."""
    for name in sources():
        _query.set_field(name, group)
        _mutation.set_field(name, group)
    return [_query, _mutation, _day]


@_query.field("me")
def _me(_: object, info: Info) -> dict[str, str]:
    return {"user": context(info).user}


@_query.field("days")
def _days(_: object, info: Info, source: str) -> list[dict[str, Any]]:
    try:
        name = check_source(source).name
    except UsageError as error:
        raise bad_input(f"{error.message}; {error.hint}") from error
    days = context(info).service.where.tables.days(table_of(name, "scores"))
    return [{"source": name, "date": day} for day in days]


@_day.field("rows")
def _rows(found: dict[str, Any], info: Info) -> int:
    return len(_things_of_rows(info, found["source"], found["date"]))


@_day.field("rated")
def _rated(found: dict[str, Any], info: Info) -> int:
    rows = _things_of_rows(info, found["source"], found["date"])
    return len(rows) - len(unrated(info, found["source"], found["date"], rows))


def _things_of_rows(info: Info, name: str, day: date) -> pa.Table:
    """The columns of a day's suspicious rows that verdicts are about."""
    kinds = oa_source(name).rating.kinds
    columns = list(dict.fromkeys(column for kind in kinds for column in kind.columns))
    tables = context(info).service.where.tables
    return tables.read_partition(table_of(name, "scores"), day_values(day), columns)
