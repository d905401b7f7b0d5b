"""Ordinary traffic: the same however it is made, as much as promised, and consistent in itself."""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from gen_scenes import ENDS
from gen_traffic import flow_records, happened, joined, part, small

from spot_gen.activity import activities
from spot_gen.activity.habits import pace
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US, WORK, Arrivals, microseconds
from spot_gen.config.presets import preset
from spot_gen.events import Events, numbers
from spot_gen.lookalikes import LOOKALIKES, lookalike_label
from spot_gen.lookalikes.administration import AuthorisedScan
from spot_gen.network import World
from spot_gen.network.addresses import RESERVED
from spot_gen.network.agents import RARE
from spot_gen.protocols import AAAA, A
from spot_gen.recorder import Recorder

SEED = 3
MORNING = replace(
    preset("small"),
    hosts=25,
    start_us=microseconds("2024-03-04T11:00:00Z"),
    span_us=2 * HOUR_US,
    attacks=[],
)
NIGHT = replace(MORNING, start_us=microseconds("2024-03-04T00:30:00Z"))


@pytest.fixture(scope="module", params=[MORNING, NIGHT], ids=["morning", "night"])
def span(request: pytest.FixtureRequest) -> tuple[World, Events]:
    world = World.of(request.param, SEED)
    config = world.config
    return world, happened(world, config.start_us, config.end_us, 2 * HOUR_US)


def _same(one: Events, other: Events) -> bool:
    return all(table.equals(other.tables()[name]) for name, table in one.tables().items())


def test_short_batches_make_the_same_events(span):
    world, whole = span
    config = world.config
    assert _same(whole, happened(world, config.start_us, config.end_us, 5 * MINUTE_US))


def test_two_processes_make_the_same_halves(span):
    world, whole = span
    config = world.config
    middle = config.start_us + HOUR_US
    halves = [(config, SEED, config.start_us, middle), (config, SEED, middle, config.end_us)]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        assert _same(whole, joined(pool.map(part, halves)))


def test_another_seed_makes_other_events(span):
    world, whole = span
    other = World.of(world.config, SEED + 1)
    config = world.config
    assert not _same(whole, happened(other, config.start_us, config.end_us, HOUR_US))


@pytest.mark.parametrize("kind", activities(), ids=lambda kind: kind.name)
def test_nothing_comes_before_its_arrival_or_ends_after_its_span(kind):
    world = small()[0]
    activity = kind(world)
    for start in range(world.config.start_us, world.config.end_us, 3 * HOUR_US):
        recorder, end = Recorder(world), start + 3 * HOUR_US
        activity.happen(recorder, start, end)
        for name, tables in {**recorder.tables, "uses": recorder.uses}.items():
            for table in tables:
                begun = numbers(table, "time_us")
                ended = numbers(table, "end_us") if name == "connections" else begun
                assert not len(begun) or begun.min() >= start
                assert not len(ended) or ended.max() <= end + activity.span_us


def test_everything_in_the_package_of_lookalikes_is_listed_and_so_labelled():
    theirs = [
        kind.name for kind in activities() if kind.__module__.startswith("spot_gen.lookalikes")
    ]
    assert sorted(theirs) == sorted(LOOKALIKES)


def test_names_of_activities_differ_and_rates_switch_them_off():
    names = [kind.name for kind in activities()]
    assert len(set(names)) == len(names)
    config = replace(MORNING, rates=dict.fromkeys(names, 0.0))
    world = World.of(config, SEED)
    assert len(happened(world, config.start_us, config.end_us, HOUR_US)) == 0


@pytest.mark.parametrize(("name", "wanted"), [("small", (200_000, 150_000, 100_000)),
                                              ("tiny", (4_000, 3_000, 2_000))])  # fmt: skip
def test_presets_have_the_volume_that_they_promise(name, wanted):
    world, made = small() if name == "small" else _tiny()
    sizes = (flow_records(world, made), made.lookups.num_rows, made.requests.num_rows)
    assert sizes == pytest.approx(wanted, rel=0.15)


def _tiny() -> tuple[World, Events]:
    world = World.of(preset("tiny"), 2)
    return world, happened(world, world.config.start_us, world.config.end_us, HOUR_US)


def test_web_visits_follow_the_curve_and_the_hours_of_people():
    """B14.10: the expectation is the curve, moved by each person's shift."""
    world, made = small()
    start = world.config.start_us
    hours = start + np.arange(25) * HOUR_US
    shift = world.people.shift_us[:, None]
    each = np.diff(WORK.amount(hours[None, :] - shift), axis=1)
    share = (each * (pace(world) * ~world.direct)[:, None]).sum(axis=0)
    ordinary = made.requests.filter(pc.equal(made.requests.column("label"), 0))
    counts = np.bincount((numbers(ordinary, "time_us") - start) // HOUR_US, minlength=24)
    expected = share / share.sum() * counts.sum()
    busy = share / share.sum() > 0.03
    assert busy.sum() > 8
    assert np.all(np.abs(counts[busy] / expected[busy] - 1) < 0.1)


def test_every_lookalike_occurs_and_all_are_a_small_part():
    _, made = small()
    labels = np.concatenate([numbers(table, "label") for table in made.tables().values()])
    assert set(np.unique(labels).tolist()) == {0, *(lookalike_label(name) for name in LOOKALIKES)}
    assert 0.05 < np.mean(labels < 0) < 0.15


def test_two_to_five_of_a_hundred_lookups_fail():
    _, made = small()
    assert 0.02 < np.mean(numbers(made.lookups, "rcode") != 0) < 0.05


def test_the_scanner_runs_every_monday_and_friday_night():
    world = small()[0]
    scan = AuthorisedScan(world)
    for day in ("2016-07-08", "2024-03-04", "2024-03-08"):
        for number, expected in enumerate((True, False)):
            start = microseconds(f"{day}T00:00:00Z") + number * 24 * HOUR_US
            recorder = Recorder(world)
            scan.record(recorder, start, start + 24 * HOUR_US)
            assert bool(recorder.tables["connections"]) is expected


def test_only_reserved_addresses_and_names_occur():
    _, made = small()
    for name, table in made.tables().items():
        for end in ENDS[name]:
            pairs = {
                (hi << 64) + lo
                for hi, lo in zip(
                    table[f"{end}_hi"].to_pylist(), table[f"{end}_lo"].to_pylist(), strict=True
                )
            }
            ranges = [(int(net[0]), int(net[-1])) for net in RESERVED]
            assert all(any(low <= one <= high for low, high in ranges) for one in pairs)
    names = {*made.lookups["qname"].to_pylist(), *made.requests["host"].to_pylist()}
    names |= set(made.lookups["cname"].to_pylist()) - {""}
    allowed = re.compile(r"[A-Za-z0-9._-]+\.(example|test|invalid)|[0-9.]+\.in-addr\.arpa")
    assert [name for name in names if not allowed.fullmatch(name)] == []


def _answers(made: Events) -> dict[tuple[int, str], list[tuple[int, int, int]]]:
    """Return of each client and name when it was asked for, answered, and until when it holds."""
    found: dict[tuple[int, str], list[tuple[int, int, int]]] = {}
    columns = ("client_lo", "qname", "qtype", "time_us", "rtt_us", "ttl")
    rows = zip(*(made.lookups[name].to_pylist() for name in columns), strict=True)
    for client, name, kind, time, rtt, ttl in rows:
        if kind == A:
            until = time + ttl * SECOND_US
            found.setdefault((client, name), []).append((time, time + rtt, until))
    return found


def test_each_visit_has_its_lookup_and_its_connection():
    """B14.7, for every line of the proxy's log that is not too early to tell."""
    world, made = small()
    answers = _answers(made)
    proxy = world.server("proxy")
    proxies = pa.array([proxy.address[1], proxy.address_6[1]])
    to_proxy = made.connections.filter(pc.is_in(made.connections["dst_lo"], proxies))
    begun: dict[tuple[int, int], list[tuple[int, int]]] = {}
    columns = ("src_lo", "sport", "time_us", "end_us")
    for source, port, time, end in zip(*(to_proxy[c].to_pylist() for c in columns), strict=True):
        begun.setdefault((source, port), []).append((time, end))
    columns = ("client_lo", "client_port", "host", "time_us", "taken_ms")
    checked = 0
    for client, port, host, time, taken in zip(
        *(made.requests[c].to_pylist() for c in columns), strict=True
    ):
        sent = time - taken * 1_000
        if sent < world.config.start_us + 30 * MINUTE_US:
            continue
        carried = [at for at, end in begun[client, port] if at <= sent and time <= end]
        known = [
            at
            for at in carried
            for asked, answered, until in answers.get((client, host), [])
            if answered <= at and (at - asked < 2 * SECOND_US or at <= until + 2 * SECOND_US)
        ]
        assert known
        checked += 1
    assert checked > 80_000


def test_dual_stack_people_ask_for_both_and_use_both():
    config = replace(MORNING, network=replace(MORNING.network, ipv6_share=1.0, direct_share=1.0))
    world = World.of(config, SEED)
    chosen = [kind(world) for kind in activities() if kind.name == "web_session"]
    made = happened(world, config.start_us, config.end_us, HOUR_US, chosen)
    kinds = numbers(made.lookups, "qtype")
    assert np.sum(kinds == AAAA) == pytest.approx(np.sum(kinds == A), rel=0.1)
    six = numbers(made.connections, "src_hi") != 0
    assert np.array_equal(six, numbers(made.connections, "dst_hi") != 0)
    assert 0.05 < six.mean() < 0.5
    assert made.requests.num_rows == 0


def test_nobody_talks_to_itself():
    _, made = small()
    for table, end, other in (("connections", "src", "dst"), ("lookups", "client", "server")):
        rows = made.tables()[table]
        same = numbers(rows, f"{end}_lo") == numbers(rows, f"{other}_lo")
        same &= numbers(rows, f"{end}_hi") == numbers(rows, f"{other}_hi")
        assert not same.any()


def test_dual_stack_people_reach_resolvers_and_proxy_by_ipv6_and_nobody_else_does():
    world, made = small()
    dual = {int(host.address_6[1]) for host in world.people.hosts if host.address_6 is not None}
    assert dual
    for table, end, other in (("lookups", "client", "server"), ("requests", "client", "proxy")):
        rows = made.tables()[table]
        six = numbers(rows, f"{end}_hi") != 0
        assert np.array_equal(six, numbers(rows, f"{other}_hi") != 0)
        assert set(numbers(rows, f"{end}_lo")[six].tolist()) - _SERVERS_6 <= dual
        assert 0.02 < six.mean() < 0.25
    clients = {int(host.address[1]) for host in world.people.hosts if host.address_6 is not None}
    resolvers = pa.array([host.address[1] for host in world.resolvers])
    inside = made.lookups.filter(pc.is_in(made.lookups["server_lo"], resolvers))
    assert not clients & set(numbers(inside, "client_lo").tolist())


#: Last parts of the IPv6 addresses of resolvers and proxy.
_SERVERS_6 = {10, 11, 20}


def test_opened_tls_shows_more_requests_than_tunnels():
    config = replace(MORNING, outputs=replace(MORNING.outputs, https="decrypted"))
    world = World.of(config, SEED)
    opened = happened(world, config.start_us, config.end_us, HOUR_US).requests
    plain = World.of(MORNING, SEED)
    tunnels = happened(plain, config.start_us, config.end_us, HOUR_US).requests
    secure = np.mean(np.array(opened["scheme"].to_pylist()) == "https")
    assert 0.4 < secure < 0.6
    assert opened.num_rows > 1.5 * tunnels.num_rows
    methods = tunnels["method"].to_pylist()
    assert 0.05 < methods.count("CONNECT") / len(methods) < 0.3


def test_people_differ_and_stay_themselves():
    _, made = small()
    table = made.requests.filter(pc.not_equal(made.requests["user"], ""))
    users = table.group_by("user").aggregate([("host", "count_distinct"), ("agent", "count")])
    amounts = np.sort(users["agent_count"].to_numpy())
    assert amounts[-5] > 2 * amounts[5]
    browsers = table.filter(pc.starts_with(table["agent"], "Mozilla"))
    browsers = browsers.filter(pc.invert(pc.is_in(browsers["agent"], pa.array(RARE))))
    own = browsers.group_by("user").aggregate([("agent", "count_distinct")])
    assert max(own["agent_count_distinct"].to_pylist()) <= 2
    assert len(pc.unique(browsers["agent"])) > 15


def test_arrivals_of_an_activity_follow_its_own_curve():
    world = small()[0]
    for kind in activities():
        process = getattr(kind(world), "_arrivals", None)
        if isinstance(process, Arrivals):
            assert process.curve is kind.curve
