"""Set operations on records that the sources share. Whole columns at a time, no loop over rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from spot_oa.enrich.iana import code_names

#: Most records that one suspicious name, client or address takes from the raw day.
MOST_PER_KEY = 250

_SECONDS_PER_DAY = 86_400


def distinct(table: pa.Table) -> pa.Table:
    """Give the distinct rows, in no order."""
    return table.group_by(table.column_names, use_threads=False).aggregate([])


def matching(records: pa.Table, keys: pa.Table) -> pa.Table:
    """Give the records whose columns named like those of ``keys`` equal one of its rows."""
    typed = keys.cast(pa.schema([records.schema.field(name) for name in keys.column_names]))
    return records.join(typed, keys=keys.column_names, join_type="left semi")


def renamed(records: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    """Select columns under new names: ``columns`` gives the old name of each new one."""
    return records.select(list(columns.values())).rename_columns(list(columns))


def with_constant(table: pa.Table, name: str, value: int | str, kind: pa.DataType) -> pa.Table:
    """Add a column that has one value."""
    return table.append_column(name, pa.repeat(pa.scalar(value, kind), len(table)))


def with_code_name(table: pa.Table, code: str, column: str, kind: str) -> pa.Table:
    """Add the IANA names of a column of codes; each distinct code is looked up once."""
    encoded = table.column(code).combine_chunks().dictionary_encode()
    names = pa.array([code_names(kind).name(value.as_py()) for value in encoded.dictionary])
    found = names.cast(pa.string()).take(encoded.indices)
    return table.append_column(column, pc.fill_null(found, ""))


def sorted_by(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Order rows by columns, ascending."""
    return table.sort_by([(name, "ascending") for name in columns])


def first_per_key(
    table: pa.Table, key: Sequence[str], order: Sequence[str], most: int = MOST_PER_KEY
) -> pa.Table:
    """Order by key and ``order`` and keep the first ``most`` rows of each key."""
    ordered = sorted_by(table, [*key, *order])
    if not len(ordered):
        return ordered
    position = ordered.select(key).to_pandas().groupby(list(key), dropna=False).cumcount()
    return ordered.filter(pa.array(position < most))


def utc_hour(seconds: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give the hour of the day, UTC, of epoch seconds."""
    return pc.cast(pc.divide(_second_of_day(seconds), 3600), pa.int32())


def utc_day(seconds: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give the day, UTC, of epoch seconds as ``YYYY-MM-DD``."""
    return pc.strftime(pc.cast(seconds, pa.timestamp("s")), format="%Y-%m-%d")


def clock_minute(texts: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    """Give the minute of the day, 0 to 1439, that a text names; null where it names none.

    ``pattern`` has the groups ``hour`` and ``minute``, both of digits.
    """
    found = pc.extract_regex(texts, pattern=pattern)
    hour = pc.cast(pc.struct_field(found, "hour"), pa.int32())
    minute = pc.cast(pc.struct_field(found, "minute"), pa.int32())
    valid = pc.and_(pc.less_equal(hour, 23), pc.less_equal(minute, 59))
    value = pc.add(pc.multiply(hour, 60), minute)
    return pc.if_else(valid, value, pa.scalar(None, pa.int32()))


def only_where(condition: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Keep values where the condition holds, null elsewhere (also where it is null)."""
    return pc.if_else(condition, values, pa.scalar(None, values.type))


def all_present(table: pa.Table, columns: Sequence[str]) -> pa.ChunkedArray:
    """Tell for each row whether none of the columns is null."""
    present = pc.is_valid(table.column(columns[0]))
    for name in columns[1:]:
        present = pc.and_(present, pc.is_valid(table.column(name)))
    return present


def summary_rows(minutes: Sequence[pa.ChunkedArray], day: date) -> pa.Table:
    """Count minutes: rows (``tdate`` as ``YYYY-MM-DD HH:MM``, ``total``), by time."""
    chunks = [chunk.cast(pa.int32()) for array in minutes for chunk in _chunks(array)]
    counted = pa.table({"minute": pa.chunked_array(chunks, type=pa.int32()).drop_null()})
    totals = sorted_by(counted.group_by("minute").aggregate([([], "count_all")]), ["minute"])
    found = totals.column("minute").to_pylist()
    tdate = [f"{day:%Y-%m-%d} {minute // 60:02d}:{minute % 60:02d}" for minute in found]
    return pa.table({"tdate": pa.array(tdate, pa.string()), "total": totals.column("count_all")})


def _chunks(array: pa.ChunkedArray | pa.Array) -> list[pa.Array]:
    return array.chunks if isinstance(array, pa.ChunkedArray) else [array]


def _second_of_day(seconds: pa.ChunkedArray) -> pa.ChunkedArray:
    days = pc.floor(pc.divide(pc.cast(seconds, pa.float64()), float(_SECONDS_PER_DAY)))
    return pc.subtract(seconds, pc.multiply(pc.cast(days, pa.int64()), _SECONDS_PER_DAY))
