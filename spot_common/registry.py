"""Where sources are found.

A source registers itself by being there: a module of ``spot_common.schema`` that exports
``SCHEMA``. Each part keeps a module of the same name in its own package (``spot_ingest.sources``,
``spot_ml.words``, ``spot_oa.sources``), which :func:`part` loads. Nothing else names a source.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from types import ModuleType

import spot_common.schema
from spot_common.errors import UsageError
from spot_common.schema.types import SourceSchema


def sources() -> dict[str, SourceSchema]:
    """Give every source by name, in the order of their positions."""
    found = {}
    for info in pkgutil.iter_modules(spot_common.schema.__path__):
        module = importlib.import_module(f"spot_common.schema.{info.name}")
        schema = getattr(module, "SCHEMA", None)
        if isinstance(schema, SourceSchema):
            found[schema.name] = schema
    return dict(sorted(found.items(), key=lambda item: item[1].order))


def check_source(name: str) -> SourceSchema:
    """Give the source of that name; UsageError with the nearest one where there is none."""
    known = sources()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else f"sources: {', '.join(known)}"
    raise UsageError(f"unknown source {name!r}", hint=hint)


def part(package: str, source: str) -> ModuleType:
    """Load a source's module of one part, e.g. ``part("spot_ml.words", "flow")``."""
    check_source(source)
    return importlib.import_module(f"{package}.{source}")
