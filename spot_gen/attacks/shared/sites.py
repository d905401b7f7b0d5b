"""Servers outside that a scenario reaches by a name of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spot_gen.attacks.model import Scene
from spot_gen.network.addresses import Addresses, text
from spot_gen.streams import Ints, Keys

_TTL_S = 300


@dataclass(frozen=True, eq=False)
class Site:
    """A malicious server: its name, its address and the name server that knows it."""

    name: str
    address: Addresses
    authority: Addresses


def site(scene: Scene, prefix: str, number: int = 910) -> Site:
    """Set up a server below a malicious domain; its name and address become indicators.

    It draws from the parts ``number`` and ``number + 1`` of the incident's stream.
    """
    address, authority = scene.outside(2, number + 1)
    found = Site(f"{prefix}.{scene.domain(number)}", address, authority)
    scene.know("domain", found.name)
    scene.know("address", *written(found.address))
    return found


def find(scene: Scene, where: Site, key: Keys, time_us: Ints) -> Ints:
    """Let the actor look a site up; return when it has the answers, microseconds."""
    return scene.record.lookups(
        key,
        time_us,
        scene.actor.address,
        where.name,
        addresses=where.address,
        ttl=_TTL_S,
        authority=where.authority,
    )


def written(addresses: Addresses) -> list[str]:
    """Return addresses, shape (n, 2) or (2,), as texts."""
    pairs = np.atleast_2d(addresses)
    return list(text(pairs[:, 0], pairs[:, 1]).to_pylist())
