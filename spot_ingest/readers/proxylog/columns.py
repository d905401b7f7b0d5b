"""Fields of lines to rows of the table ``proxy``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_common.registry import check_source
from spot_ingest.accounting import Batch, Rejected
from spot_ingest.readers.proxylog import moments, steps
from spot_ingest.readers.proxylog.blocks import Block
from spot_ingest.readers.proxylog.format import Format, Source
from spot_ingest.readers.proxylog.steps import Steps
from spot_ingest.readers.proxylog.tokens import Flags, Ints

_INT_MAX = 2**31 - 1
_NONE = pa.array(["-", ""])
_NO_TIME = "the line has no valid date and time"


@cache
def schema() -> pa.Schema:
    """The columns of the table."""
    return check_source("proxy").raw.arrow()


@dataclass(frozen=True)
class Rows:
    """Rows of some lines, those that make no sense included.

    ``seconds`` are the rows' own times; ``faults`` has for each reason the flags of the rows that
    it holds for.
    """

    rows: pa.RecordBatch
    seconds: Ints
    faults: tuple[tuple[str, Flags], ...]

    def batch(self, block: Block, lines: Ints) -> Batch:
        """Keep the good ones; ``lines`` of the block are those that the rows come from."""
        bad = np.logical_or.reduce([flags for _, flags in self.faults])
        minutes = pa.array(self.seconds // 60)
        if not bad.any():
            return Batch(self.rows, minutes)
        reasons: dict[int, str] = {}
        for reason, flags in self.faults:
            for line in lines[flags]:
                reasons.setdefault(int(line), reason)
        rejected = tuple(block.reject(line, why) for line, why in sorted(reasons.items()))
        good = pa.array(~bad)
        return Batch(self.rows.filter(good), minutes.filter(good), rejected)


def nothing(rejected: Iterable[Rejected]) -> Batch:
    """Give a batch without rows."""
    rows = pa.RecordBatch.from_pylist([], schema=schema())
    return Batch(rows, pa.array([], pa.int64()), tuple(rejected))


def rows_of(log_format: Format, fields: Mapping[str, Any], count: int) -> Rows:
    """Build the rows of ``count`` lines from the texts of their fields."""
    taken = Steps(dict(fields))
    seconds, timed = _times(log_format, taken, fields)
    faults = [(f"the line has no {name}", _absent(taken((name,)))) for name in log_format.needs]
    faults.append((_NO_TIME, ~timed))
    values: dict[str, Any] = {"p_date": moments.dates(seconds), "p_time": moments.times(seconds)}
    kinds = {field.name: field.type for field in schema()}
    for column, sources in log_format.columns.items():
        given = [source for source in sources if source.given(fields)]
        if not given:
            continue
        texts = _first(given, taken, count)
        if pa.types.is_integer(kinds[column]):
            values[column], fault = _number(texts)
            faults.append((f"{column} is not a number", fault))
        else:
            values[column] = texts
    return Rows(_in_order(values, count), seconds, tuple(faults))


def _absent(texts: Any) -> Flags:
    """Tell which texts are none."""
    flags: Flags = pc.is_in(texts, _NONE).to_numpy(zero_copy_only=False)
    return flags


def _times(log_format: Format, taken: Steps, fields: Mapping[str, Any]) -> tuple[Ints, Flags]:
    """Give the moment of each line by the first form that reads it, and the lines that have one."""
    found: Ints = np.zeros(0, np.int64)
    timed: Flags = np.zeros(0, bool)
    for time in log_format.times:
        if not all(name in fields for name in time.fields):
            continue
        parts = [taken((name,)) for name in time.fields]
        texts = pc.binary_join_element_wise(*parts, " ") if len(parts) > 1 else parts[0]
        seconds, valid = moments.seconds(time.form, texts)
        if len(timed):
            seconds, valid = np.where(timed, found, seconds), timed | valid
        found, timed = seconds, valid
        if timed.all():
            break
    return found, timed


def _first(sources: list[Source], taken: Steps, count: int) -> Any:
    """Give the texts of the first source, and of the next ones where it has none."""
    texts = None
    for source in sources:
        mine = taken(source.path) if source.path else pa.repeat(source.text, count)
        texts = mine if texts is None else pc.if_else(pc.is_in(texts, _NONE), mine, texts)
    return texts


def _number(texts: Any) -> tuple[Any, Flags]:
    """Whole numbers, at most 2147483647, NULL for ``-``; and flags of what is no number."""
    absent = pc.is_in(texts, _NONE)
    values = steps.numbers(texts)
    fault = pc.invert(pc.or_(absent, pc.is_valid(values)))
    capped = pc.min_element_wise(pc.floor(values), float(_INT_MAX), skip_nulls=False)
    return capped.cast(pa.int32()), fault.to_numpy(zero_copy_only=False)


def _in_order(values: dict[str, Any], count: int) -> pa.RecordBatch:
    """Put the columns in the table's order, with the derived ones; absent ones are empty."""
    empty = pa.repeat("", count)
    if "uriport" not in values:
        values["uriport"] = steps.port_of(values.get("urischeme", empty))
    path, query = values.get("uripath", empty), values.get("uriquery", empty)
    values["fulluri"] = pc.binary_join_element_wise(values["host"], _long(path), _long(query), "")
    arrays = []
    for field in schema():
        absent = empty if pa.types.is_string(field.type) else pa.nulls(count, field.type)
        arrays.append(values.get(field.name, absent))
    return pa.RecordBatch.from_arrays(arrays, schema=schema())


def _long(texts: Any) -> Any:
    """Texts of more than one character; ``/`` and ``-`` vanish."""
    return pc.if_else(pc.greater(pc.utf8_length(texts), 1), texts, "")
