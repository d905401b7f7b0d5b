"""Worlds of the size ``small`` with few names, and incidents played in them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from spot_gen.config import Attack
from spot_gen.config.presets import preset
from spot_gen.events import Events, numbers
from spot_gen.network import World
from spot_gen.plan import Played, plan, play

#: Columns of addresses in the tables of events.
ENDS = {
    "connections": ("src", "dst"),
    "lookups": ("client", "server"),
    "requests": ("client", "proxy", "origin"),
    "log_lines": (),
}


@cache
def _ground(seed: int, hosts: int) -> World:
    config = preset("small")
    network = replace(config.network, names=2_000)
    return World.of(replace(config, network=network, hosts=hosts, attacks=[]), seed)


def world(*attacks: Attack, seed: int = 1, hosts: int = 100, **config: Any) -> World:
    """Return a world in which these incidents shall happen."""
    ground = _ground(seed, hosts)
    return replace(ground, config=replace(ground.config, attacks=list(attacks), **config))


@cache
def played(scenario: str, stealth: int, seed: int = 1) -> Played:
    """Play an incident as it is by default."""
    return played_as(Attack(scenario=scenario, stealth=stealth), seed=seed)


def played_as(attack: Attack, seed: int = 1, hosts: int = 100) -> Played:
    """Play one incident."""
    where = world(attack, seed=seed, hosts=hosts)
    [incident] = plan(where)
    return play(where, incident)


def changed(scenario: str, level: int = 1, seed: int = 1, **parameters: Any) -> Played:
    """Play an incident with other parameters than it has by default."""
    return played_as(Attack(scenario=scenario, stealth=level, parameters=parameters), seed=seed)


def column(happened: Played, name: str, table: str = "connections") -> Any:
    """Return a column of the events of an incident, numbers as whole ones with a sign."""
    values = numbers(happened.events.tables()[table], name)
    return values.astype(np.int64) if values.dtype.kind == "u" else values


def lasted_us(happened: Played) -> Any:
    """Return how long each connection lasted."""
    return column(happened, "end_us") - column(happened, "time_us")


def addresses(events: Events) -> Any:
    """Return all addresses in events, shape (n, 2)."""
    found = [np.zeros((0, 2), np.uint64)]
    for name, table in events.tables().items():
        for end in ENDS[name]:
            halves = (numbers(table, f"{end}_{half}") for half in ("hi", "lo"))
            found.append(np.stack(list(halves), axis=-1))
    return np.unique(np.concatenate(found), axis=0)
