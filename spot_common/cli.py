"""How every command behaves: errors in two lines with a status, help with examples, ``--json``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NoReturn, TypeVar

import click

from spot_common.errors import SpotError, UsageError

F = TypeVar("F", bound=Callable[..., Any])


class SpotCommand(click.Command):
    """A command whose failures are explained.

    A SpotError becomes ``error:`` and ``hint:`` on the error stream and its exit status.
    ``examples`` (lines of a shell) are shown at the end of ``--help``.
    """

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples.strip().splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line.strip()}\n")
        super().format_epilog(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and explain its errors."""
        try:
            return super().invoke(ctx)
        except SpotError as error:
            fail(error)


class SpotGroup(SpotCommand, click.Group):
    """A group of Spot commands; what it does itself is explained like theirs."""

    command_class = SpotCommand
    group_class = type


def fail(error: SpotError) -> NoReturn:
    """Print an error with its hint and leave with its exit status."""
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
    sys.exit(error.exit_code)


def json_option(function: F) -> F:
    """Give a command the option ``--json`` (parameter ``as_json``)."""
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
    return option(function)


def print_json(value: object) -> None:
    """Print a value as indented JSON; dates and paths become text."""
    print(json.dumps(value, indent=2, default=str))


def parse_day(text: str) -> date:
    """Read a day given as YYYYMMDD or YYYY-MM-DD; UsageError for anything else."""
    for pattern, form in ((r"\d{8}", "%Y%m%d"), (r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d")):
        if re.fullmatch(pattern, text, re.ASCII):
            try:
                return datetime.strptime(text, form).date()
            except ValueError:
                break
    raise UsageError(f"{text!r} is not a day", hint="write it as YYYYMMDD or YYYY-MM-DD")


class DayType(click.ParamType[date]):
    """A click parameter that is a day."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Turn the text into a date."""
        if isinstance(value, date):
            return value
        try:
            return parse_day(value)
        except UsageError as error:
            self.fail(f"{error.message}; {error.hint}", param, ctx)


DAY = DayType()
