"""Reading the model's results: tab-separated text without a header, one suspicious event a line.

The scoring job writes values as plain text, without quotes or escapes, and ``null`` for none.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import IO

import numpy as np
import pandas as pd

from spot_common.errors import DataError, NotFoundError
from spot_common.schema.types import ColumnType, Table
from spot_oa.ports import Files

_NULL = "null"
_SMALLEST = float(np.finfo(np.float32).tiny)
_WHOLE = (ColumnType.TINYINT, ColumnType.SMALLINT, ColumnType.INT, ColumnType.BIGINT)


def results_folder(huser: str, source: str) -> str:
    """The folder that holds a source's results, one folder ``YYYYMMDD`` a day."""
    return f"{huser.rstrip('/')}/{source}/scored_results"


def results_path(huser: str, source: str, day: date) -> str:
    """The result file of a day."""
    return f"{results_folder(huser, source)}/{day:%Y%m%d}/scores/{source}_results.csv"


def read_results(
    files: Files, huser: str, source: str, day: date, columns: Sequence[str], limit: int
) -> pd.DataFrame:
    """Give the first ``limit`` lines of a day's results as texts, null where there was none.

    The file in HDFS is read each time. Raises NotFoundError naming the nearest day that has
    results, and DataError for an empty file or a line with another number of values.
    """
    path = results_path(huser, source, day)
    try:
        with files.open_read(path) as stream:
            lines = list(islice(_lines(stream), limit))
    except NotFoundError as error:
        raise _no_results(files, huser, source, day) from error
    if not lines:
        raise DataError(
            f"{path} has no rows",
            hint="the model found nothing below its threshold; run spot ml with a higher one",
        )
    return pd.DataFrame(_split(lines, len(columns), path), columns=list(columns), dtype=object)


def typed(rows: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, int]:
    """Convert texts by the declared types of a table's columns of the same names.

    Gives the rows and how many values were no number of their type and became null.
    """
    converted, bad = {}, 0
    for column in table.columns:
        if column.name not in rows:
            continue
        texts = rows[column.name]
        if column.type is ColumnType.STRING:
            converted[column.name] = texts
            continue
        numbers = pd.to_numeric(texts, errors="coerce")
        if column.type in _WHOLE:
            numbers = numbers.where(numbers.isna() | (numbers % 1 == 0)).astype("Int64")
        if column.type is ColumnType.FLOAT:
            # A score that no 32-bit number is as small as stays above those that are 0.
            numbers = numbers.where(~numbers.between(0, _SMALLEST, inclusive="neither"), _SMALLEST)
        bad += int((numbers.isna() & texts.notna()).sum())
        converted[column.name] = numbers
    return pd.DataFrame(converted), bad


def _lines(stream: IO[bytes]) -> Iterator[str]:
    reader = io.BufferedReader(_Raw(stream), buffer_size=1 << 20)
    for line in reader:
        text = line.decode("utf-8", errors="replace").removesuffix("\n").removesuffix("\r")
        if text:
            yield text


class _Raw(io.RawIOBase):
    """A stream that can only be read, made readable by lines."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _split(lines: Iterable[str], width: int, path: str) -> list[list[str | None]]:
    rows = []
    for number, line in enumerate(lines, start=1):
        values = line.split("\t")
        if len(values) != width:
            raise DataError(
                f"{path} line {number} has {len(values)} values, not {width}",
                hint="the file is not of this source or was cut; run spot ml again for the day",
            )
        rows.append([None if value == _NULL else value for value in values])
    return rows


def _no_results(files: Files, huser: str, source: str, day: date) -> NotFoundError:
    days = scored_days(files, huser, source)
    message = f"no results of {source} for {day:%Y-%m-%d}"
    if not days:
        return NotFoundError(message, hint=f"run spot ml run --source {source} --date {day:%Y%m%d}")
    near = min(days, key=lambda other: (abs((other - day).days), other))
    return NotFoundError(
        f"{message}; the nearest day that has some is {near:%Y-%m-%d}",
        hint=f"score the day first: spot ml run --source {source} --date {day:%Y%m%d}",
    )


def scored_days(files: Files, huser: str, source: str) -> list[date]:
    """Give the days that have a result file, oldest first."""
    days = []
    for entry in files.list(results_folder(huser, source)):
        day = _day(entry.name)
        if day is not None and files.exists(results_path(huser, source, day)):
            days.append(day)
    return sorted(days)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name) if len(name) == 8 and name.isdigit() else None
    except ValueError:
        return None
