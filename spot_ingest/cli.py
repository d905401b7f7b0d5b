"""The verbs of ingest: collect, work, feed, wait, ledger."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from spot_common import log
from spot_common.cli import SpotCommand, json_option, print_json
from spot_common.config import load_config
from spot_common.errors import DataError
from spot_ingest.commands.compact import compact_command
from spot_ingest.commands.ledger import entry_record, ledger_group
from spot_ingest.commands.peek import peek_command
from spot_ingest.commands.quarantine import quarantine_group
from spot_ingest.commands.top import ingest_group
from spot_ingest.feed import Outcome, feed, hashes_of, wait
from spot_ingest.source import ingest_source
from spot_ingest.stopping import until_told

_SOURCE = click.option("--source", "-s", required=True, help="flow, dns, proxy, ...")


@click.command("collect", cls=SpotCommand, examples="spot collect --source flow")
@_SOURCE
def collect_command(source: str) -> None:
    """Watch the landing folder of a source; store and announce its files, until stopped."""
    from spot_ingest.collector import run

    log.configure()
    run(load_config(), ingest_source(source).name, until_told())


@click.command(
    "work",
    cls=SpotCommand,
    examples="spot work --source dns --worker 0\nspot work --source flow --workers 4",
)
@_SOURCE
@click.option(
    "--worker", type=click.IntRange(0), default=0, show_default=True, help="Its (first) number."
)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="How many.")
def work_command(source: str, worker: int, workers: int) -> None:
    """Turn announced files into rows of the source's table, until stopped.

    Workers on other machines take part with the same spot.conf; all workers of a source on one
    machine need different numbers.
    """
    from spot_ingest import consume, crew

    log.configure()
    config, name = load_config(), ingest_source(source).name
    partitions = config.integer("KAFKA_PARTITIONS")
    if workers > partitions:
        click.echo(
            f"warning: {workers - partitions} of {workers} workers will have nothing to do: "
            f"KAFKA_PARTITIONS is {partitions}",
            err=True,
        )
    if workers == 1:
        consume.run(config, name, worker, until_told())
    else:
        crew.work(name, range(worker, worker + workers), until_told())


@click.command("upkeep", cls=SpotCommand, examples="spot upkeep")
def upkeep_command() -> None:
    """Compact closed hours and answer Prometheus at METRICS_PORT, until stopped.

    One for an installation, beside its collectors.
    """
    from spot_ingest import upkeep

    log.configure()
    upkeep.run(load_config(), until_told())


@click.command("feed", cls=SpotCommand, examples="spot feed --source flow nfcapd.202301251835")
@_SOURCE
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def feed_command(source: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Copy files into the landing folder; print the hash of each."""
    fed = feed(load_config(), ingest_source(source), files)
    if as_json:
        print_json([dataclasses.asdict(one) for one in fed])
        return
    for one in fed:
        known = "  (known already)" if one.known else ""
        click.echo(f"{one.hash}  {one.path.name!r}{known}")


@click.command(
    "wait",
    cls=SpotCommand,
    examples="spot wait --source flow nfcapd.202301251835\nspot wait --source dns 4e787980190c",
)
@_SOURCE
@click.argument("files", nargs=-1, required=True, metavar="FILES_OR_HASHES...")
@click.option("--timeout", type=float, default=3600.0, show_default=True, help="Seconds.")
@click.option("--main-day", is_flag=True, help="Print only the day with most rows.")
@json_option
def wait_command(
    source: str, files: tuple[str, ...], timeout: float, main_day: bool, as_json: bool
) -> None:
    """Wait until files are in the table; print the days that they wrote."""
    config, spec = load_config(), ingest_source(source)
    outcome = wait(config, spec, hashes_of(config, spec, files), timeout)
    if as_json:
        print_json({"days": outcome.days, "files": [entry_record(e) for e in outcome.entries]})
    elif main_day and outcome.days:
        click.echo(max(outcome.days, key=lambda day: (outcome.days[day], day)))
    elif not main_day:
        for day, rows in outcome.days.items():
            click.echo(f"{day}  {rows} rows")
    _complain(outcome)


def _complain(outcome: Outcome) -> None:
    """Say which files gave no rows; DataError where any did not."""
    for entry in outcome.set_aside:
        click.echo(f"set aside: {entry.name}: {entry.reason}", err=True)
    if outcome.set_aside:
        raise DataError(
            f"{len(outcome.set_aside)} of {len(outcome.entries)} files were set aside",
            hint="the files and reasons are in HDFS under <source>/quarantine/<hash>/",
        )


COMMANDS: list[click.Command] = [
    collect_command,
    work_command,
    feed_command,
    wait_command,
    ledger_group,
    compact_command,
    quarantine_group,
    ingest_group,
    upkeep_command,
    peek_command,
]
