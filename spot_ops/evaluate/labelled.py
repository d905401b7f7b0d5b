"""Real rows with a table of labels.

The labels are a CSV file with a header. A line names an ``incident``, perhaps its ``family`` and
``level`` (1 loud to 3 quiet), and ``label`` benign_lookalike where it is harmless. Its other
columns say which records it is about: ``row``, the number of a row from 1, or columns of the rows,
of which those that are filled in must have just these values. A line may be about many records;
where several are about one the first counts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from spot_common.errors import DataError, NotFoundError
from spot_common.registry import check_source
from spot_gen.measure.labels import LOOKALIKE, MALICIOUS, Incident, Truth
from spot_gen.measure.match import Match, Matching
from spot_gen.truth import RECORDS
from spot_ml.words.source import SourceWords
from spot_ops.evaluate.days import columns

_ROW = "row"
_ABOUT = ("incident", "family", "level", "label")
_NULL = "\0"
_TOO_MANY = "values without a column"


@dataclass(frozen=True)
class Label:
    """One line: what it says of its records, and the values by which these are known."""

    line: int
    incident: Incident
    malicious: bool
    values: Mapping[str, str]


def read_rows(path: Path, words: SourceWords) -> pa.Table:
    """Read rows of a raw table from a Parquet file, or from CSV with a header."""
    if not path.is_file():
        raise NotFoundError(f"{path} does not exist", hint="give a Parquet or CSV file of rows")
    raw = check_source(words.name).raw.arrow()
    wanted = pa.schema([raw.field(name) for name in columns(words)])
    try:
        if path.suffix == ".csv":
            types = arrow_csv.ConvertOptions(column_types=wanted)
            table = arrow_csv.read_csv(path, convert_options=types)
        else:
            table = pq.read_table(path, partitioning=None)
        return table.select(wanted.names).cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError, KeyError) as error:
        raise DataError(
            f"{path} holds no rows of {words.name}: {error}",
            hint=f"it needs the columns {', '.join(wanted.names)}",
        ) from error


def read_labels(path: Path, words: SourceWords, rows: pa.Table) -> list[Label]:
    """Read the labels of rows; DataError naming file and line for what cannot be understood."""
    if not path.is_file():
        raise NotFoundError(f"{path} does not exist", hint="give a CSV file with a column incident")
    try:
        return _labels(path, words, rows)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} is no CSV file: {error}", hint="save it as CSV in UTF-8"
        ) from error


def _labels(path: Path, words: SourceWords, rows: pa.Table) -> list[Label]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        lines = csv.DictReader(stream, restkey=_TOO_MANY, restval="")
        header = list(lines.fieldnames or ())
        stray = set(header) - {*_ABOUT, _ROW, *words.select_columns}
        if stray or "incident" not in header or set(header) <= set(_ABOUT):
            raise DataError(
                f"{path} line 1 is no header of labels: {', '.join(sorted(stray) or header)}",
                hint="it needs incident, may have family, level and label, and needs row or columns"
                f" of the rows: {', '.join(words.select_columns)}",
            )
        return [_label(path, lines.line_num, line, words, rows) for line in lines]


def _label(
    path: Path, number: int, line: dict[str, str], words: SourceWords, rows: pa.Table
) -> Label:
    values = {name: text for name, text in line.items() if name not in _ABOUT and text}
    kind = line.get("label") or MALICIOUS
    try:
        level = int(line.get("level") or 1)
        place = int(values.pop(_ROW)) if _ROW in values else None
        if _TOO_MANY in line:
            raise ValueError("it has more values than the header")
        if kind not in (MALICIOUS, LOOKALIKE) or not line["incident"]:
            raise ValueError(f"{kind!r} of {line['incident']!r}")
        if place is not None:
            values |= _values(rows, place, words)
        if not values:
            raise ValueError("it names no record")
    except (ValueError, IndexError) as error:
        raise DataError(f"{path} line {number} is no label: {error}") from error
    name = line["incident"]
    incident = Incident(name, name, line.get("family") or name, level)
    return Label(number, incident, kind == MALICIOUS, values)


def _values(rows: pa.Table, number: int, words: SourceWords) -> dict[str, str]:
    """All values of a row; those that are replaced where they are null are left out."""
    if not 1 <= number <= rows.num_rows:
        raise IndexError(f"there is no row {number} of {rows.num_rows}")
    names = [name for name in words.select_columns if name not in words.null_values]
    row = rows.select(names).slice(number - 1, 1)
    return {name: _texts(row[name])[0] for name in names}


def labels_of(rows: pa.Table, labels: list[Label], source: str, path: Path) -> tuple[Truth, Match]:
    """Find the records of each label among rows; DataError for a label without any."""
    place = np.full(rows.num_rows, len(labels))
    for names, lines in _patterns(labels):
        wanted = pd.DataFrame([labels[line].values for line in lines]).assign(line=lines)
        texts = pd.DataFrame({name: _texts(rows[name]) for name in names})
        hits = texts.assign(at=np.arange(len(texts))).merge(wanted, on=list(names))
        missing = sorted(set(lines) - set(hits["line"].tolist()))
        if missing:
            raise DataError(
                f"{path} line {labels[missing[0]].line} is about no record that can be ranked",
                hint="values must be written as in the rows, all of a line must fit",
            )
        np.minimum.at(place, hits["at"].to_numpy(), hits["line"].to_numpy())
    found = np.flatnonzero(place < len(labels))
    about = [labels[line] for line in place[found]]
    truth = Truth(
        folder=path,
        manifest={},
        incidents={one.incident.id: one.incident for one in labels if one.malicious},
        totals={source: rows.num_rows},
        records=_records(about, source),
    )
    report = Matching(rows.num_rows, 0, rows.num_rows, 0, 0, len(found), len(found), "labels")
    return truth, Match(found, report)


def _patterns(labels: list[Label]) -> Iterator[tuple[tuple[str, ...], list[int]]]:
    """The lines that name the same columns, together."""
    found: dict[tuple[str, ...], list[int]] = {}
    for place, label in enumerate(labels):
        found.setdefault(tuple(sorted(label.values)), []).append(place)
    yield from found.items()


def _records(labels: list[Label], source: str) -> pa.Table:
    """Labelled records as a generated data set has them; places and keys are null."""
    rows = [
        {
            "source": source,
            "label": MALICIOUS if label.malicious else LOOKALIKE,
            "incident_id": label.incident.id if label.malicious else None,
            "lookalike_id": None if label.malicious else label.incident.id,
            "family": label.incident.family,
        }
        for label in labels
    ]
    return pa.Table.from_pylist(rows, schema=RECORDS)


def _texts(column: pa.ChunkedArray) -> NDArray[np.object_]:
    texts = column.cast(pa.string()).fill_null(_NULL)
    return np.asarray(texts.to_numpy(), object)
