"""What is known of one format of a log: how a line is cut, and which field fills which column."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from spot_ingest.readers.proxylog.clock import Form
from spot_ingest.readers.proxylog.tokens import Split

#: Columns without which no row can be made.
NEEDED = ("clientip", "host")
#: Columns that are made of the time and of other columns.
DERIVED = ("p_date", "p_time", "fulluri")


@dataclass(frozen=True)
class Source:
    """Where a value comes from: a field and the steps it takes, or a fixed text."""

    path: tuple[str, ...] = ()
    text: str = ""

    def given(self, fields: Collection[str]) -> bool:
        """Tell whether a log with these fields has it."""
        return not self.path or self.path[0] in fields


@dataclass(frozen=True)
class Time:
    """Fields that together, with a blank between, say when the request was."""

    fields: tuple[str, ...]
    form: Form


@dataclass(frozen=True)
class Layout:
    """The names of the fields of a line in order; ``-`` for a field of no interest."""

    names: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many fields a line has."""
        return len(self.names)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each field; of a name that comes twice, the first."""
        return {name: place for place, name in reversed(list(enumerate(self.names)))}


@dataclass(frozen=True)
class Format:
    """One format. ``split`` is None where a line is a JSON object.

    A line that begins with ``header`` names the fields of those that follow; before the first one
    the ``layouts`` are tried, which differ in the number of their fields. Lines that begin with
    ``comments`` tell nothing. Lines without one of the fields that it ``needs`` are of another
    format. ``files`` is a pattern of names that such logs usually have.
    """

    name: str
    split: Split | None
    times: tuple[Time, ...]
    columns: Mapping[str, tuple[Source, ...]]
    layouts: tuple[Layout, ...] = ()
    header: bytes = b""
    comments: bytes = b""
    needs: tuple[str, ...] = ()
    files: str = ""

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields that are of interest."""
        paths = [source.path for sources in self.columns.values() for source in sources]
        named = {path[0] for path in paths if path}
        return frozenset(named.union(self.needs, *(time.fields for time in self.times)))

    def missing(self, layout: Layout) -> list[str]:
        """Name the fields without which no row can be made of a line."""
        fields = layout.places
        lacking = [
            sources[0].path[0]
            for sources in (self.columns[column] for column in NEEDED)
            if not any(source.given(fields) for source in sources)
        ]
        if not any(set(time.fields) <= fields.keys() for time in self.times):
            lacking = [name for name in self.times[0].fields if name not in fields] + lacking
        return lacking + [name for name in self.needs if name not in fields]
