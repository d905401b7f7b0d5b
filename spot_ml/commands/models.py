"""``spot ml models``: the models that runs have saved."""

from __future__ import annotations

import json
from typing import Any

import click

from spot_common.cli import SpotCommand, SpotGroup, json_option, print_json
from spot_common.clients.hdfs import Hdfs
from spot_common.config import load_config
from spot_common.printed import printed
from spot_common.registry import check_source, sources
from spot_ml.models import listing
from spot_ml.models.facts import Facts

_SHOWN = ("identity", "day", "source", "order", "events", "documents", "words", "pairs", "created",
          "size")  # fmt: skip


@click.group(
    "models",
    cls=SpotGroup,
    invoke_without_command=True,
    examples="""
    spot ml models
    spot ml models --source flow --json
    spot ml models show flow-20160708-1f2e3d4c5b6a
    """,
)
@click.option("--source", help="Only of this source.")
@json_option
@click.pass_context
def models_command(ctx: click.Context, source: str | None, as_json: bool) -> None:
    """List the stored models, the newest of each source first."""
    if ctx.invoked_subcommand is not None:
        return
    config = load_config()
    wanted = [check_source(source).name] if source else list(sources())
    found = listing.models(Hdfs(config), config, wanted)
    if as_json:
        print_json([_row(facts) for facts in found])
        return
    click.echo(f"{'ID':<32}{'order':<12}{'events':>12}{'addresses':>11}{'words':>9}{'pairs':>10}"
               f"{'MB':>8}  made (UTC)")  # fmt: skip
    for facts in found:
        click.echo(
            f"{facts.identity:<32}{facts.order:<12}{facts.events:>12,}{facts.documents:>11,}"
            f"{facts.words:>9,}{facts.pairs:>10,}{facts.size / 1e6:>8.1f}  {facts.created[:16]}"
        )


@models_command.command("show", cls=SpotCommand)
@click.argument("identity", metavar="ID")
@json_option
def show(identity: str, as_json: bool) -> None:
    """Tell everything about a model: its input files with checksums, parameters, versions."""
    config = load_config()
    facts = json.loads(listing.model(Hdfs(config), config, identity).text())
    if as_json:
        print_json(facts)
        return
    files = facts.pop("files")
    for name, value in facts.items():
        click.echo(f"{name:<16}{printed(_said(value))}")
    click.echo(f"{'files':<16}{len(files)}")
    for file in files:
        click.echo(f"  {file['length']:>12,}  {file['modified'][:19]}  {printed(file['path'])}")
        click.echo(f"  {'':>12}  {file['checksum'] or 'without a checksum'}")


@models_command.command("delete", cls=SpotCommand)
@click.argument("identities", metavar="ID...", nargs=-1, required=True)
def delete(identities: tuple[str, ...]) -> None:
    """Delete models. Results that were made with them stay."""
    config = load_config()
    for identity in identities:
        listing.delete(Hdfs(config), config, identity)
        click.echo(f"deleted {identity}")


def _row(facts: Facts) -> dict[str, Any]:
    """What the list has of a model."""
    return {"id" if name == "identity" else name: getattr(facts, name) for name in _SHOWN}


def _said(value: object) -> str:
    """A fact as text."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {inner}" for name, inner in value.items())
    return str(value)
