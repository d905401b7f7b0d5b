"""What the commands of ``spot gen`` print."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import click

from spot_common.cli import print_json
from spot_common.progress import bar
from spot_gen import config as configuration
from spot_gen.clock import MINUTE_US, moment
from spot_gen.config import Config
from spot_gen.describe import describe
from spot_gen.follow import Stretch, follow
from spot_gen.network.addresses import text
from spot_gen.send import Sent, send
from spot_gen.span import batch_us, simulate

_SECTIONS = {
    "": configuration.Config,
    "network.": configuration.Network,
    "export.": configuration.Export,
    "outputs.": configuration.Outputs,
    "attacks[].": configuration.Attack,
}
_SPELLED = {"start_us": "start", "span_us": "span"}


def show_keys() -> None:
    """Print every key of a configuration file with its meaning."""
    keys = {
        prefix + _SPELLED.get(field.name, field.name): field.metadata["doc"]
        for prefix, section in _SECTIONS.items()
        for field in dataclasses.fields(section)
        if "doc" in field.metadata
    }
    width = max(map(len, keys))
    for name, doc in keys.items():
        click.echo(f"{name:{width}}  {doc}")


def show_hosts(config: Config, seed: int, as_json: bool) -> None:
    """Print every machine with its address."""
    rows = [
        {
            "name": host.name,
            "role": host.role,
            "address": text(host.address[:1], host.address[1:])[0].as_py(),
            "user": host.user,
        }
        for host in simulate(config, seed).world.hosts
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['name']:10} {row['role']:12} {row['address']:16} {row['user']}".rstrip())


def show_description(config: Config, seed: int, as_json: bool) -> None:
    """Print what would be made."""
    with bar("sampling"):
        facts = describe(config, seed)
    if as_json:
        print_json(facts)
        return
    click.echo(f"from {facts['start']} to {facts['end']}, seed {seed}")
    click.echo(", ".join(f"{number} {role}" for role, number in facts["hosts"].items()))
    click.echo()
    for source, about in facts["sources"].items():
        click.echo(
            f"{source:13} about {about['records']:>12,} records {about['bytes'] / 1e6:>10,.1f} MB"
            f"   malicious {about['malicious']:>8,} ({100 * about['rarity']:.3f} %)"
        )
    click.echo()
    for incident in facts["incidents"]:
        click.echo(
            f"{incident['start'][:16]}  {incident['incident_id']:20} level {incident['stealth']}  "
            f"{incident['actor']}"
        )
    for warning in facts["warnings"]:
        click.echo(f"warning: {warning}", err=True)


def show_following(config: Config, seed: int, target: Path, speed: float, as_json: bool) -> None:
    """Write stretch after stretch and print the name of each file."""
    simulation = simulate(config, seed)
    folders = {name: target / name for name in config.sources}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)

    def report(stretch: Stretch) -> None:
        facts = {
            "start": moment(stretch.start_us).isoformat(),
            "files": [str(file) for file in stretch.files],
        }
        click.echo(json.dumps(facts) if as_json else "\n".join(facts["files"]))

    try:
        with tempfile.TemporaryDirectory(prefix=".spot-gen-", dir=target) as stage:
            follow(simulation, folders, Path(stage), speed, report)
    except KeyboardInterrupt:
        click.echo("stopped; every file that appeared is whole", err=True)


def show_sending(
    config: Config, seed: int, target: str, speed: float, version: int, remote: bool, as_json: bool
) -> None:
    """Send the flows and print how many went out."""
    simulation = simulate(config, seed)
    batches = simulation.run(config.start_us, config.end_us, batch_us(config))
    with bar("sending", config.span_us / MINUTE_US, "minutes") as shown:

        def report(sent: Sent) -> None:
            shown.describe(f"{sent.records:,} flows in {sent.datagrams:,} datagrams")
            shown.advance((sent.last_us - config.start_us) / MINUTE_US - shown.done)

        sent = send(
            simulation.world,
            batches,
            target,
            speed=speed,
            version=version,
            allow_remote=remote,
            progress=report,
        )
    if as_json:
        print_json(dataclasses.asdict(sent))
        return
    click.echo(
        f"{sent.records:,} flows in {sent.datagrams:,} datagrams, {sent.octets:,} bytes, "
        f"{sent.seconds:.1f} s{', interrupted' if sent.interrupted else ''}"
    )
