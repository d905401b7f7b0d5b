"""Frames of a capture as they stand in the file, many at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

#: Memory (bytes) that tshark keeps of each frame that it has seen, beside its content.
_FRAME_WEIGHT = 900


@dataclass(frozen=True)
class Frames:
    """Some frames of one capture, in order.

    ``body`` are their records one after the other, ``head`` is what stands before them in a file
    of their own. One value a frame have: ``ends``, ``packets`` and ``stops``, places in the body
    where the record ends, where the packet in it begins and where that stops; ``links``, the link
    type (LINKTYPE_...); ``numbers``, the frame's number in the whole capture, from 1; ``captured``,
    its bytes as they were captured, where the body has it in another form.
    """

    head: bytes
    body: bytes
    ends: Ints
    packets: Ints
    stops: Ints
    links: Ints
    numbers: Ints
    captured: Sequence[bytes] = ()

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def weight(self) -> int:
        """How much memory (bytes, about) a dissector needs that has seen them."""
        return len(self.body) + len(self) * _FRAME_WEIGHT

    @cached_property
    def starts(self) -> Ints:
        """Where each record begins."""
        return np.concatenate([np.zeros(1, np.int64), self.ends[:-1]])[: len(self)]

    def record(self, place: int) -> bytes:
        """Give one record as it stands in the file, its header included."""
        return self.body[int(self.starts[place]) : int(self.ends[place])]

    def packet(self, place: int) -> bytes:
        """Give the bytes of one frame as they were captured."""
        if self.captured:
            return self.captured[place]
        return self.body[int(self.packets[place]) : int(self.stops[place])]

    def take(self, places: Ints) -> Frames:
        """Give the frames at these places (from 0), in the order of the places."""
        return _gathered([self], places)

    def numbered(self, numbers: Ints) -> Frames:
        """Give the same frames with other numbers."""
        return replace(self, numbers=numbers)


def joined(frames: Iterable[Frames]) -> list[Frames]:
    """Put frames that follow each other and have the same head together."""
    groups = [list(parts) for _, parts in groupby(frames, lambda part: part.head)]
    return [_gathered(parts, np.arange(sum(map(len, parts)))) for parts in groups]


def _gathered(parts: Sequence[Frames], places: Ints) -> Frames:
    """Copy frames out of parts with the same head; places count through all the parts."""
    origins = np.repeat(np.arange(len(parts)), [len(part) for part in parts])[places]
    captured = [frame for part in parts for frame in part.captured]
    starts, ends, packets, stops, links, numbers = (
        np.concatenate([getattr(part, name) for part in parts])[places]
        for name in ("starts", "ends", "packets", "stops", "links", "numbers")
    )
    bodies = [memoryview(part.body) for part in parts]
    spans = map(slice, starts.tolist(), ends.tolist())
    records = map(memoryview.__getitem__, map(bodies.__getitem__, origins.tolist()), spans)
    moved = np.cumsum(ends - starts) - ends
    return Frames(
        parts[0].head,
        b"".join(records),
        ends + moved,
        packets + moved,
        stops + moved,
        links,
        numbers,
        [captured[place] for place in places.tolist()] if captured else (),
    )


@dataclass(frozen=True)
class Portion:
    """As many frames as are dissected together, in order; the heads of their parts may differ."""

    parts: tuple[Frames, ...]

    def __len__(self) -> int:
        return self._lasts[-1] if self.parts else 0

    @cached_property
    def _lasts(self) -> list[int]:
        return list(accumulate(len(part) for part in self.parts))

    @property
    def weight(self) -> int:
        """How much memory (bytes, about) a dissector needs that has seen them."""
        return sum(part.weight for part in self.parts)

    @property
    def numbers(self) -> Ints:
        """The frames' numbers in the whole capture."""
        return np.concatenate([part.numbers for part in self.parts])

    def locate(self, place: int) -> tuple[int, int]:
        """Give the index of the part that has the frame at ``place`` (from 0), and where in it."""
        index = bisect_right(self._lasts, place)
        return index, place - (self._lasts[index - 1] if index else 0)

    def packet(self, place: int) -> bytes:
        """Give the bytes of the frame at ``place`` (from 0)."""
        index, within = self.locate(place)
        return self.parts[index].packet(within)

    def between(self, first: int, last: int) -> Portion:
        """Give the frames from place ``first`` to place ``last`` (exclusive)."""
        parts, before = [], 0
        for part, after in zip(self.parts, self._lasts, strict=True):
            places = np.arange(max(first, before), min(last, after)) - before
            if len(places):
                parts.append(part.take(places))
            before = after
        return Portion(tuple(parts))

    def store(self, path: Path) -> None:
        """Write a capture that has these frames only."""
        head = b""
        with path.open("wb") as file:
            for part in self.parts:
                if part.head != head:  # another section begins, or another interface came
                    file.write(part.head)
                    head = part.head
                file.write(part.body)


def in_order(parts: Iterable[Frames]) -> Portion:
    """Bring frames of one capture into the order that they had there."""
    ordered = sorted(parts, key=lambda part: int(part.numbers[0]))
    groups = [list(group) for _, group in groupby(ordered, lambda part: part.head)]
    return Portion(tuple(_gathered(group, _order(group)) for group in groups))


def _order(parts: Sequence[Frames]) -> Ints:
    return np.argsort(np.concatenate([part.numbers for part in parts]))
