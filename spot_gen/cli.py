"""The verb ``spot gen``: labelled traffic of any size, and the measure of a ranking."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from spot_common.cli import SpotCommand, SpotGroup, json_option, print_json
from spot_common.config import load_config
from spot_common.errors import UsageError
from spot_common.progress import Bar, bar
from spot_gen.clock import MINUTE_US
from spot_gen.config import PRESETS, Config, parse, preset, read
from spot_gen.measure.cli import score
from spot_gen.template.cli import template

F = TypeVar("F", bound=Callable[..., Any])

#: Seeds for the final measurement (B11): what is tuned on them measures nothing any more.
_FINAL_SEEDS = range(101, 121)


@click.group("gen", cls=SpotGroup)
def gen() -> None:
    """Generate labelled traffic, and measure a ranking against its labels."""


_OPTIONS = (
    click.option("--config", "file", type=click.Path(path_type=Path), help="A YAML file."),
    click.option("--preset", "name", type=click.Choice(sorted(PRESETS)), help="Or a size."),
    click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=1, show_default=True),
    click.option("--final", is_flag=True, help="Mean it when the seed is one of 101-120."),
    click.option("--start", help="Another start, ISO time (UTC)."),
    click.option("--span", help="Another span: N with s, m, h or d."),
    click.option("--source", "sources", multiple=True, help="Only these; repeatable."),
)


def _configured(function: F) -> F:
    """Give a command the options that say what shall be made; it gets ``config`` and ``seed``."""

    @wraps(function)
    def configured(
        file: Path | None,
        name: str | None,
        seed: int,
        final: bool,
        start: str | None,
        span: str | None,
        sources: tuple[str, ...],
        **others: Any,
    ) -> Any:
        if (file is None) == (name is None):
            raise UsageError(
                "name either a configuration or a preset", hint="for example: --preset small"
            )
        _check_seed(seed, final)
        config = read(file) if file is not None else preset(name or "")
        return function(_changed(config, start, span, sources), seed, **others)

    for option in reversed(_OPTIONS):
        configured = option(configured)
    return cast(F, configured)


def _changed(
    config: Config, start: str | None, span: str | None, sources: tuple[str, ...]
) -> Config:
    """Return the configuration with what the options say instead."""
    given = {key: text for key, text in {"start": start, "span": span}.items() if text is not None}
    parsed = parse(given, "options")
    changes: dict[str, Any] = {f"{key}_us": getattr(parsed, f"{key}_us") for key in given}
    if sources:
        changes["sources"] = list(sources)
    return dataclasses.replace(config, **changes)


def _check_seed(seed: int, final: bool) -> None:
    """Warn of a seed that is kept for the final measurement."""
    if seed in _FINAL_SEEDS and not final:
        print(
            f"warning: seed {seed} is kept for the final measurement; develop with 1 to 20, "
            "or add --final if this is it",
            file=sys.stderr,
        )


class _Shown:
    """Passes progress on to a bar: minutes of simulated time, events and their rate."""

    def __init__(self, shown: Bar) -> None:
        self._bar = shown
        self._events = 0
        self._began = time.monotonic()

    def __call__(self, time_us: int, events: int) -> None:
        self._events += events
        rate = self._events / max(time.monotonic() - self._began, 1e-9)
        self._bar.describe(f"{self._events:,} events, {rate:,.0f}/s")
        self._bar.advance(time_us / MINUTE_US)


@gen.command(
    "generate",
    cls=SpotCommand,
    examples="""
    spot gen generate --preset small --seed 7 --out /tmp/day
    spot gen generate --preset tiny --source dns --start 2016-07-08T09:00:00Z --out /tmp/hours
    spot gen generate --config my.yaml --seed 3 --jobs 1 --json --out /tmp/mine
    """,
)
@_configured
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The new folder.")
@click.option("--jobs", type=click.IntRange(1), help="Processes; default: one per core.")
@click.option("--force", is_flag=True, help="Replace the data set that is there.")
@json_option
def generate(
    config: Config, seed: int, out: Path, jobs: int | None, force: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Write data, context files and ground truth: the same bytes for the same seed.

    DIR/data/<source>/ is what sensors write, DIR/context/ what an analyst would know, DIR/labels/
    which records belong to which incident, DIR/manifest.json what there is and its digests.
    """
    from spot_gen.generate import generate as make

    with bar("generating", config.span_us / MINUTE_US, "minutes") as shown:
        facts = make(config, seed, out, jobs=jobs or _cores(), force=force, report=_Shown(shown))
    if as_json:
        print_json(facts)
        return
    for source, counts in facts["sources"].items():
        files = [f for f in facts["files"] if f["source"] == source]
        size = sum(f["size"] for f in files)
        click.echo(
            f"{source:13} {counts.get('records', 0):>11,} records  {len(files):>5} files  "
            f"{size / 1e6:>9,.1f} MB  malicious {100 * counts.get('rarity', 0):.3f} %"
        )
    click.echo(f"{len(facts['incidents'])} incidents; what happened: {out}/labels/incidents.jsonl")


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def _show_keys(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    from spot_gen import display

    if wanted:
        display.show_keys()
        ctx.exit()


@gen.command(
    "describe",
    cls=SpotCommand,
    examples="""
    spot gen describe --preset medium
    spot gen describe --config my.yaml --seed 3 --json
    spot gen describe --keys
    """,
)
@_configured
@click.option(
    "--keys", is_flag=True, is_eager=True, expose_value=False, callback=_show_keys,
    help="List what a configuration may say, and stop.",
)  # fmt: skip
@click.option("--hosts", is_flag=True, help="List the machines, and stop.")
@json_option
def describe(
    config: Config, seed: int, hosts: bool, as_json: bool,
) -> None:  # fmt: skip
    """Say what would be made: machines, records and bytes per source, incidents.

    The numbers are estimates from samples of some minutes.
    """
    from spot_gen import display

    if hosts:
        display.show_hosts(config, seed, as_json)
        return
    display.show_description(config, seed, as_json)


@gen.command(
    "follow",
    cls=SpotCommand,
    examples="""
    spot gen follow --preset small --out /tmp/live --speed 60
    spot gen follow --preset small --landing --now
    """,
)
@_configured
@click.option("--out", type=click.Path(path_type=Path), help="Files appear in DIR/data/<source>/.")
@click.option("--landing", is_flag=True, help="Files appear where the collectors look.")
@click.option("--now", is_flag=True, help="Begin at the present time instead of --start.")
@click.option(
    "--speed", type=click.FloatRange(0.001, 1e6), default=1.0, show_default=True,
    help="Times real time.",
)  # fmt: skip
@json_option
def follow(
    config: Config, seed: int, out: Path | None, landing: bool, now: bool,
    speed: float, as_json: bool,
) -> None:  # fmt: skip
    """Keep writing: one file per source every 5 minutes of simulated time, until the span ends.

    Stop it with Ctrl-C: what has appeared is whole.
    """
    from spot_gen import display

    if now:
        present = int(time.time()) // 300 * 300 * 1_000_000
        config = dataclasses.replace(config, start_us=present)
    if (out is None) != landing:
        raise UsageError("name either --out DIR or --landing")
    target = load_config().path("LANDING_DIR") if out is None else out / "data"
    display.show_following(config, seed, target, speed, as_json)


@gen.command(
    "send",
    cls=SpotCommand,
    examples="""
    spot gen send --preset tiny --netflow 127.0.0.1:2055 --speed 60
    spot gen send --preset small --span 1h --netflow 127.0.0.1:9995 --netflow-version 9
    """,
)
@_configured
@click.option("--netflow", "target", required=True, metavar="HOST:PORT", help="Who listens.")
@click.option(
    "--speed", type=click.FloatRange(0.001, 1e6), default=1.0, show_default=True,
    help="Times real time.",
)  # fmt: skip
@click.option("--netflow-version", "version", type=click.Choice(["5", "9"]), default="5")
@click.option("--allow-remote", is_flag=True, help="Send to another machine, too.")
@json_option
def send(
    config: Config, seed: int, target: str, speed: float, version: str,
    allow_remote: bool, as_json: bool,
) -> None:  # fmt: skip
    """Play the flows as NetFlow datagrams, in real time times --speed.

    An address that is not loopback is refused unless --allow-remote is given: made-up traffic has
    no place in a real collector.
    """
    from spot_gen import display

    display.show_sending(config, seed, target, speed, int(version), allow_remote, as_json)


@gen.command("sample", cls=SpotCommand, examples="spot gen sample\nls $(spot gen sample)/labels")
@click.option("--jobs", type=click.IntRange(1), help="Processes; default: one per core.")
@json_option
def sample(jobs: int | None, as_json: bool) -> None:
    """Make the sample day if it is not there yet, and print its folder."""
    from spot_gen import sample as day

    folder = day.sample_folder(load_config().path("STATE_DIR"))
    if not day.is_made(folder):
        minutes = day.sample_config().span_us / MINUTE_US
        with bar("making the sample day", minutes, "minutes") as shown:
            day.make_sample(folder, jobs or _cores(), _Shown(shown))
    if as_json:
        print_json({"folder": folder, "day": day.DAY, "seed": day.SEED})
    else:
        click.echo(folder)


gen.add_command(score)
gen.add_command(template)

COMMANDS = [gen]
