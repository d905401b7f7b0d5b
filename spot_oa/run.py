"""The batch: from a day's results to the tables that pages read.

Everything is read, checked and computed first; only then are the day's partitions replaced, the
list of suspicious rows last. Verdicts, comments and feedback are never touched. A second run over
the same results gives the same tables.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spot_common import log, progress
from spot_common.clients.hdfs import Hdfs
from spot_common.config import Config
from spot_common.config.load import ROOT
from spot_common.errors import UsageError
from spot_common.registry import check_source
from spot_common.schema.types import SourceSchema
from spot_common.warehouse import Warehouse, day_values
from spot_oa.details import detail_tables, raw_hours
from spot_oa.enrich.internal import read_ranges
from spot_oa.enrich.steps import Context
from spot_oa.ports import Storage
from spot_oa.results import read_results, typed
from spot_oa.source import OaSource, oa_source
from spot_oa.tables import fitted, from_frame

_logger = log.get("oa.run")


@dataclass(frozen=True)
class Report:
    """What a run wrote: rows per table, values that were no number, rows of another day."""

    source: str
    day: date
    rows: Mapping[str, int]
    unreadable_values: int
    rows_of_other_days: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {**self.__dict__, "day": f"{self.day:%Y-%m-%d}", "rows": dict(self.rows)}


def storage(config: Config) -> Storage:
    """Give the real storage of this installation."""
    hdfs = Hdfs(config)
    return Storage(hdfs, Warehouse(config, hdfs=hdfs), config.text("HUSER"))


def context(config: Config) -> Context:
    """Read the operator's context files."""
    folder = config.text("CONTEXT_DIR")
    base = config.path("CONTEXT_DIR") if folder else ROOT / "conf" / "context"
    return Context(internal=read_ranges(base / "ipranges.csv"))


def run(where: Storage, name: str, day: date, limit: int, known: Context | None = None) -> Report:
    """Analyse one day of one source: the first ``limit`` rows of its results.

    Raises UsageError for an unknown source or a limit below 1, NotFoundError where the day has no
    results, DataError where they cannot be read, ServiceError where storage does not answer.
    """
    if limit < 1:
        raise UsageError(f"limit {limit} is below 1", hint="give the number of rows to take")
    started = time.monotonic()
    schema, source = check_source(name), oa_source(name)
    scores, unreadable = suspicious_rows(where, schema, source, day, limit, known or Context())
    others = _of_other_days(source, scores, day)
    hours = len(raw_hours(where.tables, schema, day))
    with progress.bar(f"{name}: records behind {len(scores)} rows", hours, "hours") as bar:
        found = detail_tables(where.tables, schema, source, scores, day, bar.advance)
    found[f"{name}_scores"] = scores
    _publish(where, schema, day, found)
    rows = {table: len(content) for table, content in found.items()}
    report = Report(name, day, rows, unreadable, others, round(time.monotonic() - started, 2))
    log.event(_logger, "oa_run", **report.as_dict())
    return report


def suspicious_rows(
    where: Storage, schema: SourceSchema, source: OaSource, day: date, limit: int, known: Context
) -> tuple[pa.Table, int]:
    """Give the enriched rows of the table ``<source>_scores`` and the count of bad values."""
    table = schema.table(f"{source.name}_scores")
    texts = read_results(where.files, where.huser, source.name, day, source.results, limit)
    rows, unreadable = typed(texts[list(source.scores)].rename(columns=source.scores), table)
    for step in source.steps:
        rows = step(rows, known)
    return from_frame(pd.DataFrame(rows), table), unreadable


def _of_other_days(source: OaSource, scores: pa.Table, day: date) -> int:
    same = pc.equal(source.day_of(scores), f"{day:%Y-%m-%d}")
    others = len(scores) - (pc.sum(same).as_py() or 0)
    if others:
        log.event(_logger, "rows_of_other_days", level=30, source=source.name, day=day, rows=others)
    return others


def _publish(
    where: Storage, schema: SourceSchema, day: date, found: Mapping[str, pa.Table]
) -> None:
    """Replace the tables' partitions; nothing is replaced where the SQL server does not answer."""
    ready = [(schema.table(name), fitted(rows, schema.table(name))) for name, rows in found.items()]
    with progress.bar(f"{schema.name}: tables", 2 * len(ready), "steps") as bar:
        for table, _ in ready:
            where.tables.ensure_partitions(table, [day_values(day)])
            bar.advance()
        for table, rows in ready:
            where.tables.replace_partition(table, day_values(day), rows)
            bar.advance()
