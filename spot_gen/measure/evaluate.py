"""Measures one data set: its results, what they are compared with, and what feedback changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spot_common.errors import UsageError
from spot_gen.measure import baselines
from spot_gen.measure.figures import figures, joint_figures, rank
from spot_gen.measure.labels import Incident, SourceTruth, Truth, read_truth
from spot_gen.measure.match import Match, match
from spot_gen.measure.measures import Order, Ranked, Shuffled, ranks_of
from spot_gen.measure.results import Results, read_results

Floats = NDArray[np.float64]

RANKING, COMPARISON, AFTER = "ranking", "comparison", "after feedback"

#: Recalls at which precision is drawn.
RECALLS = np.linspace(0.0, 1.0, 101)

#: A file that holds this share of a source's records is a population: the product leaves out the
#: few that have no word, and look-ups that nobody answered.
_WHOLE = 0.9
_STEPS = 121


@dataclass(frozen=True)
class Request:
    """What to measure of one data set; ``source`` and ``larger`` as ``read_results`` has them."""

    labels: Path
    results: tuple[Path, ...]
    population: tuple[Path, ...] = ()
    after: tuple[Path, ...] = ()
    source: str | None = None
    larger: bool = False


@dataclass
class Row:
    """One order of a source's records and its figures; without them ``reason`` says why.

    ``figures`` is a tree of numbers (None: there is none). ``incidents`` lists each incident with
    the rank of its first record. ``precision`` has one value for each of ``RECALLS``, ``found``
    the incidents found among so many rows as the source's ``steps`` say.
    """

    name: str
    kind: str
    reason: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    incidents: list[dict[str, Any]] = field(default_factory=list)
    precision: Floats = field(default_factory=lambda: np.empty(0))
    found: Floats = field(default_factory=lambda: np.empty(0))
    matching: dict[str, Any] = field(default_factory=dict)


@dataclass
class SourceReport:
    """All rows of one source; ``facts`` says how many records of which label it has.

    ``stability`` may say which share of the first rows stays when the records change.
    """

    source: str
    facts: dict[str, Any]
    steps: Floats
    rows: list[Row]
    stability: dict[str, float] = field(default_factory=dict)


@dataclass
class SetReport:
    """One data set measured.

    ``digest`` tells one data set from another. ``not_ranked`` are families without a record in the
    sources that have results; ``together`` counts incidents over all sources.
    """

    labels: Path
    digest: str
    seed: int | None
    not_ranked: list[str]
    sources: dict[str, SourceReport]
    together: Row


def evaluate(request: Request, tops: Sequence[int]) -> SetReport:
    """Measure the results of one data set at so many first rows."""
    truth = read_truth(request.labels)
    if request.source is not None and request.source not in truth.totals:
        raise UsageError(
            f"{request.labels} has no source {request.source!r}",
            hint=f"it has {', '.join(truth.totals)}",
        )

    def read(paths: tuple[Path, ...]) -> list[Results]:
        return [read_results(p, truth, request.source, larger=request.larger) for p in paths]

    results, after, populations = map(read, (request.results, request.after, request.population))
    names = list(dict.fromkeys(found.source for found in results))
    stray = {found.source for found in (*after, *populations)} - set(names)
    if stray:
        raise UsageError(
            f"there are no --results of {', '.join(sorted(stray))} to compare with",
            hint="each --after and --population needs --results of its source",
        )
    sources = {}
    for name in names:
        scene = _Scene(truth, truth.of(name), tuple(tops), _of(name, results), _of(name, after))
        sources[name] = scene.report(next(iter(_of(name, populations)), None))
    return joined(truth, sources, tops)


def joined(truth: Truth, sources: dict[str, SourceReport], tops: Sequence[int]) -> SetReport:
    """Bring the sources of one data set together; the first row of each is the ranking."""
    mains = [report.rows[0] for report in sources.values()]
    return SetReport(
        labels=truth.folder,
        digest=truth.digest,
        seed=truth.seed,
        not_ranked=_not_ranked(truth, list(sources)),
        sources=sources,
        together=_together(truth, mains, tops),
    )


def _of(name: str, found: list[Results]) -> list[Results]:
    return [results for results in found if results.source == name]


def _not_ranked(truth: Truth, names: Sequence[str]) -> list[str]:
    seen = {incident.family for name in names for incident in truth.of(name).incidents}
    return sorted({incident.family for incident in truth.incidents.values()} - seen)


class _Scene:
    """One source of one data set with its results; makes the rows of the report."""

    def __init__(
        self,
        truth: Truth,
        source: SourceTruth,
        tops: tuple[int, ...],
        results: list[Results],
        after: list[Results],
    ) -> None:
        self._truth = truth
        self._source = source
        self._tops = tops
        self._results = results
        self._after = after
        self._total = max([source.total, *(found.count for found in (*results, *after))])
        self._steps = steps_to(self._total)

    def report(self, population: Results | None) -> SourceReport:
        """Measure everything."""
        matches = [self._match(found) for found in self._results]
        rows = [
            self._ranking(results, found, RANKING)
            for results, found in zip(self._results, matches, strict=True)
        ]
        rows += [self._ranking(found, self._match(found), AFTER) for found in self._after]
        rows.append(self._row(baselines.RANDOM, COMPARISON, Shuffled(self._total)))
        if population is None:
            rows += self._comparisons(self._results[0], matches[0], own=True)
        else:
            rows += self._comparisons(population, self._match(population), own=False)
        return SourceReport(
            self._source.source, facts(self._source, self._total), self._steps, rows
        )

    def _match(self, results: Results) -> Match:
        return match(results, self._truth, self._source)

    def _ranking(self, results: Results, found: Match, kind: str) -> Row:
        row = self._row(results.name, kind, self._known(results, ranks_of(found.row)))
        row.matching = {**asdict(found.report), "drawn": results.drawn}
        return row

    def _known(self, results: Results, ranks: Floats) -> Ranked:
        return Ranked(ranks, results.count, self._total)

    def _comparisons(self, records: Results, found: Match, *, own: bool) -> list[Row]:
        """Rows computed from a population; ``own`` says that it is the ranking itself."""
        if records.count < _WHOLE * self._source.total:
            reason = (
                f"{records.path.name} holds {records.count:,} of {self._source.total:,} records;"
                " give all of them with --population"
            )
            names = [*(b.name for b in baselines.baselines(records.layout)), baselines.ORIGINAL]
            return [Row(name, COMPARISON, reason) for name in names]
        rows = [self._compared(b, records, found) for b in baselines.baselines(records.layout)]
        if own:
            reason = "it is the score of the ranking itself; another one comes with --population"
            return [*rows, Row(baselines.ORIGINAL, COMPARISON, reason)]
        order = self._known(records, ranks_of(found.row))
        return [*rows, self._row(baselines.ORIGINAL, COMPARISON, order)]

    def _compared(self, baseline: baselines.Baseline, records: Results, found: Match) -> Row:
        try:
            suspicion = baseline.suspicion(records.rows, records.layout)
        except baselines.NotAvailableError as error:
            return Row(baseline.name, COMPARISON, str(error))
        ranks = ranks_of(found.row, baselines.positions(suspicion))
        return self._row(baseline.name, COMPARISON, self._known(records, ranks))

    def _row(self, name: str, kind: str, order: Order) -> Row:
        return measured(name, kind, order, self._source, self._tops, self._steps)


def facts(source: SourceTruth, total: int) -> dict[str, Any]:
    """How many records a source has, and how many of which label."""
    malicious = int(source.malicious.sum())
    return {
        "records": total,
        "malicious": malicious,
        "rarity": malicious / total if total else 0.0,
        "lookalikes": int((~source.malicious).sum()),
        "incidents": len(source.incidents),
    }


def steps_to(total: int) -> Floats:
    """Numbers of rows at which found incidents are drawn."""
    return np.unique(np.round(np.geomspace(1, max(total, 2), _STEPS)))


def measured(
    name: str, kind: str, order: Order, source: SourceTruth, tops: Sequence[int], steps: Floats
) -> Row:
    """Measure one order of a source's records."""
    groups, count = source.incident, len(source.incidents)
    sizes = np.bincount(groups[source.malicious], minlength=count)
    first = order.first(groups, count)
    return Row(
        name,
        kind,
        figures=figures(order, source, tops),
        incidents=[
            _entry(incident, source.source, int(size), float(at))
            for incident, size, at in zip(source.incidents, sizes, first, strict=True)
        ],
        precision=order.curve(source.malicious, RECALLS),
        found=np.array([order.found(groups, count, int(n)).sum() for n in steps]),
    )


def _entry(incident: Incident, source: str, records: int, first: float) -> dict[str, Any]:
    return {**asdict(incident), "source": source, "records": records, "first_rank": rank(first)}


def _together(truth: Truth, mains: list[Row], tops: Sequence[int]) -> Row:
    """Incidents over all sources: found where one source has it among its first rows."""
    best: dict[str, dict[str, Any]] = {}
    for entry in (entry for row in mains for entry in row.incidents):
        known = best.setdefault(entry["id"], {**entry, "records": 0})
        known["records"] += entry["records"]
        if _value(entry["first_rank"]) < _value(known["first_rank"]):
            known.update(first_rank=entry["first_rank"], source=entry["source"])
    entries = sorted(best.values(), key=lambda e: (e["family"], e["stealth"], e["id"]))
    first = np.array([_value(entry["first_rank"]) for entry in entries])
    incidents = [truth.incidents[entry["id"]] for entry in entries]
    return Row(
        "all sources",
        RANKING,
        figures=joint_figures(incidents, first, tops),
        incidents=entries,
    )


def _value(first: float | None) -> float:
    return np.inf if first is None else first
