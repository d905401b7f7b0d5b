"""The original's table of records per minute, kept up from what table files tell of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from spot_common.registry import check_source
from spot_common.warehouse import Warehouse, day_values
from spot_ingest.rebuild import Partition, read_table


def summarise(warehouse: Warehouse, source: str, day: date) -> bool:
    """Replace a day of ``<source>_ingest_summary`` by what the raw table's files say.

    False, and nothing is replaced, where files of another program are among them: their rows
    can only be counted by reading them, as ``spot oa run`` does.
    """
    schema = check_source(source)
    hours = warehouse.partitions(schema.raw, day_values(day))
    contents = read_table(warehouse, source, hours)
    if contents.foreign or contents.damaged:
        return False
    rows = minute_rows(contents.minutes)
    warehouse.replace_partition(schema.table(f"{source}_ingest_summary"), day_values(day), rows)
    return True


def minute_rows(minutes: Mapping[Partition, Sequence[int]]) -> pa.Table:
    """Give the minutes that have rows: ``tdate`` as ``YYYY-MM-DD HH:MM``, and ``total``."""
    found = [
        (f"{hour['y']:04d}-{hour['m']:02d}-{hour['d']:02d} {hour['h']:02d}:{minute:02d}", total)
        for partition in sorted(minutes)
        for hour in [dict(partition)]
        for minute, total in enumerate(minutes[partition])
        if total
    ]
    return pa.table(
        {
            "tdate": pa.array([tdate for tdate, _ in found], pa.string()),
            "total": pa.array([total for _, total in found], pa.int64()),
        }
    )
