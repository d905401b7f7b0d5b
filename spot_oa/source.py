"""What OA has to know about a source: one :class:`OaSource` per module of ``spot_oa.sources``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import cast

import pyarrow as pa

from spot_common.registry import part
from spot_oa.enrich.steps import Step
from spot_oa.rating import Rating


@dataclass(frozen=True)
class Detail:
    """A table of records behind the suspicious rows, filled from the raw day hour by hour.

    ``keys`` makes from the suspicious rows what identifies the records. Where it has a column
    ``hh``, only the raw partitions of those hours are read. ``pick`` takes one raw hour (columns
    ``reads``), the keys and the hour, and gives the records that belong to a key; ``finish``
    takes all picked records in the order of the hours and gives the rows of ``table``.
    """

    table: str
    reads: tuple[str, ...]
    keys: Callable[[pa.Table], pa.Table]
    pick: Callable[[pa.Table, pa.Table, int], pa.Table]
    finish: Callable[[pa.Table], pa.Table]


@dataclass(frozen=True)
class Summary:
    """The table of records per minute.

    ``minutes`` gives for one raw hour (columns ``reads``) the minute of the day, 0 to 1439, of
    each record that counts, null for the others.
    """

    table: str
    reads: tuple[str, ...]
    minutes: Callable[[pa.Table, date], pa.Array]


@dataclass(frozen=True)
class OaSource:
    """A source as OA sees it.

    ``results`` are the columns of the model's result file in order; ``scores`` names the column
    of the table ``<name>_scores`` that each of them becomes (those not named are left out).
    ``day_of`` gives the day that each suspicious row itself names, as ``YYYY-MM-DD``, or null.
    """

    name: str
    results: tuple[str, ...]
    scores: dict[str, str]
    day_of: Callable[[pa.Table], pa.Array]
    steps: tuple[Step, ...]
    details: tuple[Detail, ...]
    summary: Summary
    rating: Rating


def names(text: str) -> tuple[str, ...]:
    """Give the words of a text: column names, read more easily without quotes and commas."""
    return tuple(text.split())


def oa_source(name: str) -> OaSource:
    """Give a source by name; UsageError where there is none of that name."""
    return cast(OaSource, part("spot_oa.sources", name).SOURCE)
