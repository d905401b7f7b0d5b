"""When things happen: the weekly curve and arrivals along it, without any state.

The n-th arrival of a process is a function of the process's stream and n alone. So the arrivals of
any span can be listed without those before it, in one array operation for all hosts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from spot_gen.streams import Floats, Ints, Keys, child, uniform

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
WEEK_US = 7 * DAY_US

#: 1970-01-05, the first Monday.
_MONDAY_US = 4 * DAY_US

_WORKDAY = [1, 1, 1, 1, 1, 2, 5, 30, 85, 110, 115, 105, 60, 90, 110, 105, 95, 65, 32, 20, 16, 12]
_WORKDAY += [6, 3]
_WEEKEND = [1, 1, 1, 1, 1, 1, 2, 3, 5, 8, 10, 11, 9, 9, 10, 10, 10, 9, 8, 8, 7, 5, 3, 2]
#: Relative activity of people in each hour of the week, Monday 00:00 first; a workday sums to 1.
WORK_CURVE: Floats = np.array(_WORKDAY * 5 + _WEEKEND * 2) / sum(_WORKDAY)
#: The same for what never sleeps; a day sums to 1.
FLAT_CURVE: Floats = np.full(168, 1 / 24)


def microseconds(text: str) -> int:
    """Read an ISO 8601 time; without a zone it is UTC. ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * SECOND_US)


def moment(time_us: int) -> datetime:
    """Return microseconds as a time in UTC."""
    return datetime.fromtimestamp(time_us // SECOND_US, UTC).replace(
        microsecond=time_us % SECOND_US
    )


class Curve:
    """A rate that repeats every week; its unit is what one workday amounts to."""

    def __init__(self, weights: Floats) -> None:
        self.weights = weights
        self._knots = np.concatenate([[0.0], np.cumsum(weights)])
        self.week = float(self._knots[-1])

    def amount(self, time_us: NDArray[np.int64]) -> Floats:
        """Return what has come together since 1970 until each time."""
        weeks, rest = np.divmod(time_us - _MONDAY_US, WEEK_US)
        hours, rest = np.divmod(rest, HOUR_US)
        whole: Floats = weeks * self.week + self._knots[hours]
        return whole + self.weights[hours] * (rest / HOUR_US)

    def time(self, amount: Floats) -> Ints:
        """Return when each amount is reached; the inverse of ``amount``."""
        weeks = np.floor(amount / self.week)
        rest = amount - weeks * self.week
        hours = np.clip(np.searchsorted(self._knots, rest, side="right") - 1, 0, 167)
        within = (rest - self._knots[hours]) / self.weights[hours] * HOUR_US
        start: Ints = _MONDAY_US + weeks.astype(np.int64) * WEEK_US + hours * HOUR_US
        start += np.floor(within).astype(np.int64)
        return start


WORK = Curve(WORK_CURVE)
FLAT = Curve(FLAT_CURVE)


@dataclass(frozen=True)
class Arrived:
    """Arrivals of several processes: whose, its own key, and when; arrays of one length."""

    who: Ints
    key: Keys
    time_us: Ints

    def __len__(self) -> int:
        return len(self.who)


@dataclass(frozen=True)
class Arrivals:
    """Arrivals along a curve, ``per_day`` of each process on a workday.

    One falls, at a random place, into each stretch in which one is expected: as random as people
    are within the hour, but an hour's number is what the curve says.
    """

    keys: Keys
    per_day: Floats
    curve: Curve = WORK
    shift_us: Ints | int = 0

    def between(self, start_us: int, end_us: int) -> Arrived:
        """List the arrivals in [start, end)."""
        shift = np.broadcast_to(np.asarray(self.shift_us, np.int64), self.keys.shape)
        first = np.floor(self.curve.amount(start_us - shift) * self.per_day).astype(np.int64)
        last = np.floor(self.curve.amount(end_us - shift) * self.per_day).astype(np.int64)
        active = np.flatnonzero(self.per_day > 0)
        who, number = _spread(active, first[active], last[active])
        key = child(self.keys[who], number)
        place = (number + uniform(key, -1)) / self.per_day[who]
        return _cut(who, key, self.curve.time(place) + shift[who], start_us, end_us)


@dataclass(frozen=True)
class Ticks:
    """Arrivals at a steady period, each off by up to half of ``jitter`` periods either way."""

    keys: Keys
    period_us: Ints
    jitter: float = 0.0

    def between(self, start_us: int, end_us: int) -> Arrived:
        """List the arrivals in [start, end)."""
        period = np.broadcast_to(np.asarray(self.period_us, np.int64), self.keys.shape)
        phase = np.floor(uniform(self.keys, -2) * period).astype(np.int64)
        first = (start_us - phase) // period - 1
        last = (end_us - phase) // period + 1
        who, number = _spread(np.arange(len(self.keys)), first, last)
        key = child(self.keys[who], number)
        shift = np.floor((uniform(key, -1) - 0.5) * self.jitter * period[who]).astype(np.int64)
        return _cut(who, key, phase[who] + number * period[who] + shift, start_us, end_us)


def _spread(who: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Repeat each process once for every number from first to last, both included."""
    counts = last - first + 1
    starts = np.cumsum(counts) - counts
    number = np.arange(int(counts.sum())) - np.repeat(starts - first, counts)
    return np.repeat(who, counts), number


def _cut(who: Ints, key: Keys, time_us: Ints, start_us: int, end_us: int) -> Arrived:
    inside = (time_us >= start_us) & (time_us < end_us)
    return Arrived(who[inside], key[inside], time_us[inside])
