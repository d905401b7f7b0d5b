"""What all writers have in common: files that rotate, appear whole, and are known by digest."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np
import pyarrow as pa

from spot_gen.events import Events
from spot_gen.network import World
from spot_gen.truth import MARKS


@dataclass
class Written:
    """One finished file. ``counts`` has ``records`` and what else the format can count."""

    source: str
    file: str
    sha256: str
    size: int
    first_us: int
    last_us: int
    counts: dict[str, int]

    def facts(self) -> dict[str, object]:
        """Return what the manifest says of it."""
        times = {"first_us": self.first_us, "last_us": self.last_us}
        return {
            "source": self.source,
            "file": self.file,
            "sha256": self.sha256,
            "size": self.size,
            **self.counts,
            **times,
        }


@dataclass
class Output:
    """What a writer leaves behind: its files, marks of labelled records, and damaged lines."""

    files: list[Written] = field(default_factory=list)
    marks: list[pa.Table] = field(default_factory=list)
    noise: list[dict[str, object]] = field(default_factory=list)

    def marked(self) -> pa.Table:
        """Return all marks as one table."""
        return pa.concat_tables([MARKS.empty_table(), *self.marks])


class DataFile:
    """A file under its way: a hidden name until ``close``, a digest that grows with it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self._hidden = folder / f".{name}.partial"
        self._file: BinaryIO = self._hidden.open("wb")
        self._digest = hashlib.sha256()
        self.size = 0
        self.counts: dict[str, int] = {"records": 0}
        self.first_us: int | None = None
        self.last_us = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def count(self, times_us: np.ndarray, **counts: int) -> None:
        """Note that records of these times were appended; ``counts`` are added to the others."""
        for name, number in {"records": len(times_us), **counts}.items():
            self.counts[name] = self.counts.get(name, 0) + number
        if len(times_us):
            first = int(times_us.min())
            self.first_us = first if self.first_us is None else min(self.first_us, first)
            self.last_us = max(self.last_us, int(times_us.max()))

    def close(self, source: str, name: str) -> Written:
        """Let the file appear under its name."""
        self._file.close()
        self._hidden.replace(self.path)
        first = self.last_us if self.first_us is None else self.first_us
        digest = self._digest.hexdigest()
        return Written(source, name, digest, self.size, first, self.last_us, self.counts)


class Writer(ABC):
    """Turns events into the files of one source, below ``data/<source>/``.

    A writer is made for a span that begins and ends on a rotation boundary. It is given the events
    in batches, in the order of time: ``write(events, start, end)`` with all events that begin in
    [start, end). ``prior`` is called before with those that began earlier, for sensors that report
    when something ends. Its output depends on the events only, not on how they were batched.
    """

    source: ClassVar[str]
    #: Microseconds after which a new file is begun.
    rotation_us: ClassVar[int]

    def __init__(self, out: Path, world: World, rotation_us: int | None = None) -> None:
        self.world = world
        self.folder = out / "data" / self.source
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rotation = rotation_us or self.rotation_us
        self.output = Output()

    def prior(self, events: Events) -> None:  # noqa: B027 - most sensors need not know
        """Take note of events that began before the span."""

    @abstractmethod
    def write(self, events: Events, start_us: int, end_us: int) -> None:
        """Write a batch."""

    @abstractmethod
    def close(self) -> Output:
        """Finish all files."""

    def name(self, file: str) -> str:
        """Return how manifest and labels call a file of this source."""
        return f"data/{self.source}/{file}"

    def windows(self, times_us: np.ndarray) -> Iterator[tuple[int, slice]]:
        """Cut sorted times at rotations: yield the start of each window and its rows."""
        if not len(times_us):
            return
        window = times_us // self.rotation
        edges = np.flatnonzero(np.diff(window)) + 1
        starts = np.concatenate([[0], edges]).tolist()
        for first, last in zip(starts, [*edges.tolist(), len(times_us)], strict=True):
            yield int(window[first]) * self.rotation, slice(first, last)


class Rotating(Writer):
    """A writer whose files take records by their own time: one open file, a new one each window."""

    #: Begins a file: returns the bytes of its header.
    _window: int | None = None
    _open: DataFile | None = None

    @abstractmethod
    def file_name(self, window_us: int) -> str:
        """Return the name of the file that begins at a time."""

    def header(self, window_us: int) -> bytes:
        """Return the first bytes of a file."""
        return b""

    def footer(self) -> bytes:
        """Return the last bytes of a file."""
        return b""

    def file(self, window_us: int) -> DataFile:
        """Return the open file of a window; the one before is finished."""
        if self._open is None or self._window != window_us:
            self._finish()
            self._open = DataFile(self.folder, self.file_name(window_us))
            self._window = window_us
            self._open.write(self.header(window_us))
        return self._open

    def close(self) -> Output:
        """Finish the open file."""
        self._finish()
        return self.output

    def _finish(self) -> None:
        if self._open is not None:
            self._open.write(self.footer())
            name = self.name(self._open.path.name)
            self.output.files.append(self._open.close(self.source, name))
            self._open = None
