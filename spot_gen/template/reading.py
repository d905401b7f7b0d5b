"""Files of a configuration: YAML without code in it, and lines; nothing outside its folder."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from spot_common.errors import ConfigError, NotFoundError

_PYTHON = ("tag:yaml.org,2002:python/name:", "tag:yaml.org,2002:python/object/apply:")


@dataclass(frozen=True)
class Called:
    """A function that a configuration names in the original's notation; it is never looked up.

    ``arguments`` is None where the notation gives them elsewhere.
    """

    name: str
    arguments: Any = None


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader, to which the original's function tags are names and nothing more."""

    def construct_scalar(self, node: yaml.Node) -> Any:
        """Read a scalar; half of a character (JSON writes some in two halves) is refused."""
        value = super().construct_scalar(node)
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise yaml.constructor.ConstructorError(
                None, None, "a character is written in two halves", node.start_mark
            )
        return value


def _called(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Called:
    if isinstance(node, yaml.SequenceNode):
        return Called(name, loader.construct_sequence(node, deep=True))
    if isinstance(node, yaml.ScalarNode) and not node.value:
        return Called(name)
    raise yaml.constructor.ConstructorError(
        None, None, f"the arguments of {name} are not a list", node.start_mark
    )


for _tag in _PYTHON:
    _Loader.add_multi_constructor(_tag, _called)


@dataclass(frozen=True)
class Folder:
    """The folder of a configuration, beyond which nothing is read."""

    path: Path

    def file(self, name: object, where: str) -> Path:
        """Find a file by its name in the folder; ``where`` names the place that asks for it.

        ConfigError for a path that leaves the folder, also through a link; NotFoundError for a
        file that is not there.
        """
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{where}: expected the name of a file, found {name!r:.60}")
        try:
            found = (self.path / name).resolve()
            there = found.is_file()
        except (OSError, ValueError, RuntimeError) as error:
            raise NotFoundError(f"{where}: {name!r:.60} is no file: {error}") from error
        if not found.is_relative_to(self.path.resolve()):
            raise ConfigError(
                f"{where}: {name} leaves the configuration's folder",
                hint=f"put the file below {self.path}",
            )
        if not there:
            raise NotFoundError(f"{where}: there is no file {name} in {self.path}")
        return found

    def lines(self, name: object, where: str) -> list[tuple[int, str]]:
        """Read the lines of a file that are not empty, each with its number."""
        lines = enumerate(text_of(self.file(name, where)).splitlines(), 1)
        return [(number, line) for number, line in lines if line.strip()]

    def yaml(self, name: object, where: str) -> Any:
        """Read a YAML file."""
        return read_yaml(self.file(name, where))


def text_of(path: Path) -> str:
    """Read a file of UTF-8 text."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotFoundError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error


def read_yaml(path: Path) -> Any:
    """Read a YAML file; ConfigError naming file and line for what is none or wants to run code."""
    text = text_of(path)
    try:
        return _Loader(text).get_single_data()
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 2016-13-01 is no date
        problem = getattr(error, "problem", None) or str(error)
        mark = getattr(error, "problem_mark", None)
        place = f"{path}, line {mark.line + 1}" if mark else str(path)
        raise ConfigError(f"{place}: {problem}") from error


def section(given: object, known: Collection[str], where: str) -> dict[str, Any]:
    """Return a mapping all of whose keys are known; ConfigError naming the one that is not."""
    values = mapping(given, where)
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise ConfigError(
                f"{where}: unknown key {name!r}",
                hint=f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}",
            )
    return values


def mapping(given: object, where: str) -> dict[str, Any]:
    """Return a mapping with text as keys."""
    if not isinstance(given, dict) or not given:
        raise ConfigError(f"{where}: expected keys with values, found {given!r:.60}")
    for name in given:
        if not isinstance(name, str):
            raise ConfigError(f"{where}: {name!r:.60} is no key", hint="put it in quotes")
    return given


def sequence(given: object, where: str) -> list[Any]:
    """Return a list that is not empty."""
    if not isinstance(given, list) or not given:
        raise ConfigError(f"{where}: expected a list, found {given!r:.60}")
    return given


def text(given: object, where: str) -> str:
    """Return a text that is not empty."""
    if not isinstance(given, str) or not given:
        raise ConfigError(f"{where}: expected text, found {given!r:.60}")
    return given


def scalar(given: object, where: str) -> str:
    """Return a value as text; truth values and dates, which YAML makes of words, are refused."""
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise ConfigError(
            f"{where}: {given!r:.60} is no text or number", hint="put the value in quotes"
        )
    return str(given)


def whole(given: object, low: int, high: int, where: str) -> int:
    """Return a whole number in [low, high]."""
    if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
        raise ConfigError(f"{where} is {given!r:.60}", hint=f"a whole number from {low} to {high}")
    return given
