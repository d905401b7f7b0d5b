"""Reading the record of verdicts that a run left, and saying it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spot_common.clients.hdfs import Hdfs
from spot_common.errors import NotFoundError
from spot_common.printed import printed
from spot_ml.launch import Places

#: File beside a result: the verdicts that its run used, and what they moved.
FILE = "verdicts.parquet"
_NAMES = {1: "high", 2: "medium", 3: "low"}


def read(hdfs: Hdfs, places: Places) -> list[dict[str, Any]]:
    """Give the rows of a run's record; NotFoundError where it left none."""
    try:
        data = hdfs.read_bytes(f"{posixpath.dirname(places.results)}/{FILE}")
    except NotFoundError as error:
        raise NotFoundError(
            "there is no record of verdicts of that day",
            hint="score it first by surprise: spot ml run --order surprise",
        ) from error
    rows: list[dict[str, Any]] = pq.read_table(pa.BufferReader(data), use_threads=False).to_pylist()
    return rows


def texts(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say the rows of a record in lines for a person."""
    yield f"{'rated on':<10} {'line':>5} {'as':<6} {'became':<9} {'row':>13}  of"
    for row in rows:
        moved = f"{row['before'] or '-'} -> {row['after'] or '-'}"
        yield (
            f"{row['day']:<10} {row['line']:>5} {_NAMES[row['severity']]:<6} {row['effect']:<9} "
            f"{moved:>13}  {printed(row['document'])} {printed(row['word'])}"
            f"{'' if row['own'] else ' (other end)'}"
        )
