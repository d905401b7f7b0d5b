"""Verdicts of several days as a run reads them: events, and what they stood for on their day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from spot_ml.verdicts import standing
from spot_ml.verdicts.days import DayFiles
from spot_ml.verdicts.lines import Aside, read_lines
from spot_ml.verdicts.standing import Standing
from spot_ml.words.source import SourceWords


class Files(Protocol):
    """A file system."""

    def read_bytes(self, path: str) -> bytes | None:
        """The content of a file, None where there is none."""


@dataclass(frozen=True)
class Side:
    """What a side of an event stood for on its day.

    ``word_count`` and ``group_count`` are how often its address showed its word and the group's;
    ``largest`` the largest value of each size of the group's words, () where it is not known.
    """

    word_count: int = 1
    group_count: int = 1
    largest: tuple[int, ...] = ()


@dataclass(frozen=True)
class Said:
    """One rated event: its day, line of the feedback file and severity; and what it stood for.

    ``document`` is the address whose row it was, None where no list of the day has the event;
    ``sides`` go with the source's documents.
    """

    day: str
    line: int
    severity: int
    document: str | None = None
    sides: tuple[Side, ...] = ()


@dataclass(frozen=True)
class Memory:
    """What was said on the days that are remembered.

    ``events`` has a row of the model schema for each entry of ``said``. ``aside`` has the lines
    that cannot be read by the path of their file.
    """

    events: pa.Table
    said: list[Said] = field(default_factory=list)
    aside: list[tuple[str, Aside]] = field(default_factory=list)

    @property
    def reasons(self) -> dict[str, int]:
        """How many lines were set aside, by reason."""
        return dict(Counter(line.reason for _, line in self.aside))


def recall(source: SourceWords, days: Iterable[DayFiles], files: Files) -> Memory:
    """Read the verdicts of some days; a missing file is nothing."""
    said: list[Said] = []
    aside: list[tuple[str, Aside]] = []
    events = [source.model_arrow().empty_table()]
    for day in days:
        data = files.read_bytes(day.feedback)
        if data is None:
            continue
        found = read_lines(source, data.decode("utf-8", errors="replace").splitlines())
        aside += [(day.feedback, line) for line in found.aside]
        stood = Standing(source, record_of(source, day.groups, files)).of(found.rows)
        events.append(_completed(source, found.rows, stood))
        said += [
            _said(day.day, line, severity, known)
            for line, severity, known in zip(found.line, found.severity, stood, strict=True)
        ]
    return Memory(pa.concat_tables(events), said, aside)


def record_of(source: SourceWords, path: str, files: Files) -> pa.Table:
    """The record of a day's list, empty where the day has none."""
    data = files.read_bytes(path)
    if data is None:
        return standing.schema(source).empty_table()
    return pq.read_table(pa.BufferReader(data), use_threads=False)


def _said(day: str, line: int, severity: int, known: dict[str, Any] | None) -> Said:
    if known is None:
        return Said(day, line, severity)
    sides = (Side(**{**side, "largest": tuple(side["largest"])}) for side in known["sides"])
    return Said(day, line, severity, known["document"], tuple(sides))


def _completed(source: SourceWords, rows: pa.Table, stood: list[dict[str, Any] | None]) -> pa.Table:
    """Take the column that a file may leave out from the record of the day."""
    column = source.feedback.matched
    if column is None:
        return rows
    values = [
        value if value is not None or known is None else known[column]
        for value, known in zip(rows[column].to_pylist(), stood, strict=True)
    ]
    return rows.set_column(
        rows.schema.get_field_index(column), column, pa.array(values, pa.string())
    )
