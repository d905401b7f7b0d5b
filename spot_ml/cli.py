"""The verb ``spot ml``: score a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from spot_common import log
from spot_common.cli import DAY, SpotCommand, SpotGroup, json_option, print_json
from spot_common.clients.hdfs import Hdfs
from spot_common.config import Config, load_config
from spot_common.errors import NotFoundError
from spot_common.registry import check_source
from spot_common.warehouse import Warehouse
from spot_ml import launch
from spot_ml.arguments import RANDOM_SEED
from spot_ml.commands.explain import explain_command
from spot_ml.commands.feedback import feedback_command
from spot_ml.commands.models import models_command
from spot_ml.commands.score import score_command
from spot_ml.lda.parameters import OPTIMIZERS
from spot_ml.request import COMPATIBLE, SURPRISE, Request
from spot_ml.rows import copy_rows

_STATUS = """
Exit status: 0 results were written; 2 wrong argument or setting; 3 the day has no rows or they
cannot be understood; 4 a service does not answer.
"""


@click.group("ml", cls=SpotGroup)
def ml() -> None:
    """Machine learning: find the least probable events of a day."""


def _seed(ctx: click.Context, param: click.Parameter, value: str | None) -> int | str | None:
    if value is None or value == RANDOM_SEED:
        return value
    try:
        return int(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is neither a whole number nor 'random'") from error


@ml.command(
    "run",
    cls=SpotCommand,
    epilog=_STATUS,
    examples="""
    spot ml run --date 20160708 --source flow
    spot ml run --date 2016-07-08 --source dns --tol 1e-4 --max-results 2000 --json
    spot ml run --date 20160708 --source flow --tol 1 --rows /tmp/flow.parquet
    """,
)
@click.option("--date", "day", type=DAY, required=True, help="Day of the rows (UTC).")
@click.option("--source", required=True, help="flow, dns, proxy.")
@click.option("--tol", type=float, help="Largest score of a result; default: TOL.")
@click.option("--max-results", type=int, default=-1, help="Most results; 0 or less: all.")
@click.option("--seed", callback=_seed, help="Seed of the fit, or 'random'; default: SEED.")
@click.option("--optimizer", type=click.Choice(OPTIMIZERS), help="Default: LDA_OPTIMIZER or em.")
@click.option("--iterations", type=click.IntRange(min=0), help="Iterations of the fit; default 20.")
@click.option(
    "--order",
    type=click.Choice((SURPRISE, COMPATIBLE)),
    help="By surprise, in groups, or by the original's score; default: LDA_SCORE.",
)
@click.option(
    "--feedback-days",
    type=click.IntRange(min=0),
    help="So many earlier days' verdicts are heard, by surprise; default: FEEDBACK_DAYS.",
)
@click.option(
    "--start-from",
    "start",
    default="",
    metavar="MODEL",
    help="Fit from a stored model's topics on.",
)
@click.option("--compatible", is_flag=True, help="Keep the accidents of the original.")
@click.option("--results", type=click.Path(path_type=Path), help="Copy the result file there, too.")
@click.option(
    "--rows", type=click.Path(path_type=Path), help="Copy every scored row with its words there."
)
@json_option
def run(
    day: date,
    source: str,
    tol: float | None,
    max_results: int,
    results: Path | None,
    rows: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Score one day of one source and write <source>_results.csv."""
    config = load_config()
    check_source(source)
    threshold = config.number("TOL") if tol is None else tol
    wanted = launch.Launch(
        day, source, threshold, max_results, keep_rows=rows is not None, **options
    )
    _run_day(wanted, config, as_json)
    places = launch.places(wanted, config)
    if results is not None:
        Hdfs(config).download(places.results, results)
    if rows is not None:
        from spot_ml.publish import ROWS

        copy_rows(Hdfs(config), f"{places.scored}/{ROWS}", rows)


@ml.command("ops", cls=SpotCommand, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def ops(words: tuple[str, ...]) -> None:
    """Do the same with the arguments of ml_ops.sh: YYYYMMDD SOURCE [TOL] [MAX_RESULTS]."""
    config = load_config()
    _run_day(launch.positional(words, config), config, as_json=False)


@ml.command("test", cls=SpotCommand, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def test(words: tuple[str, ...]) -> None:
    """Try any Parquet folder, as ml_test.sh did: SOURCE INPUT_PATH. Keeps the 20 lowest scores."""
    config = load_config()
    _run(launch.trial(words, config), config, as_json=False)


def _run_day(wanted: launch.Launch, config: Config, as_json: bool) -> None:
    """Check that the day has rows before Spark is started, then run."""
    request = launch.request(wanted, config)
    _check_day(wanted, str(request.input), config)
    _run(request, config, as_json)


def _run(request: Request, config: Config, as_json: bool) -> None:
    from spot_ml.job import run as run_job  # PySpark takes a second to import

    log.configure(level="WARNING")
    summary = run_job(request, config)
    if as_json:
        print_json(summary.facts())
    else:
        click.echo(summary.text())


def _check_day(wanted: launch.Launch, path: str, config: Config) -> None:
    """Raise NotFoundError naming the nearest day with rows where this one has none."""
    hdfs = Hdfs(config)
    if any(hdfs.exists(spelling) for spelling in launch.spellings(path)):
        return
    days = Warehouse(config, hdfs=hdfs).days(check_source(wanted.source).raw)
    if not days:
        raise NotFoundError(
            f"there are no {wanted.source} rows at all in {config.text('HUSER')}",
            hint=f"feed some files: spot feed --source {wanted.source} FILE...",
        )
    nearest = min(days, key=lambda found: (abs((found - wanted.day).days), found))
    raise NotFoundError(
        f"there are no {wanted.source} rows of {wanted.day:%Y-%m-%d}",
        hint=f"the nearest day that has some is {nearest:%Y-%m-%d}",
    )


for _command in (explain_command, feedback_command, models_command, score_command):
    ml.add_command(_command)

COMMANDS: list[click.Command] = [ml]
