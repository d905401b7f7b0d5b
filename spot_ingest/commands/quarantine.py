"""``spot quarantine``: what was not understood, and what to do with it."""

from __future__ import annotations

import base64
import getpass
import time
from collections.abc import Sequence
from typing import Any

import click

from spot_common import progress
from spot_common.cli import SpotCommand, SpotGroup, json_option, print_json
from spot_common.clients.hdfs import Hdfs
from spot_common.config import Config, load_config
from spot_common.errors import DataError, NotFoundError, UsageError
from spot_ingest import quarantine
from spot_ingest.announce import Announcer
from spot_ingest.commands.ledger import one_file
from spot_ingest.entry import Entry, State
from spot_ingest.ledger import Ledger
from spot_ingest.source import ingest_source

_SHORT = 12
_SHOWN_BYTES = 200
_EXAMPLES = """
spot quarantine list --source dns
spot quarantine show 4e787980190c
spot quarantine retry --all --source flow
spot quarantine drop 4e787980190c
"""
_SOURCE = click.option("--source", "-s", help="Only this source.")
_HASHES = click.argument("digests", nargs=-1, metavar="[HASH]...")
_ALL = click.option("--all", "every", is_flag=True, help="All that are set aside.")


@click.group("quarantine", cls=SpotGroup, examples=_EXAMPLES)
def quarantine_group() -> None:
    """Look at files and rows that were set aside; try them again or delete them."""


@quarantine_group.command("list", cls=SpotCommand, examples="spot quarantine list --source dns")
@_SOURCE
@json_option
def list_command(source: str | None, as_json: bool) -> None:
    """List the files that are set aside as a whole, and those that have rows set aside."""
    found = [_record(entry) for entry in _set_aside(Ledger.of(load_config()), source)]
    if as_json:
        print_json(found)
        return
    for one in found:
        rows = f"{one['rows_set_aside']:,} rows"
        click.echo(
            f"{one['hash'][:_SHORT]}  {one['source']:<6} {one['kept']:<7} {rows:>12}  "
            f"{one['name']}  {one['reason']}"
        )


@quarantine_group.command("show", cls=SpotCommand, examples="spot quarantine show 4e787980190c")
@click.argument("digest", metavar="HASH")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Rows shown.")
@json_option
def show_command(digest: str, limit: int, as_json: bool) -> None:
    """Show why a file is set aside, or its rows that are, with their bytes."""
    config = load_config()
    entry = one_file(Ledger.of(config), digest)
    hdfs, huser = Hdfs(config), config.text("HUSER")
    record = _record(entry)
    if entry.state is State.SET_ASIDE and not entry.dropped:
        record |= quarantine.record_of(hdfs, quarantine.quarantine_folder(huser, entry))
        record["original"] = quarantine.original_path(huser, entry)
    rows = quarantine.rows_of(hdfs, huser, entry)
    if as_json:
        print_json({**record, "rows": rows})
        return
    for key, value in record.items():
        click.echo(f"{key:<15} {value}")
    for row in rows[:limit]:
        shown = base64.b64decode(row["bytes"])[:_SHOWN_BYTES]
        click.echo(f"{row['number']:>10}  {row['reason']}\n            {shown!r}")
    if len(rows) > limit:
        click.echo(f"and {len(rows) - limit:,} more (--limit, --json)")
    option = ingest_source(entry.source).row_option
    whole = next((row for row in rows if row["bytes"]), None)
    if option and whole is not None:
        click.echo(f"look at one: spot peek {entry.hash[:_SHORT]} {option} {whole['number']}")


@quarantine_group.command(
    "retry",
    cls=SpotCommand,
    examples="spot quarantine retry 4e787980190c\nspot quarantine retry --all --source flow",
)
@_HASHES
@_ALL
@_SOURCE
@json_option
def retry_command(digests: Sequence[str], every: bool, source: str | None, as_json: bool) -> None:
    """Give files that are set aside to the workers again."""
    config = load_config()
    ledger = Ledger.of(config)
    chosen = [
        entry
        for entry in _chosen(ledger, digests, every, source)
        if entry.state is State.SET_ASIDE and not entry.dropped
    ]
    if not chosen:
        raise NotFoundError("no file among them is set aside as a whole")
    with progress.bar("giving back", len(chosen), "files") as bar:
        for entry in chosen:
            _give_back(config, ledger, entry)
            bar.advance()
    _tell([entry.hash for entry in chosen], "given to the workers again", as_json)


def _give_back(config: Config, ledger: Ledger, entry: Entry) -> None:
    """Put a file back among the originals and announce it; safe to repeat."""
    hdfs, huser = Hdfs(config), config.text("HUSER")
    kept = quarantine.original_path(huser, entry)
    if not hdfs.exists(entry.path):
        hdfs.rename(kept, entry.path)
    again = ledger.begin_again(entry)
    ledger.advance([again], State.STORED)
    hdfs.delete(quarantine.quarantine_folder(huser, entry), recursive=True)
    announcer = Announcer(config, entry.source)
    try:
        announcer.send([entry.path])
    finally:
        announcer.close()
    ledger.advance([again], State.QUEUED)


@quarantine_group.command("drop", cls=SpotCommand, examples="spot quarantine drop 4e787980190c")
@_HASHES
@_ALL
@_SOURCE
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be deleted.")
@json_option
def drop_command(
    digests: Sequence[str],
    every: bool,
    source: str | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Delete what is kept of them; the ledger goes on counting them as set aside."""
    config = load_config()
    ledger, hdfs, huser = Ledger.of(config), Hdfs(config), config.text("HUSER")
    chosen = [entry for entry in _chosen(ledger, digests, every, source) if not entry.dropped]
    if dry_run:
        _tell([entry.hash for entry in chosen], "would be deleted", as_json)
        return
    if not yes:
        names = ", ".join(entry.name for entry in chosen[:3])
        more = f" and {len(chosen) - 3} more" if len(chosen) > 3 else ""
        click.confirm(f"delete for ever what is kept of {names}{more}?", abort=True, err=True)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    for entry in chosen:
        hdfs.delete(quarantine.quarantine_folder(huser, entry), recursive=True)
        ledger.drop(entry, f"dropped by {getpass.getuser()} on {day}: {entry.reason}")
    _tell([entry.hash for entry in chosen], "deleted", as_json)


def _chosen(ledger: Ledger, digests: Sequence[str], every: bool, source: str | None) -> list[Entry]:
    """Give the files that the words of a command mean, of those that are set aside."""
    if bool(digests) == every:
        raise UsageError("name hashes, or give --all")
    if every:
        found = _set_aside(ledger, source)
    else:
        found = [one_file(ledger, digits) for digits in digests]
    for entry in found:
        if not (entry.finished and (entry.state is State.SET_ASIDE or entry.rows_set_aside)):
            raise DataError(f"nothing of {entry.name} is set aside: it is {entry.state.value}")
    if not found:
        raise NotFoundError("nothing is set aside")
    return found


def _set_aside(ledger: Ledger, source: str | None) -> list[Entry]:
    name = None if source is None else ingest_source(source).name
    found = ledger.files(name, states=(State.PUBLISHED, State.SET_ASIDE))
    return [
        entry
        for entry in found
        if not entry.dropped and (entry.state is State.SET_ASIDE or entry.rows_set_aside)
    ]


def _record(entry: Entry) -> dict[str, Any]:
    return {
        "source": entry.source,
        "hash": entry.hash,
        "name": entry.name,
        "kept": "file" if entry.state is State.SET_ASIDE else "rows",
        "rows_set_aside": entry.rows_set_aside,
        "reasons": dict(entry.reasons),
        "reason": entry.reason,
        "dropped": entry.dropped,
    }


def _tell(hashes: Sequence[str], what: str, as_json: bool) -> None:
    if as_json:
        print_json(list(hashes))
        return
    for digest in hashes:
        click.echo(f"{digest}  {what}")
