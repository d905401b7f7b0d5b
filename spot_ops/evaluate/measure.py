"""One labelled day measured: the ranking, and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from spot_common.errors import UsageError
from spot_gen.measure.evaluate import (
    COMPARISON,
    RANKING,
    Row,
    SetReport,
    SourceReport,
    facts,
    joined,
    measured,
    steps_to,
)
from spot_gen.measure.figures import GROUPS, RECORDS, short
from spot_gen.measure.labels import SourceTruth, read_truth
from spot_gen.measure.lists import LIST_ROWS
from spot_gen.measure.match import Match, match
from spot_gen.measure.results import results_of
from spot_ml.batches import source_words
from spot_ml.lda.parameters import Parameters
from spot_ml.request import COMPATIBLE
from spot_ml.words.source import WordContext
from spot_ops.evaluate.days import context_of, rows_of
from spot_ops.evaluate.labelled import labels_of, read_labels, read_rows
from spot_ops.evaluate.orders import Ranker, Scored, Way, scored
from spot_ops.evaluate.stability import stability


@dataclass(frozen=True)
class Wanted:
    """What to measure: which sources (none: all), which order, at which numbers of first rows.

    ``cache`` keeps rows that were read; ``stability`` says whether to measure that, too.
    """

    parameters: Parameters
    order: str
    tops: tuple[int, ...]
    sources: tuple[str, ...] = ()
    cache: Path | None = None
    stability: bool = False


def generated(folder: Path, wanted: Wanted) -> SetReport:
    """Measure a data set of ``spot gen generate``."""
    truth = read_truth(folder)
    names = [name for name in truth.totals if not wanted.sources or name in wanted.sources]
    if not names:
        raise UsageError(
            f"{folder} has none of the sources {', '.join(wanted.sources)}",
            hint=f"it has {', '.join(truth.totals)}",
        )
    context = context_of(folder)
    sources = {}
    for name in names:
        words = source_words(name)
        rows = rows_of(folder, words, wanted.cache)
        day = scored(words, rows, context, wanted.parameters)
        known = truth.of(name)
        found = match(results_of(day.rows, name, name), truth, known)
        sources[name] = source_report(day, known, found, wanted)
        if wanted.stability:
            stays = stability(words, rows, context, wanted.parameters, day)
            sources[name].stability = stays
    return joined(truth, sources, wanted.tops)


def real(rows: Path, labels: Path, context: WordContext, wanted: Wanted) -> SetReport:
    """Measure rows of a table with a file of labels; ``wanted.sources`` has their one source."""
    (name,) = wanted.sources
    words = source_words(name)
    table = read_rows(rows, words)
    given = read_labels(labels, words, table)
    day = scored(words, table, context, wanted.parameters)
    truth, found = labels_of(day.rows, given, name, labels)
    report = source_report(day, truth.of(name), found, wanted)
    if wanted.stability:
        report.stability = stability(words, table, context, wanted.parameters, day)
    return joined(truth, {name: report}, wanted.tops)


def source_report(day: Scored, truth: SourceTruth, found: Match, wanted: Wanted) -> SourceReport:
    """Measure the orders of one source, the ranking first.

    Those of lists count by the record that a row shows; what its group holds, and the order of the
    single records, stand beside that. The original's score makes no groups: it is measured by
    records alone, and so is what it is compared with.
    """
    total = max(truth.total, day.rows.num_rows)
    ranker = Ranker(day, found.row, total, max(LIST_ROWS, *wanted.tops))
    steps = steps_to(total)
    rows = []
    for way in _ways(ranker, wanted.order):
        if way.orders is None:
            rows.append(Row(way.name, COMPARISON, way.reason))
            continue
        orders = way.orders
        of_lists = wanted.order != COMPATIBLE
        order = orders.shown if of_lists else orders.records
        row = measured(way.name, COMPARISON, order, truth, wanted.tops, steps)
        if of_lists:
            row.figures[GROUPS] = short(orders.groups, truth, wanted.tops)
            row.figures[RECORDS] = short(orders.records, truth, wanted.tops)
        rows.append(row)
    rows[0].kind = RANKING
    rows[0].matching = {**asdict(found.report), "drawn": 0}
    return SourceReport(truth.source, facts(truth, total), steps, rows)


def _ways(ranker: Ranker, order: str) -> Iterator[Way]:
    """All ways to rank; the one that is measured comes first."""
    if order == COMPATIBLE:
        yield ranker.compatible()
        yield from ranker.comparisons()
    else:
        yield ranker.surprise()
        yield from ranker.comparisons()
        yield ranker.compatible()
