"""What a record looks like does not tell what it is: no value is an incident's by construction.

Malicious records have values of their own where that is what they do (a tunnel's type of question,
a careless user agent); what a sensor, a server or a zone decides is the same for all (B1.4).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from gen_scenes import column, played, played_as
from gen_traffic import small

from spot_gen.config import Attack
from spot_gen.events import numbers
from spot_gen.labels import incident_facts
from spot_gen.network.addresses import text
from spot_gen.protocols import NOERROR, NXDOMAIN


@cache
def ordinary(table: str, name: str) -> frozenset[object]:
    """Return the values of a column that what is not malicious has."""
    return frozenset(small()[1].tables()[table].column(name).unique().to_pylist())


def test_ordinary_answers_too_may_not_be_kept():
    tunnel = set(column(played("dns_tunnel", 2), "ttl", "lookups").tolist())
    assert tunnel == {0}
    assert tunnel <= ordinary("lookups", "ttl")


def test_whoever_asks_for_a_name_that_is_not_there_asks_the_same_server_of_the_zone():
    world, made = small()
    ours = made.lookups.filter(numbers(made.lookups, "rcode") != NOERROR)
    names = np.array(ours["qname"].to_pylist())
    for zone in ("example", "test", "invalid"):
        server = world.registry(zone)
        of_zone = np.char.endswith(names, f".{zone}")
        assert np.any(of_zone & (numbers(ours, "server_lo") == server[1]))
    generated = played("dga", 2)
    lookups = generated.events.lookups
    outward = numbers(lookups, "rcode") == NXDOMAIN
    outward &= numbers(lookups, "server_lo") >> np.uint64(17) == np.uint64(198 << 7 | 9)
    registries = {int(generated.scene.world.registry(z)[1]) for z in ("example", "test", "invalid")}
    assert set(numbers(lookups, "server_lo")[outward].tolist()) <= registries
    assert set(numbers(lookups, "ttl")[outward].tolist()) <= ordinary("lookups", "ttl")


def test_addresses_of_an_incident_are_of_those_who_take_part():
    outside = played("scan_external", 1)
    assert outside.incident.actor.name not in outside.scene.actors
    spared = text(*outside.incident.actor.address[:, None])[0].as_py()
    assert spared not in incident_facts(outside, {})["addresses"]
    inside = played_as(Attack(scenario="scan_vertical", stealth=1))
    own = text(*inside.incident.actor.address[:, None])[0].as_py()
    assert own in incident_facts(inside, {})["addresses"]
