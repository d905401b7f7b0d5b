"""Sort the records of a batch into clean, corrupt and invalid, and give the clean ones words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_ml.words.columns import any_of
from spot_ml.words.source import ERROR_WORD, Mask, SourceWords, WordContext

STATE = "record_state"
REASON = "reason"
_NO_WORD = "no word can be made of the record"
_TEXT = pa.string()


class State(StrEnum):
    """What becomes of a record.

    ``clean``: trained on and scored; ``corrupt``: passes the filter but has no word;
    ``invalid``: does not pass; ``lost``: neither, as in the original (compatible mode only).
    """

    CLEAN = "clean"
    CORRUPT = "corrupt"
    INVALID = "invalid"
    LOST = "lost"


def word_columns(source: SourceWords) -> tuple[str, ...]:
    """Names of the columns that hold the words, one per document column."""
    return tuple(f"word_of_{document}" for document in source.documents)


def tagged_schema(source: SourceWords, fields: pa.Schema) -> pa.Schema:
    """The schema of what ``tag`` gives for rows whose columns have the types of ``fields``."""
    selected = [fields.field(name).remove_metadata() for name in source.select_columns]
    added = [pa.field(name, _TEXT) for name in (STATE, REASON, *word_columns(source))]
    return pa.schema([*selected, *added])


def clean(source: SourceWords, rows: pa.RecordBatch) -> Mask:
    """Mark the records that pass the source's filter."""
    return ~any_of([fault.rows for fault in source.faults(rows)])


def replace_nulls(source: SourceWords, rows: pa.RecordBatch) -> pa.RecordBatch:
    """Put the source's replacements in the place of nulls."""
    columns = [
        rows[name].fill_null(source.null_values[name]) if name in source.null_values else rows[name]
        for name in source.select_columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=list(source.select_columns))


def count_values(source: SourceWords, batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """Count the values of the source's ``counted`` column over clean records.

    Gives columns ``value`` and ``count``; values may repeat, one count for each batch.
    """
    found = [pa.table({"value": pa.array([], pa.string()), "count": pa.array([], pa.int64())})]
    for batch in batches:
        rows = batch.select(list(source.select_columns))
        rows = replace_nulls(source, rows.filter(pa.array(clean(source, rows))))
        counts = pc.value_counts(rows[source.counted])
        found.append(pa.table({"value": counts.field("values"), "count": counts.field("counts")}))
    return pa.concat_tables(found)


def by_value(counts: pa.Table) -> dict[str, int]:
    """Add up what ``count_values`` gave, values in order."""
    total = counts.group_by("value").aggregate([("count", "sum")]).sort_by("value")
    return dict(zip(total["value"].to_pylist(), total["count_sum"].to_pylist(), strict=True))


def tag(
    source: SourceWords, rows: pa.RecordBatch, context: WordContext
) -> Iterator[pa.RecordBatch]:
    """Give the selected columns of all rows with state, reason and words.

    The clean and corrupt rows come first, then the others; the schema is ``tagged_schema``.
    """
    rows = rows.select(list(source.select_columns))
    faults = source.faults(rows)
    passed = ~any_of([fault.rows for fault in faults])
    if passed.any():
        yield _with_words(source, replace_nulls(source, rows.filter(pa.array(passed))), context)
    if not passed.all():
        reason = np.select([f.rows for f in faults], [f.reason for f in faults], default="")
        state = np.full(rows.num_rows, State.INVALID.value, dtype=object)
        if context.compatible:
            state[~source.legacy_invalid(rows)] = State.LOST.value
        rejected = ~passed
        words = [pa.nulls(int(rejected.sum()), _TEXT)] * len(source.documents)
        yield _tagged(
            source,
            rows.filter(pa.array(rejected)),
            pa.array(state[rejected], _TEXT),
            pa.array(reason[rejected].astype(object), _TEXT),
            words,
        )


def _with_words(source: SourceWords, rows: pa.RecordBatch, context: WordContext) -> pa.RecordBatch:
    words = source.words(rows, context)
    failed = pc.equal(words[0], ERROR_WORD)
    for word in words[1:]:
        failed = pc.or_(failed, pc.equal(word, ERROR_WORD))
    notes = source.notes(rows, context) if source.notes else pa.nulls(rows.num_rows, _TEXT)
    state = pc.if_else(failed, State.CORRUPT.value, State.CLEAN.value)
    return _tagged(source, rows, state, pc.if_else(failed, _NO_WORD, notes), list(words))


def _tagged(
    source: SourceWords,
    rows: pa.RecordBatch,
    state: pa.Array,
    reason: pa.Array,
    words: list[pa.Array],
) -> pa.RecordBatch:
    schema = tagged_schema(source, rows.schema)
    return pa.RecordBatch.from_arrays([*rows.columns, state, reason, *words], schema=schema)
