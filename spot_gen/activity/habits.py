"""What people and machines are like: when they are on, how much they do, which sites they like."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from spot_gen.activity.model import Activity
from spot_gen.clock import DAY_US, HOUR_US, WORK, Arrivals, Arrived, Curve, Ticks
from spot_gen.distributions import log_normal
from spot_gen.network.world import World
from spot_gen.streams import Floats, Ints, Keys, child, stream_key, stream_keys, uniform

_WORKDAY = [0.22] * 6 + [0.3, 0.55, 0.85, *[0.94] * 8, 0.85, 0.55, 0.42, 0.36, 0.32, 0.27, 0.24]
_WEEKEND = [0.14] * 7 + [0.15, 0.17, *[0.2] * 9, 0.18, 0.17, 0.16, 0.15, 0.15, 0.14]
#: Relative activity in the hours of the night, when nobody works; a night sums to 1.
NIGHT = Curve(np.array(([1, 1, 1, 1, 1] + [0] * 17 + [1, 1]) * 7) / 7)

#: The share of the workstations that are on, by the hour of the week.
_ON = np.array(_WORKDAY * 5 + _WEEKEND * 2)
#: The same as a curve: what runs as long as a workstation is on follows it.
ON = Curve(_ON / sum(_WORKDAY))

_THURSDAY_HOUR = 3 * 24  # 1970 began with one
#: Multiples of these, without their whole parts, fall evenly between 0 and 1, each in its own way.
_SPREAD_PACE = 0.7548776662466927
_SPREAD_STEADY = 0.6180339887498949
_PACE = log_normal(1.0, 0.4)
_USUAL_PACE = 1.083  # its mean
_FAVOURITES = 24
_FAVOURITE_SHARE = 0.55


def is_on(world: World, who: Ints, time_us: Ints) -> np.ndarray:
    """Say whether people's machines are on: from a time in the morning to one in the evening.

    Each draws a number a day; a machine is on while the share of those on exceeds it.
    """
    local = time_us - world.people.shift_us[who]
    number = uniform(child(world.people.keys("on")[who], local // DAY_US), 0)
    on: np.ndarray = number < _ON[(local // HOUR_US + _THURSDAY_HOUR) % 168]
    return on


def pace(world: World) -> Floats:
    """Return how much each person does, 1 on average; spread evenly over the people."""
    first = uniform(stream_key(world.seed, "pace"), 0)[0]
    place = (first + np.arange(len(world.people)) * _SPREAD_PACE) % 1.0
    return _PACE.at(place) / _USUAL_PACE


def liked(world: World, who: Ints, key: Keys, purpose: int) -> Ints:
    """Return sites that people visit: half from a person's own favourites.

    Draws with the purposes ``purpose`` to ``purpose + 2``.
    """
    slot = uniform(key, purpose)
    favourite = np.floor(slot * slot * _FAVOURITES).astype(np.int64)
    own = uniform(child(world.people.keys("taste")[who], favourite), 0)
    place = np.where(uniform(key, purpose + 1) < _FAVOURITE_SHARE, own, uniform(key, purpose + 2))
    return world.names.visited(place)


class ByPeople(Activity):
    """Something that every person does ``per_day`` times a workday, each at their own pace."""

    per_day: ClassVar[float]
    curve = WORK

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._arrivals = Arrivals(
            world.people.keys(self.name),
            pace(world) * (self.per_day * self.rate),
            self.curve,
            world.people.shift_us,
        )

    def arrived(self, start_us: int, end_us: int) -> Arrived:
        """List who does it when."""
        return self._arrivals.between(start_us, end_us)


def at_large(activity: Activity, often: float) -> Arrivals:
    """Return the arrivals of one process of the whole organisation, ``often`` a day at rate 1."""
    key = stream_keys(activity.world.seed, [f"process/{activity.name}"])
    return Arrivals(key, np.array([often * activity.rate]), activity.curve)


class Occasional(Activity):
    """Something that happens a few times a day: ``per_day``, or ``per_person`` if that is more.

    The arrivals' ``who`` is one of the people.
    """

    per_day: ClassVar[float]
    per_person: ClassVar[float] = 0.0
    curve = WORK

    def __init__(self, world: World) -> None:
        super().__init__(world)
        often = max(self.per_day, self.per_person * len(world.people))
        self._arrivals = at_large(self, often)

    def arrived(self, start_us: int, end_us: int) -> Arrived:
        """List who does it when."""
        found = self._arrivals.between(start_us, end_us)
        who = np.floor(uniform(found.key, 39) * len(self.world.people)).astype(np.int64)
        return Arrived(who, found.key, found.time_us)


class Steady:
    """A process that ticks on a ``share`` of the machines, spread evenly over them.

    A rate below 1 makes fewer of them tick, one above 1 more, then all of them more often.
    """

    def __init__(
        self, keys: Keys, period_us: Ints | int, jitter: float, share: float, rate: float
    ) -> None:
        wanted = share * rate
        first = uniform(keys[:1], 38) if len(keys) else np.zeros(0)
        self._who = np.flatnonzero((first + np.arange(len(keys)) * _SPREAD_STEADY) % 1.0 < wanted)
        period = np.broadcast_to(np.asarray(period_us, np.int64), keys.shape)[self._who]
        shorter = np.floor(period / max(wanted, 1.0)).astype(np.int64)
        self._ticks = Ticks(keys[self._who], shorter, jitter)

    def between(self, start_us: int, end_us: int) -> Arrived:
        """List the ticks in [start, end)."""
        found = self._ticks.between(start_us, end_us)
        return Arrived(self._who[found.who], found.key, found.time_us)


def chosen(arrived: Arrived, rows: np.ndarray) -> Arrived:
    """Return some of the arrivals."""
    return Arrived(arrived.who[rows], arrived.key[rows], arrived.time_us[rows])


def switched_on(world: World, arrived: Arrived) -> Arrived:
    """Return the arrivals of people whose machines are on."""
    return chosen(arrived, is_on(world, arrived.who, arrived.time_us))


def server_keys(world: World, process: str) -> Keys:
    """Return the key of each server's stream for a process, in the order of ``World.servers``."""
    names = (f"{server.stream}/{process}" for server in world.servers.values())
    return stream_keys(world.seed, names)


def expand(arrived: Arrived, counts: Ints) -> tuple[Ints, Ints, Keys]:
    """Repeat arrivals ``counts`` times: the row of each, its number, and its own key."""
    row = np.repeat(np.arange(len(arrived)), counts)
    number = np.arange(len(row)) - (np.cumsum(counts) - counts)[row]
    return row, number, child(arrived.key[row], number + 1_000)
