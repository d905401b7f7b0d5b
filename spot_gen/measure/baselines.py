"""The comparison rows: what a ranking has to beat (B12).

Each is a suspicion for every record of a population (smaller is more suspicious), computed from
columns of the product's results. Records that are equal in it come in an order that is drawn once.
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
    """A comparison row: its name, and its suspicion for the rows of a population."""

    name: str
    suspicion: Callable[[pa.Table, Layout], Floats]


def baselines(layout: Layout) -> tuple[Baseline, ...]:
    """The comparison rows that are computed from a population, in the order of the report."""
    return (
        Baseline(layout.destination[1], rarest_destination),
        Baseline("largest bytes", largest_bytes),
        Baseline("global word frequency", global_frequency),
        Baseline("frequency in the own document", own_frequency),
    )


def positions(suspicion: Floats) -> Places:
    """Place (from 0) of each row when sorted, the smallest suspicion first, equal ones drawn."""
    order = np.lexsort((draws(len(suspicion), "baseline"), suspicion))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places


def rarest_destination(rows: pa.Table, layout: Layout) -> Floats:
    """How often the record's destination (address, name or host) occurs."""
    codes, count = _codes(_column(rows, layout.destination[0]))
    return np.bincount(codes, minlength=count)[codes].astype(np.float64)


def largest_bytes(rows: pa.Table, _layout: Layout) -> Floats:
    """Minus the bytes of the record, both directions where there are two."""
    total = _numbers(_column(rows, "bytes"))
    if "bytes_back" in rows.column_names:
        total = total + _numbers(rows["bytes_back"])
    return -total


def global_frequency(rows: pa.Table, layout: Layout) -> Floats:
    """How often the record's word occurs in all documents; the rarer one where it has two."""
    sides = _sides(rows, layout)
    codes, count = _codes(pa.chunked_array([word for _, word in sides]))
    frequency = np.bincount(codes, minlength=count)[codes].astype(np.float64)
    return _smallest(frequency, len(sides))


def own_frequency(rows: pa.Table, layout: Layout) -> Floats:
    """Share of the record's word in its own document; the smaller one where it has two."""
    sides = _sides(rows, layout)
    documents, many = _codes(pa.chunked_array([document for document, _ in sides]))
    words, count = _codes(pa.chunked_array([word for _, word in sides]))
    sizes = np.bincount(documents, minlength=many)[documents]
    pairs, pair_count = _codes(pa.array(documents * count + words))
    share = np.bincount(pairs, minlength=pair_count)[pairs] / sizes
    return _smallest(share, len(sides))


def _sides(rows: pa.Table, layout: Layout) -> list[tuple[pa.Array, pa.Array]]:
    if not layout.documents:
        raise NotAvailableError(f"{layout.source} has no words")
    return [(_column(rows, document), _column(rows, word)) for document, word in layout.documents]


def _smallest(values: Floats, sides: int) -> Floats:
    return np.asarray(values.reshape(sides, -1).min(axis=0), np.float64)


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
