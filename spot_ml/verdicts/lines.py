"""The lines of a feedback file: rows of the model schema with a severity, or set aside.

The file has a header line and tab-separated values. A line that cannot be read is set aside with
its reason; a missing or empty file has no lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from spot_ml.words.source import FeedbackFormat, SourceWords

#: Severities: 1 and 2 are threats, 3 is a false alarm, 0 is not rated.
UNRATED, HIGH, MEDIUM, LOW = 0, 1, 2, 3
_TEXT_LIMIT = 500


@dataclass(frozen=True)
class Aside:
    """A line that was set aside: its number in the file, from 1, and how it begins."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Lines:
    """What a file says.

    ``rows`` has the model schema. With them go ``severity``, the most severe that a line has,
    ``trained``, the one that the original reads, and ``line``, their numbers from 1.
    """

    rows: pa.Table
    severity: list[int] = field(default_factory=list)
    trained: list[int] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)


class _UnreadableError(Exception):
    """Why a line cannot be read."""


def read_lines(source: SourceWords, lines: Iterable[str] | None) -> Lines:
    """Read the lines of a feedback file (None: there is no file)."""
    schema = source.model_arrow()
    rows: list[dict[str, Any]] = []
    found = Lines(schema.empty_table())
    header: str | None = None
    for number, line in enumerate(lines or (), start=1):
        text = line.rstrip("\r\n")
        header = text if header is None else header
        if text == header:
            continue
        try:
            severities, row = _row(source.feedback, split_fields(text), schema)
        except _UnreadableError as error:
            found.aside.append(Aside(number, str(error), text[:_TEXT_LIMIT]))
            continue
        if any(severities):
            rows.append(row)
            found.severity.append(min(filter(None, severities)))
            found.trained.append(severities[0])
            found.line.append(number)
    return replace(found, rows=pa.Table.from_pylist(rows, schema=schema))


def split_fields(line: str) -> list[str]:
    """Split at tabs; empty fields at the end are dropped."""
    fields = line.rstrip("\r\n").split("\t")
    while len(fields) > 1 and not fields[-1]:
        fields.pop()
    return fields


def _row(
    form: FeedbackFormat, fields: list[str], schema: pa.Schema
) -> tuple[list[int], dict[str, Any]]:
    """The severities and the model columns of a line."""
    if fields == [""]:
        raise _UnreadableError("the line is empty")
    places = (form.severity, *form.also)
    if max(places) >= len(fields):
        raise _UnreadableError("there are fewer values than columns")
    try:
        severities = [int(fields[place].strip()) for place in places]
    except ValueError as error:
        raise _UnreadableError("a severity is not a whole number") from error
    if not set(severities) <= {UNRATED, HIGH, MEDIUM, LOW}:
        raise _UnreadableError("a severity is none of 0, 1, 2, 3")
    return severities, _values(form, fields, schema) if any(severities) else {}


def _values(form: FeedbackFormat, fields: list[str], schema: pa.Schema) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for value in form.fields:
        if value.position >= len(fields):
            if not value.optional:
                raise _UnreadableError("there are fewer values than columns")
            row[value.column] = None
            continue
        try:
            row[value.column] = value.read(fields[value.position])
        except (ValueError, IndexError) as error:
            raise _UnreadableError(f"{value.column} cannot be read") from error
        try:
            pa.scalar(row[value.column], schema.field(value.column).type)
        except (pa.ArrowInvalid, OverflowError) as error:
            raise _UnreadableError(f"{value.column} does not fit its column") from error
    return row
