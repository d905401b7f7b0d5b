"""Rows as a table's declared types: what is stored fits what the table says."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spot_common.schema.types import Table

_WHOLE_BOUNDS = {
    pa.int8(): (-(2**7), 2**7 - 1),
    pa.int16(): (-(2**15), 2**15 - 1),
    pa.int32(): (-(2**31), 2**31 - 1),
}


def from_frame(rows: pd.DataFrame, table: Table) -> pa.Table:
    """Make a frame's columns the table's, in its order."""
    whole = {column: pa.int64() for column in rows.columns if rows[column].dtype == "Int64"}
    arrays = {}
    for field in table.arrow():
        kind = whole.get(field.name, pa.string() if pa.types.is_string(field.type) else None)
        arrays[field.name] = pa.array(rows[field.name], type=kind, from_pandas=True)
    return fitted(pa.table(arrays), table)


def fitted(rows: pa.Table, table: Table) -> pa.Table:
    """Give the table's columns in its order and types.

    A whole number beyond its column's type is stored as the largest (or smallest) of that type:
    counters of the suspicious flows are ``INT`` in the table, and a flow may count more.
    """
    columns = []
    for field in table.arrow():
        values = rows.column(field.name)
        bounds = _WHOLE_BOUNDS.get(field.type)
        if bounds and pa.types.is_int64(values.type):
            low, high = (pa.scalar(bound, pa.int64()) for bound in bounds)
            values = pc.min_element_wise(
                pc.max_element_wise(values, low, skip_nulls=False), high, skip_nulls=False
            )
        columns.append(values.cast(field.type))
    return pa.Table.from_arrays(columns, schema=table.arrow())
