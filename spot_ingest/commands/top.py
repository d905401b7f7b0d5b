"""``spot ingest top``: what is coming in, how fast, and what waits."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table

from spot_common.cli import SpotCommand, SpotGroup, json_option, print_json
from spot_common.config import Config, load_config
from spot_common.registry import sources
from spot_ingest.ledger import Ledger
from spot_ingest.overview import Overview, overview

_EVERY = 2.0
_SHORT = 12


@click.group("ingest", cls=SpotGroup, examples="spot ingest top\nspot ingest top --once --json")
def ingest_group() -> None:
    """Watch the ingest."""


@ingest_group.command(
    "top",
    cls=SpotCommand,
    examples="spot ingest top\nspot ingest top --once\nspot ingest top --json",
)
@click.option("--once", is_flag=True, help="Print it once and end.")
@json_option
def top_command(once: bool, as_json: bool) -> None:
    """Show files and rows a second, what waits and for how long, and what workers have in hand.

    Rates are those of the last minute, the share of rows set aside that of the last hour.
    """
    config = load_config()
    ledger = Ledger.of(config)
    if as_json:
        print_json([dataclasses.asdict(one) for one in _look(config, ledger)])
        return
    console = Console()
    if once or not console.is_terminal:
        console.print(_shown(_look(config, ledger)))
        return
    with Live(_shown(_look(config, ledger)), console=console, screen=True) as live:
        try:
            while True:
                time.sleep(_EVERY)
                live.update(_shown(_look(config, ledger)))
        except KeyboardInterrupt:
            return


def _look(config: Config, ledger: Ledger) -> list[Overview]:
    return [overview(config, ledger, source) for source in sources()]


def _shown(found: Sequence[Overview]) -> RenderableType:
    return Group(_rates(found), _hands(found))


def _rates(found: Sequence[Overview]) -> Table:
    titles = (
        "files/s",
        "rows/s",
        "landing",
        "waiting",
        "oldest",
        "lag",
        "set aside",
        "rows in all",
    )
    table = Table("source", box=None, title=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))
    for title in titles:
        table.add_column(title, justify="right")
    for one in found:
        table.add_row(
            one.source,
            f"{one.files_per_second:.1f}",
            f"{one.rows_per_second:,.0f}",
            f"{one.landing:,}",
            f"{one.waiting:,}",
            "-" if one.oldest is None else _age(one.oldest),
            "?" if one.lag is None else f"{one.lag:,}",
            f"{100 * one.set_aside_share:.2f} %",
            f"{one.totals.stored:,}",
        )
    return table


def _hands(found: Sequence[Overview]) -> Table:
    table = Table("worker", "file", "hash", box=None)
    table.add_column("attempt", justify="right")
    table.add_column("for", justify="right")
    for one in found:
        for hand in sorted(one.in_hand, key=lambda hand: hand.worker):
            digits, attempt = hand.hash[:_SHORT], str(hand.attempt)
            table.add_row(hand.worker, hand.name, digits, attempt, _age(hand.seconds))
    return table


def _age(seconds: float) -> str:
    """Give a length of time in the unit that suits it."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
