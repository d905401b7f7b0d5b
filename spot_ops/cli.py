"""The command ``spot``: the verbs of this part, and those of every other part when asked for."""

from __future__ import annotations

import importlib

import click

from spot_common.cli import SpotGroup
from spot_ops.commands import COMMANDS

#: Where the other verbs are, in the order in which they are looked for. Those of the machine
#: learning come with the one verb that needs all parts.
_PARTS = (
    "spot_common.config.cli", "spot_ingest.cli", "spot_ops.evaluate.cli", "spot_oa.cli",
    "spot_gen.cli",
)  # fmt: skip


class LazyGroup(SpotGroup):
    """A group that imports a part only when none of the verbs before it matches.

    ``spot status`` must not wait for PySpark to be imported.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all verbs; this imports every part."""
        return sorted({*self.commands, *(name for part in _PARTS for name in _verbs(part))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a verb here or in the first part that has it."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        return next(
            (verbs[cmd_name] for part in _PARTS if cmd_name in (verbs := _verbs(part))), None
        )


def _verbs(part: str) -> dict[str, click.Command]:
    commands: list[click.Command] = importlib.import_module(part).COMMANDS
    return {command.name or "": command for command in commands}


@click.group(
    cls=LazyGroup,
    commands={command.name or "": command for command in COMMANDS},
    examples="spot up\nspot status\nspot ui url --source flow\nspot COMMAND --help",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def main() -> None:
    """Spot: network telemetry in, the few events that deserve a look out.

    The settings are in spot.conf (see: spot config show); the environment may set any of them as
    SPOT_<KEY>.
    """
