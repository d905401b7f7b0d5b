"""The formats of sensors: one module each, found by the name of its source."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from spot_gen.writers.files import Writer


def writers() -> dict[str, type[Writer]]:
    """Return the writer of each source: every module here that exports ``WRITER``."""
    found: dict[str, type[Writer]] = {}
    for module in sorted(m.name for m in iter_modules(__path__)):
        writer = getattr(import_module(f"{__name__}.{module}"), "WRITER", None)
        if writer is not None:
            found[cast(type[Writer], writer).source] = writer
    return found
