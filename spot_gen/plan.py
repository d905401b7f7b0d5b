"""Which incidents happen, when, to whom: decided for each by itself.

An incident draws from its own stream only, and the machine it uses follows from its place in the
catalogue: so adding or removing one leaves all others as they were.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import gcd
from typing import Any

import numpy as np

from spot_common.errors import ConfigError
from spot_gen.attacks import CATALOGUE, Scenario, Scene, scenario
from spot_gen.clock import DAY_US, HOUR_US, microseconds
from spot_gen.config import Attack
from spot_gen.events import Events
from spot_gen.network import World
from spot_gen.network.hosts import Host
from spot_gen.recorder import Recorder
from spot_gen.streams import Stream, stream_key, uniform


@dataclass(frozen=True, eq=False)
class Incident:
    """One planned incident. ``label``: the number in events; ``id``: the one in the labels."""

    id: str
    label: int
    attack: Attack
    scenario: Scenario
    start_us: int
    actor: Host
    victims: tuple[Host, ...]
    stream_name: str

    @property
    def end_us(self) -> int:
        """When the scenario is over at the latest."""
        return self.start_us + self.scenario.duration_us[self.attack.stealth - 1]


@dataclass(frozen=True)
class Played:
    """An incident that was played: its events, its scene, its story."""

    incident: Incident
    events: Events
    scene: Scene
    story: str


@lru_cache(maxsize=64)
def play(world: World, incident: Incident) -> Played:
    """Let an incident happen."""
    scene = Scene(
        world,
        incident.scenario,
        incident.attack.stealth,
        incident.start_us,
        incident.actor,
        Recorder(world, incident.label),
        world.stream(incident.stream_name),
        incident.attack.parameters,
        list(incident.victims),
        actors=[incident.actor.name] if incident.scenario.inside else [],
    )
    story = incident.scenario.play(scene)
    return Played(incident, scene.record.finish(), scene, story)


def plan(world: World) -> list[Incident]:
    """Place all incidents of a configuration.

    ConfigError naming the entry for an unknown scenario, machine or parameter, for a time outside
    the span, and for two incidents of one machine that overlap.
    """
    incidents: list[Incident] = []
    numbers: Counter[str] = Counter()
    for entry, attack in enumerate(world.config.attacks):
        where = f"attacks, entry {entry + 1}"
        found = scenario(attack.scenario, where)
        _check_parameters(attack, found, where)
        for copy in range(attack.count):
            numbers[found.id] += 1
            name = attack.seed_name or f"{found.id}-{numbers[found.id]}"
            if attack.seed_name and attack.count > 1:
                name = f"{name}-{copy + 1}"
            slot = CATALOGUE.index(found.id), numbers[found.id] - 1
            incidents.append(_place(world, attack, found, name, slot, len(incidents) + 1, where))
    _check_names(incidents)
    _check_overlaps(incidents)
    return incidents


def _place(
    world: World,
    attack: Attack,
    found: Scenario,
    name: str,
    slot: tuple[int, int],
    label: int,
    where: str,
) -> Incident:
    stream = world.stream(f"plan/{name}")
    start = _start(world, attack, found, stream, where)
    actor = _host(world, attack.actor, where) if attack.actor else _drawn(world, slot)
    victims = tuple(_host(world, victim, where) for victim in attack.victims)
    if found.inside and actor in victims:
        raise ConfigError(
            f"{where}: {actor.name} is both actor and victim", hint="name another actor"
        )
    return Incident(name, label, attack, found, start, actor, victims, f"attack/{name}")


def _drawn(world: World, slot: tuple[int, int]) -> Host:
    """Return the workstation of a slot, a scenario's place and the copy's: one of an order.

    The order is drawn once per seed; the copies of a scenario step through all of it.

    Machines that never use the proxy are left out, where there are others: what they request is
    not in its log.
    """
    order = world.stream("plan/actors").order(len(world.people))
    proxied = order[~world.direct[order]]
    order = proxied if len(proxied) else order
    stride = len(CATALOGUE)
    while gcd(stride, len(order)) > 1:
        stride += 1
    place, copy = slot
    return world.people.hosts[int(order[(place + copy * stride) % len(order)])]


def _host(world: World, name: str, where: str) -> Host:
    for host in world.hosts:
        if host.name == name:
            return host
    raise ConfigError(
        f"{where}: there is no machine {name!r}", hint="spot gen describe --hosts lists them"
    )


def _check_parameters(attack: Attack, found: Scenario, where: str) -> None:
    for name, value in attack.parameters.items():
        if name not in found.parameters:
            known = ", ".join(found.parameters) or "none"
            raise ConfigError(
                f"{where}: {found.id} has no parameter {name!r}", hint=f"it has: {known}"
            )
        wanted = _wanted(value, found.parameters[name])
        if wanted:
            raise ConfigError(
                f"{where}: parameter {name} of {found.id} is {value!r:.60}", hint=f"write {wanted}"
            )


def _wanted(value: Any, defaults: Sequence[Any]) -> str:
    """Say what a parameter with these defaults must be; nothing where the value is such a one."""
    kinds = {type(default) for default in defaults}
    if kinds <= {int, float}:
        whole, least = kinds == {int}, min(defaults)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        number = number and not (whole and isinstance(value, float))
        if number and (0 < value < math.inf or value == least):
            return ""
        above = "0 or more" if least == 0 else "more than 0"
        return f"a {'whole ' if whole else ''}number, {above}"
    if kinds <= {tuple, list}:
        return "" if isinstance(value, (tuple, list)) and value else "a list"
    names = {bool: "true or false", str: "text"}
    return "" if type(value) in kinds else names.get(type(defaults[0]), "another kind of value")


def _start(world: World, attack: Attack, found: Scenario, stream: Stream, where: str) -> int:
    """Return when an incident begins, whole seconds."""
    config = world.config
    if attack.start:
        start = _moment(attack.start, where)
        if not config.start_us <= start < config.end_us:
            raise ConfigError(f"{where}: start {attack.start} is outside of the span")
        return start
    first, last = config.start_us, config.end_us
    if attack.window:
        parts = attack.window.split("/")
        if len(parts) != 2:
            raise ConfigError(f"{where}: window is not FROM/TO", hint="two ISO times and a slash")
        first, last = (_moment(part, where) for part in parts)
        if not config.start_us <= first < last <= config.end_us:
            raise ConfigError(f"{where}: window {attack.window} is outside of the span")
    duration = found.duration_us[attack.stealth - 1]
    last = max(last - duration, first + min(last - first, HOUR_US) // 2)
    return _within(world, found.hours[attack.stealth - 1], first, last, duration, stream)


def _within(
    world: World, hours: tuple[int, int], first: int, last: int, duration: int, stream: Stream
) -> int:
    """Draw a time in [first, last), at the hours wanted and on days with incidents if possible."""
    drawn = first + (stream.uniform(256) * (last - first)).astype(np.int64)
    hour = drawn % DAY_US // HOUR_US
    start, end = hours
    wanted = (hour >= start) & (hour < end) if start < end else (hour >= start) | (hour < end)
    days = np.arange(duration // DAY_US + 2) * DAY_US
    touched = np.minimum(np.add.outer(drawn, days), (drawn + duration)[:, None]) // DAY_US
    free = _free(world, touched.reshape(-1)).reshape(touched.shape)
    clear, busy = ~free.any(axis=1), ~free[:, 0]
    for good in (wanted & clear, clear, wanted & busy, busy, np.ones(256, bool)):
        if good.any():
            return int(drawn[int(np.argmax(good))]) // 1_000_000 * 1_000_000
    raise AssertionError("unreachable")


def _free(world: World, days: np.ndarray) -> np.ndarray:
    """Say which days have no incident."""
    share = world.config.incident_free_share
    return uniform(stream_key(world.seed, "plan/free-days"), days) < share


def _moment(text: str, where: str) -> int:
    try:
        return microseconds(text)
    except ValueError as error:
        raise ConfigError(
            f"{where}: {text!r} is not a time", hint="2016-07-08T09:30:00Z"
        ) from error


def _check_names(incidents: list[Incident]) -> None:
    for name, number in Counter(incident.id for incident in incidents).items():
        if number > 1:
            raise ConfigError(
                f"attacks: two incidents are called {name!r}", hint="give them other seed_names"
            )


def _check_overlaps(incidents: list[Incident]) -> None:
    """Refuse two incidents of one machine at one time."""
    inside = [incident for incident in incidents if incident.scenario.inside]
    ordered = sorted(inside, key=lambda i: (i.actor.name, i.start_us))
    for one, other in pairwise(ordered):
        if one.actor is other.actor and other.start_us < one.end_us:
            raise ConfigError(
                f"attacks: {one.id} and {other.id} overlap on {one.actor.name}",
                hint="give one of them another actor, start or window",
            )
