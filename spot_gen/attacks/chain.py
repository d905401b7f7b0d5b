"""A whole intrusion by one machine, from the first page to the data that leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spot_gen.attacks.collection import read_files
from spot_gen.attacks.command_channel import Beacon, beacon_http
from spot_gen.attacks.delivery import Delivered, deliver
from spot_gen.attacks.discovery import reverse_lookups, service_records, zone_transfers
from spot_gen.attacks.domain_generation import GENERATORS, dga
from spot_gen.attacks.exfiltration import send_bulk
from spot_gen.attacks.lateral_movement import smb_hops
from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.choices import at_most, drawn_or, one_of
from spot_gen.attacks.shared.sites import Site, site
from spot_gen.attacks.tunnel import Tunnel, dns_tunnel, tunnel_end
from spot_gen.clock import DAY_US, HOUR_US
from spot_gen.network.hosts import Host

_GIGABYTE = 10**9
_WAYS = ("tunnel", "bulk")

#: Begin and end of each stage at the three levels, hours after the first page.
_PLANS: tuple[Mapping[str, tuple[float, float]], ...] = (
    {
        "generation": (0.15, 0.5), "beacon": (0.55, 2.97), "discovery": (0.8, 1.0),
        "movement": (1.1, 1.4), "collection": (1.5, 2.0), "exfiltration": (2.1, 2.95),
    },
    {
        "generation": (1.0, 5.0), "beacon": (5.2, 47.5), "discovery": (6.5, 7.5),
        "movement": (23.0, 25.5), "collection": (26.0, 31.0), "exfiltration": (37.0, 45.0),
    },
    {
        "generation": (2.0, 22.0), "beacon": (22.5, 143.0), "discovery": (25.0, 31.0),
        "movement": (48.0, 55.0), "collection": (72.0, 104.0), "exfiltration": (118.0, 140.0),
    },
)  # fmt: skip


@dataclass(frozen=True)
class Intrusion:
    """What the stages have left behind for the story."""

    delivered: Delivered
    master: Site
    reached: list[Host]
    files: Host
    gathered: int
    way_out: str


def intrude(scene: Scene) -> Intrusion:
    """Let all stages happen, one after the other; the machine reports from the second one on."""
    start, end = _stage_times(scene)
    delivered = deliver(scene, scene.start_us, scene.level(("right", "wrong", "image")), 2, False)
    kind = drawn_or(scene, "kind", tuple(GENERATORS), 802)
    master = dga(
        scene, start["generation"], end["generation"], kind, scene["names"],
        scene.level((50, 20, 8)), part=810,
    )  # fmt: skip
    beacon_http(scene, start["beacon"], end["beacon"], master, _beacon(scene), part=820)
    _discover(scene, start["discovery"], end["discovery"])
    reached = smb_hops(
        scene, start["movement"], end["movement"] - start["movement"], scene.victims, part=830,
        logged=True,
    )  # fmt: skip
    files = scene.world.server("files")
    gathered = int(scene["gigabytes"] * _GIGABYTE)
    read_files(
        scene, start["collection"], end["collection"] - start["collection"], gathered,
        scene.level((4, 8, 12)), files, part=840,
    )  # fmt: skip
    way = _WAYS_OUT[one_of(scene, "exfiltration", _WAYS)]
    told = way(scene, start["exfiltration"], end["exfiltration"], gathered)
    return Intrusion(delivered, master, reached, files, gathered, told)


def _stage_times(scene: Scene) -> tuple[dict[str, int], dict[str, int]]:
    """Return when each stage begins and ends, up to five minutes later than planned."""
    stream = scene.below(801)
    plan = scene.level((_PLANS[0], _PLANS[1], _PLANS[2]))
    late = dict(zip(plan, stream.integers(0, 60_000_000, len(plan)).tolist(), strict=True))
    start = {name: scene.hour(hours[0]) + late[name] for name, hours in plan.items()}
    return start, {name: scene.hour(hours[1]) for name, hours in plan.items()}


def _beacon(scene: Scene) -> Beacon:
    return Beacon(
        scene["interval_s"], scene.level((0.05, 0.2, 0.5)), padded=True,
        method=scene.level(("POST", "GET", "GET")), agent=scene.level(("rare", "altered", "own")),
    )  # fmt: skip


def _discover(scene: Scene, start_us: int, end_us: int) -> None:
    """Ask for zones, for services, then for machines."""
    first, second = (start_us + (end_us - start_us) * part // 10 for part in (1, 2))
    zone_transfers(scene, start_us, first, 2, part=825)
    service_records(scene, first, second, scene.level((8, 6, 4)), part=826)
    reverse_lookups(scene, second, end_us, at_most(scene, "addresses", 65_536), part=827)


def _by_tunnel(scene: Scene, start_us: int, end_us: int, _: int) -> str:
    """Send a few chosen files in names; return how, in words."""
    end = tunnel_end(scene, 850)
    count = scene["queries"]
    rate = 1.15 * count * 1_000_000 / (end_us - start_us)
    label = scene.level((60, 40, 20))
    how = Tunnel("base32", scene.level(("TXT", "CNAME", "A")), count, rate, label)
    sent = dns_tunnel(scene, start_us, end_us, end, how, part=853)
    return f"the best of them left in the names of {sent:,} DNS questions below {end.name}"


def _in_bulk(scene: Scene, start_us: int, end_us: int, gathered: int) -> str:
    """Send all that was gathered, packed; return how, in words."""
    where = site(scene, "vault", 850)
    packed = gathered * 2 // 5
    send_bulk(scene, start_us, end_us - start_us, packed, scene.level((3, 8, 20)), where, part=853)
    return f"{story.size(packed)} packed from them left for {where.name}"


_WAYS_OUT: Mapping[str, Callable[[Scene, int, int, int], str]] = {
    "tunnel": _by_tunnel,
    "bulk": _in_bulk,
}


def _play(scene: Scene) -> str:
    if not scene.victims:
        scene.victims += scene.peers(scene["peers"]) or [scene.world.server("application")]
    done = intrude(scene)
    if done.files not in scene.victims:
        scene.victims.append(done.files)
    actor = scene.actor.name
    return (
        f"At {story.when(scene.start_us)} a page of {done.delivered.landing} led {actor} to the"
        f" file {done.delivered.url}, after which it tried {scene['names']:,} made-up"
        f" names until {done.master.name} answered and took its reports. From there somebody"
        f" learned the names of machines from the resolver, went on to"
        f" {story.named(done.reached)}, read {story.size(done.gathered)} from {done.files.name},"
        f" and {done.way_out}, all within {story.span(scene.duration_us)}."
    )


SCENARIOS = (
    Scenario(
        "campaign",
        "chain",
        ("T1204", "T1568.002", "T1071.001", "T1018", "T1021.002", "T1039", "T1048.003"),
        ("flow", "dns", "proxy", "syslog"),
        "complete visibility",
        (3 * HOUR_US, 2 * DAY_US, 6 * DAY_US),
        _play,
        hours=((8, 14), (8, 11), (8, 11)),
        parameters={
            "kind": ("any", "any", "any"),
            "names": (100, 80, 40),
            "interval_s": (60, 600, 3_600),
            "addresses": (120, 60, 30),
            "peers": (12, 6, 3),
            "gigabytes": (4, 3, 1),
            "exfiltration": ("tunnel", "bulk", "tunnel"),
            "queries": (250, 250, 250),
        },
    ),
)
