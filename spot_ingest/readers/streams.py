"""Frames that need others to be understood, put down by the hosts that exchange them.

Two hosts' frames stay together, so that tshark can reassemble their TCP streams and fragments
although it sees only some frames of the capture at a time. What two hosts exchange beyond the
measure of one run is divided by connections, and what one connection has beyond it is cut: in a
TCP stream of DNS before a segment that is one message, elsewhere with an overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spot_ingest.readers.capture import Capture
from spot_ingest.readers.datagrams import Keys, datagrams
from spot_ingest.readers.frames import Frames, Portion, in_order, joined

_FILES = 64
#: What is collected before it is written, so that few writes are small (bytes).
_WAITING_WEIGHT = 4 << 20
#: What frames that are dissected together may weigh (bytes): few of them become rows.
STREAM_WEIGHT = 24 << 20
#: How much is seen again (bytes) where there is no better place to cut.
_OVERLAP = STREAM_WEIGHT // 8


class Streams:
    """Collects frames in files of a folder: those of one key in one file."""

    def __init__(self, folder: Path, *, divided: bool = False) -> None:
        folder.mkdir()
        self._folder = folder
        self._divided = divided
        self._files = [_Spool(folder / f"{number:02}") for number in range(_FILES)]
        self._waiting: list[tuple[Frames, Keys]] = []

    def add(self, frames: Frames, keys: Keys) -> None:
        """Put down frames; those of the same key stay together."""
        self._waiting.append((frames, keys))
        if sum(one.weight for one, _ in self._waiting) > _WAITING_WEIGHT:
            self._put_down()

    def _put_down(self) -> None:
        keys = np.concatenate([one for _, one in self._waiting] or [np.zeros(0, np.uint64)])
        first = 0
        for frames in joined(one for one, _ in self._waiting):
            self._sort(frames, keys[first : first + len(frames)])
            first += len(frames)
        self._waiting.clear()

    def _sort(self, frames: Frames, keys: Keys) -> None:
        files = keys >> np.uint64(58)
        order = np.argsort(files, kind="stable")
        bounds = np.searchsorted(files[order], np.arange(_FILES + 1))
        for spool, first, last in zip(self._files, bounds[:-1], bounds[1:], strict=True):
            if first < last:
                spool.add(frames.take(order[first:last]))

    def portions(self) -> Iterator[tuple[Portion, int]]:
        """Give all frames again, as many at a time as may be dissected together.

        The number with each portion says that frames up to it have been given before: they are
        there only because later ones need them.
        """
        self._put_down()
        held: list[Frames] = []
        weight = 0
        for spool in self._files:
            if weight + spool.weight > STREAM_WEIGHT and held:
                yield in_order(held), 0
                held, weight = [], 0
            if spool.weight <= STREAM_WEIGHT:
                held += spool.frames()
                weight += spool.weight
            elif self._divided:
                yield from _cut(spool.frames())
            else:
                yield from self._divide(spool)
        if held:
            yield in_order(held), 0

    def _divide(self, spool: _Spool) -> Iterator[tuple[Portion, int]]:
        connections = Streams(self._folder / f"{spool.name}.parts", divided=True)
        for frames in spool.frames():
            connections.add(frames, datagrams(frames).connection)
        spool.remove()
        yield from connections.portions()


def _cut(parts: Iterator[Frames]) -> Iterator[tuple[Portion, int]]:
    """Cut what is too much for one run."""
    held: list[Frames] = []
    weight = seen = 0
    for part in parts:
        if held and weight + part.weight > STREAM_WEIGHT:
            portion = Portion(tuple(held))
            closed = np.concatenate([datagrams(one).closed for one in held])
            place = int(np.flatnonzero(closed)[-1]) if closed.any() else 0
            if place:
                held = list(portion.between(place, len(portion)).parts)
                portion = portion.between(0, place)
            yield portion, seen
            seen = int(portion.numbers[-1])
            weight = sum(one.weight for one in held)
            while not place and len(held) > 1 and weight - held[0].weight > _OVERLAP:
                weight -= held.pop(0).weight
        held.append(part)
        weight += part.weight
    if held:
        yield Portion(tuple(held)), seen


class _Spool:
    """A capture that grows, and beside it the numbers that its frames had."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.weight = 0
        self._capture = path
        self._numbers = path.with_suffix(".numbers")
        self._head = b""

    def add(self, frames: Frames) -> None:
        """Append frames."""
        with self._capture.open("ab") as capture, self._numbers.open("ab") as numbers:
            if frames.head != self._head:
                self._head = frames.head
                capture.write(frames.head)
            capture.write(frames.body)
            frames.numbers.tofile(numbers)
        self.weight += frames.weight

    def frames(self) -> Iterator[Frames]:
        """Give the frames again, with their numbers."""
        if not self.weight:
            return
        with self._capture.open("rb") as capture, self._numbers.open("rb") as numbers:
            for frames in Capture(capture, capture.read(4)):
                yield frames.numbered(np.fromfile(numbers, np.int64, len(frames)))

    def remove(self) -> None:
        """Take the files away."""
        self._capture.unlink()
        self._numbers.unlink()
