"""Joins the measured data sets into one report: a tree of plain values, as ``--json`` prints it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from spot_common.errors import UsageError
from spot_common.registry import sources
from spot_gen.measure.evaluate import RANKING, RECALLS, Row, SetReport, SourceReport
from spot_gen.measure.spread import ENOUGH, spread

FORMAT = 1

#: Numbers of a matching that are added up in a report.
_COUNTED = (
    "rows", "by_place", "by_key", "unmatched", "ambiguous", "labelled", "found", "drawn",
)  # fmt: skip


def build(sets: Sequence[SetReport], tops: Sequence[int]) -> dict[str, Any]:
    """Build the report of one or several data sets that were measured alike.

    Rows of several data sets belong together by their place, and carry the name of the first.
    UsageError where the data sets have results of different sources.
    """
    _check_alike(sets)
    found = {name: [one.sources[name] for one in sets] for name in sets[0].sources}
    together = [one.together for one in sets]
    figures = spread([row.figures for row in together])
    return {
        "format": FORMAT,
        "version": _version(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": [{"seed": one.seed, "digest": one.digest} for one in sets],
        "labels": [str(one.labels) for one in sets],
        "tops": list(tops),
        "enough": len(sets) >= ENOUGH,
        "sources": {name: _source(reports, tops) for name, reports in found.items()},
        "together": {
            "figures": figures,
            "unseen": unseen(figures, tops),
            "not_ranked": sorted({family for one in sets for family in one.not_ranked}),
            "scenarios": _scenarios([entry for row in together for entry in row.incidents]),
        },
    }


def _check_alike(sets: Sequence[SetReport]) -> None:
    shapes = [{name: [r.kind for r in of.rows] for name, of in one.sources.items()} for one in sets]
    for one, shape in zip(sets, shapes, strict=True):
        if shape != shapes[0]:
            raise UsageError(
                f"{one.labels} has results of {', '.join(shape)} in another number or order than"
                f" {sets[0].labels} ({', '.join(shapes[0])})",
                hint="give results of the same sources in the same order for each --labels",
            )


def title(source: str) -> str:
    """How a source is called on pages."""
    known = sources()
    return known[source].title if source in known else source


def unseen(figures: dict[str, Any], tops: Sequence[int]) -> list[str]:
    """The families of which no data set has an incident among the first rows of any number."""
    last = str(max(tops))
    return [name for name, of in figures["families"].items() if not of["found"][last]["mean"]]


def _version() -> str:
    """The version of Spot: as installed, or as the checkout says that this file is in."""
    try:
        return metadata.version("spot")
    except metadata.PackageNotFoundError:
        project = Path(__file__).parents[2] / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])


def _source(reports: Sequence[SourceReport], tops: Sequence[int]) -> dict[str, Any]:
    first = reports[0]
    rows = [
        _row([report.rows[place] for report in reports], reports, tops)
        for place in range(len(first.rows))
    ]
    return {
        "title": title(first.source),
        "facts": spread([report.facts for report in reports]),
        "steps": first.steps.tolist(),
        "rows": rows,
        "stability": spread([report.stability for report in reports]),
    }


def _row(
    rows: Sequence[Row], reports: Sequence[SourceReport], tops: Sequence[int]
) -> dict[str, Any]:
    first = rows[0]
    measured = [row for row in rows if row.figures]
    row: dict[str, Any] = {
        "name": first.name,
        "kind": first.kind,
        "reason": next((row.reason for row in rows if row.reason), ""),
        "figures": spread([row.figures for row in measured]) if measured else {},
    }
    if not measured:
        return row
    row["curve"] = {"recall": RECALLS.tolist(), "precision": _mean(measured)}
    steps = reports[0].steps
    found = [
        np.interp(steps, report.steps, row.found)
        for report, row in zip(reports, rows, strict=True)
        if row.figures
    ]
    row["found"] = np.mean(found, axis=0).round(4).tolist()
    row["unseen"] = unseen(row["figures"], tops)
    if first.matching:
        row["matching"] = {
            **{name: sum(row.matching[name] for row in measured) for name in _COUNTED},
            "key": first.matching["key"],
            "lost": list(first.matching["lost"]),
        }
    if first.kind == RANKING:
        row["scenarios"] = _scenarios([entry for row in measured for entry in row.incidents])
    return row


def _mean(rows: Sequence[Row]) -> list[float | None]:
    """Mean precision where every data set reaches the recall, else None."""
    values = np.mean([row.precision for row in rows], axis=0)
    return [None if np.isnan(value) else round(float(value), 6) for value in values]


def _scenarios(incidents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Incidents of one scenario and level, with the ranks of their first records, best first."""
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    for entry in incidents:
        key = (entry["family"], entry["scenario"], entry["stealth"])
        group = found.setdefault(
            key,
            {
                "family": entry["family"],
                "scenario": entry["scenario"],
                "stealth": entry["stealth"],
                "incidents": 0,
                "records": 0,
                "sources": [],
                "first_ranks": [],
            },
        )
        group["incidents"] += 1
        group["records"] += entry["records"]
        group["sources"] = sorted({*group["sources"], entry["source"]})
        group["first_ranks"].append(entry["first_rank"])
    for group in found.values():
        group["first_ranks"].sort(key=lambda at: np.inf if at is None else at)
    return [found[key] for key in sorted(found)]
