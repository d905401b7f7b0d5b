"""The report as plain text: Markdown that is readable as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spot_gen.measure import formats, notes, tables
from spot_gen.measure.tables import Table


def text(report: dict[str, Any]) -> str:
    """Write a report as Markdown, one table after the other."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield from ("# What the ranking finds", "", notes.data(report), "")
    for caution in notes.cautions(report):
        yield from (f"**{caution}**", "")
    yield from _incidents(report)
    for source in report["sources"].values():
        yield from _source(report, source)
    if report.get("delays"):
        yield from ("## Time to detection", "", notes.delays(report), "")
        yield from _table(tables.delays(report["delays"]))
    if "history" in report:
        yield from ("## Change since the last kept run", "", notes.history(report), "")
        if report["history"]["changes"]:
            yield from _table(tables.changes(report["history"]["changes"]))
    yield from ("## Method", "", *(f"* {note}" for note in notes.method(report)))


def _incidents(report: dict[str, Any]) -> Iterator[str]:
    together = report["together"]
    yield from ("## Incidents by family and stealth", "", notes.incidents(report), "")
    yield from _table(tables.families(report))
    yield from (notes.unseen(report), "")
    yield from ("### First record of each incident", "")
    yield from _table(tables.scenarios(together["scenarios"]))


def _source(report: dict[str, Any], source: dict[str, Any]) -> Iterator[str]:
    tops = [str(top) for top in report["tops"]]
    main = source["rows"][0]
    yield from (f"## {source['title']}", "", notes.source(source), "")
    yield from _table(tables.orders(report, source))
    yield from (notes.found(report), "")
    yield from _table(tables.found(report, source))
    if tables.grouped(source):
        yield from (f"### {source['title']}: whole groups, and records alone", "")
        yield from (notes.BESIDE, "")
        yield from _table(tables.beside(report, source))
    if source["stability"]:
        yield from (notes.stability(source["stability"]), "")
    for row in tables.missing(source):
        yield f"* {row['name']}: not available, {row['reason']}"
    if tables.missing(source):
        yield ""
    yield from (f"### {source['title']}: precision / recall by family and stealth", "")
    yield from _table(tables.groups(main["figures"], tops))
    if main["figures"]["lookalike_kinds"]:
        yield from (f"### {source['title']}: look-alikes among the first rows", "")
        yield from _table(tables.lookalikes(main["figures"], tops))
    effect = tables.feedback(report, source)
    if effect is not None:
        yield from (f"### {source['title']}: effect of feedback", "", notes.FEEDBACK, "")
        yield from _table(effect)
    for row in source["rows"]:
        if row.get("matching"):
            yield from (f"{tables.name(row)}: {notes.matching(row['matching'])}", "")


def _table(table: Table) -> Iterator[str]:
    """A Markdown table whose columns are as wide as their longest text."""
    rows = [[_cell(text) for text in row] for row in (table.heads, *table.rows)]
    widths = [max(3, *(len(row[place]) for row in rows)) for place in range(len(table.heads))]
    for number, row in enumerate(rows):
        cells = [
            value.ljust(width) if place < table.names else value.rjust(width)
            for place, (value, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            marks = [
                "-" * width if place < table.names else "-" * (width - 1) + ":"
                for place, width in enumerate(widths)
            ]
            yield f"| {' | '.join(marks)} |"
    yield ""


def _cell(text: str) -> str:
    return (text or formats.NOTHING).replace("|", "\\|").replace("\n", " ")
