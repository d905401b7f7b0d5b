"""What a fit gives: the topic mix of documents and the words of topics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]

#: Called after each iteration, to show that the fit advances.
Tick = Callable[[], None]


@dataclass(frozen=True)
class TopicCounts:
    """Result of a fit: weight of each topic per document (D x K) and per word (V x K)."""

    document: Matrix
    word: Matrix


@dataclass(frozen=True)
class Model:
    """Topic mix per document (D x K, float32 or float64), P(word | topic) per word (V x K)."""

    mix: NDArray[np.floating[Any]]
    word_given_topic: Matrix


def as_precision(values: ArrayLike, precision: int) -> NDArray[np.floating[Any]]:
    """Store numbers with 32 bits where ``precision`` is 32, else with 64."""
    return np.asarray(values, dtype=np.float32 if precision == 32 else np.float64)


def restore(values: ArrayLike) -> Matrix:
    """Widen stored numbers to 64 bits."""
    return np.asarray(values, dtype=np.float64)


def share_of_rows(weights: ArrayLike) -> Matrix:
    """Divide each row by its sum; a row without weight stays zero."""
    values = np.asarray(weights, dtype=np.float64)
    total = values.sum(axis=1, keepdims=True)
    shares: Matrix = np.divide(values, total, out=np.zeros_like(values), where=total != 0)
    return shares


def share_of_columns(weights: ArrayLike) -> Matrix:
    """Divide each column by its sum; a topic without any weight gives NaN."""
    values = np.asarray(weights, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: Matrix = values / values.sum(axis=0, keepdims=True)
    return shares


def model_of(counts: TopicCounts, precision: int = 64) -> Model:
    """Turn the weights of a fit into probabilities."""
    mix = as_precision(share_of_rows(counts.document), precision)
    return Model(mix, share_of_columns(counts.word))


def document_table(names: pa.Array, mix: NDArray[np.floating[Any]]) -> pa.Table:
    """The document table: ``document_name`` and ``topic_prob_mix`` in the precision of ``mix``."""
    values = pa.array(np.ascontiguousarray(mix).reshape(-1))
    width = mix.shape[1] if mix.ndim == 2 else 0
    offsets = np.arange(len(names) + 1, dtype=np.int32) * width
    lists = pa.ListArray.from_arrays(pa.array(offsets), values)
    return pa.table({"document_name": names, "topic_prob_mix": lists})
