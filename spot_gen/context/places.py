"""Where addresses belong: own ranges, outside blocks, named networks; and the listed sites."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import numpy as np

from spot_gen.network import World
from spot_gen.network.addresses import INTERNAL, INTERNAL_6, MALICIOUS, OUTSIDE
from spot_gen.network.names import COUNTRIES
from spot_gen.streams import Stream

#: Networks of the organisation: third octets from and to, and a name.
_NETWORKS = (
    (1, 1, "Servers"),
    (2, 2, "DMZ"),
    (3, 3, "Printers and devices"),
    (4, 4, "Management"),
    (10, 49, "Workstations"),
)
#: How the product groups machines by the beginning of their names.
_GROUPS = {"web": "DMZ", "relay": "DMZ", "gateway": "DMZ", "proxy": "Proxy", "router": "FW"}
_COUNTRY = {
    "BR": ("Brazil", -12.0, -49.0), "CA": ("Canada", 50.0, -98.0), "DE": ("Germany", 51.0, 10.0),
    "FR": ("France", 46.5, 2.5), "GB": ("United Kingdom", 52.5, -1.5),
    "IE": ("Ireland", 53.2, -8.0), "JP": ("Japan", 36.5, 138.5), "NL": ("Netherlands", 52.2, 5.5),
    "SE": ("Sweden", 60.0, 15.0), "SG": ("Singapore", 1.35, 103.8),
    "US": ("United States", 39.5, -98.0), "ZA": ("South Africa", -29.0, 25.0),
}  # fmt: skip
_SYLLABLES = ("bar", "den", "fal", "gor", "hel", "kim", "lor", "mar", "nor", "pel", "sur", "tor")
_ENDINGS = ("ville", "burg", "ton", "stad", "field", "haven")
_OWNERS = ("Networks", "Hosting", "Telecom", "Cloud Services", "Data Centres", "Internet")


def ranges(_: World) -> Iterator[tuple[str, str, str]]:
    """Yield first address, last address and name of the organisation's ranges."""
    for third, last, name in _NETWORKS:
        yield f"10.20.{third}.0", f"10.20.{last}.255", name
    yield str(INTERNAL[0]), str(INTERNAL[-1]), "Internal"
    yield str(INTERNAL_6[0]), str(INTERNAL_6[-1]), "Internal IPv6"


def blocks(seed: int) -> Iterator[tuple[Any, ...]]:
    """Yield each outside /24 block in order: first and last number, place, coordinates, owner.

    Blocks of one network (/23) have one owner and country.
    """
    networks = (*MALICIOUS, *OUTSIDE.subnets(new_prefix=23))
    for network in sorted(networks, key=lambda one: int(one[0])):
        stream = Stream.named(seed, f"place/{network}")
        code, owner = stream.choice(COUNTRIES), _name(stream)
        business = f"{owner} {stream.choice(_OWNERS)}"
        for number, block in enumerate(network.subnets(new_prefix=24)):
            place = _place(stream.below(number), code)
            yield int(block[0]), int(block[-1]), *place, business, f"{owner.lower()}.example"


def _place(stream: Stream, code: str) -> tuple[str, str, str, str, str, str]:
    """Return country code and name, state, city, latitude and longitude, degrees."""
    country, latitude, longitude = _COUNTRY[code]
    off = np.round(stream.uniform(2, -1.0, 1.0), 3)
    city, state = _name(stream) + stream.choice(_ENDINGS), _name(stream) + " Region"
    return (
        code, country, state, city, f"{latitude + off[0]:.3f}", f"{longitude + off[1]:.3f}",
    )  # fmt: skip


def _name(stream: Stream) -> str:
    return "".join(stream.choices(_SYLLABLES, 2)).title()


def named_networks(world: World) -> Iterator[tuple[str, str]]:
    """Yield address or subnet and name: the networks, and every machine.

    The part of a name before its first dot is its group.
    """
    for third, last, name in _NETWORKS:
        first, end = (ipaddress.ip_address(f"10.20.{n}.{m}") for n, m in ((third, 0), (last, 255)))
        for subnet in ipaddress.summarize_address_range(first, end):
            yield str(subnet), name
    for host in world.hosts:
        address = ipaddress.ip_address(int(host.address[1]))
        group = _GROUPS.get(host.role)
        yield str(address), f"{group}.{host.full_name}" if group else host.full_name


def top_sites(world: World) -> Iterator[tuple[int, str]]:
    """Yield rank and name of the listed sites."""
    names = world.names
    sites = np.flatnonzero(names.listed)
    chosen = names.site.take(sites).to_pylist()
    yield from ((rank, site) for rank, site in enumerate(chosen, start=1))
