"""How good the ranking is on generated days, in short tables: those of docs/detection.md.

    python benchmarks/ml_detection.py [--preset small] [--seeds 1-5] [--source flow] [--out DIR]

Generates the days that are missing, evaluates them in memory and prints Markdown; DIR/report.json
and DIR/report.html have everything. Rows that were read are kept in DIR/rows.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spot_common.registry import sources
from spot_gen.config import preset
from spot_gen.generate import generate
from spot_gen.measure import formats, page
from spot_gen.measure.measures import TOP
from spot_gen.measure.report import build
from spot_gen.measure.tables import LEVELS
from spot_ml.lda.parameters import Parameters
from spot_ml.request import SURPRISE
from spot_ops.evaluate.measure import Wanted, generated

_NEAR = ("50", "250")
_HEADS = (
    "order",
    "first 50",
    "first 250",
    "list AP",
    "look-alikes",
    "record AP",
    "in groups of 250",
)


def main() -> None:
    """Evaluate the days, print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--preset", default="small", choices=("tiny", "small", "medium"))
    arguments.add_argument("--seeds", default="1-5", help="FIRST-LAST")
    arguments.add_argument("--source", action="append", choices=sorted(sources()))
    arguments.add_argument("--out", type=Path, default=Path("/tmp/spot-ranking"))
    given = arguments.parse_args()
    first, last = (int(part) for part in given.seeds.split("-"))
    folders = []
    for seed in range(first, last + 1):
        folders.append(given.out / f"{given.preset}-{seed}")
        if not (folders[-1] / "manifest.json").is_file():
            generate(preset(given.preset), seed, folders[-1], jobs=os.cpu_count() or 1)
    wanted = Wanted(
        Parameters(), SURPRISE, TOP, tuple(given.source or ()), given.out / "rows", stability=True
    )
    report = build([generated(folder, wanted) for folder in folders], TOP)
    (given.out / "report.json").write_text(json.dumps(report))
    page.write(given.out / "report.html", report)
    for line in lines(report):
        print(line)


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The short tables of a report, line by line."""
    for source in report["sources"].values():
        yield from _orders(source)
    yield from _families(report)


def _orders(source: dict[str, Any]) -> Iterator[str]:
    facts = source["facts"]
    yield f"{source['title']}, {formats.total_amount(facts['incidents'])} incidents in"
    yield f"{formats.total_amount(facts['records'])} records:"
    yield ""
    yield f"| {' | '.join(_HEADS)} |"
    yield f"| --- |{' ---: |' * (len(_HEADS) - 1)}"
    for row in source["rows"]:
        figures = row["figures"]
        if figures:
            cells = [
                row["name"],
                *(formats.amount(figures["found"][top]) for top in _NEAR),
                formats.share(figures["average_precision"]),
                formats.total_amount(figures["lookalikes"]["250"]),
                formats.share(figures["records alone"]["average_precision"]),
                formats.amount(figures["groups"]["found"]["250"]),
            ]
            yield f"| {' | '.join(cells)} |"
    stays = source["stability"]
    again, left_out = (formats.percent_of(stays[name]) for name in ("again", "left_out"))
    yield ""
    yield f"Of the first 100 rows {again} stay with the same records, {left_out} without 1 %."
    yield ""


def _families(report: dict[str, Any]) -> Iterator[str]:
    """Where each scenario is found: first ranks by source, with level and number of records."""
    yield "| scenario | family | level | ranks of the first record shown, best source |"
    yield "| --- | --- | --- | --- |"
    for entry in report["together"]["scenarios"]:
        level = LEVELS[str(entry["stealth"])]
        ranks = formats.ranks(entry["first_ranks"])
        sources = ", ".join(entry["sources"])
        yield f"| {entry['scenario']} | {entry['family']} | {level} | {ranks} ({sources}) |"


if __name__ == "__main__":
    main()
