"""Small operations on Arrow columns that the word modules share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_ml.words.source import ERROR_WORD, Mask

_NULL = "null"


def missing(column: pa.Array, *texts: str) -> Mask:
    """Rows where the column is null or one of the given texts."""
    mask = pc.is_null(column)
    if texts:
        mask = pc.or_(mask, pc.is_in(column, value_set=pa.array(texts, column.type)))
    return to_mask(mask)


def any_of(masks: Sequence[Mask]) -> Mask:
    """Rows that at least one of the masks marks."""
    marked: Mask = np.logical_or.reduce(masks)
    return marked


def outside(column: pa.Array, low: int, high: int | None = None) -> Mask:
    """Rows where the column is null or not between ``low`` and ``high``, both included."""
    inside = pc.greater_equal(column, low)
    if high is not None:
        inside = pc.and_kleene(inside, pc.less_equal(column, high))
    return ~to_mask(pc.fill_null(inside, False))


def to_mask(column: pa.Array) -> Mask:
    """A Boolean column without nulls as a NumPy array."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.bool_)


def numbers(column: pa.Array) -> NDArray[np.int64]:
    """A column of whole numbers without nulls as a NumPy array."""
    return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def join_words(*parts: pa.Array | NDArray[np.int64], failed: Mask | None = None) -> pa.Array:
    """Join the parts of each row with ``_``.

    Numbers are written in decimal and a null as ``null``; rows marked ``failed`` get the error
    word.
    """
    texts = [pa.array(part).cast(pa.string()) for part in parts]
    words = pc.binary_join_element_wise(
        *texts, "_", null_handling="replace", null_replacement=_NULL
    )
    if failed is None or not failed.any():
        return words
    return pc.if_else(pa.array(failed), ERROR_WORD, words)
