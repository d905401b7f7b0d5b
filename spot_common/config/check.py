"""Checking one setting: its text must be what the key asks for."""

from __future__ import annotations

import difflib
import math
import re

from spot_common.config.keys import KEYS, Key, Kind
from spot_common.errors import ConfigError

_MEMORY = re.compile(r"[1-9][0-9]*[kmgKMG]\Z")


def unknown_key(name: str, place: str) -> ConfigError:
    """Build the error for a key that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(name.upper(), KEYS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "docs/admin.md lists every key"
    return ConfigError(f"{place}: unknown key {name}", hint=hint)


def check_value(key: Key, text: str, place: str) -> None:
    """Raise ConfigError naming ``place`` and the key if ``text`` is no value for it."""
    problem = _problem(key, text)
    if problem:
        shown = "***" if key.secret else repr(text)
        raise ConfigError(
            f"{place}: {key.name}={shown} {problem}",
            hint=f"{key.name}: {key.doc}; default {key.default or 'empty'}",
        )


def _problem(key: Key, text: str) -> str:
    """Say what is wrong with ``text``, or nothing."""
    if text == "":
        return "" if key.empty else "must not be empty"
    if any(ord(char) < 32 for char in text):
        return "contains a control character"
    if key.kind in (Kind.INTEGER, Kind.PORT, Kind.NUMBER):
        return _number_problem(key, text)
    if key.kind is Kind.FLAG and text.lower() not in key.choices:
        return "must be true or false"
    if key.kind is Kind.CHOICE and text not in key.choices:
        return f"must be one of {', '.join(key.choices)}"
    if key.kind is Kind.MEMORY and not _MEMORY.match(text):
        return "must be a number with k, m or g, such as 512m"
    if key.kind is Kind.PATH and not (text.startswith("/") or "://" in text):
        return "must be an absolute path"
    if key.kind is Kind.URL and "://" not in text:
        return "must be an address such as sqlite:////path/file.db"
    return ""


def _number_problem(key: Key, text: str) -> str:
    whole = key.kind is not Kind.NUMBER
    try:
        value = float(int(text)) if whole else float(text)
    except ValueError:
        return "must be a whole number" if whole else "must be a number"
    if not math.isfinite(value):
        return "must be finite"
    if key.minimum is not None and value < key.minimum:
        return f"must be at least {key.minimum:g}"
    if key.maximum is not None and value > key.maximum:
        return f"must be at most {key.maximum:g}"
    return ""
