"""``spot gen template``: lines of text logs from a configuration."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import click

from spot_common.cli import SpotCommand, json_option, print_json
from spot_common.errors import UsageError
from spot_common.progress import Bar, bar
from spot_gen.clock import moment
from spot_gen.template.configuration import Configuration, read
from spot_gen.template.lines import Block
from spot_gen.template.order import in_order
from spot_gen.template.output import Tally, labels_path, staged, write
from spot_gen.template.produce import sources
from spot_gen.template.shipped import find, shipped
from spot_gen.template.times import Span, zone_of

_EXAMPLES = """
spot gen template --list
spot gen template asa --period 1h --sort
spot gen template windows --period 7d --seed 3 --write /tmp/windows.json --json
spot gen template my.yaml --end 2016-07-08T12:00 --period 30m --zone Europe/Berlin
"""
_QUIET_SECONDS = 2.0
_LARGEST_SEED = (1 << 64) - 1


@click.command("template", cls=SpotCommand, examples=_EXAMPLES)
@click.argument("config", required=False)
@click.option("--write", "target", metavar="FILE", help="Output file; standard output without it.")
@click.option("--period", default="1h", show_default=True, metavar="N[dhm]", help="How far back.")
@click.option("--sort", is_flag=True, help="Order the lines by time.")
@click.option("--seed", type=click.IntRange(0, _LARGEST_SEED), default=1, show_default=True)
@click.option("--zone", help="Time zone of the lines, instead of the configuration's (or UTC).")
@click.option("--end", metavar="TIME", help="End of the period: now, or with d the last midnight.")
@click.option("--list", "only_list", is_flag=True, help="Name the shipped configurations.")
@json_option
def template(
    config: str | None,
    target: str | None,
    period: str,
    sort: bool,
    seed: int,
    zone: str | None,
    end: str | None,
    only_list: bool,
    as_json: bool,
) -> None:
    """Write log lines from the templates or the model of CONFIG, a file or a shipped name.

    The same seed, period and end give the same bytes. Lines whose sample has a label are listed in
    FILE.labels.csv (ordinal, label).
    """
    if only_list:
        _list(as_json)
        return
    if config is None:
        raise UsageError("no configuration is named", hint="--list names the shipped ones")
    output = None if target in {None, "-"} else Path(str(target))
    if as_json and output is None:
        raise UsageError("--json needs --write", hint="standard output has the lines")
    settings = read(find(config))
    span = _span(settings, period, end, zone)
    found = sources(settings, span, seed)
    blocks = _shown(in_order(found) if sort else chain.from_iterable(found))
    if output is None:
        _print(settings, blocks)
        return
    with staged(output, settings.labelled) as (lines, labels):
        tally = write(blocks, lines, labels, settings.linebreak)
    facts = _facts(settings, span, seed, output, tally)
    if as_json:
        print_json(facts)
    else:
        click.echo(f"{tally.lines} lines, {facts['start']} to {facts['end']}: {output}")


def _print(settings: Configuration, blocks: Iterable[Block]) -> None:
    write(blocks, sys.stdout.buffer, None, settings.linebreak)
    if settings.labelled:
        click.echo("note: labels are written only beside a file (--write)", err=True)


def _list(as_json: bool) -> None:
    found = shipped()
    if as_json:
        print_json(found)
        return
    for name, description in found.items():
        click.echo(f"{name:<10}{description}")


def _span(settings: Configuration, period: str, end: str | None, zone: str | None) -> Span:
    try:
        told = settings.zone if zone is None else zone_of(zone)
    except ValueError as error:
        raise UsageError(f"--zone: {error}", hint="write it like UTC or Europe/Berlin") from error
    return Span.before(period, end, told, datetime.now(UTC))


def _shown(blocks: Iterable[Block]) -> Iterator[Block]:
    """Pass blocks on; show how far they are when that takes more than two seconds."""
    started, done = time.monotonic(), 0.0
    shown: Bar | None = None
    with ExitStack() as stack:
        for block in blocks:
            yield block
            done += block.share * 100
            if shown is None and time.monotonic() - started > _QUIET_SECONDS:
                shown = stack.enter_context(bar("lines", total=100, unit="%"))
            if shown is not None:
                shown.advance(round(done) - shown.done)


def _facts(
    settings: Configuration, span: Span, seed: int, target: Path, tally: Tally
) -> dict[str, object]:
    first, last = tally.first_us, tally.last_us
    return {
        "configuration": settings.path,
        "output": target,
        "labels": labels_path(target) if settings.labelled else None,
        "seed": seed,
        "zone": span.zone.key,
        "start": _iso(span.start_us, span),
        "end": _iso(span.end_us, span),
        "lines": tally.lines,
        "labelled": tally.labelled,
        "first": None if first is None else _iso(first, span),
        "last": None if last is None else _iso(last, span),
        "bytes": tally.size,
        "sha256": tally.sha256,
    }


def _iso(time_us: int, span: Span) -> str:
    return moment(time_us).astimezone(span.zone).isoformat()
