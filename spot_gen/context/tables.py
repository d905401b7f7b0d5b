"""Tables as text: CSV for people and programs alike, JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def table(
    rows: Iterable[Sequence[Any]], header: Sequence[str] | None = None, *, quoted: bool = False
) -> str:
    """Write rows as CSV; ``quoted``: every field stands between quotes."""
    target = io.StringIO()
    writer = csv.writer(
        target, lineterminator="\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    )
    if header is not None:
        writer.writerow(header)
    writer.writerows(rows)
    return target.getvalue()


def records(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Write mappings as CSV with a header; a list becomes text with commas, None an empty field."""
    return table(([_field(row.get(name)) for name in columns] for row in rows), columns)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Write mappings as JSON objects, one a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _field(value: Any) -> Any:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value
