"""The tables of a report, as texts: the same ones in the text and on the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from spot_gen.measure import formats
from spot_gen.measure.evaluate import AFTER
from spot_gen.measure.figures import GROUPS, RECORDS

LEVELS = {"1": "loud", "2": "medium", "3": "quiet"}


@dataclass(frozen=True)
class Table:
    """Column heads and rows of texts; the first ``names`` columns are names, the others numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1


def _tops(report: dict[str, Any]) -> list[str]:
    return [str(top) for top in report["tops"]]


def _first(top: str) -> str:
    return f"first {int(top):,}"


def screen(report: dict[str, Any]) -> str:
    """The number of first rows that short statements speak of: 250, else the nearest."""
    return str(min(report["tops"], key=lambda top: abs(top - 250)))


def families(report: dict[str, Any]) -> Table:
    """Incidents found by family and level of stealth, and by family among the first rows.

    The columns of levels are for the rows of one screen.
    """
    figures, tops, top = report["together"]["figures"], _tops(report), screen(report)
    levels = sorted(figures["levels"])
    heads = (
        "family",
        *(LEVELS.get(level, level) for level in levels),
        *map(_first, tops),
        "first record, median",
        "worst",
    )
    named = [(name, group, figures["cells"][name]) for name, group in figures["families"].items()]
    rows = tuple(
        (
            name,
            *(_found(cells.get(level), top) for level in levels),
            *(_found(group, t) for t in tops),
            formats.rank(group["first_rank"]["median"]),
            formats.rank(group["first_rank"]["worst"]),
        )
        for name, group, cells in [*named, ("all", figures, figures["levels"])]
    )
    return Table(heads, rows)


def _found(group: dict[str, Any] | None, top: str) -> str:
    return formats.of(group["found"][top], group["incidents"]) if group else formats.NOTHING


def orders(report: dict[str, Any], source: dict[str, Any]) -> Table:
    """The ranking beside its comparison rows: how good the order is."""
    tops, top = _tops(report), screen(report)
    heads = (
        "order",
        "average precision",
        "area under ROC",
        *(f"precision at {int(t):,}" for t in tops),
        f"lift at {int(top):,}",
    )
    rows = tuple(
        (
            name(row),
            formats.share(row["figures"]["average_precision"]),
            formats.share(row["figures"]["roc_auc"]),
            *(formats.share(row["figures"]["precision"][t]) for t in tops),
            formats.factor(row["figures"]["lift"][top]),
        )
        for row in measured(source)
    )
    return Table(heads, rows)


def beside(report: dict[str, Any], source: dict[str, Any]) -> Table:
    """What the groups of the listed rows hold, and orders of single records without groups."""
    tops = _tops(report)[:2]
    heads = ["order"]
    for of in (GROUPS, RECORDS):
        heads += [f"{of}: average precision", *(f"{of}: {_first(top)}" for top in tops)]
    rows = tuple((name(row), *_beside(row["figures"], tops)) for row in measured(source))
    return Table(tuple(heads), rows)


def _beside(figures: dict[str, Any], tops: list[str]) -> Iterator[str]:
    for of in (GROUPS, RECORDS):
        yield formats.share(figures[of]["average_precision"])
        for top in tops:
            yield formats.of(figures[of]["found"][top], figures["incidents"])


def grouped(source: dict[str, Any]) -> bool:
    """Whether the ranking is a list of groups."""
    return GROUPS in source["rows"][0]["figures"]


def found(report: dict[str, Any], source: dict[str, Any]) -> Table:
    """The ranking beside its comparison rows: incidents found, and look-alikes in the way."""
    tops, top = _tops(report), screen(report)
    heads = ("order", *map(_first, tops), "recall of records", "look-alikes")
    rows = tuple(
        (
            name(row),
            *(_found(row["figures"], t) for t in tops),
            formats.share(row["figures"]["recall"][top]),
            formats.amount(row["figures"]["lookalikes"][top]),
        )
        for row in measured(source)
    )
    return Table(heads, rows)


def measured(source: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that have figures."""
    return [row for row in source["rows"] if row["figures"]]


def missing(source: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that have none, with the reason."""
    return [row for row in source["rows"] if not row["figures"]]


def name(row: dict[str, Any]) -> str:
    """How a row is called."""
    return f"{row['name']} (after feedback)" if row["kind"] == AFTER else row["name"]


def groups(figures: dict[str, Any], tops: list[str]) -> Table:
    """Precision and recall of an order by family and by level: precision / recall."""
    heads = ("family or level", "records", *map(_first, tops))
    named = [
        *figures["families"].items(),
        *((LEVELS.get(level, level), group) for level, group in figures["levels"].items()),
        ("all", figures),
    ]
    rows = tuple(
        (
            label,
            formats.total_amount(group["records"]),
            *(
                f"{formats.share(group['precision'][t])} / {formats.share(group['recall'][t])}"
                for t in tops
            ),
        )
        for label, group in named
    )
    return Table(heads, rows)


def lookalikes(figures: dict[str, Any], tops: list[str]) -> Table:
    """Records of look-alikes among the first rows, those with most first."""
    last = tops[-1]
    kinds = sorted(
        figures["lookalike_kinds"].items(),
        key=lambda item: (-(item[1]["top"][last]["mean"] or 0), item[0]),
    )
    rows = tuple(
        (kind, formats.total_amount(of["records"]), *(formats.amount(of["top"][t]) for t in tops))
        for kind, of in kinds
    )
    return Table(("look-alike", "records", *map(_first, tops)), rows)


def scenarios(found: Iterable[dict[str, Any]]) -> Table:
    """Incidents of each scenario and level, with the ranks of their first records."""
    heads = ("scenario", "family", "level", "sources", "records", "rank of the first record")
    rows = tuple(
        (
            entry["scenario"],
            entry["family"],
            LEVELS.get(str(entry["stealth"]), str(entry["stealth"])),
            ", ".join(entry["sources"]),
            f"{entry['records']:,}",
            formats.ranks(entry["first_ranks"]),
        )
        for entry in found
    )
    return Table(heads, rows, names=4)


def feedback(report: dict[str, Any], source: dict[str, Any]) -> Table | None:
    """What changed between the ranking and the one after feedback; None without one."""
    before = source["rows"][0]["figures"]
    after = next((r["figures"] for r in source["rows"] if r["kind"] == AFTER), None)
    if after is None:
        return None
    tops = _tops(report)
    counted = {
        "false alarms": "false_alarms",
        "incidents found": "found",
        "records of look-alikes": "lookalikes",
    }
    rows = tuple(
        (label, *(_change(before[figure][t]["mean"], after[figure][t]["mean"]) for t in tops))
        for label, figure in counted.items()
    )
    return Table(("rows", *map(_first, tops)), rows)


def _change(before: float, after: float) -> str:
    return f"{before:,.4g} to {after:,.4g}"


def delays(found: Iterable[dict[str, Any]]) -> Table:
    """When each incident was first seen, by source."""
    rows = tuple(
        (
            entry["id"],
            entry["family"],
            LEVELS.get(str(entry["stealth"]), str(entry["stealth"])),
            entry["source"],
            entry["first_record"],
            entry["first_result"] or "never",
            formats.NOTHING if entry["hours"] is None else f"{entry['hours']:.1f}",
        )
        for entry in found
    )
    heads = ("incident", "family", "level", "source", "first record", "first result", "hours")
    return Table(heads, rows, names=6)


def changes(found: Iterable[dict[str, Any]]) -> Table:
    """What differs from the run that was kept last."""
    rows = tuple(
        (
            entry["order"],
            entry["figure"],
            f"{entry['before']:,.3f}",
            f"{entry['now']:,.3f}",
            formats.signed(entry["now"] - entry["before"]),
        )
        for entry in found
    )
    return Table(("order", "figure", "before", "now", "difference"), rows, names=2)
