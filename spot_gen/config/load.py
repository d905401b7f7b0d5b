"""Reading a configuration file: every key is known, every value is in its range."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml

from spot_common.errors import ConfigError, NotFoundError
from spot_gen.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US, microseconds
from spot_gen.config.model import Attack, Config, Export, Network, Outputs

S = TypeVar("S")

_UNITS = {"s": SECOND_US, "m": MINUTE_US, "h": HOUR_US, "d": DAY_US}
_SECTIONS: dict[str, type] = {"network": Network, "export": Export, "outputs": Outputs}
_CHOICES = {
    "export.style": ("bi", "uni"),
    "outputs.https": ("connect", "decrypted"),
    "outputs.proxy_layout": ("main", "reporter", "squid"),
    "outputs.zeek_format": ("tsv", "json"),
    "outputs.netflow_version": (5, 9),
}
#: Keys of the file that have another name in the program, and how their text is read.
_TIMES = {"start": "start_us", "span": "span_us"}


def read(path: Path) -> Config:
    """Read a configuration file (YAML).

    NotFoundError when it is not there; ConfigError naming file and key for everything that is
    unknown, of the wrong type or impossible.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotFoundError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    return parse({} if given is None else given, str(path))


def parse(given: object, where: str) -> Config:
    """Check a configuration that was read as nested mappings; ``where`` names it in errors."""
    values = dict(_mapping(given, where))
    for name, field_name in _TIMES.items():
        if name in values:
            values[field_name] = _time(name, values.pop(name), where)
    for name, kind in _SECTIONS.items():
        if name in values:
            values[name] = _section(kind, values[name], f"{where}: {name}", f"{name}.")
    attacks = values.pop("attacks", [])
    if not isinstance(attacks, list):
        raise ConfigError(f"{where}: attacks is not a list")
    config = _section(Config, values, where)
    return dataclasses.replace(
        config, attacks=[_attack(a, where, n) for n, a in enumerate(attacks)]
    )


def _attack(given: object, where: str, number: int) -> Attack:
    return (
        given
        if isinstance(given, Attack)
        else _section(Attack, given, f"{where}: attacks, entry {number + 1}")
    )


def _mapping(given: object, where: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise ConfigError(f"{where}: expected keys with values, found {given!r:.60}")
    return given


def _section(kind: type[S], given: object, where: str, prefix: str = "") -> S:
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values = {}
    for name, value in _mapping(given, where).items():
        if name not in known:
            near = difflib.get_close_matches(name, [*known, *_TIMES], 1)
            raise ConfigError(
                f"{where}: unknown key {name!r}",
                hint=f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}",
            )
        values[name] = _value(known[name], value, f"{where}: {name}", prefix + name)
    return kind(**values)


def _value(field: dataclasses.Field[Any], value: Any, where: str, path: str) -> Any:
    default: Any = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    if isinstance(value, (datetime, date)) and isinstance(default, str):
        value = value.isoformat()
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(default):
        raise ConfigError(f"{where} must be {_kind(default)}, not {value!r:.60}")
    if path in _CHOICES and value not in _CHOICES[path]:
        raise ConfigError(
            f"{where} is {value!r}", hint="choose " + " or ".join(map(str, _CHOICES[path]))
        )
    _check_range(value, field.metadata, where)
    if isinstance(value, dict) and path == "rates":
        return {name: _rate(name, rate, where) for name, rate in value.items()}
    return value


def _check_range(value: Any, metadata: Mapping[str, Any], where: str) -> None:
    low, high = metadata.get("low"), metadata.get("high")
    if low is not None and not low <= value <= high:
        raise ConfigError(f"{where} is {value}", hint=f"choose {low} to {high}")


def _rate(name: str, rate: Any, where: str) -> float:
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1000:
        raise ConfigError(
            f"{where}: {name} is {rate!r:.60}", hint="a factor from 0 to 1000, 1 leaves it as it is"
        )
    return float(rate)


def _kind(default: Any) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return names.get(type(default), "a list" if isinstance(default, list) else "keys with values")


def _time(name: str, value: Any, where: str) -> int:
    if name == "span":
        found = re.fullmatch(r"(\d{1,9})([smhd])", str(value), re.ASCII)
        if not found or int(found[1]) == 0:
            raise ConfigError(f"{where}: span is {value!r:.60}", hint="write it like 90m, 2h or 7d")
        return int(found[1]) * _UNITS[found[2]]
    try:
        return microseconds(value.isoformat() if isinstance(value, (datetime, date)) else value)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{where}: {name} is {value!r:.60}", hint="write it like 2016-07-08T00:00:00Z"
        ) from error
