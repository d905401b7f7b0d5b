"""What one of our machines does at a server outside: it asks for the name, then it requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow.compute as pc

from spot_gen.attacks.model import Scene
from spot_gen.attacks.shared.agents import agent_of
from spot_gen.attacks.shared.sites import Site, written
from spot_gen.clock import SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.network.addresses import Addresses
from spot_gen.network.hosts import ORGANISATION
from spot_gen.network.names import CATEGORIES, ROLES
from spot_gen.network.world import World
from spot_gen.recorder import Legs
from spot_gen.streams import Floats, Ints, Stream

TTL_S = 300
_TAKEN = log_normal(140.0, 0.6)
#: What a request has besides its path and query, bytes.
_HEADERS = 330
#: How many requests the proxy notes as passed on, not as watched.
_PROXIED = 0.08


def bare(scene: Scene, number: int = 901) -> Site:
    """Set up a server that is reached by its address alone; the address becomes an indicator."""
    address = scene.outside(1, number)[0]
    name = written(address)[0]
    scene.know("address", name)
    return Site(name, address, address)


def pool(scene: Scene, where: Site, count: int, number: int) -> Addresses:
    """Return ``count`` different malicious addresses, that of a site first; all are indicators."""
    others = scene.outside(count, number)
    others = others[(others != where.address).any(axis=1)][: count - 1]
    scene.know("address", *written(others))
    return np.concatenate([where.address[None], others])


def ordinary(world: World, row: int, role: str = "www.") -> Site:
    """Return a host of the ordinary site number ``row``."""
    host = row * len(ROLES) + ROLES.index(role)
    names = world.names
    return Site(names.host[host].as_py(), names.address[host], names.authority(np.array([row]))[0])


def quiet_site(scene: Scene, stream: Stream) -> Site:
    """Choose an ordinary site that few people visit."""
    count = len(scene.world.names.site)
    return ordinary(scene.world, stream.number(count // 4, count))


def expired(stream: Stream, time_us: Ints, ttl_s: int = TTL_S) -> tuple[np.ndarray, Ints]:
    """Say at which times, ascending, a machine must ask for a name again, and the life it is told.

    As in ``spot_gen.lookups``, the resolver's copy ends at fixed times, ``ttl_s`` apart.
    """
    ttl_us = ttl_s * SECOND_US
    window, used = np.divmod(time_us + stream.number(0, ttl_us), ttl_us)
    first = np.diff(window, prepend=-1) > 0
    return first, -(-(ttl_us - used) // SECOND_US)


def ask(scene: Scene, stream: Stream, time_us: Ints, where: Site, ttl_s: int = TTL_S) -> Ints:
    """Let the actor ask for a name where it must; return when it knows the address each time."""
    if where.name == written(where.address)[0]:
        return time_us
    first, life = expired(stream, time_us, ttl_s)
    ready = time_us.copy()
    ready[first] = scene.record.lookups(
        stream.bits(int(first.sum())), time_us[first], scene.actor.address, where.name,
        addresses=where.address, ttl=life[first], authority=where.authority,
        upstream=not where.name.endswith(f".{ORGANISATION}"),
    )  # fmt: skip
    return ready


def fetch(
    scene: Scene, stream: Stream, time_us: Ints, where: Site, columns: Mapping[str, Any]
) -> Ints:
    """Let the actor request from a server through the proxy; return when each is complete.

    ``time_us``: ascending, one connection each. ``columns``: those of REQUESTS that are not to be
    as usual: a plain GET that is answered. ``taken_ms`` is drawn if it is missing.
    """
    size = len(time_us)
    if not size:
        return time_us
    ready = ask(scene, stream, time_us, where)
    taken = np.asarray(columns.get("taken_ms", stream.sample(_TAKEN, size)), np.int64)
    done: Ints = ready + stream.integers(4_000, 45_000, size) + taken * 1_000
    path, query = (columns.get(name, "") for name in ("path", "query"))
    usual = {
        "user": scene.actor.user, "host": where.name, "scheme": "http", "method": "GET",
        "agent": agent_of(scene.world, scene.actor), "status": 200, "action": "TCP_MISS",
        "filter": np.where(stream.uniform(size) < _PROXIED, "PROXIED", "OBSERVED"),
        "categories": category(scene.world, where.name),
        "content_type": "text/html", "extension": extensions(path),
        "bytes_up": _HEADERS + lengths(path) + lengths(query),
    }  # fmt: skip
    given = {**usual, **columns, "time_us": done, "taken_ms": taken}
    direct = scene.world.is_direct(scene.actor)
    legs = Legs(scene.actor.address, where.address, direct=direct)
    scene.record.requests(stream.bits(size), np.arange(size), legs, given)
    return done


def category(world: World, name: str) -> str:
    """Return what a proxy takes a server for: an ordinary site's kind; of others, any one."""
    domain = ".".join(name.split(".")[-2:])
    row = pc.index(world.names.site, domain).as_py()
    if row >= 0:
        return CATEGORIES[world.names.category[row]]
    return world.stream(f"category/{domain}").choice(CATEGORIES)


def extensions(path: Any) -> Any:
    """Return what stands behind the last dot of the last part of a path, or of each path."""
    texts = [path] if isinstance(path, str) else list(path)
    ends = [text.rpartition("/")[2].rpartition(".") for text in texts]
    found = [end[2] if end[1] else "" for end in ends]
    return found[0] if isinstance(path, str) else found


def lengths(texts: Any) -> Any:
    """Return the length of a text, or of each of several."""
    return len(texts) if isinstance(texts, str) else np.array([len(text) for text in texts])


def whole(values: Floats) -> Ints:
    """Return numbers without their fractions."""
    return values.astype(np.int64)
