"""Feedback in the compatible order: rows rated low are repeated in training, and score higher.

A line that cannot be read is passed over and counted; a missing or empty file is no feedback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spot_ml.batches import PAIRS
from spot_ml.verdicts.lines import LOW, read_lines
from spot_ml.words.source import SourceWords, WordContext


@dataclass(frozen=True)
class Feedback:
    """Rows of the model schema that were rated low, and the number of unreadable lines."""

    rows: pa.Table
    skipped: int

    @property
    def used(self) -> int:
        """Number of rows."""
        return int(self.rows.num_rows)


def read(source: SourceWords, lines: Iterable[str] | None) -> Feedback:
    """Take the rows rated low from the lines of a feedback file (None: there is no file)."""
    found = read_lines(source, lines)
    rated = pa.array([severity == LOW for severity in found.trained], pa.bool_())
    return Feedback(found.rows.filter(rated), len(found.aside))


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
            names = [texts.dictionary_encode() for texts in (batch[document], word)]
            tables.append(pa.table([*names, counts], schema=PAIRS))
    return pa.concat_tables(tables)
