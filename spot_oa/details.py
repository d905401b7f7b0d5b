"""The records behind the suspicious rows, and the records per minute, in one pass over a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from spot_common.schema.types import SourceSchema
from spot_common.warehouse import day_values
from spot_oa.picking import summary_rows
from spot_oa.ports import Tables
from spot_oa.source import Detail, OaSource


def raw_hours(tables: Tables, schema: SourceSchema, day: date) -> list[int]:
    """Give the hours of a day that have raw records."""
    return [values["h"] for values in tables.partitions(schema.raw, day_values(day))]


def detail_tables(
    tables: Tables,
    schema: SourceSchema,
    source: OaSource,
    scores: pa.Table,
    day: date,
    advance: Callable[[], None],
) -> dict[str, pa.Table]:
    """Give the rows of each detail table and of the summary, by table name.

    Each raw partition of the day is read once, only the columns that are needed in that hour,
    and let go before the next: memory holds one hour and what was picked. ``advance`` is called
    after each hour.
    """
    keys = {detail.table: detail.keys(scores) for detail in source.details}
    picked: dict[str, list[pa.Table]] = {detail.table: [] for detail in source.details}
    minutes = []
    for hour in raw_hours(tables, schema, day):
        wanted = [d for d in source.details if _hour_matters(keys[d.table], hour)]
        raw = _read_hour(tables, schema, source, wanted, {**day_values(day), "h": hour})
        for detail in wanted:
            records = raw.select(list(detail.reads))
            picked[detail.table].append(detail.pick(records, keys[detail.table], hour))
        minutes.append(source.summary.minutes(raw, day))
        advance()
    found = {detail.table: _finished(detail, picked, schema, keys) for detail in source.details}
    return {**found, source.summary.table: summary_rows(minutes, day)}


def _hour_matters(keys: pa.Table, hour: int) -> bool:
    if not len(keys):
        return False
    if "hh" not in keys.column_names:
        return True
    return bool(pc.any(pc.equal(keys.column("hh"), hour)).as_py())


def _read_hour(
    tables: Tables,
    schema: SourceSchema,
    source: OaSource,
    details: list[Detail],
    values: Mapping[str, int],
) -> pa.Table:
    needed = set(source.summary.reads).union(*(detail.reads for detail in details))
    columns = [name for name in schema.raw.column_names if name in needed]
    return tables.read_partition(schema.raw, values, columns, keep=False)


def _finished(
    detail: Detail,
    picked: Mapping[str, list[pa.Table]],
    schema: SourceSchema,
    keys: Mapping[str, pa.Table],
) -> pa.Table:
    parts = picked[detail.table]
    if not parts:
        empty = pa.schema([schema.raw.arrow().field(name) for name in detail.reads]).empty_table()
        parts = [detail.pick(empty, keys[detail.table], 0)]
    return detail.finish(pa.concat_tables(parts))
