"""What the words of one source are: the constant that each source's module exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml.words.grammar import WHOLE, Grammar

#: The word of a record that no word can be made for.
ERROR_WORD = "word_error"

Mask = NDArray[np.bool_]

#: Column names with their Spark type names, in order.
Fields = tuple[tuple[str, str], ...]

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
}


class Fault(NamedTuple):
    """A reason why a record cannot be used, and the rows that it applies to."""

    reason: str
    rows: Mask


@dataclass(frozen=True)
class WordContext:
    """What word functions need beside the record.

    ``counts`` has the number of clean records per value of the source's ``counted`` column.
    ``compatible`` turns on the accidents of the original that are otherwise repaired. With
    ``amended`` words say more than the original's (``words.amended``). ``total`` is the sum of the
    counts, where these have more than what it is the sum of.
    """

    user_domain: str = ""
    top_domains: frozenset[str] = frozenset()
    counts: Mapping[str, int] = field(default_factory=dict)
    compatible: bool = False
    amended: bool = False
    total: int | None = None

    @property
    def records(self) -> int:
        """How many records the counts are of."""
        return sum(self.counts.values()) if self.total is None else self.total


@dataclass(frozen=True)
class FeedbackField:
    """One value of a feedback line: model column, position in the line, and how it is read.

    An ``optional`` value that the line does not have is None.
    """

    column: str
    position: int
    read: Callable[[str], Any] = str
    optional: bool = False


@dataclass(frozen=True)
class FeedbackFormat:
    """Where a feedback line has its severity and the values of the model columns.

    ``matched`` names an optional column that is taken from the day's records with equal other
    columns where the file does not give it. ``also`` are positions of further severities, which
    the original does not heed: a row may be rated as several things.
    """

    severity: int
    fields: tuple[FeedbackField, ...]
    matched: str | None = None
    also: tuple[int, ...] = ()


@dataclass(frozen=True)
class SourceWords:
    """Everything about one source that the machine learning needs.

    ``model_schema``: columns that must exist with exactly this type. ``select_columns``: columns
    read, in the order of the result. ``faults`` gives the reasons against clean; a record is
    clean when none applies. ``legacy_invalid`` marks the rows that the original wrote aside.
    ``null_values`` replaces nulls of clean records. ``documents``: the address columns, one
    word each, in the order that ``words`` gives them. ``counted``: the column whose values are
    counted over the clean records before words are made. ``notes`` may give a remark per
    clean record. ``grammar`` says how words break into parts.
    """

    name: str
    model_schema: Fields
    select_columns: tuple[str, ...]
    faults: Callable[[pa.RecordBatch], Sequence[Fault]]
    legacy_invalid: Callable[[pa.RecordBatch], Mask]
    documents: tuple[str, ...]
    words: Callable[[pa.RecordBatch, WordContext], tuple[pa.Array, ...]]
    feedback: FeedbackFormat
    null_values: Mapping[str, str | int] = field(default_factory=dict)
    counted: str | None = None
    word_in_result: bool = False
    notes: Callable[[pa.RecordBatch, WordContext], pa.Array] | None = None
    grammar: Grammar = WHOLE

    def model_arrow(self) -> pa.Schema:
        """The Arrow schema of the model columns."""
        return pa.schema([(name, ARROW_TYPES[kind]) for name, kind in self.model_schema])
