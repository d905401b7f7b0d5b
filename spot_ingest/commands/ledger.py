"""``spot ledger``: what became of the files, and whether that is true."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from datetime import date
from typing import Any

import click

from spot_common import progress
from spot_common.cli import DAY, SpotCommand, SpotGroup, json_option, print_json
from spot_common.clients.hdfs import Hdfs
from spot_common.config import Config, load_config
from spot_common.errors import DataError, NotFoundError
from spot_common.registry import check_source, sources
from spot_common.warehouse import Warehouse
from spot_ingest import names, rebuild
from spot_ingest.entry import Entry, State
from spot_ingest.ledger import Ledger
from spot_ingest.source import ingest_source
from spot_ingest.verify import Verified, Verifier

_STATES = [state.value for state in State] + ["duplicate"]
_SHORT = 12
_EXAMPLES = """
spot ledger --source dns --date 2016-07-08
spot ledger --state 'set aside' --json
spot ledger show 4e787980190c
spot ledger verify 2016-07-08
"""


@click.group("ledger", cls=SpotGroup, invoke_without_command=True, examples=_EXAMPLES)
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
        records = [entry_record(entry) for entry in ledger.files(name, day=text, states=states)]
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
    entry = one_file(ledger, digest)
    record = entry_record(entry)
    again = ledger.duplicates(entry.source, entry.hash)
    record["duplicates"] = [{"name": d.name, "arrived": _moment(d.arrived)} for d in again]
    if as_json:
        print_json(record)
        return
    for key, value in record.items():
        click.echo(f"{key:<15} {value}")


@ledger_group.command(
    "verify",
    cls=SpotCommand,
    examples="spot ledger verify 2016-07-08\nspot ledger verify 20160708 --source dns --json",
)
@click.argument("day", type=DAY, metavar="DATE")
@click.option("--source", "-s", help="Only this source.")
@json_option
def verify_command(day: date, source: str | None, as_json: bool) -> None:
    """Count a day again from the original files and the tables, and list every difference.

    Reads every original file of the day. Exit status 3 where anything differs.
    """
    config = load_config()
    verified = {name: _verify(config, name, day) for name in _names(source)}
    differences = [one for found in verified.values() for one in found.differences]
    if as_json:
        print_json({name: dataclasses.asdict(found) for name, found in verified.items()})
    else:
        for name, found in verified.items():
            click.echo(_summary(name, found))
        for one in differences:
            click.echo(f"{one.source}: {one.what}: {one.expected} expected, {one.found} found")
    if differences:
        raise DataError(f"{len(differences)} differences", hint="spot ledger show HASH tells more")


def _verify(config: Config, name: str, day: date) -> Verified:
    verifier = Verifier(Warehouse(config), Ledger.of(config), ingest_source(name), day)
    entries = verifier.entries()
    with progress.bar(f"reading {name} again", len(entries), "files") as bar:
        for _ in verifier.check_files(entries):
            bar.advance()
    verifier.check_table(entries)
    verifier.check_places(entries)
    return verifier.done


def _summary(name: str, found: Verified) -> str:
    parts = f"{found.files:,} files, {found.rows:,} rows stored, {found.set_aside:,} set aside"
    return f"{name}: {parts}, {len(found.differences)} differences"


@ledger_group.command(
    "rebuild", cls=SpotCommand, examples="spot ledger rebuild --dry-run\nspot ledger rebuild"
)
@click.option("--source", "-s", help="Only this source.")
@click.option("--dry-run", is_flag=True, help="Only count what HDFS shows.")
@json_option
def rebuild_command(source: str | None, dry_run: bool, as_json: bool) -> None:
    """Derive the ledger again from HDFS: after its loss, or where rows are missing.

    Files in the hands of a worker stay as they are. What is neither in a table nor set aside is
    announced to the workers by the collector.
    """
    config = load_config()
    totals = {name: _rebuild(config, name, dry_run) for name in _names(source)}
    if as_json:
        print_json(totals)
        return
    for name, total in totals.items():
        states = ", ".join(f"{number:,} {state}" for state, number in total["files"].items())
        verb = "would be written" if dry_run else "written"
        click.echo(f"{name}: {states or 'no files'}; {total['changed']:,} {verb}")
        for path in total["foreign"]:
            click.echo(f"{name}: not written by Spot, left alone: {path}", err=True)
        for path, reason in total["damaged"].items():
            click.echo(f"{name}: {path}: {reason}", err=True)


def _rebuild(config: Config, name: str, dry_run: bool) -> dict[str, Any]:
    warehouse, ledger = Warehouse(config), Ledger.of(config)
    table = check_source(name).raw
    partitions = warehouse.partitions(table)
    with progress.bar(f"reading the footers of {name}", len(partitions), "hours") as bar:
        contents = rebuild.read_table(warehouse, name, _counted(partitions, bar))
    files: dict[str, int] = {}
    changed = 0
    with progress.bar(f"rebuilding {name}", unit="files") as bar:
        for entry in rebuild.entries(warehouse, name, contents, _hash_of):
            files[entry.state.value] = files.get(entry.state.value, 0) + 1
            changed += ledger.differs(entry) if dry_run else ledger.restore(entry)
            bar.advance()
    found = {"foreign": contents.foreign, "damaged": contents.damaged}
    return {"files": files, "changed": changed, **found}


def _counted(partitions: Sequence[dict[str, int]], bar: progress.Bar) -> Any:
    for values in partitions:
        yield values
        bar.advance()


def _hash_of(hdfs: Hdfs, path: str) -> str:
    with hdfs.open_read(path) as stream:
        return names.digest_of_stream(stream)


def one_file(ledger: Ledger, digits: str) -> Entry:
    """Give the file whose hash begins with these digits; NotFoundError for none or several."""
    entries = ledger.beginning_with(digits.lower())
    if len(entries) != 1:
        found = f"{len(entries)} files have" if entries else "no file has"
        raise NotFoundError(f"{found} a hash that begins with {digits!r}")
    return entries[0]


def entry_record(entry: Entry) -> dict[str, Any]:
    """Give an entry as it is printed."""
    record = dataclasses.asdict(entry)
    record["days"] = entry.days
    record["arrived"], record["changed"] = _moment(entry.arrived), _moment(entry.changed)
    return record


def _names(source: str | None) -> list[str]:
    return list(sources()) if source is None else [ingest_source(source).name]


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
