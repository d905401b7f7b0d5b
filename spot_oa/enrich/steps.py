"""Enrichment steps: each takes the suspicious rows and gives them with columns added.

A step looks at each distinct value once. What comes with later parts (geolocation, reputation,
network context) has its columns now, empty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from spot_oa.enrich.domain import registered_domain
from spot_oa.enrich.iana import code_names
from spot_oa.enrich.internal import InternalRanges


@dataclass(frozen=True)
class Context:
    """What the operator knows about the network."""

    internal: InternalRanges = field(default_factory=InternalRanges)


Step = Callable[[pd.DataFrame, Context], pd.DataFrame]


def rank() -> Step:
    """Add ``rank``: the position of the row in the results, from 0."""
    return lambda rows, _: rows.assign(rank=range(len(rows)))


def internal_flag(address: str, column: str) -> Step:
    """Add 1 where the address is the organisation's own, else 0."""

    def step(rows: pd.DataFrame, context: Context) -> pd.DataFrame:
        flags = _by_value(rows[address], lambda value: int(context.internal.contains(value)))
        return rows.assign(**{column: flags})

    return step


def domain_of(name: str, column: str) -> Step:
    """Add the registered domain of a name."""
    return lambda rows, _: rows.assign(**{column: _by_value(rows[name], registered_domain)})


def name_of_code(code: str, column: str, kind: str) -> Step:
    """Add the IANA name of a code; ``kind`` as in :func:`spot_oa.enrich.iana.code_names`."""
    return lambda rows, _: rows.assign(**{column: _by_value(rows[code], code_names(kind).name)})


def hour_of_frame_time(frame_time: str, column: str) -> Step:
    """Add the hour in a text like ``Jul  8 2016 10:10:40.123456000 UTC``; none gives null."""

    def step(rows: pd.DataFrame, _: Context) -> pd.DataFrame:
        clock = rows[frame_time].astype("string").str.split().str[3]
        hours = pd.to_numeric(clock.str.split(":").str[0], errors="coerce")
        return rows.assign(**{column: hours.astype("Int64")})

    return step


def empty(*columns: str) -> Step:
    """Add columns that nothing fills yet."""
    return lambda rows, _: rows.assign(**dict.fromkeys(columns, ""))


def _by_value(values: pd.Series, function: Callable[..., object]) -> pd.Series:
    present = values.dropna().unique()
    found = {value: function(value) for value in present}
    none = function(None)
    return pd.Series(
        [none if pd.isna(value) else found[value] for value in values],
        index=values.index,
        dtype=object,
    )
