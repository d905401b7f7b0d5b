"""``spot ml feedback``: which verdicts a run used, and what they moved."""

from __future__ import annotations

from datetime import date

import click

from spot_common.cli import DAY, SpotCommand, json_option, print_json
from spot_common.clients.hdfs import Hdfs
from spot_common.config import load_config
from spot_common.registry import check_source
from spot_ml import launch
from spot_ml.verdicts import reading


@click.command(
    "feedback",
    cls=SpotCommand,
    examples="""
    spot ml feedback --date 2016-07-08 --source flow
    spot ml feedback --date 2016-07-08 --source dns --json
    """,
)
@click.option("--date", "day", type=DAY, required=True, help="Day of the rows (UTC).")
@click.option("--source", required=True, help="flow, dns, proxy.")
@json_option
def feedback_command(day: date, source: str, as_json: bool) -> None:
    """Say which verdicts the last run of a day used, and what they moved in its list."""
    config = load_config()
    check_source(source)
    places = launch.places(launch.Launch(day, source, 1.0), config)
    rows = reading.read(Hdfs(config), places)
    if as_json:
        print_json(rows)
    else:
        click.echo("\n".join(reading.texts(rows)) if rows else "no verdict was used")
