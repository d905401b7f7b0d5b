"""What the ledger knows of one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a file is on its way."""

    SEEN = "seen"
    STORED = "stored"
    QUEUED = "queued"
    CONVERTING = "converting"
    PUBLISHED = "published"
    SET_ASIDE = "set aside"


OPEN = (State.SEEN, State.STORED, State.QUEUED, State.CONVERTING)
FINISHED = (State.PUBLISHED, State.SET_ASIDE)


@dataclass(frozen=True)
class Arrival:
    """A file that a collector has seen for the first time; ``path`` will be its place in HDFS."""

    hash: str
    name: str
    size: int
    mtime_ns: int
    path: str


@dataclass(frozen=True)
class Entry:
    """One file. Times are seconds since 1970; ``path`` is its place in HDFS.

    ``partitions`` has one mapping a partition: its values and ``rows``. ``reasons`` counts the rows
    that were set aside by reason; ``dropped`` tells that what was kept of them was deleted on
    purpose. ``claim`` names the attempt that holds the file, empty where none does, ``taken`` when
    the last one began; ``beat`` grows while it is alive.
    """

    source: str
    hash: str
    name: str
    size: int
    mtime_ns: int
    path: str
    state: State
    collector: str
    attempts: int
    worker: str
    claim: str
    beat: int
    taken: float
    rows_received: int
    rows_stored: int
    rows_set_aside: int
    reasons: Mapping[str, int]
    dropped: bool
    partitions: Sequence[Mapping[str, int]]
    reason: str
    arrived: float
    changed: float

    @property
    def finished(self) -> bool:
        """Whether nothing more will be done with the file."""
        return self.state in FINISHED

    @property
    def days(self) -> dict[str, int]:
        """Rows by day (YYYY-MM-DD), oldest first."""
        found: dict[str, int] = {}
        for part in self.partitions:
            day = f"{part['y']:04d}-{part['m']:02d}-{part['d']:02d}"
            found[day] = found.get(day, 0) + part["rows"]
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class Totals:
    """Finished files of a source: how many, and their rows."""

    published: int
    set_aside_files: int
    stored: int
    set_aside: int

    @property
    def files(self) -> int:
        """All of them."""
        return self.published + self.set_aside_files


@dataclass(frozen=True)
class Duplicate:
    """A file that arrived although its content was known."""

    source: str
    hash: str
    name: str
    arrived: float
