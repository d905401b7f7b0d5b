"""The verb ``spot gen score``: measure a ranking against the ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from spot_common.cli import SpotCommand, json_option
from spot_common.errors import UsageError
from spot_common.progress import bar
from spot_gen.measure.delays import delays, moment
from spot_gen.measure.evaluate import Request, evaluate
from spot_gen.measure.measures import TOP
from spot_gen.measure.report import build
from spot_gen.measure.tables import screen
from spot_gen.measure.telling import tell

_STATUS = """
Several data sets (seeds): repeat --labels, and give as many --results for each of them; the first
ones belong to the first folder. Every figure then comes with mean and spread.

Exit status: 0 measured; 2 wrong argument; 3 labels or results that cannot be understood.
"""

_FILE = click.Path(path_type=Path)


@click.command(
    "score",
    cls=SpotCommand,
    epilog=_STATUS,
    examples="""
    spot gen score --labels day --results flow_results.csv --results dns_results.csv
    spot gen score --labels day --results mine.parquet --population flow_results.csv --html a.html
    spot gen score --labels s1 --labels s2 --results s1.csv --results s2.csv --keep history.jsonl
    spot gen score --labels day --results before.csv --after after.csv --json
    """,
)
@click.option(
    "--labels", "folders", type=_FILE, multiple=True, required=True, help="Data set; repeatable."
)
@click.option(
    "--results", type=_FILE, multiple=True, required=True, help="Ranked results; repeatable."
)
@click.option(
    "--population",
    type=_FILE,
    multiple=True,
    help="All records with the original's score (spot ml run --tol 1 --max-results 0), for the"
    " comparison rows; default: the results, where they hold all records.",
)
@click.option("--after", type=_FILE, multiple=True, help="Results after false alarms were marked.")
@click.option(
    "--step",
    "steps",
    type=(str, _FILE),
    multiple=True,
    metavar="TIME FILE",
    help="Results as they stood at a time, for the time to detection; repeatable.",
)
@click.option("--source", help="Source of the results, where they do not tell it.")
@click.option(
    "--order",
    type=click.Choice(["smaller", "larger"]),
    default="smaller",
    show_default=True,
    help="Which scores of a table with a header are the more suspicious ones.",
)
@click.option(
    "--top",
    "tops",
    type=click.IntRange(min=1),
    multiple=True,
    help=f"Number of first rows to look at; repeatable; default {', '.join(map(str, TOP))}.",
)
@click.option("--html", type=_FILE, help="Write the report as a page, too.")
@click.option("--keep", type=_FILE, help="Append the figures to this history; show what changed.")
@json_option
def score(
    folders: tuple[Path, ...],
    results: tuple[Path, ...],
    population: tuple[Path, ...],
    after: tuple[Path, ...],
    steps: tuple[tuple[str, Path], ...],
    source: str | None,
    order: str,
    tops: tuple[int, ...],
    html: Path | None,
    keep: Path | None,
    as_json: bool,
) -> None:
    """Measure how well ranked results find what is known to be in a data set."""
    requests = _requests(folders, results, population, after, source, order)
    chosen = sorted(set(tops or TOP))
    if steps and len(requests) > 1:
        raise UsageError("--step is for one data set", hint="give one --labels with it")
    ends = [(moment(at), path) for at, path in steps]
    with bar("measuring", len(requests), "data sets") as progress:
        sets = []
        for request in requests:
            sets.append(evaluate(request, chosen))
            progress.advance()
    report = build(sets, chosen)
    if ends:
        report["delays"] = delays(requests[0], ends, int(screen(report)))
    tell(report, keep=keep, html=html, as_json=as_json)


def _requests(
    folders: Sequence[Path],
    results: Sequence[Path],
    population: Sequence[Path],
    after: Sequence[Path],
    source: str | None,
    order: str,
) -> list[Request]:
    """Share the files out among the data sets, in the order given."""
    shares = {
        "--results": _shared(results, len(folders), "--results"),
        "--population": _shared(population, len(folders), "--population"),
        "--after": _shared(after, len(folders), "--after"),
    }
    return [
        Request(
            labels=folder,
            results=shares["--results"][place],
            population=shares["--population"][place],
            after=shares["--after"][place],
            source=source,
            larger=order == "larger",
        )
        for place, folder in enumerate(folders)
    ]


def _shared(paths: Sequence[Path], sets: int, option: str) -> list[tuple[Path, ...]]:
    size, rest = divmod(len(paths), sets)
    if rest:
        raise UsageError(
            f"{len(paths)} {option} cannot be shared out among {sets} --labels",
            hint="give the same number of files for each data set, in the order of --labels",
        )
    return [tuple(paths[n * size : (n + 1) * size]) for n in range(sets)]
