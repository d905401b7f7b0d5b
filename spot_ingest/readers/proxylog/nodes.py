"""YAML without its guesses: every value is a text, a list or a section, and knows its line."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import yaml

from spot_common.errors import ConfigError


@dataclass(frozen=True)
class Document:
    """The nodes of one file; ``where`` names it in errors. All errors are ConfigError."""

    where: str

    def root(self, text: str) -> Any:
        """Read the file's text."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except RecursionError as error:
            raise ConfigError(f"{self.where} is nested too deeply") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f"{self.where}, line {mark.line + 1}" if mark else self.where
            raise ConfigError(f"{place}: {getattr(error, 'problem', None) or error}") from error
        if root is None:
            raise ConfigError(f"{self.where} is empty")
        return root

    def text(self, node: Any) -> str:
        """Give a text that is not empty."""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            raise self.wrong(node, "expected a text")
        value: str = node.value
        return value

    def items(self, node: Any) -> list[Any]:
        """Give the entries of a list; anything else is a list of one."""
        if not isinstance(node, yaml.SequenceNode):
            return [node]
        if not node.value:
            raise self.wrong(node, "the list is empty")
        return list(node.value)

    def section(
        self, node: Any, kind: str, known: Collection[str], needed: Collection[str] = ()
    ) -> dict[str, Any]:
        """Give the values of a section by key; ``kind`` is what a key is called in errors."""
        if not isinstance(node, yaml.MappingNode):
            raise self.wrong(node, "expected keys with values")
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = self.text(key)
            if name not in known:
                raise self.unknown(key, kind, name, known)
            if name in found:
                raise self.wrong(key, f"{name} comes twice")
            found[name] = value
        for name in needed:
            if name not in found:
                raise self.wrong(node, f"the {kind} {name} is missing")
        return found

    def wrong(self, node: Any, message: str, hint: str = "") -> ConfigError:
        """Build the error for what is wrong with a node."""
        line = node.start_mark.line + 1
        return ConfigError(f"{self.where}, line {line}: {message}", hint=hint)

    def unknown(self, node: Any, kind: str, name: str, known: Collection[str]) -> ConfigError:
        """Build the error for a name that does not exist, with the nearest one that does."""
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(sorted(known))}"
        return self.wrong(node, f"unknown {kind} {name!r:.60}", hint)
