"""Ordinary traffic (B5) and what only looks like an attack (B7)."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from spot_gen import lookalikes
from spot_gen.activity.model import Activity


def activities() -> tuple[type[Activity], ...]:
    """Return all activities: those that the modules here and in ``lookalikes`` export."""
    found: list[type[Activity]] = []
    for package, path in ((__name__, __path__), (lookalikes.__name__, lookalikes.__path__)):
        found += _exported(package, path)
    return tuple(found)


def _exported(package: str, path: Iterable[str]) -> list[type[Activity]]:
    modules = sorted(module.name for module in iter_modules(path))
    loaded = (import_module(f"{package}.{name}") for name in modules)
    return [activity for module in loaded for activity in getattr(module, "ACTIVITIES", ())]
