"""Names that nobody remembers: made up by the hundred, or with a new address every minute."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.choices import drawn_or
from spot_gen.attacks.shared.pace import between, spread
from spot_gen.attacks.shared.sites import Site, site, written
from spot_gen.attacks.shared.visits import ask, expired, pool, whole
from spot_gen.attacks.shared.wording import HEX, LOWER, WORDS, pronounceable, texts
from spot_gen.clock import HOUR_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.network.addresses import Addresses, packed
from spot_gen.network.world import World
from spot_gen.protocols import NXDOMAIN
from spot_gen.streams import Ints, Stream

#: Seconds from one name to the next.
_GAP = log_normal(1.0, 0.7)
_ZONES = ("test", "invalid", "example")


def _letters(stream: Stream, count: int) -> list[str]:
    shortest = stream.number(8, 13)
    return texts(stream, LOWER, stream.integers(shortest, shortest + 6, count))


def _digests(stream: Stream, count: int) -> list[str]:
    return texts(stream, HEX, np.full(count, stream.choice((16, 24, 32))))


def _two_words(stream: Stream, count: int) -> list[str]:
    first, second = stream.choices(WORDS, count), stream.choices(WORDS, count)
    return [f"{one}{other}" for one, other in zip(first, second, strict=True)]


def _spoken(stream: Stream, count: int) -> list[str]:
    return pronounceable(stream, count, (3, 6))


#: The kinds of generators: how each makes so many names, repeated ones among them.
GENERATORS: Mapping[str, Callable[[Stream, int], list[str]]] = {
    "letters": _letters,
    "hex": _digests,
    "words": _two_words,
    "pronounceable": _spoken,
}


def generated(scene: Scene, stream: Stream, kind: str, count: int) -> list[str]:
    """Return ``count`` different names of a kind, none of them an ordinary site."""
    zones = stream.subset(_ZONES, stream.number(1, 4))
    chosen: dict[str, None] = {}
    while len(chosen) < count:
        made = GENERATORS[kind](stream, count + 16)
        full = [
            f"{name}.{zone}"
            for name, zone in zip(made, stream.choices(zones, len(made)), strict=True)
        ]
        known = pc.is_in(pa.array(full), value_set=scene.world.names.site).to_pylist()
        chosen |= {name: None for name, taken in zip(full, known, strict=True) if not taken}
    return list(chosen)[:count]


def zone_servers(world: World, names: list[str]) -> Addresses:
    """Return the name server of the top-level zone of each name, shape (n, 2)."""
    own = {zone: world.registry(zone) for zone in _ZONES}
    return np.array([own[name.rpartition(".")[2]] for name in names]).reshape(-1, 2)


def dga(
    scene: Scene, start_us: int, end_us: int, kind: str, count: int, burst: int, part: int = 300
) -> Site:
    """Let the actor try ``count`` names in bursts in [start, end), the last of which answers.

    Returns the server that it leads to, whose name and address become indicators.
    """
    stream = scene.below(part)
    names = generated(scene, stream.below(1), kind, count)
    times = _bursts(stream, start_us, end_us, count, burst)
    address, authority = scene.outside(2, part + 1)
    found = Site(names[-1], address, authority)
    scene.know("domain", found.name)
    scene.know("address", *written(address))
    with scene.record.stage("generation"):
        scene.record.lookups(
            stream.bits(count - 1), times[:-1], scene.actor.address,
            pa.array(names[:-1], pa.string()), rcode=NXDOMAIN, ttl=3_600,
            authority=zone_servers(scene.world, names[:-1]),
        )  # fmt: skip
        ask(scene, stream, times[-1:], found)
    return found


def _bursts(stream: Stream, start_us: int, end_us: int, count: int, burst: int) -> Ints:
    """Return ``count`` times, ascending: bursts with a second or so between two names."""
    number = -(-count // burst)
    stretch = int((end_us - start_us) * 0.98) // number
    begins = start_us + np.arange(number) * stretch + between(stream, 0.0, 0.45, number, stretch)
    which = np.arange(count) // burst
    passed = np.cumsum(stream.sample(_GAP, count))
    pace = min(1.2 * SECOND_US, 0.3 * stretch / burst)
    times = begins[which] + whole((passed - passed[which * burst]) * pace)
    return np.minimum(np.sort(times), end_us - 5 * SECOND_US)


def fast_flux(
    scene: Scene,
    start_us: int,
    end_us: int,
    where: Site,
    addresses: int,
    ttl_s: int,
    asked: int,
    part: int = 320,
) -> int:
    """Let the actor ask again and again for a name with ever new addresses; return how often.

    Each answer has a few of all ``addresses``; the last one has been told when all is over.
    """
    stream = scene.below(part)
    records = packed(pool(scene, where, addresses, part + 1))
    times = spread(stream, asked, start_us, int((end_us - start_us) * 0.99))
    first, life = expired(stream, times, ttl_s)
    times, life = times[first], life[first]
    size = len(times)
    width = min(5, addresses)
    step = -(-addresses // size)
    rows = [
        [records[(n * max(step, 2) + i) % addresses] for i in range(max(width, step))]
        for n in range(size)
    ]
    with scene.record.stage("control"):
        scene.record.lookups(
            stream.bits(size), times, scene.actor.address, where.name,
            answers=pa.array(rows, pa.list_(pa.binary())), ttl=life, authority=where.authority,
        )  # fmt: skip
    return size


def _play_dga(scene: Scene) -> str:
    kind = drawn_or(scene, "kind", tuple(GENERATORS), 305)
    end = scene.start_us + scene.duration_us
    found = dga(scene, scene.start_us, end, kind, scene["names"], scene["burst"])
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} asked for"
        f" {story.many(scene['names'], 'made-up name')} within"
        f" {story.span(scene.duration_us)}, and was told that there is no such name. Only the"
        f" last one, {found.name}, led anywhere: to {written(found.address)[0]}."
    )


def _play_flux(scene: Scene) -> str:
    where = site(scene, "www2", 325)
    end = scene.start_us + scene.duration_us
    count = fast_flux(
        scene, scene.start_us, end, where, scene["addresses"], scene["ttl_s"], scene["questions"]
    )
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} asked"
        f" {story.many(count, 'time')} for {where.name}, whose answers live"
        f" {story.many(scene['ttl_s'], 'second')} at most."
        f" They told {story.many(scene['addresses'], 'address')} in networks all over the world."
    )


SCENARIOS = (
    Scenario(
        "dga",
        "domain generation",
        ("T1568.002",),
        ("dns",),
        "unusual DNS",
        (10 * HOUR_US, 10 * HOUR_US, 20 * HOUR_US),
        _play_dga,
        parameters={
            "kind": ("any", "any", "any"),
            "names": (1_000, 200, 40),
            "burst": (50, 25, 8),
        },
    ),
    Scenario(
        "fast_flux",
        "domain generation",
        ("T1568.001",),
        ("dns",),
        "unusual DNS",
        (HOUR_US, 3 * HOUR_US, 8 * HOUR_US),
        _play_flux,
        parameters={
            "addresses": (50, 20, 8),
            "ttl_s": (20, 60, 120),
            "questions": (90, 45, 20),
        },
    ),
)
