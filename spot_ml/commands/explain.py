"""``spot ml explain``: why the first events of a result are in it."""

from __future__ import annotations

import posixpath
from datetime import date

import click

from spot_common.cli import DAY, SpotCommand, json_option, print_json
from spot_common.clients.hdfs import Hdfs
from spot_common.config import load_config
from spot_common.registry import check_source
from spot_ml import explanations, launch


@click.command(
    "explain",
    cls=SpotCommand,
    examples="""
    spot ml explain --date 2016-07-08 --source flow
    spot ml explain --date 2016-07-08 --source dns --line 7 --json
    """,
)
@click.option("--date", "day", type=DAY, required=True, help="Day of the rows (UTC).")
@click.option("--source", required=True, help="flow, dns, proxy.")
@click.option("--model", metavar="ID", help="Of the result of spot ml score with that model.")
@click.option("--line", "first", type=click.IntRange(1), help="Only this line of the result.")
@click.option("--count", type=click.IntRange(1), default=3, help="How many lines; default: 3.")
@json_option
def explain_command(
    day: date, source: str, model: str | None, first: int | None, count: int, as_json: bool
) -> None:
    """Say why the first events of a result are in it: what was seen, and what was expected."""
    config = load_config()
    check_source(source)
    results = launch.places(launch.Launch(day, source, 1.0), config).results
    if model is not None:
        results = f"{launch.live_folder(model, day, config)}/{posixpath.basename(results)}"
    rows = explanations.read(Hdfs(config), results, first or 1, 1 if first else count)
    if as_json:
        print_json(rows)
    else:
        click.echo("\n\n".join("\n".join(explanations.texts(row)) for row in rows))
