"""The command ``spot compact``."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from datetime import date

import click

from spot_common import progress
from spot_common.cli import DAY, SpotCommand, json_option, print_json
from spot_common.config import load_config
from spot_common.registry import check_source, sources
from spot_ingest.compaction.hour import Hour, Step
from spot_ingest.compaction.run import Compactor, Outcome, Settings

_LOOK_EVERY = 1.0
_EXAMPLES = """
spot compact --date 2016-07-08
spot compact --source flow --dry-run
spot compact --date 20160708 --after 0 --grace 60
"""


@click.command("compact", cls=SpotCommand, examples=_EXAMPLES)
@click.option("--source", "-s", help="Only this source.")
@click.option("--date", "day", type=DAY, help="Only this day.")
@click.option("--after", type=float, help="Seconds without a new file; default: COMPACT_AFTER.")
@click.option("--grace", type=float, help="Seconds that a query may take; default: COMPACT_GRACE.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@json_option
def compact_command(
    source: str | None,
    day: date | None,
    after: float | None,
    grace: float | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Merge the small files of closed hours; readers notice nothing.

    Waits until queries that began before have had time to end: twice the grace time.
    """
    config = load_config()
    settings = Settings.of(config)
    if after is not None:
        settings = dataclasses.replace(settings, quiet=after)
    if grace is not None:
        settings = dataclasses.replace(settings, grace=grace)
    compactor = Compactor(config, settings)
    hours = compactor.hours([check_source(source).name] if source else sources(), day)
    if dry_run:
        outcomes = [found for hour in hours if (found := compactor.planned(hour)) is not None]
    else:
        outcomes = list(_until_done(compactor, hours))
    _show(outcomes, as_json=as_json, dry_run=dry_run)


def _until_done(compactor: Compactor, hours: Sequence[Hour]) -> Iterator[Outcome]:
    """Compact hours, and wait for queries between the steps."""
    before: dict[Hour, int] = {}
    with progress.bar("compacting", len(hours), "hours") as bar:
        open_ = list(hours)
        while open_:
            waiting = []
            for hour in open_:
                outcome = compactor.compact(hour)
                if outcome is not None:
                    before.setdefault(hour, outcome.before)
                    if outcome.step is not Step.DONE:
                        waiting.append(hour)
                        continue
                    yield dataclasses.replace(outcome, before=before[hour])
                bar.advance()
            open_ = waiting
            if open_:
                bar.describe(f"waiting for queries in {len(open_)} hours")
                time.sleep(_LOOK_EVERY)


def _show(outcomes: Sequence[Outcome], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print_json([dataclasses.asdict(outcome) for outcome in outcomes])
        return
    for one in outcomes:
        click.echo(f"{one.source:<6} {one.hour}  {one.before:>6,} -> {one.after:,} files")
    before, after = (sum(getattr(one, name) for one in outcomes) for name in ("before", "after"))
    verb = "would be" if dry_run else "are"
    click.echo(f"{before:,} files of {len(outcomes)} hours {verb} {after:,}")
