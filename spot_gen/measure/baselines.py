"""The comparison rows: what a ranking has to beat (B12).

Each is a suspicion for every record of a population (smaller is more suspicious), computed from
columns of the product's results. Records that are equal in it come in an order that is drawn once.
What is asked of words has a value for each document of a record; the smallest one counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_gen.measure.layouts import Layout
from spot_gen.measure.results import draws

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

RANDOM = "random order"
ORIGINAL = "original score"


class NotAvailableError(Exception):
    """A comparison row cannot be computed; the text says why."""


@dataclass(frozen=True)
class Baseline:
    """A comparison row: its name, and its suspicion for the rows of a population.

    ``sides`` gives a row of numbers for each document of a record, or one row for the record.
    """

    name: str
    sides: Callable[[pa.Table, Layout], Floats]

    def suspicion(self, rows: pa.Table, layout: Layout) -> Floats:
        """One number a record; NotAvailableError where a column is missing."""
        return np.asarray(self.sides(rows, layout).min(axis=0), np.float64)


def baselines(layout: Layout) -> tuple[Baseline, ...]:
    """The comparison rows that are computed from a population, in the order of the report."""
    return (
        Baseline(layout.destination[1], rarest_destination),
        Baseline("rarest pair of addresses", rarest_pair),
        Baseline("largest bytes", largest_bytes),
        Baseline("global word frequency", global_frequency),
        Baseline("frequency in the own document", own_frequency),
        Baseline("own to global frequency", own_to_global),
    )


def positions(suspicion: Floats) -> Places:
    """Place (from 0) of each row when sorted, the smallest suspicion first, equal ones drawn."""
    order = np.lexsort((draws(len(suspicion), "baseline"), suspicion))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places


def rarest_destination(rows: pa.Table, layout: Layout) -> Floats:
    """How often the record's destination (address, name or host) occurs."""
    return _occurrences(*_codes(_column(rows, layout.destination[0])))


def rarest_pair(rows: pa.Table, layout: Layout) -> Floats:
    """How often the record's source and destination occur together."""
    sources, _ = _codes(_column(rows, "src"))
    destinations, count = _codes(_column(rows, layout.destination[0]))
    return _occurrences(*_codes(pa.array(sources * count + destinations)))


def largest_bytes(rows: pa.Table, _layout: Layout) -> Floats:
    """Minus the bytes of the record, both directions where there are two."""
    total = _numbers(_column(rows, "bytes"))
    if "bytes_back" in rows.column_names:
        total = total + _numbers(rows["bytes_back"])
    return -total[None, :]


def global_frequency(rows: pa.Table, layout: Layout) -> Floats:
    """How often the record's words occur in all documents."""
    words = _sides(rows, layout)[1]
    return _occurrences(*words).reshape(len(layout.documents), -1)


def own_frequency(rows: pa.Table, layout: Layout) -> Floats:
    """Share of the record's words in their own documents."""
    return _own_share(*_sides(rows, layout)).reshape(len(layout.documents), -1)


def own_to_global(rows: pa.Table, layout: Layout) -> Floats:
    """Minus the share of the words in their own documents by that in all (PPMI by its order)."""
    documents, words = _sides(rows, layout)
    everywhere = _occurrences(*words)[0] / len(words[0])
    ratio = _own_share(documents, words) / everywhere
    return -np.asarray(ratio.reshape(len(layout.documents), -1), np.float64)


Coded = tuple[Places, int]


def _own_share(documents: Coded, words: Coded) -> Floats:
    together = _occurrences(*_codes(pa.array(documents[0] * words[1] + words[0])))
    return np.asarray(together / _occurrences(*documents), np.float64)


def _occurrences(codes: Places, count: int) -> Floats:
    """How often each code occurs, as one row of numbers."""
    return np.bincount(codes, minlength=count)[codes].astype(np.float64)[None, :]


def _sides(rows: pa.Table, layout: Layout) -> tuple[Coded, Coded]:
    """The documents and the words of all sides, one side after the other."""
    if not layout.documents:
        raise NotAvailableError(f"{layout.source} has no words")
    documents, words = (
        _codes(pa.chunked_array([_column(rows, name) for name in names]))
        for names in zip(*layout.documents, strict=True)
    )
    return documents, words


def _column(rows: pa.Table, name: str) -> pa.Array:
    if name not in rows.column_names:
        raise NotAvailableError(_MISSING.get(name, f"the records have no column for {name}"))
    column = rows[name]
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


_WORDS = "the records have no words; write them into the population, a column for each document"
_MISSING = {"word": _WORDS, "word_back": _WORDS}


def _codes(column: Any) -> tuple[Places, int]:
    """Number each distinct value, in the order of its first occurrence."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    encoded = column.dictionary_encode("encode")
    return np.asarray(encoded.indices.to_numpy(), np.int64), len(encoded.dictionary)


def _numbers(column: Any) -> Floats:
    filled = pc.fill_null(column.cast(pa.float64()), 0.0)
    return np.asarray(filled.to_numpy(zero_copy_only=False), np.float64)
