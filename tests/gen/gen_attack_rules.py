"""What every scenario keeps to, whatever it does; each function asserts one rule."""

from __future__ import annotations

import ipaddress
import re

import numpy as np
from gen_scenes import addresses, column, played, played_as

from spot_gen import truth
from spot_gen.attacks import scenarios
from spot_gen.config import Attack
from spot_gen.events import numbers
from spot_gen.network.addresses import RESERVED
from spot_gen.plan import Played

_ZONES = (".example", ".test", ".invalid")
_INSIDE = ipaddress.ip_network("10.20.0.0/16")


def kept(happened: Played, stages: set[str], tables: set[str]) -> None:
    """All the rules that hold for every incident, of these stages and in these tables."""
    marked(happened, stages, tables)
    in_time(happened)
    reserved(happened)
    told(happened)
    unmarked(happened)


def marked(happened: Played, stages: set[str], tables: set[str]) -> None:
    """Everything has the incident's label and a stage, in the tables that see it and no other."""
    filled = {name for name, table in happened.events.tables().items() if table.num_rows}
    assert filled == tables
    found: set[str] = set()
    for table in filled:
        assert set(column(happened, "label", table)) == {happened.incident.label}
        found |= set(truth.stage_names(column(happened, "stage", table)).to_pylist())
    assert found == stages


def in_time(happened: Played) -> None:
    """Everything lies within the planned time, and no connection ends after it."""
    start, end = happened.incident.start_us, happened.incident.end_us
    for name, table in happened.events.tables().items():
        if table.num_rows:
            times = column(happened, "time_us", name)
            assert start <= times.min()
            assert times.max() < end
    if happened.events.connections.num_rows:
        assert column(happened, "end_us").max() <= end


def reserved(happened: Played) -> None:
    """No address outside of the reserved ranges, no name outside of the reserved zones."""
    for hi, lo in addresses(happened.events):
        assert _is_reserved(ipaddress.ip_address(int(hi) << 64 | int(lo)))
    for record in _addresses_in(happened):
        assert _is_reserved(ipaddress.ip_address(record))
    for name in (*asked_names(happened), *hosts(happened)):
        assert _is_reserved_name(name), name


def unmarked(happened: Played) -> None:
    """Nothing in the data says what it is: no id of a scenario, no name of a family."""
    known = {word for s in scenarios().values() for word in (s.id, s.family) if len(word) > 4}
    requests = happened.events.requests
    columns = ("host", "path", "query", "agent", "content_type", "referer")
    texts = [*asked_names(happened), *(t for c in columns for t in requests.column(c).to_pylist())]
    every = "\n".join(texts).lower()
    assert not [word for word in known if word in every]


def deterministic(name: str, level: int) -> None:
    """One seed gives the same events; another seed gives others."""
    attack = Attack(scenario=name, stealth=level)
    one, again = played(name, level), played_as(attack)
    tables = again.events.tables()
    assert all(table.equals(tables[n]) for n, table in one.events.tables().items())
    other = played_as(attack, seed=2).events.tables()
    assert not all(table.equals(other[n]) for n, table in one.events.tables().items())
    assert one.story == again.story
    assert one.scene.indicators == again.scene.indicators


def told(happened: Played) -> None:
    """The story is two sentences with the actor in them, and without what labels would say."""
    story = happened.story
    assert happened.scene.actors == [happened.scene.actor.name]
    assert happened.scene.actor.name in story
    assert story.endswith(".")
    assert len(re.findall(r"\. (?=[A-Z])", story)) == story.count(". ") == 1
    assert not any(known in story for known in scenarios())
    for indicator in happened.scene.indicators:
        assert indicator.kind in ("domain", "address", "url", "hash")
        if indicator.kind == "address":
            assert ipaddress.ip_address(indicator.value) not in _INSIDE


def visits_agree(happened: Played) -> None:
    """Each proxy line has its two connections, and its look-up or a copy of an earlier answer."""
    requests, scene = happened.events.requests, happened.scene
    begun = column(happened, "time_us", "requests") - 1_000 * column(
        happened, "taken_ms", "requests"
    )
    opened, target = column(happened, "time_us"), column(happened, "dst_lo")
    proxy = int(scene.world.server("proxy").address[1])
    origin = column(happened, "origin_lo", "requests")
    for at, far in zip(begun.tolist(), origin.tolist(), strict=True):
        near = np.abs(opened - at) < 2_000_000
        assert {proxy, far} <= set(target[near].tolist())
    known = _answers(happened)
    for at, far, host in zip(
        begun.tolist(), origin.tolist(), requests.column("host").to_pylist(), strict=True
    ):
        assert host in known or _is_bare(host, far)
        if host in known:
            assert any(
                when <= at < when + ttl_us + 2_000_000 and far in found
                for when, ttl_us, found in known[host]
            )


def _answers(happened: Played) -> dict[str, list[tuple[int, int, set[int]]]]:
    """Return what the actor was told of each name: when, for how long, which addresses."""
    lookups, actor = happened.events.lookups, happened.scene.actor
    own = numbers(lookups, "client_lo") == actor.address[1]
    told_of: dict[str, list[tuple[int, int, set[int]]]] = {}
    for row in lookups.filter(own).to_pylist():
        found = {int.from_bytes(data, "big") for data in row["answers"]}
        answered = row["time_us"] + row["rtt_us"]
        told_of.setdefault(row["qname"], []).append((answered, row["ttl"] * 1_000_000, found))
    return told_of


def asked_names(happened: Played) -> set[str]:
    """Return all names that were asked for."""
    return set(happened.events.lookups.column("qname").to_pylist())


def hosts(happened: Played) -> set[str]:
    """Return the hosts of all requests."""
    return set(happened.events.requests.column("host").to_pylist())


def own_lookups(happened: Played) -> list[dict[str, object]]:
    """Return the look-ups that the actor made itself, in the order of time."""
    lookups = happened.events.lookups
    own = numbers(lookups, "client_lo") == happened.scene.actor.address[1]
    found: list[dict[str, object]] = lookups.filter(own).to_pylist()
    return found


def _addresses_in(happened: Played) -> set[bytes]:
    lookups = happened.events.lookups
    addressed = lookups.filter(numbers(lookups, "answer_type") == 1)
    return {data for row in addressed.column("answers").to_pylist() for data in row}


def _is_reserved(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in RESERVED if network.version == address.version)


def _is_reserved_name(name: str) -> bool:
    if name.endswith(_ZONES):
        return True
    if name.endswith("20.10.in-addr.arpa"):
        return True
    return _is_reserved(ipaddress.ip_address(name))


def _is_bare(host: str, number: int) -> bool:
    try:
        return int(ipaddress.ip_address(host)) == number
    except ValueError:
        return False
