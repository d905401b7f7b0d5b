"""What a scenario of the attack catalogue is, and what it may use while it is played."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from spot_gen.clock import HOUR_US
from spot_gen.network.addresses import MALICIOUS, OUTSIDE, Addresses, four
from spot_gen.network.hosts import Host
from spot_gen.network.world import World
from spot_gen.recorder import Recorder
from spot_gen.streams import Stream, integers, uniform

T = TypeVar("T")

_SYLLABLES = ("ba", "de", "fi", "go", "ku", "la", "me", "no", "pi", "ra", "so", "tu", "va", "xe")
_ENDINGS = ("", "", "-cdn", "-svc", "24", "-app")
_ZONES = ("test", "invalid", "example")

#: Addresses of the malicious ranges, and those of machines in the networks of the ordinary one.
_OURS = np.array([int(network[0]) + i for network in MALICIOUS for i in range(1, 255)])
_ORDINARY = int(OUTSIDE[0]) + np.add.outer(np.arange(256) * 512, np.arange(1, 511)).reshape(-1)


@dataclass(frozen=True)
class Scenario:
    """One entry of the catalogue B6.

    ``duration_us``: how long it takes at the stealth levels 1, 2, 3. ``hours``: the hours of the
    day (from, to) in which it begins, per level; (0, 24) for any. ``parameters``: the defaults that
    a configuration may change, each a value per level. ``inside``: whether its actor is one of our
    machines. ``play`` records everything and returns the story, two sentences.
    """

    id: str
    family: str
    techniques: tuple[str, ...]
    sources: tuple[str, ...]
    claim: str
    duration_us: tuple[int, int, int]
    play: Callable[[Scene], str]
    hours: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] = ((0, 24), (0, 24), (0, 24))
    parameters: Mapping[str, tuple[Any, Any, Any]] = field(default_factory=dict)
    inside: bool = True


@dataclass(frozen=True)
class Indicator:
    """Something by which others could know the incident: kind domain, address, url or hash."""

    kind: str
    value: str


@dataclass
class Scene:
    """A scenario being played: who, when, how quietly, and the means to record it.

    ``stream`` is the incident's own random stream; ``scene.below(n)`` opens one for a part. The
    scenario fills ``victims`` and ``indicators`` (one from outside also ``actors``, with addresses)
    and marks its stages by ``record.stage``.
    """

    world: World
    scenario: Scenario
    stealth: int
    start_us: int
    actor: Host
    record: Recorder
    stream: Stream
    parameters: Mapping[str, Any] = field(default_factory=dict)
    victims: list[Host] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)
    actors: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        """Return a parameter at this stealth level, or what the configuration says instead."""
        if name in self.parameters:
            return self.parameters[name]
        return self.level(self.scenario.parameters[name])

    def level(self, values: tuple[T, T, T]) -> T:
        """Return the value of this stealth level."""
        return values[self.stealth - 1]

    @property
    def duration_us(self) -> int:
        """How long the scenario takes at this level."""
        return self.level(self.scenario.duration_us)

    def below(self, number: int) -> Stream:
        """Open the stream of a part of the scenario."""
        return self.stream.below(number)

    def peers(self, count: int, number: int = 900) -> list[Host]:
        """Draw other workstations than the actor; fewer where there are not so many."""
        others = [host for host in self.world.people.hosts if host is not self.actor]
        return self.below(number).subset(others, count)

    def outside(self, count: int, number: int = 901) -> Addresses:
        """Draw ``count`` different malicious addresses, shape (count, 2).

        Half of them (``network.malicious_pool_share``) are of the ordinary outside range, and what
        the malicious ranges have no room for.
        """
        keys = self.below(number).bits(count)
        ours = uniform(keys, 0) >= self.world.config.network.malicious_pool_share
        ours &= np.cumsum(ours) <= len(_OURS)
        chosen = np.zeros(count, np.int64)
        for rows, pool in ((np.flatnonzero(ours), _OURS), (np.flatnonzero(~ours), _ORDINARY)):
            chosen[rows] = pool[_distinct(integers(keys[rows], 1, 0, len(pool)), len(pool))]
        return four(chosen)

    def domain(self, number: int = 902) -> str:
        """Make a malicious domain; a third of them are hijacked ordinary sites."""
        stream = self.below(number)
        names = self.world.names
        if stream.chance(self.world.config.network.hijacked_share):
            quiet = len(names.site) // 4
            return str(names.site[stream.number(quiet, len(names.site))].as_py())
        word = "".join(stream.choices(_SYLLABLES, stream.number(3, 6)))
        return f"{word}{stream.choice(_ENDINGS)}.{stream.choice(_ZONES)}"

    def know(self, kind: str, *values: str) -> None:
        """Note indicators of the incident."""
        self.indicators += [Indicator(kind, value) for value in values]

    def hour(self, hours: float) -> int:
        """Return the time some hours after the start."""
        return self.start_us + int(hours * HOUR_US)


def _distinct(numbers: np.ndarray, below: int) -> np.ndarray:
    """Step repeated numbers on until all differ, from the last one below a bound to 0."""
    while len(np.unique(numbers)) < len(numbers):
        _, first = np.unique(numbers, return_index=True)
        again = np.setdiff1d(np.arange(len(numbers)), first)
        numbers[again] = (numbers[again] + 1) % below
    return numbers
