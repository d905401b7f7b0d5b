"""Spans of time, the written form of times, and the weekly curve in a zone's own hours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from spot_common.errors import UsageError
from spot_gen.clock import HOUR_US, SECOND_US, Curve
from spot_gen.streams import Floats, Ints

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Zones change their offset at a quarter of an hour, if at all.
_SLOT_SECONDS = 900
_UNITS = {"h": "hours", "m": "minutes"}
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name; ValueError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone") from error


def microseconds_of(moment: datetime) -> int:
    """Return a time as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Span:
    """The time from ``start_us`` until before ``end_us``, and the zone in which it is told."""

    start_us: int
    end_us: int
    zone: ZoneInfo

    @classmethod
    def before(cls, period: str, end: str | None, zone: ZoneInfo, now: datetime) -> Span:
        """Return the span of ``period`` (``N[dhm]``) up to ``end``.

        Without ``end`` it ends ``now``, with days at the last midnight of the zone. Days are those
        of the calendar, also where the clock was changed. UsageError for what cannot be read.
        """
        found = re.fullmatch(r"([1-9]\d{0,6})([dhm])", period, re.ASCII)
        if not found:
            raise UsageError(f"{period!r} is no period", hint="write it like 90m, 2h or 7d")
        number, unit = int(found[1]), found[2]
        last = now.astimezone(zone).replace(microsecond=0)
        if end is not None:
            last = _moment(end, zone)
        elif unit == "d":
            last = last.replace(hour=0, minute=0, second=0)
        try:
            if unit == "d":
                first = last - timedelta(days=number)
            else:
                first = last.astimezone(UTC) - timedelta(**{_UNITS[unit]: number})
        except OverflowError:
            first = _EPOCH - timedelta(days=1)
        if first < _EPOCH or last > _LATEST:
            raise UsageError(f"{period} up to {last:%Y-%m-%d} is not between 1970 and 2200")
        return cls(microseconds_of(first), microseconds_of(last), zone)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no time", hint="write it like 2016-07-08T12:00:00 or 2016-07-08T12:00:00Z"
        ) from error
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


@dataclass(frozen=True)
class Week:
    """A weekly curve that goes by the clock of a zone."""

    curve: Curve
    zone: ZoneInfo

    def activity(self, starts: Ints, ends: Ints) -> Floats:
        """Return the mean height of the curve in each window, in (0, 1]; 1 is its highest hour."""
        low, high, _ = self._amounts(starts, ends)
        mean = (high - low) / ((ends - starts) / HOUR_US)
        activity: Floats = np.minimum(mean / self.curve.weights.max(), 1.0)
        return activity

    def place(self, starts: Ints, ends: Ints, shares: Floats) -> Ints:
        """Return a time in each window [start, end), the share of the curve's area before it."""
        low, high, shift = self._amounts(starts, ends)
        times = self.curve.time(low + shares * (high - low)) - shift
        inside: Ints = np.clip(times, starts, ends - 1)
        return inside

    def _amounts(self, starts: Ints, ends: Ints) -> tuple[Floats, Floats, Ints]:
        shift = self._offsets(starts)
        return self.curve.amount(starts + shift), self.curve.amount(ends + shift), shift

    def _offsets(self, times_us: Ints) -> Ints:
        slots, where = np.unique(times_us // (_SLOT_SECONDS * SECOND_US), return_inverse=True)
        offsets = [self._offset(slot * _SLOT_SECONDS) for slot in slots.tolist()]
        return np.array(offsets, np.int64)[where]

    def _offset(self, seconds: int) -> int:
        offset = datetime.fromtimestamp(seconds, self.zone).utcoffset() or timedelta()
        return offset // timedelta(microseconds=1)


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
#: What strftime does, in every locale and on every platform the same.
_DIRECTIVES: dict[str, Callable[[datetime], str]] = {
    "Y": lambda t: f"{t.year:04d}",
    "y": lambda t: f"{t.year % 100:02d}",
    "m": lambda t: f"{t.month:02d}",
    "d": lambda t: f"{t.day:02d}",
    "e": lambda t: f"{t.day:2d}",
    "H": lambda t: f"{t.hour:02d}",
    "I": lambda t: f"{t.hour % 12 or 12:02d}",
    "M": lambda t: f"{t.minute:02d}",
    "S": lambda t: f"{t.second:02d}",
    "f": lambda t: f"{t.microsecond:06d}",
    "j": lambda t: f"{t.timetuple().tm_yday:03d}",
    "p": lambda t: "AM" if t.hour < 12 else "PM",
    "a": lambda t: _DAYS[t.weekday()][:3],
    "A": lambda t: _DAYS[t.weekday()],
    "b": lambda t: _MONTHS[t.month - 1][:3],
    "h": lambda t: _MONTHS[t.month - 1][:3],
    "B": lambda t: _MONTHS[t.month - 1],
    "F": lambda t: f"{t.year:04d}-{t.month:02d}-{t.day:02d}",
    "T": lambda t: f"{t.hour:02d}:{t.minute:02d}:{t.second:02d}",
    "R": lambda t: f"{t.hour:02d}:{t.minute:02d}",
    "s": lambda t: str(microseconds_of(t) // SECOND_US),
    "u": lambda t: str(t.isoweekday()),
    "w": lambda t: str(t.isoweekday() % 7),
    "z": lambda t: t.strftime("%z"),
    ":z": lambda t: t.isoformat()[-6:],
    "Z": lambda t: t.tzname() or "",
    "%": lambda _: "%",
}


class TimeFormat:
    """A pattern of strftime; ValueError for a directive that is not known."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._parts: list[str | Callable[[datetime], str]] = []
        self._fine = False
        rest = 0
        for found in re.finditer(r"%(-?)(:?.|$)", pattern, re.DOTALL):
            if found[2] not in _DIRECTIVES:
                raise ValueError(f"{found[0]!r} is not known in a time format")
            self._parts += [pattern[rest : found.start()], _directive(found[1], found[2])]
            self._fine |= found[2] == "f"
            rest = found.end()
        self._parts.append(pattern[rest:])

    def texts(self, times_us: Ints, zone: ZoneInfo) -> list[str]:
        """Write times, each different one once."""
        unit = 1 if self._fine else SECOND_US
        different, where = np.unique(times_us // unit, return_inverse=True)
        written = [self._write(time * unit, zone) for time in different.tolist()]
        return [written[i] for i in where.tolist()]

    def _write(self, time_us: int, zone: ZoneInfo) -> str:
        moment = datetime.fromtimestamp(time_us // SECOND_US, zone)
        moment = moment.replace(microsecond=time_us % SECOND_US)
        return "".join(part if isinstance(part, str) else part(moment) for part in self._parts)


def _directive(flag: str, name: str) -> Callable[[datetime], str]:
    write = _DIRECTIVES[name]
    return (lambda t: write(t).lstrip("0 ") or "0") if flag else write
