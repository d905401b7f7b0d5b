"""Feedback of analysts: rows rated low are repeated in training, so that the like score higher.

The file has a header line and tab-separated values. A line that cannot be read is passed over
and counted; a missing or empty file is no feedback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spot_ml.training import PAIRS
from spot_ml.words.source import FeedbackFormat, SourceWords, WordContext

#: The severity that takes part in training: low, a false alarm.
LOW = 3


@dataclass(frozen=True)
class Feedback:
    """Rows of the model schema that were rated low, and the number of unreadable lines."""

    rows: pa.Table
    skipped: int

    @property
    def used(self) -> int:
        """Number of rows."""
        return int(self.rows.num_rows)


def split_fields(line: str) -> list[str]:
    """Split at tabs; empty fields at the end are dropped."""
    fields = line.rstrip("\r\n").split("\t")
    while len(fields) > 1 and not fields[-1]:
        fields.pop()
    return fields


def read(source: SourceWords, lines: Iterable[str] | None) -> Feedback:
    """Take the rows rated low from the lines of a feedback file (None: there is no file)."""
    rows: list[dict[str, Any]] = []
    skipped = 0
    header: str | None = None
    for line in lines or ():
        text = line.rstrip("\r\n")
        header = text if header is None else header
        if text == header:
            continue
        try:
            row = _row(source.feedback, split_fields(text))
        except (ValueError, IndexError):
            skipped += 1
            continue
        if row is not None:
            rows.append(row)
    return Feedback(*_fitting(source, rows, skipped))


def _row(form: FeedbackFormat, fields: list[str]) -> dict[str, Any] | None:
    """The model columns of a line, None where it is not rated low."""
    if int(fields[form.severity].strip()) != LOW:
        return None
    row: dict[str, Any] = {}
    for field in form.fields:
        if field.optional and field.position >= len(fields):
            row[field.column] = None
        else:
            row[field.column] = field.read(fields[field.position])
    return row


def _fitting(source: SourceWords, rows: list[dict[str, Any]], skipped: int) -> tuple[pa.Table, int]:
    """Turn rows into a table; numbers that do not fit their column are passed over."""
    schema = source.model_arrow()
    try:
        return pa.Table.from_pylist(rows, schema=schema), skipped
    except (pa.ArrowInvalid, OverflowError):
        fitting = [row for row in rows if _fits(row, schema)]
        table = pa.Table.from_pylist(fitting, schema=schema)
        return table, skipped + len(rows) - len(fitting)


def _fits(row: dict[str, Any], schema: pa.Schema) -> bool:
    try:
        pa.Table.from_pylist([row], schema=schema)
    except (pa.ArrowInvalid, OverflowError):
        return False
    return True


def unmatched(source: SourceWords, feedback: Feedback) -> pa.Table:
    """The rows whose ``matched`` column the file did not give."""
    if source.feedback.matched is None:
        return feedback.rows.slice(0, 0)
    return feedback.rows.filter(feedback.rows[source.feedback.matched].is_null())


def match(source: SourceWords, feedback: Feedback, found: pa.Table) -> Feedback:
    """Complete rows by the day's records.

    ``found`` has the model schema: for each row without the ``matched`` column, the records
    whose other columns are equal. The smallest of several values is taken; a row without any is
    passed over and counted.
    """
    column = source.feedback.matched
    if column is None or not unmatched(source, feedback).num_rows:
        return feedback
    others = [name for name, _ in source.model_schema if name != column]
    values: dict[tuple[Any, ...], str] = {}
    for record in sorted(found.to_pylist(), key=lambda record: str(record[column]), reverse=True):
        values[tuple(record[name] for name in others)] = record[column]
    rows, skipped = [], feedback.skipped
    for row in feedback.rows.to_pylist():
        key = tuple(row[name] for name in others)
        if row[column] is None and values.get(key) is None:
            skipped += 1
            continue
        rows.append({**row, column: row[column] if row[column] is not None else values[key]})
    return Feedback(pa.Table.from_pylist(rows, schema=source.model_arrow()), skipped)


def extra_counts(source: SourceWords, feedback: Feedback, copies: int) -> dict[str, int]:
    """Occurrences of each value of the counted column among the repeated feedback rows."""
    if source.counted is None or not feedback.used:
        return {}
    values = feedback.rows[source.counted].value_counts()
    return {
        entry["values"]: entry["counts"] * copies
        for entry in values.to_pylist()
        if entry["values"] is not None
    }


def pairs(source: SourceWords, feedback: Feedback, context: WordContext, copies: int) -> pa.Table:
    """The (document, word) pairs of the feedback rows, each counted ``copies`` times."""
    tables = [PAIRS.empty_table()]
    for batch in feedback.rows.to_batches() if copies else ():
        if not batch.num_rows:
            continue
        words = source.words(batch, context)
        for document, word in zip(source.documents, words, strict=True):
            counts = np.full(batch.num_rows, copies, np.int64)
            tables.append(pa.table([batch[document], word, counts], schema=PAIRS))
    return pa.concat_tables(tables)
