"""What a machine learns of the network by asking the organisation's own name servers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spot_gen.activity.records import name_data, reverse_name, service
from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.choices import at_most
from spot_gen.attacks.shared.pace import spread
from spot_gen.clock import HOUR_US, MINUTE_US
from spot_gen.network.addresses import INTERNAL, four
from spot_gen.network.hosts import ORGANISATION
from spot_gen.protocols import AXFR, NOERROR, NXDOMAIN, PTR, REFUSED, SRV, TCP
from spot_gen.streams import Ints, Stream

_FIRST, _ALL = int(INTERNAL[0]), INTERNAL.num_addresses
_REVERSE = "20.10.in-addr.arpa"
_TTL_S = 3_600
_SUFFIX = f"_msdcs.{ORGANISATION}"
#: Service records that tell where the directory is: name, port (0: there is none).
_SERVICES = (
    (f"_ldap._tcp.dc.{_SUFFIX}", 389), (f"_kerberos._tcp.dc.{_SUFFIX}", 88),
    (f"_ldap._tcp.pdc.{_SUFFIX}", 389), (f"_gc._tcp.{ORGANISATION}", 3268),
    (f"_kpasswd._tcp.{ORGANISATION}", 464), (f"_ldap._tcp.{ORGANISATION}", 389),
    (f"_kerberos._udp.{ORGANISATION}", 88), (f"_sip._tcp.{ORGANISATION}", 0),
    (f"_vlmcs._tcp.{ORGANISATION}", 0), (f"_autodiscover._tcp.{ORGANISATION}", 443),
)  # fmt: skip
_ZONES = (ORGANISATION, _REVERSE, f"_msdcs.{ORGANISATION}")


def reverse_lookups(scene: Scene, start_us: int, end_us: int, count: int, part: int = 700) -> int:
    """Let the actor ask for the names of ``count`` internal addresses; return how many exist.

    From 256 on it goes through whole networks in their order, beginning with that of the servers;
    fewer are half machines that it has heard of, half a guess.
    """
    stream = scene.below(part)
    known = {int(host.address[1]) - _FIRST: host.full_name for host in scene.world.hosts}
    place = _chosen(stream, count, sorted(known))
    exists = np.isin(place, np.fromiter(known, np.int64, len(known)))
    names = pa.array([known.get(number, "") for number in place.tolist()])
    with scene.record.stage("discovery"):
        scene.record.lookups(
            stream.bits(count), spread(stream, count, start_us, end_us - start_us - 1_000_000),
            scene.actor.address, reverse_name(four(place + _FIRST)), qtype=PTR, ttl=_TTL_S,
            rcode=np.where(exists, NOERROR, NXDOMAIN),
            answers=name_data(names, exists),
        )  # fmt: skip
    return int(exists.sum())


def _chosen(stream: Stream, count: int, known: list[int]) -> Ints:
    """Return which addresses are asked for, as numbers within the network."""
    if count >= 256:
        return (256 + np.arange(count)) % _ALL
    heard = stream.subset(known, count // 2)
    guessed = stream.order(_ALL)[:count]
    guessed = guessed[~np.isin(guessed, heard)][: count - len(heard)]
    chosen = np.concatenate([np.array(heard, np.int64), guessed])
    return chosen[stream.order(len(chosen))]


def service_records(scene: Scene, start_us: int, end_us: int, count: int, part: int = 710) -> None:
    """Let the actor ask for ``count`` service records of the directory (10 at most)."""
    stream = scene.below(part)
    asked = stream.subset(_SERVICES, count)
    target = scene.world.server("directory").full_name
    data = [[service(port, target)] if port else [] for _, port in asked]
    with scene.record.stage("discovery"):
        scene.record.lookups(
            stream.bits(len(asked)), spread(stream, len(asked), start_us, end_us - start_us),
            scene.actor.address, [name for name, _ in asked], qtype=SRV, ttl=600,
            rcode=np.array([NOERROR if port else NXDOMAIN for _, port in asked]),
            answers=pa.array(data, pa.list_(pa.binary())),
        )  # fmt: skip


def zone_transfers(scene: Scene, start_us: int, end_us: int, count: int, part: int = 720) -> None:
    """Let the actor ask for whole zones ``count`` times; it is refused."""
    stream = scene.below(part)
    with scene.record.stage("discovery"):
        scene.record.lookups(
            stream.bits(count), spread(stream, count, start_us, end_us - start_us),
            scene.actor.address, [_ZONES[n % len(_ZONES)] for n in range(count)],
            qtype=AXFR, rcode=REFUSED, proto=TCP,
        )  # fmt: skip


def _play(scene: Scene) -> str:
    count = at_most(scene, "addresses", _ALL)
    start, end = scene.start_us, scene.start_us + scene.duration_us
    early = start + scene.duration_us // 20
    zone_transfers(scene, start, early, scene["transfers"])
    service_records(scene, early, early + scene.duration_us // 20, scene["services"])
    found = reverse_lookups(scene, early + scene.duration_us // 10, end, count)
    return (
        f"From {story.when(start)} {scene.actor.name} asked the resolver for the names of"
        f" {story.many(count, 'internal address')} within {story.span(scene.duration_us)} and"
        f" learned {found:,}. Before, it asked for the servers of the directory and tried"
        f" {story.many(scene['transfers'], 'time')} to be given a whole zone, which was refused."
    )


SCENARIOS = (
    Scenario(
        "recon_dns",
        "discovery",
        ("T1018", "T1590.002"),
        ("dns",),
        "internal DNS reconnaissance",
        (40 * MINUTE_US, 12 * MINUTE_US, 6 * HOUR_US),
        _play,
        parameters={
            "addresses": (65_536, 256, 50),
            "services": (10, 6, 3),
            "transfers": (6, 3, 1),
        },
    ),
)
