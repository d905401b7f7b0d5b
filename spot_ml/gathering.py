"""Bringing many small tables together without keeping all of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa

#: Makes one table of several: what it makes may be among the tables of a later call.
Join = Callable[[Sequence[pa.Table]], pa.Table]


def gathered(tables: Iterable[pa.Table], join: Join, at_once: int) -> pa.Table | None:
    """Join tables whenever more than ``at_once`` rows wait; None where there is no table.

    Where that many remain, as many again are waited for, so that no row is joined often.
    """
    waiting: list[pa.Table] = []
    rows, most = 0, at_once
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        if rows > most:
            waiting = [join(waiting)]
            rows = waiting[0].num_rows
            most = max(at_once, 2 * rows)
    return join(waiting) if waiting else None
