"""The verbs of this part: up, down, restart, status, logs, doctor, setup, ui."""

from __future__ import annotations

import dataclasses

import click

from spot_common.cli import SpotCommand, json_option, print_json
from spot_common.config import load_config
from spot_ops import stack


@click.command(
    cls=SpotCommand,
    examples="spot up\nspot up kafka name-node data-node metastore sql",
)
@click.argument("services", nargs=-1)
def up(services: tuple[str, ...]) -> None:
    """Start the services of this machine and wait until all are healthy."""
    stack.up(load_config(), only=services)


@click.command(cls=SpotCommand, examples="spot down")
def down() -> None:
    """Stop all services of this machine; their data stays."""
    stack.down(load_config())


@click.command(cls=SpotCommand, examples="spot status\nspot status --json")
@json_option
def status(as_json: bool) -> None:
    """Show every service: state, health, process, age, port and memory."""
    found = stack.status(load_config())
    if as_json:
        print_json([dataclasses.asdict(service) for service in found])
        return
    for service in found:
        print(service)


COMMANDS: list[click.Command] = [up, down, status]
