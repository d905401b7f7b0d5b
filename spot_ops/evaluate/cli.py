"""The verb ``spot ml evaluate``: measure the ranking on labelled days, without any service."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from spot_common.cli import SpotCommand, json_option
from spot_common.config import load_config
from spot_common.errors import UsageError
from spot_common.registry import check_source
from spot_ml.cli import ml
from spot_ml.launch import Launch, fit_parameters
from spot_ml.request import COMPATIBLE, SURPRISE, top_domains
from spot_ml.words.source import WordContext

_STATUS = """
Exit status: 0 measured; 2 wrong argument; 3 files, rows or labels that cannot be understood.
"""
_FILE = click.Path(path_type=Path)


@ml.command(
    "evaluate",
    cls=SpotCommand,
    epilog=_STATUS,
    examples="""
    spot gen generate --preset small --seed 1 --out day1
    spot ml evaluate day1 --html report.html
    spot ml evaluate day1 day2 day3 day4 day5 --source flow --keep history.jsonl
    spot ml evaluate --rows mine.parquet --labels labels.csv --source dns
    """,
)
@click.argument("folders", metavar="DATASET...", type=_FILE, nargs=-1)
@click.option("--source", "sources", multiple=True, help="Only these; repeatable.")
@click.option(
    "--order",
    type=click.Choice((SURPRISE, COMPATIBLE)),
    default=SURPRISE,
    show_default=True,
    help="The order that is measured: lists of groups, or records by the original's score.",
)
@click.option(
    "--top",
    "tops",
    type=click.IntRange(min=1),
    multiple=True,
    help="Number of first rows to look at; repeatable; default as in spot gen score.",
)
@click.option("--rows", type=_FILE, help="Or real rows: Parquet or CSV, columns as in the table.")
@click.option("--labels", type=_FILE, help="CSV of labels over --rows.")
@click.option("--stability", is_flag=True, help="Also how much stays with 1 % of records left out.")
@click.option("--cache", type=_FILE, help="Folder that keeps rows that were read, for next time.")
@click.option("--html", type=_FILE, help="Write the report as a page, too.")
@click.option("--keep", type=_FILE, help="Append the figures to this history; show what changed.")
@json_option
def evaluate(
    folders: tuple[Path, ...],
    sources: tuple[str, ...],
    order: str,
    tops: tuple[int, ...],
    rows: Path | None,
    labels: Path | None,
    stability: bool,
    cache: Path | None,
    html: Path | None,
    keep: Path | None,
    as_json: bool,
) -> None:
    """Measure how well the ranking finds what is known to be in data sets.

    DATASET is a folder of spot gen generate. Its files are read and scored here, in memory, with
    the functions of the job. A line of --labels has an incident (and its family, level 1 to 3, and
    label: malicious or benign_lookalike), and which rows it is about: row, their number from 1, or
    values of columns.
    """
    from spot_gen.measure.measures import TOP
    from spot_gen.measure.report import build
    from spot_gen.measure.telling import tell
    from spot_ops.evaluate.measure import Wanted, generated, real

    names = tuple(check_source(name).name for name in sources)
    _check(folders, rows, labels, names, alone=order == COMPATIBLE and stability)
    config = load_config()
    chosen = tuple(sorted(set(tops or TOP)))
    fit = fit_parameters(config, Launch(date.min, "", 1.0))
    wanted = Wanted(fit, order, chosen, names, cache, stability)
    if rows is not None and labels is not None:
        context = WordContext(config.text("USER_DOMAIN"), top_domains(config), amended=True)
        sets = [real(rows, labels, context, wanted)]
    else:
        sets = [generated(folder, wanted) for folder in folders]
    report = build(sets, chosen)
    tell(report, keep=keep, html=html, as_json=as_json)


def _check(
    folders: tuple[Path, ...],
    rows: Path | None,
    labels: Path | None,
    names: tuple[str, ...],
    *,
    alone: bool,
) -> None:
    """Raise UsageError for options that do not go together."""
    if (rows is None) != (labels is None):
        raise UsageError("--rows and --labels belong together", hint="give both, or data sets")
    if bool(folders) == (rows is not None):
        raise UsageError(
            "what shall be evaluated?",
            hint="give folders of spot gen generate, or --rows and --labels",
        )
    if rows is not None and len(names) != 1:
        raise UsageError("--rows are of one source", hint="add --source flow, dns or proxy")
    if alone:
        raise UsageError(
            "--stability is that of the list of groups", hint="leave out --order compatible"
        )


COMMANDS: list[click.Command] = [ml]
