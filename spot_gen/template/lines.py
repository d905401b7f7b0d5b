"""Sample lines: their placeholders, and many lines made of one sample at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spot_common.errors import ConfigError
from spot_gen.streams import Ints, Keys, child, stream_key
from spot_gen.template.functions import Draw

#: The placeholder of the time. It is filled last, so that a value may have it too.
TIME = "%TS%"
_PLACEHOLDER = re.compile(r"%(\w[\w.-]*)%", re.ASCII)


@dataclass(frozen=True)
class Sample:
    """A line with placeholders, how often it comes beside others (1 as often), and its label."""

    text: str
    where: str
    weight: float = 1.0
    label: str = ""


@dataclass(frozen=True)
class Block:
    """Finished lines with their times and labels (empty for none).

    ``share`` is the part of the whole work, 0 to 1, that they are. No later block of the same
    source has a line before ``until_us``.
    """

    time_us: Ints
    lines: NDArray[np.object_]
    labels: NDArray[np.object_]
    share: float = 0.0
    until_us: int = 0

    @classmethod
    def joined(cls, blocks: list[Block], share: float = 0.0, until_us: int = 0) -> Block:
        """Put blocks behind each other."""
        if not blocks:
            return cls(np.empty(0, np.int64), texts([]), texts([]), share, until_us)
        return cls(
            np.concatenate([block.time_us for block in blocks]),
            np.concatenate([block.lines for block in blocks]),
            np.concatenate([block.labels for block in blocks]),
            share,
            until_us,
        )

    def take(self, places: NDArray[np.bool_] | Ints) -> Block:
        """Return the lines at these places, or those that are marked."""
        return replace(
            self,
            time_us=self.time_us[places],
            lines=self.lines[places],
            labels=self.labels[places],
        )


def texts(given: list[str]) -> NDArray[np.object_]:
    """Return texts as an array."""
    array = np.empty(len(given), object)
    array[:] = given
    return array


@dataclass(frozen=True)
class _Column:
    """What stands at a place of a line: values drawn below each line's key."""

    draw: Draw
    path: tuple[int, ...]

    def drawn(self, keys: Keys) -> list[str]:
        for number in self.path:
            keys = child(keys, np.uint64(number))
        return self.draw(keys)


class LineMaker:
    """A sample that is ready to be filled.

    ConfigError naming sample and placeholder for one that has no values.
    """

    def __init__(self, sample: Sample, values: Mapping[str, Draw]) -> None:
        self._form = ""
        self._columns: list[_Column] = []
        self._order: list[int] = []
        self._seen: Counter[str] = Counter()
        self._index: dict[str, int] = {}
        rest = 0
        for found in _PLACEHOLDER.finditer(sample.text):
            if found[0] != TIME:
                self._form += _literal(sample.text[rest : found.start()]) + "%s"
                self._place(found[1], sample, values)
                rest = found.end()
        self._form += _literal(sample.text[rest:])

    def _place(self, name: str, sample: Sample, values: Mapping[str, Draw]) -> None:
        fresh = name.startswith("_")
        draw = values.get(name) or (values.get(name[1:]) if fresh else None)
        if draw is None:
            raise ConfigError(
                f"{sample.where}: %{name}% is not among the replaces",
                hint=f"known are {_list(values)}; as plain text: [ '%{name}%', ['%{name}%'] ]",
            )
        if fresh or name not in self._index:
            self._index[name] = len(self._columns)
            path = (int(stream_key(0, f"placeholder/{name}")), self._seen[name])
            self._columns.append(_Column(draw, path))
            self._seen[name] += 1
        self._order.append(self._index[name])

    def lines(self, keys: Keys) -> list[str]:
        """Return one line for each key, the time not yet filled in."""
        if not self._columns:
            return [self._form % ()] * len(keys)
        drawn = [column.drawn(keys) for column in self._columns]
        rows = zip(*(drawn[i] for i in self._order), strict=True)
        return [self._form % row for row in rows]


def stamped(lines: list[str], stamps: list[str]) -> NDArray[np.object_]:
    """Fill in the times, at every place that asks for one."""
    pairs = zip(lines, stamps, strict=True)
    return texts([line.replace(TIME, stamp) for line, stamp in pairs])


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _list(values: Mapping[str, Draw]) -> str:
    return ", ".join([TIME, *(f"%{name}%" for name in values)])
