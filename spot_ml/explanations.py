"""Reading why the lines of a result are there, and saying it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spot_common.clients.hdfs import Hdfs
from spot_common.errors import NotFoundError
from spot_common.printed import printed

#: File beside a result that says why each of its first lines is there, and in their order.
FILE = "explanations.parquet"


def read(hdfs: Hdfs, results: str, first: int, count: int) -> list[dict[str, Any]]:
    """Give the explanations of ``count`` lines of a result file from line ``first`` (from 1) on.

    Each has its ``line``, the ``result`` as it stands there, and the columns of
    ``ranking.explain.SCHEMA``. Raises NotFoundError where the run left none.
    """
    try:
        data = hdfs.read_bytes(f"{posixpath.dirname(results)}/{FILE}")
        lines = hdfs.read_bytes(results).decode("utf-8", errors="replace").splitlines()
    except NotFoundError as error:
        raise NotFoundError(
            "there are no explanations of that day",
            hint="score it first by surprise: spot ml run --order surprise",
        ) from error
    why = pq.read_table(pa.BufferReader(data), use_threads=False)
    if first > why.num_rows:
        raise NotFoundError(
            f"there is no explanation of line {first}", hint=f"there are {why.num_rows} of them"
        )
    rows = why.slice(first - 1, count).to_pylist()
    return [
        {"line": first + place, "result": lines[first - 1 + place].split("\t"), **row}
        for place, row in enumerate(rows)
    ]


def texts(row: Mapping[str, Any]) -> Iterator[str]:
    """Say one explanation in lines for a person."""
    yield f"line {row['line']}: " + printed("  ".join(row["result"]))
    yield (
        f"  {printed(row['document'])} shows this {row['count']:,} times; "
        f"{_amount(row['expected'])} expected of {row['events']:,} words: {row['nats']:.1f} nats"
    )
    if round(row.get("burst", 1.0), 1) > 1.0:
        yield f"  at other addresses {row['burst']:.1f} of its like come at once"
    yield f"  the group has {row['members']:,} events; {row['alike']:,} addresses show its kind"
    if row.get("raised"):
        yield "  it was rated high or medium before and comes first for that"
    yield f"  {'part':<10} {'value':<36} {'here':>9} {'elsewhere':>9}  adds"
    for term in row["terms"]:
        chances = f"{_amount(term['by_topics']):>9} {_amount(term['by_day']):>9}"
        yield f"  {term['part']:<10} {printed(term['value']):<36} {chances}  {term['nats']:+.2f}"
    carried = ", ".join(f"{one['topic']} ({one['share']:.0%})" for one in row["topics"])
    yield f"  topics: {carried or 'none'}"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
