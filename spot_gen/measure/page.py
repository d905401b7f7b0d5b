"""The report as one HTML page that needs nothing else: style and curves are in it."""

from __future__ import annotations

import itertools
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from spot_common.errors import DataError
from spot_gen.measure import charts, formats, notes, tables
from spot_gen.measure.evaluate import AFTER, COMPARISON, RANKING

#: Width of the line on which the ranks of first records are marked.
STRIP = 232


def page(report: dict[str, Any]) -> str:
    """Write a report as HTML. Everything from data is escaped."""
    folder = resources.files("spot_gen.measure") / "templates"
    names = ("score.html.j2", "macros.html.j2", "score.css")
    environment = Environment(
        loader=DictLoader({name: (folder / name).read_text(encoding="utf-8") for name in names}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(formats=formats, notes=notes, tables=tables, charts=charts)
    together = report["together"]
    total = max((s["facts"]["records"]["mean"] for s in report["sources"].values()), default=1)
    told = {"delays": [], "history": None, **report}
    return environment.get_template("score.html.j2").render(
        report=told,
        tops=[str(top) for top in report["tops"]],
        top=tables.screen(report),
        last=str(report["tops"][-1]),
        cards=[_card(report, source) for source in report["sources"].values()],
        sections=[_section(report, name) for name in report["sources"]],
        families=_families(together["figures"], report["tops"]),
        scenarios=[_scenario(entry, report, total) for entry in together["scenarios"]],
        strip_width=STRIP,
    )


def write(path: Path, report: dict[str, Any]) -> None:
    """Write the page to a file; DataError where that is impossible."""
    try:
        path.write_text(page(report), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from error


def _card(report: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    """The short statement about one source."""
    top = tables.screen(report)
    figures = source["rows"][0]["figures"]
    best = [
        (row["figures"]["found"][top]["mean"], tables.name(row))
        for row in source["rows"][1:]
        if row["figures"] and row["kind"] == COMPARISON
    ]
    incidents = figures["incidents"]["mean"] or 0
    found = figures["found"][top]["mean"] or 0
    return {
        "title": source["title"],
        "found": formats.total_amount(figures["found"][top]),
        "spread": formats.deviation(figures["found"][top]),
        "incidents": formats.total_amount(figures["incidents"]),
        "share": found / incidents if incidents else 0,
        "figures": figures,
        "best": max(best) if best else None,
    }


def _section(report: dict[str, Any], name: str) -> dict[str, Any]:
    """Curves and tables of one source."""
    source = report["sources"][name]
    tops = report["tops"]
    rows = tables.measured(source)
    styles = _styles(rows)
    facts = source["facts"]
    return {
        "name": name,
        "source": source,
        "found": charts.found(
            [
                (style, source["steps"], row["found"])
                for style, row in zip(styles, rows, strict=True)
            ],
            facts["incidents"]["mean"],
            facts["records"]["mean"],
            tops,
        ),
        "precision": charts.precision(
            [
                (style, row["curve"]["recall"], row["curve"]["precision"])
                for style, row in zip(styles, rows, strict=True)
            ],
            facts["rarity"]["mean"],
        ),
        "styles": styles,
        "legend": [(style, tables.name(row)) for style, row in zip(styles, rows, strict=True)],
        "orders": tables.orders(report, source),
        "incidents": tables.found(report, source),
        "missing": tables.missing(source),
        "beside": tables.beside(report, source) if tables.grouped(source) else None,
        "groups": tables.groups(rows[0]["figures"], [str(top) for top in tops]),
        "lookalikes": tables.lookalikes(rows[0]["figures"], [str(top) for top in tops]),
        "feedback": tables.feedback(report, source),
        "matchings": [
            f"{tables.name(row)}: {notes.matching(row['matching'])}"
            for row in source["rows"]
            if row.get("matching")
        ],
    }


def _styles(rows: list[dict[str, Any]]) -> list[int]:
    """The line style of each row: the ranking's, the one after feedback, then one after another."""
    others = itertools.count(2)
    fixed = {RANKING: 0, AFTER: 1}
    return [
        fixed[row["kind"]] if row is rows[0] or row["kind"] == AFTER else next(others)
        for row in rows
    ]


def _families(figures: dict[str, Any], tops: list[int]) -> list[dict[str, Any]]:
    """The families with their levels: what is found in the first rows of each number."""
    levels = sorted(figures["levels"])
    rows = [(name, group, figures["cells"][name]) for name, group in figures["families"].items()]
    rows.append(("all", figures, figures["levels"]))
    return [
        {
            "name": name,
            "group": group,
            "cells": [cells.get(level) for level in levels],
            "unseen": not group["found"][str(tops[-1])]["mean"],
        }
        for name, group, cells in rows
    ]


def _scenario(entry: dict[str, Any], report: dict[str, Any], total: float) -> dict[str, Any]:
    top = int(tables.screen(report))
    *dots, guide = charts.strip(entry["first_ranks"], top, total, STRIP)
    return {
        **entry,
        "level": tables.LEVELS.get(str(entry["stealth"]), str(entry["stealth"])),
        "dots": dots,
        "guide": guide,
        "missed": sum(rank is None for rank in entry["first_ranks"]),
        "ranks": formats.ranks(entry["first_ranks"]),
    }
