"""What is known of the outside: registrations of domains, and what others have reported.

Young registrations and reports are not malicious alone: some ordinary names are new, and reports of
ordinary sites and addresses are left over from long ago.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from spot_gen.context.model import Indicator
from spot_gen.context.organisation import DAY_S, start_s
from spot_gen.context.tables import json_lines, records
from spot_gen.network import World
from spot_gen.network.addresses import OUTSIDE
from spot_gen.network.hosts import ORGANISATION
from spot_gen.network.names import COUNTRIES
from spot_gen.streams import Keys, Stream, integers, stream_keys, uniform

_REGISTRARS = ("Plain Names", "Registry Services", "Domain House", "Names and More")
#: Share of young registrations: of listed sites, of others, of an incident's names.
_YOUNG_LISTED, _YOUNG_UNLISTED, _YOUNG_REPORTED = 0.02, 0.20, 0.85

_THREATS = (
    "ti_source", "ti_provider_id", "ti_indicator_id", "ti_indicator_desc", "ti_date_added",
    "ti_date_modified", "ti_severity", "ti_category", "ti_deployed_location", "ti_indicator_ip4",
    "ti_indicator_ip4_str", "ti_indicator_ip6", "ti_indicator_ip6_str", "ti_indicator_domain",
    "ti_indicator_hostname", "ti_indicator_url", "ti_indicator_file_hash", "ti_indicator_md5",
    "ti_indicator_sha1", "ti_indicator_sha256", "ti_tags", "ti_threat_type",
)  # fmt: skip
_SOURCES = ("open list", "vendor feed", "sharing group")
_HASHES = {32: "ti_indicator_md5", 40: "ti_indicator_sha1", 64: "ti_indicator_sha256"}
#: Stale reports: at least so many, and so many for each that is not.
_STALE_AT_LEAST, _STALE_EACH = 40, 3


def registrable(name: str) -> str:
    """Return the domain that was registered: the last two labels of a name."""
    return ".".join(name.lower().rstrip(".").split(".")[-2:])


def domains(world: World, indicators: Sequence[Indicator]) -> str:
    """Return the registrations, in the order of names."""
    names = world.names
    young = np.where(names.listed, _YOUNG_LISTED, _YOUNG_UNLISTED).tolist()
    shares = dict(zip(names.site.to_pylist(), young, strict=True))
    for known in (ORGANISATION, "cachenet.example"):
        shares.setdefault(known, 0.0)
    for one in indicators:
        if one.kind == "domain":
            shares.setdefault(registrable(one.value), _YOUNG_REPORTED)
    return json_lines(_registrations(world, dict(sorted(shares.items()))))


def _registrations(world: World, shares: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Yield a registration for each name; ``shares``: how likely each is young."""
    keys = stream_keys(world.seed, (f"registration/{name}" for name in shares))
    created, updated, expires = (days.tolist() for days in _dates(keys, list(shares.values())))
    registrar = integers(keys, 4, 0, len(_REGISTRARS)).tolist()
    country = integers(keys, 5, 0, len(COUNTRIES)).tolist()
    now = start_s(world)
    for row, name in enumerate(shares):
        house = _REGISTRARS[registrar[row]]
        yield {
            "net_domain_name": name,
            "net_registry_domain_id": f"D{int(keys[row]) % 10**9:09d}",
            "net_update_date": now - updated[row],
            "net_creation_date": now - created[row],
            "net_registrar_registration_expiration_date": now + expires[row],
            "net_registrar": house,
            "net_registrar_abuse_contact_email": f"abuse@{house.lower().replace(' ', '')}.example",
            "net_domain_status": "ok",
            "net_registrant_country": COUNTRIES[country[row]],
            "net_name_servers": f"ns1.{name},ns2.{name}",
            "net_dnssec": "signed" if keys[row] % np.uint64(5) == 0 else "unsigned",
        }


def _dates(keys: Keys, shares: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how long ago each was registered and changed, how long it is valid; seconds."""
    young = uniform(keys, 0) < np.array(shares)
    oldest = np.where(young, 60, 8_000) * DAY_S
    created = integers(keys, 1, np.where(young, 1, 60) * DAY_S, oldest)
    updated = np.floor(created * uniform(keys, 2)).astype(np.int64)
    return created, updated, integers(keys, 3, DAY_S, 365 * DAY_S)


def threats(world: World, indicators: Sequence[Indicator]) -> str:
    """Return the threat list, in the order of random numbers."""
    keys = np.array([one.key for one in indicators], np.uint64)
    listed = uniform(keys, 60) < world.config.network.threat_share
    reported = [indicators[row] for row in np.flatnonzero(listed).tolist()]
    stream = world.stream("reports")
    count = max(_STALE_AT_LEAST, _STALE_EACH * len(reported))
    stale = [_stale(world, stream.below(number)) for number in range(count)]
    rows = [_report(world, one, 2, 60) for one in reported]
    rows += [_report(world, one, 30, 1_200) for one in stale]
    return records(_THREATS, sorted(rows, key=lambda row: str(row["ti_indicator_id"])))


def _stale(world: World, stream: Stream) -> Indicator:
    """Make up an old report of an ordinary site, address, page or file."""
    kind = stream.choice(("domain", "domain", "address", "address", "url", "hash"))
    host = world.names.host[stream.number(0, len(world.names.host))].as_py()
    values = {
        "domain": host,
        "address": str(OUTSIDE[stream.number(1, OUTSIDE.num_addresses - 1)]),
        "url": f"http://{host}/{stream.text('abcdefghijklmnopqrstuvwxyz', 8)}.html",
        "hash": stream.text("0123456789abcdef", stream.choice((32, 40, 64))),
    }
    return Indicator(kind, values[kind], int(stream.bits(1)[0]))


def _report(world: World, one: Indicator, newest: int, oldest: int) -> dict[str, Any]:
    """Return the row of an indicator that was added so many days ago."""
    stream = Stream(np.uint64(one.key)).below(61)
    added = start_s(world) - stream.number(newest * DAY_S, oldest * DAY_S)
    source = stream.choice(_SOURCES)
    return {
        "ti_source": source,
        "ti_provider_id": f"{source.replace(' ', '-')}-{stream.number(1, 4)}",
        "ti_indicator_id": f"indicator--{stream.text('0123456789abcdef', 16)}",
        "ti_indicator_desc": "Reported by a member",
        "ti_date_added": added,
        "ti_date_modified": added + stream.number(0, newest * DAY_S),
        "ti_severity": stream.choice(("low", "medium", "high")),
        "ti_category": stream.choice(("crime", "unknown")),
        "ti_deployed_location": ["perimeter", "logs"],
        "ti_tags": stream.choice(("unverified", "verified")),
        "ti_threat_type": stream.choice(("malware", "compromised host", "unwanted software")),
        **_value(one),
    }


def _value(one: Indicator) -> dict[str, Any]:
    """Return the columns that hold an indicator; KeyError for a kind that does not exist."""
    ways = {"domain": _domain, "address": _address, "url": _url, "hash": _hash}
    return ways[one.kind](one.value)


def _domain(value: str) -> dict[str, Any]:
    name = registrable(value)
    return {"ti_indicator_domain": name} | (
        {} if value == name else {"ti_indicator_hostname": value}
    )


def _address(value: str) -> dict[str, Any]:
    address = ipaddress.ip_address(value)
    if address.version == 4:
        return {"ti_indicator_ip4": [int(address)], "ti_indicator_ip4_str": [value]}
    return {"ti_indicator_ip6": [f"{int(address):032x}"], "ti_indicator_ip6_str": [str(address)]}


def _url(value: str) -> dict[str, Any]:
    return {"ti_indicator_url": [value.replace(",", "%2C")]}


def _hash(value: str) -> dict[str, Any]:
    column = _HASHES.get(len(value))
    return {"ti_indicator_file_hash": value} | ({column: value} if column else {})
