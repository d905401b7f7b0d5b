"""Rows put straight into a table, as a program beside Spot would do it."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from spot_common.schema.types import Table
from spot_common.warehouse import Warehouse, to_parquet


def put_rows(
    warehouse: Warehouse, table: Table, values: Mapping[str, int], rows: pa.Table, name: str
) -> None:
    """Put one Parquet file into a partition; the SQL server is not told."""
    folder = warehouse.partition_folder(table, values)
    warehouse.hdfs.write_bytes(f"{folder}/{name}.parquet", to_parquet(table, rows))
