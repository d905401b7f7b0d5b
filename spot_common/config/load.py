"""Putting the configuration together from its four layers.

Order, later wins: defaults, file, environment, flags. The file is the first of ``$SPOT_CONF``,
``/etc/spot.conf`` and ``conf/spot.conf`` of the checkout. The environment may set any key as
``SPOT_<KEY>``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from spot_common.config import shell
from spot_common.config.check import check_value, unknown_key
from spot_common.config.keys import KEYS, RUN_VARIABLES
from spot_common.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]

#: Variables of the environment with our prefix that are no settings.
_OTHER_VARIABLES = {"SPOT_CONF", "SPOT_DEV", "SPOT_STACK"}


@dataclass(frozen=True)
class Setting:
    """The text of one key before its variables are put in, and where it came from."""

    pieces: tuple[shell.Piece, ...]
    origin: str


@dataclass(frozen=True)
class Config:
    """Every setting, checked. Asking for a key that is not declared is a KeyError."""

    settings: Mapping[str, Setting]
    variables: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """Give the value with its ``${...}`` put in."""
        return self._resolve(key, ())

    def integer(self, key: str) -> int:
        """Give a whole number."""
        return int(self.text(key))

    def number(self, key: str) -> float:
        """Give a number."""
        return float(self.text(key))

    def flag(self, key: str) -> bool:
        """Give a truth value."""
        return self.text(key).lower() == "true"

    def path(self, key: str) -> Path:
        """Give a path on this machine."""
        return Path(self.text(key))

    def origin(self, key: str) -> str:
        """Say where the value came from: default, file and line, environment, or flag."""
        return self.settings[key].origin

    def for_run(self, day: date, source: str) -> Config:
        """Give the configuration as a run over one day and source sees it."""
        values = (f"{day:%Y%m%d}", source, f"{day:%Y}", f"{day:%m}", f"{day:%d}")
        run = dict(zip(RUN_VARIABLES, values, strict=True))
        return replace(self, variables={**self.variables, **run})

    def environ(self) -> dict[str, str]:
        """Give the variables that hand this configuration to a child process."""
        handed = {
            f"SPOT_{name}": self.text(name)
            for name, setting in self.settings.items()
            if setting.origin in ("environment", "flag")
        }
        if "SPOT_CONF" in self.variables:
            handed["SPOT_CONF"] = self.variables["SPOT_CONF"]
        return handed

    def _resolve(self, key: str, asking: tuple[str, ...]) -> str:
        if key in asking:
            chain = " -> ".join((*asking, key))
            raise ConfigError(f"{self.settings[key].origin}: {key} refers to itself ({chain})")
        parts = []
        for piece in self.settings[key].pieces:
            if not piece.is_variable:
                parts.append(piece.text)
            elif piece.text in self.settings:
                parts.append(self._resolve(piece.text, (*asking, key)))
            else:
                parts.append(self.variables.get(piece.text, ""))
        return "".join(parts)


def find_file(environ: Mapping[str, str]) -> Path | None:
    """Give the configuration file that applies, or None where there is none."""
    if environ.get("SPOT_CONF"):
        return Path(environ["SPOT_CONF"])
    candidates = (Path("/etc/spot.conf"), ROOT / "conf" / "spot.conf")
    return next((path for path in candidates if path.is_file()), None)


def load_config(
    file: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Config:
    """Read, join and check all layers.

    Raises ConfigError naming file, line and key (with the nearest valid key) for an unknown key,
    a value of the wrong type, or an impossible one.
    """
    environ = os.environ if environ is None else environ
    settings = {
        key.name: Setting(shell.parse_value(shell.quote(key.default), key.name), "default")
        for key in KEYS.values()
    }
    file = file or find_file(environ)
    if file is not None:
        settings.update(_read_file(file))
    settings.update(_read_environment(environ))
    settings.update(_literals(overrides or {}, "flag"))
    variables = {"HOME": environ.get("HOME") or str(Path.home())}
    if file is not None:
        variables["SPOT_CONF"] = str(file)
    config = Config(settings, variables)
    for name, key in KEYS.items():
        check_value(key, config.text(name), config.origin(name))
    return config


def _read_file(file: Path) -> dict[str, Setting]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read the configuration {file}: {error}",
            hint="set SPOT_CONF to a readable file or unset it",
        ) from error
    found: dict[str, Setting] = {}
    for assignment in shell.parse(text, str(file)):
        place = f"{file}, line {assignment.line}"
        if assignment.key not in KEYS:
            raise unknown_key(assignment.key, place)
        known = {*found, *RUN_VARIABLES, "HOME"}
        for piece in assignment.pieces:
            if piece.is_variable and piece.text not in known:
                raise ConfigError(
                    f"{place}: {assignment.key} refers to {piece.text}, which is not set above",
                    hint="a shell reads the file from top to bottom; move the line up",
                )
        found[assignment.key] = Setting(assignment.pieces, place)
    return found


def _read_environment(environ: Mapping[str, str]) -> dict[str, Setting]:
    found: dict[str, str] = {}
    for name, value in environ.items():
        if not name.startswith("SPOT_") or name in _OTHER_VARIABLES:
            continue
        if name.removeprefix("SPOT_") not in KEYS:
            raise unknown_key(name.removeprefix("SPOT_"), f"environment variable {name}")
        found[name.removeprefix("SPOT_")] = value
    return _literals(found, "environment")


def _literals(values: Mapping[str, str], origin: str) -> dict[str, Setting]:
    for name in values:
        if name not in KEYS:
            raise unknown_key(name, origin)
    return {name: Setting((shell.Piece(value),), origin) for name, value in values.items()}
