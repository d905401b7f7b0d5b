"""The verbs of this part: up, down, restart, status, logs, doctor, setup, ui."""

from __future__ import annotations

import dataclasses
import sys
from datetime import date
from pathlib import Path

import click

from spot_common import progress, registry
from spot_common.cli import DAY, SpotCommand, SpotGroup, json_option, print_json
from spot_common.config import load_config
from spot_ops import doctor as examination
from spot_ops import layout, stack
from spot_ops import logs as log_files
from spot_ops.services.jupyter import page_address
from spot_ops.services.model import log_file

_MIB = 1024 * 1024


@click.command(cls=SpotCommand, examples="spot up\nspot up kafka name-node data-node")
@click.argument("services", nargs=-1)
def up(services: tuple[str, ...]) -> None:
    """Start the services of this machine (or only those named) and wait until all are healthy.

    Services that run already stay; one whose configuration changed is started again.
    """
    stack.up(load_config(), only=services)


@click.command(cls=SpotCommand, examples="spot down")
def down() -> None:
    """Stop all services of this machine. Their data stays."""
    config = load_config()
    with progress.bar("stopping the services"):
        stack.down(config)


@click.command(cls=SpotCommand, examples="spot restart\nspot restart sql")
@click.argument("services", nargs=-1)
def restart(services: tuple[str, ...]) -> None:
    """Stop and start the services named, or all."""
    stack.restart(load_config(), services)


@click.command(cls=SpotCommand, examples="spot status\nspot status --json")
@json_option
def status(as_json: bool) -> None:
    """Show every service: state, health, process, age, port and memory.

    Exit status 1 when one is not healthy.
    """
    found = stack.status(load_config())
    if as_json:
        print_json([dataclasses.asdict(service) for service in found])
    else:
        _print_status(found)
    sys.exit(0 if all(service.healthy for service in found) else 1)


@click.command(cls=SpotCommand, examples="spot logs kafka\nspot logs sql -n 200\nspot logs sql -f")
@click.argument("service")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are written.")
@click.option("-n", "--lines", default=40, show_default=True, type=click.IntRange(0))
def logs(service: str, follow: bool, lines: int) -> None:
    """Show the last lines of a service's log (also: supervisord)."""
    config = load_config()
    if service != "supervisord":
        stack.choose(config, [service])
    file = log_file(config, service)
    try:
        for line in log_files.tail(file, lines):
            click.echo(line)
        if follow:
            for line in log_files.follow(file):
                click.echo(line)
    except KeyboardInterrupt:
        sys.exit(130)


@click.command(cls=SpotCommand, examples="spot doctor\nspot doctor --json")
@json_option
def doctor(as_json: bool) -> None:
    """Check whether this machine can run the stack; each problem comes with its fix.

    Exit status 1 when something would keep it from running.
    """
    findings = examination.examine(examination.gather(load_config()))
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "ok" if finding.ok else "PROBLEM" if finding.blocks else "warning"
            click.echo(f"{mark:8} {finding.check:7} {finding.text}")
            if finding.fix:
                click.echo(f"{'':16} fix: {finding.fix}")
    sys.exit(1 if any(finding.blocks for finding in findings) else 0)


@click.group(cls=SpotGroup, examples="spot setup hdfs")
def setup() -> None:
    """Prepare what the services need."""


@setup.command(
    "hdfs",
    cls=SpotCommand,
    examples="spot setup hdfs\nspot setup hdfs -c /etc/spot.conf -d hive",
)
@click.option("-c", "--config", "file", type=click.Path(path_type=Path), help="Configuration file.")
@click.option("-d", "--engine", help="Database engine, in place of DBENGINE.")
def setup_hdfs(file: Path | None, engine: str | None) -> None:
    """Make the HDFS folders, the database and all tables. Safe to repeat."""
    config = load_config(file, overrides={"DBENGINE": engine.lower()} if engine else None)
    with progress.bar("folders and tables") as bar:
        made = layout.setup(config, tell=bar.describe)
    click.echo(f"{made.folders} folders and {made.tables} tables made; the rest was there")


@click.group(cls=SpotGroup, examples="spot ui url")
def ui() -> None:
    """Find the pages."""


@ui.command(
    "url", cls=SpotCommand, examples="spot ui url\nspot ui url --source dns --date 2016-07-08"
)
@click.option("--source", help="Only the page of this source.")
@click.option("--date", "day", type=DAY, help="Open the page on this day.")
def ui_url(source: str | None, day: date | None) -> None:
    """Print the address of each page (or of one source's), with the token that opens it."""
    config = load_config()
    shown = day.isoformat() if day else ""
    if source:
        click.echo(page_address(config, registry.check_source(source).name, shown))
        return
    for name, schema in registry.sources().items():
        click.echo(f"{schema.title}: {page_address(config, name, shown)}")


def _print_status(found: list[stack.ServiceStatus]) -> None:
    rows = [("service", "state", "healthy", "pid", "up", "port", "memory", "problem")]
    for service in found:
        row = (
            service.name,
            service.state,
            "yes" if service.healthy else "no",
            str(service.pid or ""),
            _duration(service.uptime),
            str(service.port or ""),
            f"{service.rss / _MIB:.0f} MiB" if service.rss else "",
            service.problem,
        )
        rows.append(row)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
    total = sum(service.rss or 0 for service in found)
    click.echo(f"{sum(s.healthy for s in found)} of {len(found)} healthy, {total / _MIB:.0f} MiB")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    return f"{hours}h {minutes}m" if hours else f"{minutes}m {rest}s"


COMMANDS: list[click.Command] = [up, down, restart, status, logs, doctor, setup, ui]
