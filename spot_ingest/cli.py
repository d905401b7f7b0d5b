"""The verbs of ingest: collect, work, feed, wait, ledger."""

from __future__ import annotations

import dataclasses
import time
from datetime import date
from pathlib import Path
from typing import Any

import click

from spot_common import log
from spot_common.cli import DAY, SpotCommand, SpotGroup, json_option, print_json
from spot_common.config import load_config
from spot_common.errors import DataError, NotFoundError
from spot_ingest.compaction.cli import compact_command
from spot_ingest.entry import Entry, State
from spot_ingest.feed import Outcome, feed, hashes_of, wait
from spot_ingest.ledger import Ledger
from spot_ingest.source import ingest_source
from spot_ingest.stopping import until_told

_SOURCE = click.option("--source", "-s", required=True, help="flow, dns, proxy, ...")
_STATES = [state.value for state in State] + ["duplicate"]
_SHORT = 12


@click.command("collect", cls=SpotCommand, examples="spot collect --source flow")
@_SOURCE
def collect_command(source: str) -> None:
    """Watch the landing folder of a source; store and announce its files, until stopped."""
    from spot_ingest.collector import run

    log.configure()
    run(load_config(), ingest_source(source).name, until_told())


@click.command("work", cls=SpotCommand, examples="spot work --source dns --worker 0")
@_SOURCE
@click.option("--worker", type=click.IntRange(0), default=0, show_default=True, help="Its number.")
def work_command(source: str, worker: int) -> None:
    """Turn announced files into rows of the source's table, until stopped."""
    from spot_ingest.consume import run

    log.configure()
    run(load_config(), ingest_source(source).name, worker, until_told())


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
        print_json({"days": outcome.days, "files": [_record(e) for e in outcome.entries]})
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


@click.group(
    "ledger",
    cls=SpotGroup,
    invoke_without_command=True,
)
@click.option("--source", "-s", help="Only this source.")
@click.option("--date", "day", type=DAY, help="Only files with rows of this day.")
@click.option("--state", type=click.Choice(_STATES), help="Only files in this state.")
@json_option
@click.pass_context
def ledger_group(
    context: click.Context, source: str | None, day: date | None, state: str | None, as_json: bool
) -> None:
    """List the files that came in and what became of them."""
    if context.invoked_subcommand is None:
        _list(source, day, state, as_json)


def _list(source: str | None, day: date | None, state: str | None, as_json: bool) -> None:
    name = None if source is None else ingest_source(source).name
    ledger = Ledger.of(load_config())
    if state == "duplicate":
        records: list[dict[str, Any]] = [dataclasses.asdict(d) for d in ledger.duplicates(name)]
        records = [{**record, "state": "duplicate"} for record in records]
    else:
        states = () if state is None else (State(state),)
        text = None if day is None else day.isoformat()
        records = [_record(entry) for entry in ledger.files(name, day=text, states=states)]
    if as_json:
        print_json(records)
        return
    for record in records:
        click.echo(_line(record))


@ledger_group.command("show", cls=SpotCommand, examples="spot ledger show 4e787980190c")
@click.argument("digest", metavar="HASH")
@json_option
def show_command(digest: str, as_json: bool) -> None:
    """Show all that is known of one file; the beginning of its hash is enough."""
    ledger = Ledger.of(load_config())
    entries = ledger.beginning_with(digest.lower())
    if len(entries) != 1:
        found = f"{len(entries)} files have" if entries else "no file has"
        raise NotFoundError(f"{found} a hash that begins with {digest!r}")
    record = _record(entries[0])
    again = ledger.duplicates(entries[0].source, entries[0].hash)
    record["duplicates"] = [{"name": d.name, "arrived": _moment(d.arrived)} for d in again]
    if as_json:
        print_json(record)
        return
    for key, value in record.items():
        click.echo(f"{key:<15} {value}")


def _record(entry: Entry) -> dict[str, Any]:
    record = dataclasses.asdict(entry)
    record["days"] = entry.days
    record["arrived"], record["changed"] = _moment(entry.arrived), _moment(entry.changed)
    return record


def _line(record: dict[str, Any]) -> str:
    moment = record["arrived"]
    if not isinstance(moment, str):
        moment = _moment(moment)
    rows = ""
    if "rows_received" in record:
        rows = f"{record['rows_stored']} of {record['rows_received']} rows"
    head = f"{record['hash'][:_SHORT]}  {moment}  {record['source']:<6} {record['state']:<10}"
    return f"{head} {rows:>24}  {record['name']}  {record.get('reason', '')}".rstrip()


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


COMMANDS: list[click.Command] = [
    collect_command,
    work_command,
    feed_command,
    wait_command,
    ledger_group,
    compact_command,
]
