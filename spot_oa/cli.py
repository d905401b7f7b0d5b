"""Commands of OA: ``spot oa run`` and ``spot oa publish``."""

from __future__ import annotations

from datetime import date

import click

from spot_common import log
from spot_common.cli import DAY, SpotGroup, json_option, print_json
from spot_common.config import load_config


@click.group(name="oa", cls=SpotGroup)
def oa() -> None:
    """Analyse a day's results and publish verdicts."""


@oa.command(
    name="run",
    examples="""
    spot oa run --date 20160708 --source flow --limit 3000
    spot oa run --date 2016-07-08 --source dns --json
    """,
)
@click.option("--date", "-d", "day", type=DAY, required=True, help="Day of the results.")
@click.option("--source", "-t", "source", required=True, help="Source: flow, dns, proxy, ...")
@click.option("--limit", "-l", type=int, help="Suspicious rows to take; else OA_LIMIT.")
@json_option
def run_command(day: date, source: str, limit: int | None, as_json: bool) -> None:
    """Fill a day's OA tables from the model's results.

    Replaces the day's suspicious rows, details and summary; verdicts are kept.
    """
    from spot_oa.run import context, run, storage

    log.configure(level="WARNING")
    config = load_config()
    rows = config.integer("OA_LIMIT") if limit is None else limit
    report = run(storage(config), source, day, rows, context(config))
    if as_json:
        print_json(report.as_dict())
        return
    for table, count in report.rows.items():
        click.echo(f"{table}: {count} rows")
    if report.rows_of_other_days:
        click.echo(f"{report.rows_of_other_days} rows name another day than {day:%Y-%m-%d}")
    if report.unreadable_values:
        click.echo(f"{report.unreadable_values} values were no numbers and are stored as null")
    click.echo(f"done in {report.seconds:.1f} s")


@oa.command(name="publish", examples="spot oa publish")
@json_option
def publish_command(as_json: bool) -> None:
    """Write verdicts that are not published yet to their tables and to the model's feedback."""
    from spot_oa.run import storage
    from spot_oa.store.publish import Publisher

    log.configure(level="WARNING")
    config = load_config()
    done = Publisher.of(config, storage(config)).publish_pending()
    if as_json:
        print_json([{"source": source, "day": f"{day:%Y-%m-%d}"} for source, day in done])
        return
    for source, day in done:
        click.echo(f"{source} {day:%Y-%m-%d}: published")
    if not done:
        click.echo("nothing to publish")


COMMANDS: list[click.Command] = [oa]
