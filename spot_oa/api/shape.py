"""From the columns of a table to the fields of an API type, whole columns at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

EPOCH_DAY, MIDNIGHT = "1970-01-01", "00:00:00"

Values = Callable[[pa.Table], Sequence[Any]]
Shape = Mapping[str, Values]


def shaped(rows: pa.Table, shape: Shape) -> list[dict[str, Any]]:
    """Give each row as a mapping from API field to value."""
    columns = [values(rows) for values in shape.values()]
    return [dict(zip(shape, row, strict=True)) for row in zip(*columns, strict=True)]


def column(name: str) -> Values:
    """The column's values as they are."""
    return lambda rows: rows.column(name).to_pylist()


def or_zero(name: str) -> Values:
    """The column's numbers, 0 for none."""
    return lambda rows: pc.fill_null(rows.column(name), 0).to_pylist()


def mapped(name: str, function: Callable[[Any], Any]) -> Values:
    """What a function makes of each value (also of None)."""
    return lambda rows: [function(value) for value in rows.column(name).to_pylist()]


def as_text(name: str) -> Values:
    """The column's values as texts, None for none."""
    return mapped(name, lambda value: None if value is None else str(value))


def probability(name: str) -> Values:
    """A column of 32-bit numbers in the shortest decimal form that names them, 0 for none."""

    def values(rows: pa.Table) -> list[float]:
        numbers = pc.fill_null(rows.column(name), 0).to_numpy()
        return [float(str(number)) for number in numbers.astype(np.float32)]

    return values


def whole_or_none(name: str) -> Values:
    """Digits as numbers; None for any other text (``-`` in a log)."""
    return mapped(name, _whole)


def whole_or_zero(name: str) -> Values:
    """Digits as numbers; 0 for any other text and for none."""
    return mapped(name, lambda value: _whole(value) or 0)


def day_and_time(day: str, time: str) -> Values:
    """Two columns joined to one moment; what is missing is the epoch's."""

    def values(rows: pa.Table) -> list[str]:
        days = pc.fill_null(rows.column(day), EPOCH_DAY).to_pylist()
        times = pc.fill_null(rows.column(time), MIDNIGHT).to_pylist()
        return [f"{d} {t}" for d, t in zip(days, times, strict=True)]

    return values


def constant(value: Any) -> Values:
    """The same value in each row."""
    return lambda rows: [value] * len(rows)


def hexadecimal(value: str | None) -> int:
    """Read a class like ``0x00000001``; 0 for none and for ``unknown``."""
    try:
        return int(value or "0", 16)
    except ValueError:
        return 0


def parts(value: str | None) -> list[str]:
    """Split answers joined with ``|``; none for no text."""
    return value.split("|") if value else []


def _whole(value: object) -> int | None:
    text = "" if value is None else str(value)
    return int(text) if text.isascii() and text.isdigit() else None
