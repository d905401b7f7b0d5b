"""How what a scenario does is spread over its time and over its connections."""

from __future__ import annotations

import numpy as np

from spot_common.errors import ConfigError
from spot_gen.attacks.model import Scene
from spot_gen.clock import HOUR_US, MINUTE_US
from spot_gen.distributions import log_normal
from spot_gen.streams import Ints, Stream

_UNEVEN = log_normal(1_000.0, 0.5)
#: No connection lasts longer: what is merged by time need not look farther ahead.
LONGEST_US = HOUR_US


def spread(stream: Stream, count: int, start_us: int, length_us: int) -> Ints:
    """Return ``count`` times in order: one at a random place in each equal stretch of a span."""
    place = (np.arange(count) + stream.uniform(count)) / max(count, 1)
    times: Ints = start_us + np.floor(place * length_us).astype(np.int64)
    return times


def between(stream: Stream, low: float, high: float, size: int, unit: int = 1) -> Ints:
    """Draw whole numbers from ``low`` to ``high`` units, any fraction of a unit among them."""
    return stream.integers(int(low * unit), int(high * unit), size)


def bounds(scene: Scene, name: str) -> tuple[int, int]:
    """Return a parameter that is a range; ConfigError for anything but two ascending numbers."""
    given = list(scene[name])
    if len(given) != 2 or not all(isinstance(end, int) for end in given) or given[0] > given[1]:
        raise ConfigError(
            f"{scene.scenario.id}: parameter {name} is {given!r:.60}",
            hint="write the smallest and the largest value, whole numbers",
        )
    return given[0], given[1]


def portions(stream: Stream, count: int, total: int) -> Ints:
    """Cut a total into ``count`` uneven portions that add up to it."""
    edges = np.cumsum(stream.sample(_UNEVEN, count).astype(np.int64))
    parts, rest = divmod(total, int(edges[-1]))
    ends: Ints = edges * parts + edges * rest // edges[-1]
    return np.diff(ends, prepend=0)


def sessions(
    stream: Stream, start_us: int, length_us: int, lasts_s: tuple[int, int], pause_s: int
) -> tuple[Ints, Ints]:
    """Fill a span with one connection after the other; return their times and lengths.

    Each lasts ``lasts_s`` (shortest, longest; at most one hour); ``pause_s`` lie between them on
    average, an eighth of the span at most. The last one is cut towards the end of the span; none
    begins in its last minute.
    """
    low, high = (min(seconds * 1_000_000, LONGEST_US) for seconds in lasts_s)
    most = length_us // low + 1
    lasts = stream.integers(low, high + 1, most)
    pauses = stream.integers(pause_s * 500_000, pause_s * 1_500_000 + 1, most)
    pauses = np.minimum(pauses, length_us // 8)
    begin = start_us + np.cumsum(lasts + pauses) - lasts
    end_us = start_us + length_us - stream.number(0, MINUTE_US // 2)
    kept = np.flatnonzero(begin < start_us + length_us - MINUTE_US)
    return begin[kept], np.minimum(lasts[kept], end_us - begin[kept])
