"""What a record looks like does not tell what it is: no value is an incident's by construction.

Malicious records have values of their own where that is what they do (a tunnel's type of question,
a careless user agent); what a sensor, a server or a zone decides is the same for all (B1.4).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from gen_scenes import column, played, played_as
from gen_traffic import small

from spot_gen.config import Attack
from spot_gen.dnswire.messages import response_sizes
from spot_gen.events import numbers
from spot_gen.labels import incident_facts
from spot_gen.network.addresses import OUTSIDE, text
from spot_gen.network.agents import RARE
from spot_gen.protocols import ICMP, NOERROR, NXDOMAIN, TCP, UDP

#: The upper bits of ordinary outside addresses.
_OUTSIDE = np.uint64(int(OUTSIDE[0]) >> 17)


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
    outward &= numbers(lookups, "server_lo") >> np.uint64(17) == _OUTSIDE
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


def test_ordinary_programs_too_have_rare_names_put_files_and_get_archives():
    for agent in RARE:
        assert agent in ordinary("requests", "agent")
    uploads = played("exfil_post", 2)
    for name in ("method", "status", "content_type", "extension", "action", "filter"):
        its_own = set(uploads.events.requests.column(name).to_pylist())
        assert its_own <= ordinary("requests", name) | {"zip", "rar", "bin", "dat"}, name


def test_echo_requests_leave_from_others_than_those_who_smuggle_data():
    world, made = small()
    echo = numbers(made.connections, "proto") == ICMP
    outward = numbers(made.connections, "dst_lo") >> np.uint64(17) == _OUTSIDE
    senders = set(numbers(made.connections, "src_lo")[echo & outward].tolist())
    assert len(senders) > 5
    assert not senders - {int(host.address[1]) for host in world.hosts}


def test_long_answers_are_cut_and_asked_for_again_over_tcp():
    _, made = small()
    cut = made.lookups.filter(numbers(made.lookups, "flags") & 0x0200 != 0)
    again = made.lookups.filter(numbers(made.lookups, "proto") == TCP)
    assert cut.num_rows == again.num_rows > 20
    assert set(cut["qname"].to_pylist()) == set(again["qname"].to_pylist())
    assert response_sizes(again).min() > 1_232
    assert response_sizes(made.lookups.filter(numbers(made.lookups, "proto") == UDP)).max() <= 512


def test_what_was_answered_is_hardly_asked_for_again_while_it_may_be_kept():
    _, made = small()
    table = made.lookups.filter(numbers(made.lookups, "rcode") == NOERROR).sort_by("time_us")
    columns = ("client_hi", "client_lo", "server_lo", "qname", "qtype", "proto")
    until: dict[tuple[object, ...], int] = {}
    early = 0
    keys = zip(*(table[name].to_pylist() for name in columns), strict=True)
    times = zip(
        numbers(table, "time_us"), numbers(table, "rtt_us"), numbers(table, "ttl"), strict=True
    )
    for key, (time, rtt, ttl) in zip(keys, times, strict=True):
        early += time < until.get(key, 0) - 1_000_000
        until[key] = time + rtt + ttl * 1_000_000
    assert early < 0.0005 * table.num_rows


def test_an_actor_speaks_ipv6_where_it_always_does():
    world = small()[0]
    dual = next(h for h in world.people.hosts if h.address_6 is not None and not world.is_direct(h))
    happened = played_as(Attack(scenario="beacon_http", stealth=2, actor=dual.name))
    low = np.uint64(dual.address_6[1])
    for table in ("lookups", "requests"):
        rows = happened.events.tables()[table]
        own = numbers(rows, "client_hi") != 0
        assert np.all(numbers(rows, "client_lo")[own] == low)
        assert own.any()
        assert dual.address[1] not in numbers(rows, "client_lo")
    both = {text(*pair[:, None])[0].as_py() for pair in (dual.address, dual.address_6)}
    assert both <= set(incident_facts(happened, {})["addresses"])


def test_machines_of_people_talk_to_each_other_without_any_incident():
    world, made = small()
    people = pa.array([host.address[1] for host in world.people.hosts])
    inside = pc.and_(pc.is_in(made.connections["src_lo"], people),
                     pc.is_in(made.connections["dst_lo"], people))  # fmt: skip
    ports = numbers(made.connections.filter(inside), "dport")
    assert np.sum(ports == 445) > 5
    assert len(ports) > 100


def test_datagrams_that_nobody_asked_for_come_from_outside_every_day():
    world, made = small()
    to_dmz = numbers(made.connections, "dst_lo") >> np.uint64(8) == world.servers["www1"].address[
        1
    ] >> np.uint64(8)
    outward = numbers(made.connections, "src_lo") >> np.uint64(17) == _OUTSIDE
    assert np.sum(to_dmz & outward & (numbers(made.connections, "proto") == UDP)) > 50
