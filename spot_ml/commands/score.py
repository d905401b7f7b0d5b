"""``spot ml score``: new rows against a stored model."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import click

from spot_common import log
from spot_common.cli import DAY, SpotCommand, json_option, print_json
from spot_common.clients.hdfs import Hdfs
from spot_common.config import load_config
from spot_common.errors import UsageError
from spot_ml import launch
from spot_ml.request import COMPATIBLE, SURPRISE


class _HoursType(click.ParamType[tuple[int, int]]):
    """A click parameter that is an hour of the day, or a first and a last one."""

    name = "hours"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Turn the text into the first and the last hour."""
        found = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", str(value), re.ASCII)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last <= 23:
            self.fail(f"{value!r} are no hours: write 9 or 9-11", param, ctx)
        return first, last


@click.command(
    "score",
    cls=SpotCommand,
    examples="""
    spot ml score --model flow-20160708-1f2e3d4c5b6a --date 20160709 --hours 9-11
    spot ml score --model dns-20160708-0a1b2c3d4e5f --input /user/spot/dns/new --json
    """,
)
@click.option("--model", required=True, metavar="ID", help="A stored model: spot ml models.")
@click.option("--date", "day", type=DAY, help="Day of the rows (UTC).")
@click.option("--hours", type=_HoursType(), help="Only these hours of it, as 9 or 9-11.")
@click.option("--input", "folder", help="Or an HDFS folder of Parquet files.")
@click.option("--tol", type=float, help="Largest score of a result; default: TOL.")
@click.option("--max-results", type=int, default=-1, help="Most results; 0 or less: all.")
@click.option(
    "--order", type=click.Choice((SURPRISE, COMPATIBLE)), help="Default: that of the model."
)
@click.option("--results", type=click.Path(path_type=Path), help="Copy the result file there, too.")
@json_option
def score_command(
    model: str,
    day: date | None,
    hours: tuple[int, int] | None,
    folder: str | None,
    tol: float | None,
    max_results: int,
    order: str | None,
    results: Path | None,
    as_json: bool,
) -> None:
    """Score rows that came after a stored model against it; the day's own result stays as it is."""
    if (day is None) == (folder is None) or (hours is not None and day is None):
        raise UsageError(
            "it is not clear which rows are meant",
            hint="give --date, with or without --hours, or --input",
        )
    config = load_config()
    threshold = config.number("TOL") if tol is None else tol
    wanted = launch.live(
        model, day, hours, folder, config, threshold=threshold, most=max_results, order=order
    )
    from spot_ml.live import run  # PySpark takes a second to import

    log.configure(level="WARNING")
    summary = run(wanted, config)
    if results is not None:
        Hdfs(config).download(summary.results_file, results)
    if as_json:
        print_json(summary.facts())
    else:
        click.echo(summary.text())
