"""``spot config``: check, show and write the configuration."""

from __future__ import annotations

from pathlib import Path

import click

from spot_common.cli import SpotGroup, json_option, print_json
from spot_common.config import Config, load_config
from spot_common.config.check import unknown_key
from spot_common.config.keys import KEYS, SECTIONS, Key
from spot_common.config.write import conf_text, describe, markdown_table
from spot_common.registry import part, sources

_SHIPPED = Path(__file__).resolve().parents[2] / "conf" / "spot.conf"


@click.group(cls=SpotGroup)
def config() -> None:
    """Check and show the settings."""


@config.command(examples="spot config check\nSPOT_CONF=/etc/spot.conf spot config check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(file: Path | None) -> None:
    """Check every setting of FILE (default: the one that applies) and of the environment.

    What a source takes from other files of conf/ is checked too.
    """
    loaded = load_config(file)
    place = loaded.variables.get("SPOT_CONF", "defaults")
    print(f"{place}: {len(loaded.settings)} settings, all good")
    for name in sources():
        for found in part("spot_ingest.sources", name).SOURCE.check():
            print(found)


@config.command(
    examples="spot config show\nspot config show KAFKA_BROKERS\nspot config show --json"
)
@click.argument("keys", nargs=-1)
@json_option
def show(keys: tuple[str, ...], as_json: bool) -> None:
    """Show each setting with its value and where that came from; secrets are masked."""
    loaded = load_config()
    for name in keys:
        if name not in KEYS:
            raise unknown_key(name, "spot config show")
    chosen = [key for section in SECTIONS for key in section.keys if not keys or key.name in keys]
    rows = [
        {"key": key.name, "value": _shown(loaded, key), "origin": loaded.origin(key.name)}
        for key in chosen
    ]
    if as_json:
        print_json(rows)
        return
    width = max((len(row["key"]) for row in rows), default=0)
    for row in rows:
        print(f"{row['key']:<{width}} = {row['value']}  [{row['origin']}]")


@config.command(examples="spot config explain TOL")
@click.argument("key")
def explain(key: str) -> None:
    """Say what KEY means."""
    if key.upper() not in KEYS:
        raise unknown_key(key, "spot config explain")
    print(f"{key.upper()}: {describe(KEYS[key.upper()])}")


@config.command(examples="spot config write\nspot config write /etc/spot.conf")
@click.argument("file", default=_SHIPPED, type=click.Path(path_type=Path))
def write(file: Path) -> None:
    """Write a configuration file with every key and its default to FILE."""
    file.write_text(conf_text(), encoding="utf-8")
    print(f"wrote {file}")


@config.command(examples="spot config table")
def table() -> None:
    """Print the table of all keys, as docs/admin.md shows it."""
    print(markdown_table(), end="")


def _shown(loaded: Config, key: Key) -> str:
    text = loaded.text(key.name)
    return "***" if key.secret and text else text


COMMANDS = [config]
