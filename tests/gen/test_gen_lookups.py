"""Caches: a machine asks at its first use of a name, and again only after its copy has ended."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from spot_gen import events
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.config import Config
from spot_gen.config.model import DEFAULT_START_US, Network
from spot_gen.lookups import Lookups
from spot_gen.network import World
from spot_gen.protocols import AAAA, A
from spot_gen.recorder import USES, Recorder
from spot_gen.streams import Stream

CLIENTS = 12


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Config(hosts=CLIENTS, network=Network(names=100)), 5)


@pytest.fixture(scope="module")
def uses(world: World) -> pa.Table:
    """Six thousand uses of forty names in an hour, of either kind, and of two own servers."""
    stream, recorder, size = Stream(11), Recorder(world), 6_000
    own = [world.inside("fs1"), world.inside("dns1")]
    hosts = np.concatenate([np.arange(40), own])[stream.integers(0, 42, size)]
    client = world.people.address[stream.integers(0, CLIENTS, size)]
    time = DEFAULT_START_US + stream.integers(0, HOUR_US, size)
    six = stream.uniform(size) < 0.2
    recorder.uses_of(stream.bits(size), time, client, hosts, six)
    return events.in_order(USES, recorder.uses)


@pytest.fixture(scope="module")
def asked(world: World, uses: pa.Table) -> pa.Table:
    return _asked(world, uses, HOUR_US)


def _asked(world: World, uses: pa.Table, batch_us: int) -> pa.Table:
    lookups, recorder = Lookups(world), Recorder(world)
    times = events.numbers(uses, "time_us")
    for start in range(DEFAULT_START_US, DEFAULT_START_US + HOUR_US, batch_us):
        first, last = np.searchsorted(times, [start, start + batch_us])
        lookups.record(uses.slice(first, last - first), recorder)
    return recorder.finish().lookups


def _by_client(world: World, table: pa.Table) -> dict[tuple, list[tuple[int, int]]]:
    """Return time and life of the answers by client, name and type; of clients only."""
    resolvers = {int(host.address[1]) for host in world.resolvers}
    found: dict[tuple, list[tuple[int, int]]] = {}
    for row in table.select(["client_lo", "qname", "qtype", "time_us", "ttl"]).to_pylist():
        if row["client_lo"] not in resolvers:
            key = (row["client_lo"], row["qname"], row["qtype"])
            found.setdefault(key, []).append((row["time_us"], row["ttl"]))
    return found


def test_nobody_asks_again_before_the_copy_has_ended(world: World, asked: pa.Table):
    for answers in _by_client(world, asked).values():
        for (time, ttl), (later, _) in pairwise(answers):
            assert later >= time + (ttl - 1) * SECOND_US


def test_every_use_has_an_answer_that_still_holds(world: World, uses: pa.Table, asked: pa.Table):
    known = _by_client(world, asked)
    names = [*world.names.host.to_pylist(), *(s.full_name for s in world.servers.values())]
    columns = ("host", "six", "time_us")
    four = np.stack([events.numbers(uses, f"client_{half}") for half in ("hi", "lo")], -1)
    resolver = np.broadcast_to(world.resolvers[0].address, four.shape)
    clients = world.over_six(four, resolver)[0][:, 1].tolist()
    rows = zip(clients, *(uses[c].to_pylist() for c in columns), strict=True)
    for client, host, six, time in rows:
        answers = known[client, names[host], AAAA if six else A]
        assert any(asked <= time <= asked + ttl * SECOND_US for asked, ttl in answers)


def test_a_copy_lives_no_longer_than_the_name(world: World, asked: pa.Table):
    life = dict(zip(world.names.host.to_pylist(), world.names.ttl.tolist(), strict=True))
    for name, ttl in zip(asked["qname"].to_pylist(), asked["ttl"].to_pylist(), strict=True):
        assert 0 < ttl <= life.get(name, 900)


def test_the_resolver_asks_outside_once_for_all(world: World, asked: pa.Table):
    resolvers = {int(host.address[1]) for host in world.resolvers}
    seen: dict[tuple, list[tuple[int, int]]] = {}
    columns = ["client_lo", "server_lo", "qname", "qtype", "time_us", "ttl"]
    for row in asked.select(columns).to_pylist():
        if row["client_lo"] in resolvers:
            key = (row["client_lo"], row["qname"], row["qtype"])
            seen.setdefault(key, []).append((row["time_us"], row["ttl"]))
    assert seen
    for answers in seen.values():
        for (time, ttl), (later, _) in pairwise(answers):
            assert later >= time + (ttl - 1) * SECOND_US


def test_names_of_own_servers_stay_inside(world: World, asked: pa.Table):
    resolvers = {int(host.address[1]) for host in world.resolvers}
    own = [r for r in asked.to_pylist() if r["qname"].endswith(".corp.example")]
    assert {row["qname"] for row in own} == {"fs1.corp.example", "dns1.corp.example"}
    assert not any(row["client_lo"] in resolvers for row in own)


def test_a_name_without_ipv6_is_answered_with_nothing(world: World, asked: pa.Table):
    names = dict(zip(world.names.host.to_pylist(), world.names.records_6.to_pylist(), strict=True))
    six = [r for r in asked.to_pylist() if r["qtype"] == AAAA and r["qname"] in names]
    assert any(row["answers"] for row in six)
    assert any(not row["answers"] for row in six)
    assert all(row["answers"] == names[row["qname"]] for row in six)


def test_batches_make_no_difference(world: World, uses: pa.Table, asked: pa.Table):
    assert _asked(world, uses, 5 * MINUTE_US).equals(asked)
