"""Domain names as they stand in DNS messages (RFC 1035), a whole column at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_common.errors import DataError
from spot_gen.ragged import Ints, Ragged

LONGEST_LABEL, LONGEST_NAME = 63, 255
_DOT = ord(".")


def names(texts: pa.Array | pa.ChunkedArray) -> Ragged:
    """Return names as they are in messages: each label behind its length; ``.`` is the root.

    A dot at the end changes nothing. DataError for what is no name.
    """
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    bare = pc.replace_substring_regex(texts, r"\.$", "")
    dotted = pc.if_else(pc.equal(bare, ""), ".", pc.binary_join_element_wise("", bare, "", "."))
    rows = Ragged.of(dotted)
    values = rows.values.copy()
    dots = np.flatnonzero(values == _DOT)
    label = np.diff(dots, append=len(values)) - 1
    last = np.isin(dots, rows.offsets[1:] - 1)
    wrong = np.where(last, label > 0, (label < 1) | (label > LONGEST_LABEL))
    if wrong.any():
        row = int(np.searchsorted(rows.offsets, dots[wrong][0], side="right")) - 1
        _refuse(texts, row, f"a label is empty or longer than {LONGEST_LABEL} bytes")
    long = np.flatnonzero(rows.lengths > LONGEST_NAME)
    if len(long):
        _refuse(texts, int(long[0]), f"it is longer than {LONGEST_NAME} bytes")
    values[dots] = np.where(last, 0, label)
    return Ragged(values, rows.offsets)


def name_sizes(texts: pa.ChunkedArray) -> Ints:
    """Return the lengths of ``names(texts)`` without making them."""
    written = Ragged.of(texts)
    lengths = written.lengths
    ends = np.zeros(len(lengths), np.int64)
    filled = np.flatnonzero(lengths)
    ends[filled] = written.values[written.offsets[1:][filled] - 1] == _DOT
    bare = lengths - ends
    return np.where(bare > 0, bare + 2, 1)


def zones(asked: Ragged) -> Ints:
    """Return where in each name its last two labels begin (a shorter one: the name itself)."""
    zone = np.zeros(len(asked), np.int64)
    before, at = zone.copy(), zone.copy()
    starts, values = asked.offsets[:-1], asked.values
    active = np.flatnonzero(values[starts] > 0) if len(asked) else zone
    while len(active):
        zone[active], before[active] = before[active], at[active]
        at[active] += values[starts[active] + at[active]].astype(np.int64) + 1
        active = active[values[starts[active] + at[active]] > 0]
    return zone


def _refuse(texts: pa.Array, row: int, why: str) -> None:
    raise DataError(f"{texts[row].as_py()[:80]!r} is no domain name: {why}")
