"""Scenarios whose traces are flows: what they do at each level is what the catalogue says."""

from __future__ import annotations

import ipaddress
import json

import numpy as np
import pytest
from gen_scenes import addresses, column, lasted_us, played, played_as

from spot_common.errors import ConfigError
from spot_gen import truth
from spot_gen.attacks import scenarios
from spot_gen.attacks.shared.story import listed, many, size, span
from spot_gen.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from spot_gen.config import Attack
from spot_gen.events import numbers
from spot_gen.network.addresses import RESERVED
from spot_gen.plan import Played
from spot_gen.protocols import ACK, FIN, PSH, RST, SYN, TCP, UDP, URG

#: The stages, and the tables with events, of each scenario.
_FLOW, _NAMED, _LOGGED = {"connections"}, {"connections", "lookups"}, {"connections", "log_lines"}
_SHAPES = {
    "scan_vertical": ({"discovery"}, _FLOW),
    "scan_horizontal": ({"discovery"}, _FLOW),
    "scan_flags": ({"discovery"}, _FLOW),
    "scan_external": ({"discovery"}, _FLOW),
    "beacon_port": ({"beacon"}, _FLOW),
    "exfil_bulk": ({"exfiltration"}, _NAMED),
    "exfil_icmp": ({"exfiltration"}, _FLOW),
    "brute_ssh": ({"access"}, _LOGGED),
    "brute_rdp": ({"access"}, _LOGGED),
    "spray": ({"access"}, _LOGGED),
    "lateral_smb": ({"movement"}, _FLOW),
    "lateral_rdp": ({"movement"}, _LOGGED),
    "hoarding": ({"collection"}, _FLOW),
    "reflection": ({"impact"}, _FLOW),
    "mining": ({"impact"}, _NAMED),
}
#: Those that act against machines of ours, and those that act from outside.
_WITHOUT_VICTIMS = {"beacon_port", "exfil_bulk", "exfil_icmp", "mining"}
_FROM_OUTSIDE = {"scan_external", "brute_ssh", "spray", "reflection"}

_each = pytest.mark.parametrize("name", _SHAPES)
_each_level = pytest.mark.parametrize("level", [1, 2, 3])


def _same(one: Played, other: Played) -> bool:
    tables = other.events.tables()
    return all(table.equals(tables[name]) for name, table in one.events.tables().items())


@_each_level
@_each
def test_events_are_labelled_staged_and_in_the_sources_that_see_them(name: str, level: int) -> None:
    happened = played(name, level)
    stages, tables = _SHAPES[name]
    assert {n for n, table in happened.events.tables().items() if table.num_rows} == tables
    for table in tables:
        assert set(column(happened, "label", table)) == {happened.incident.label}
        found = truth.stage_names(column(happened, "stage", table)).to_pylist()
        assert set(found) == stages


@_each_level
@_each
def test_everything_lies_between_the_planned_times(name: str, level: int) -> None:
    happened = played(name, level)
    start, end = happened.incident.start_us, happened.incident.end_us
    for table in _SHAPES[name][1]:
        times = column(happened, "time_us", table)
        assert start <= times.min()
        assert times.max() <= end
    assert column(happened, "end_us").max() <= end
    assert lasted_us(happened).min() >= 0
    assert lasted_us(happened).max() <= HOUR_US


@_each_level
@_each
def test_only_reserved_addresses_occur(name: str, level: int) -> None:
    for hi, lo in addresses(played(name, level).events):
        number = int(hi) << 64 | int(lo)
        address = ipaddress.ip_address(number)
        assert any(address in network for network in RESERVED if network.version == address.version)


@_each
def test_one_seed_gives_the_same_events_and_another_gives_others(name: str) -> None:
    attack = Attack(scenario=name, stealth=3)
    assert _same(played(name, 3), played_as(attack))
    assert not _same(played(name, 3), played_as(attack, seed=2))


@_each_level
@_each
def test_who_acts_on_whom_is_known(name: str, level: int) -> None:
    happened = played(name, level)
    scene = happened.scene
    victims = [host.name for host in scene.victims]
    assert bool(victims) != (name in _WITHOUT_VICTIMS)
    assert len(victims) == len(set(victims))
    assert scene.actors
    assert not set(victims) & set(scene.actors)
    if name in _FROM_OUTSIDE:
        assert all(ipaddress.ip_address(actor) for actor in scene.actors)
    else:
        assert scene.actors == [scene.actor.name]
        assert scene.actor not in scene.victims


@_each_level
@_each
def test_victims_are_those_whom_connections_reach(name: str, level: int) -> None:
    happened = played(name, level)
    reached = {tuple(pair) for pair in addresses(happened.events).tolist()}
    assert all(tuple(host.address.tolist()) in reached for host in happened.scene.victims)


@_each_level
@_each
def test_the_story_is_two_sentences_with_actor_and_victim_and_no_scenario(
    name: str, level: int
) -> None:
    happened = played(name, level)
    story = happened.story
    assert story.endswith(".")
    assert story.count(". ") == 1
    assert "UTC" in story
    if name != "reflection":
        assert happened.scene.actors[0] in story
    if happened.scene.victims:
        assert any(host.name in story for host in happened.scene.victims)
    assert not any(known in story for known in scenarios())


@_each
def test_indicators_name_what_is_outside(name: str) -> None:
    happened = played(name, 2)
    outside = _FROM_OUTSIDE | _WITHOUT_VICTIMS
    assert bool(happened.scene.indicators) == (name in outside)
    for indicator in happened.scene.indicators:
        if indicator.kind == "address":
            assert ipaddress.ip_address(indicator.value) not in ipaddress.ip_network("10.20.0.0/16")
        else:
            assert indicator.kind == "domain"
            assert indicator.value.rpartition(".")[2] in ("test", "invalid", "example")


@pytest.mark.parametrize(
    ("level", "ports", "length"), [(1, 1000, 10), (2, 200, 600), (3, 50, 21_600)]
)
def test_a_vertical_scan_tries_many_ports_of_one_machine(
    level: int, ports: int, length: int
) -> None:
    happened = played("scan_vertical", level)
    assert len(np.unique(column(happened, "dport"))) == ports
    assert len(lasted_us(happened)) == ports
    assert len(np.unique(column(happened, "dst_lo"))) == 1
    assert happened.scene.duration_us == length * SECOND_US
    times = column(happened, "time_us")
    assert times.max() - times.min() > length * SECOND_US * 0.7
    answered = column(happened, "flags_down") & SYN > 0
    assert answered.sum() < ports * 0.25
    assert set(column(happened, "flags_down")[~answered]) <= {0, RST | ACK}


def test_a_loud_scan_opens_connections_by_half() -> None:
    happened = played("scan_horizontal", 1, 3)
    up, down = column(happened, "flags_up"), column(happened, "flags_down")
    assert set(up) == {SYN, SYN | RST}
    assert set(down[up == SYN | RST]) == {SYN | ACK}
    assert set(column(happened, "packets_up")[up == SYN | RST]) == {2}


@pytest.mark.parametrize(
    ("level", "hosts", "length"), [(1, 4_093, 60), (2, 253, 3_600), (3, 60, 43_200)]
)
def test_a_horizontal_scan_tries_one_port_of_many(level: int, hosts: int, length: int) -> None:
    happened = played("scan_horizontal", level)
    assert len(np.unique(column(happened, "dst_lo"))) == hosts
    [port] = set(column(happened, "dport"))
    assert port in (445, 3389, 22, 1433)
    assert happened.scene.duration_us == length * SECOND_US
    bits = 20 if level == 1 else 24
    if level < 3:
        assert len(set(column(happened, "dst_lo") >> (32 - bits))) == 1


@pytest.mark.parametrize(("level", "probes"), [(1, 500), (2, 100), (3, 30)])
def test_flag_scans_send_fin_null_and_xmas_probes(level: int, probes: int) -> None:
    happened = played("scan_flags", level)
    flags = column(happened, "flags_up")
    assert len(flags) == probes
    assert {value: int((flags == value).sum()) for value in (FIN, 0, FIN | PSH | URG)} == {
        FIN: -(-probes // 3),
        0: -(-(probes - 1) // 3),
        FIN | PSH | URG: probes // 3,
    }
    assert set(column(happened, "flags_down")) <= {0, RST | ACK}


@pytest.mark.parametrize(("level", "sources"), [(1, 1), (2, 8), (3, 64)])
def test_an_external_scan_comes_from_several_sources(level: int, sources: int) -> None:
    happened = played("scan_external", level)
    assert len(np.unique(column(happened, "src_lo"))) == sources == len(happened.scene.actors)
    assert set(column(happened, "dst_lo") >> 8) == {(10 << 16 | 20 << 8) | 2}
    assert {host.name for host in happened.scene.victims} == {"www1", "mx1", "ssh1"}


@pytest.mark.parametrize(("level", "period", "jitter"), [(1, 60, 0.0), (3, 3_600, 0.5)])
def test_a_beacon_calls_regularly_as_far_as_machines_can(
    level: int, period: int, jitter: float
) -> None:
    happened = played("beacon_port", level)
    pauses = np.diff(column(happened, "time_us")) / SECOND_US
    assert pauses.min() >= period * (1 - jitter)
    assert pauses.max() <= period * (1 + jitter) + 2
    assert len(set(pauses)) > len(pauses) * 0.9
    assert len(np.unique(column(happened, "dst_lo"))) == 1


def test_a_quieter_beacon_keeps_its_connection_open() -> None:
    happened = played("beacon_port", 2)
    assert np.median(lasted_us(happened)) > 20 * MINUTE_US
    assert set(column(happened, "dport")) == {8081}
    assert column(happened, "bytes_up").max() < 1_000_000


def test_the_quietest_beacon_hides_at_a_port_of_another_protocol() -> None:
    ports = {
        (int(column(happened, "dport")[0]), int(column(happened, "proto")[0]))
        for happened in (played("beacon_port", 3, seed) for seed in range(1, 9))
    }
    assert ports == {(53, TCP), (443, UDP)}


@pytest.mark.parametrize(("level", "total", "chunks"), [(1, 10e9, 1), (2, 2e9, 8), (3, 300e6, 24)])
def test_bulk_exfiltration_sends_its_amount_after_asking_for_the_name(
    level: int, total: float, chunks: int
) -> None:
    happened = played("exfil_bulk", level)
    up, packets = column(happened, "bytes_up"), column(happened, "packets_up")
    assert len(up) == chunks
    assert total * 0.97 < up.sum() < total * 1.09
    assert np.all(column(happened, "bytes_down") * 20 < up)
    assert np.all(column(happened, "packets_down") * 3 > packets)
    assert np.all(column(happened, "flags_down") & ACK)
    lookups = happened.events.lookups
    own = numbers(lookups, "client_lo") == happened.scene.actor.address[1]
    answered = (numbers(lookups, "time_us") + numbers(lookups, "rtt_us"))[own]
    late = column(happened, "time_us") - answered
    assert late.min() > 0
    assert late.max() < SECOND_US


@pytest.mark.parametrize(("level", "requests"), [(1, 50_000), (2, 5_000), (3, 500)])
def test_echo_requests_carry_data(level: int, requests: int) -> None:
    happened = played("exfil_icmp", level)
    packets, octets = column(happened, "packets_up"), column(happened, "bytes_up")
    assert packets.sum() == requests
    assert set(column(happened, "dport")) == {8 << 8}
    assert octets.sum() / packets.sum() > (64 + 28)
    assert np.all(column(happened, "packets_down") <= packets)


def _said(happened: Played) -> list[dict[str, object]]:
    return [json.loads(text) for text in happened.events.log_lines.column("fields").to_pylist()]


@pytest.mark.parametrize(("name", "port"), [("brute_ssh", 22), ("brute_rdp", 3389)])
@pytest.mark.parametrize(("level", "rate"), [(1, 20.0), (2, 2.0), (3, 0.1)])
def test_passwords_are_guessed_at_a_rate_until_one_long_session_succeeds(
    name: str, port: int, level: int, rate: float
) -> None:
    happened = played(name, level)
    times, lasted = column(happened, "time_us"), lasted_us(happened)
    guesses = times[:-1]
    assert len(guesses) >= 200
    assert len(guesses) / ((guesses.max() - guesses.min()) / SECOND_US) == pytest.approx(rate, 0.05)
    assert set(column(happened, "dport")) == {port}
    assert lasted[:-1].max() < 12 * SECOND_US
    assert lasted[-1] > 4 * MINUTE_US
    assert len(set(column(happened, "bytes_up"))) > len(guesses) // 10
    said = _said(happened)
    key = "result" if name == "brute_ssh" else "event_id"
    accepted = [line for line in said if line[key] in ("accepted", 4624)]
    assert len(accepted) == 1
    assert accepted[0]["address"] in (
        *happened.scene.actors,
        str(ipaddress.ip_address(int(happened.scene.actor.address[1]))),
    )
    assert sum(line[key] in ("failed", "invalid", 4625) for line in said) > len(guesses) * 0.9


def test_log_lines_have_the_ports_of_their_connections() -> None:
    for name in ("brute_ssh", "brute_rdp", "spray", "lateral_rdp"):
        happened = played(name, 2)
        ports = set(column(happened, "sport").tolist())
        assert {line["port"] for line in _said(happened) if "port" in line} <= ports
        hosts = set(happened.events.log_lines.column("host").to_pylist())
        assert hosts == {host.name for host in happened.scene.victims}


@pytest.mark.parametrize(("level", "sources"), [(1, 1), (2, 10), (3, 50)])
def test_a_spray_tries_each_account_once(level: int, sources: int) -> None:
    happened = played("spray", level)
    assert len(happened.scene.actors) == sources
    assert len(np.unique(column(happened, "src_lo"))) == sources
    said = _said(happened)
    tried = [line["user"] for line in said if line["result"] in ("failed", "accepted")]
    assert len(tried) == len(set(tried)) >= 70
    assert sum(line["result"] == "accepted" for line in said) == 1


@pytest.mark.parametrize(("level", "peers"), [(1, 50), (2, 15), (3, 4)])
def test_lateral_movement_tries_peers_copies_and_starts(level: int, peers: int) -> None:
    happened = played("lateral_smb", level)
    ports, target = column(happened, "dport"), column(happened, "dst_lo")
    assert len(happened.scene.victims) == peers
    assert len(set(target[ports == 135])) == peers
    copied = set(target[(ports == 445) & (column(happened, "bytes_up") > 100_000)])
    assert copied == set(target[ports > 49_000])
    assert 0 < len(copied) <= peers
    assert set(column(happened, "src_lo")) == {int(happened.scene.actor.address[1])}


@pytest.mark.parametrize(
    ("level", "hops", "hours"), [(1, 6, (0, 5)), (2, 4, (18, 23)), (3, 2, (9, 16))]
)
def test_desktop_hops_form_a_chain_that_unwinds(
    level: int, hops: int, hours: tuple[int, int]
) -> None:
    happened = played("lateral_rdp", level)
    source, target = column(happened, "src_lo"), column(happened, "dst_lo")
    assert len(target) == hops
    assert source.tolist() == [int(happened.scene.actor.address[1]), *target[:-1].tolist()]
    assert np.all(np.diff(column(happened, "end_us")) < 0)
    assert hours[0] <= happened.incident.start_us % DAY_US // HOUR_US < hours[1]
    assert [line["event_id"] for line in _said(happened)].count(4624) == hops


@pytest.mark.parametrize(
    ("level", "total", "length_us"),
    [(1, 200e9, 2 * HOUR_US), (2, 30e9, 10 * HOUR_US), (3, 5e9, 57 * HOUR_US)],
)
def test_hoarding_reads_from_the_file_server(level: int, total: float, length_us: int) -> None:
    happened = played("hoarding", level)
    down = column(happened, "bytes_down")
    assert total * 0.97 < down.sum() < total * 1.09
    assert happened.scene.duration_us == length_us
    assert [host.name for host in happened.scene.victims] == ["fs1"]
    assert set(column(happened, "dport")) == {445}
    assert len(set((column(happened, "time_us") - happened.incident.start_us) // DAY_US)) == (
        3 if level == 3 else 1
    )


@pytest.mark.parametrize(("level", "servers"), [(1, 2_000), (2, 300), (3, 40)])
def test_reflection_is_answers_without_questions(level: int, servers: int) -> None:
    happened = played("reflection", level)
    assert len(np.unique(column(happened, "src_lo"))) == servers == len(happened.scene.actors)
    assert len(set(column(happened, "dst_lo"))) == 1
    assert column(happened, "packets_down").sum() == 0
    assert set(column(happened, "sport")) <= {53, 123, 1900, 11211}
    assert set(column(happened, "proto")) == {UDP}


def test_reflection_refuses_a_service_that_it_does_not_know() -> None:
    with pytest.raises(ConfigError, match="chargen") as refused:
        played_as(Attack(scenario="reflection", parameters={"services": ["chargen"]}))
    assert "memcached" in str(refused.value.hint)


@pytest.mark.parametrize(("level", "port"), [(1, 3333), (2, 5555), (3, 443)])
def test_mining_holds_long_connections_with_little_in_them(level: int, port: int) -> None:
    happened = played("mining", level)
    assert set(column(happened, "dport")) == {port}
    assert np.median(lasted_us(happened)) > 10 * MINUTE_US
    assert column(happened, "bytes_up").max() < 200_000
    [name] = set(happened.events.lookups.column("qname").to_pylist())
    assert name in [indicator.value for indicator in happened.scene.indicators]


@pytest.mark.parametrize("name", _SHAPES)
def test_a_network_of_one_workstation_is_enough(name: str) -> None:
    happened = played_as(Attack(scenario=name, stealth=2), hosts=1)
    assert len(happened.events.connections) > 0
    assert happened.scene.actor not in happened.scene.victims


def test_parameters_change_what_is_done() -> None:
    few = played_as(Attack(scenario="brute_ssh", parameters={"sessions": 30, "per_second": 0.5}))
    assert len(lasted_us(few)) == 31
    port = played_as(Attack(scenario="beacon_port", parameters={"ports": ["9999/udp"]}))
    assert set(column(port, "dport")) == {9999}
    more = played_as(Attack(scenario="hoarding", parameters={"gigabytes": 1.5}))
    assert column(more, "bytes_down").sum() == pytest.approx(1.5e9, rel=0.1)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("mining", {"pause_s": 1_000_000}),
        ("beacon_port", {"period_s": 1_000_000}),
        ("beacon_port", {"jitter": 5.0}),
        ("exfil_bulk", {"chunks": 5_000, "megabytes": 0.001}),
        ("exfil_icmp", {"requests": 1, "bursts": 5}),
        ("scan_vertical", {"ports": 100_000}),
        ("scan_horizontal", {"addresses": 1}),
        ("scan_horizontal", {"addresses": 1_000_000}),
        ("scan_external", {"sources": 3_000}),
        ("brute_ssh", {"per_second": 0.000001}),
        ("lateral_rdp", {"hops": 400}),
        ("reflection", {"servers": 1_000_000}),
    ],
)
def test_extreme_parameters_leave_something_that_happens_in_time(
    name: str, parameters: dict[str, object]
) -> None:
    happened = played_as(Attack(scenario=name, parameters=parameters))
    assert len(lasted_us(happened)) > 0
    assert column(happened, "end_us").max() <= happened.incident.end_us
    assert lasted_us(happened).max() <= HOUR_US


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("beacon_port", {"ports": ["odd"]}),
        ("beacon_port", {"ports": ["70000/tcp"]}),
        ("mining", {"lasts_s": [5]}),
        ("exfil_icmp", {"payload": [200, 100]}),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    name: str, parameters: dict[str, object]
) -> None:
    with pytest.raises(ConfigError) as refused:
        played_as(Attack(scenario=name, parameters=parameters))
    assert refused.value.hint


def test_amounts_are_told_in_units_that_suit_them() -> None:
    assert [size(n) for n in (1, 999, 22_400, 310_000_000, 2_100_000_000)] == [
        "1 byte", "999 bytes", "22.4 kB", "310 MB", "2.1 GB",
    ]  # fmt: skip
    assert [span(n) for n in (0, 40 * SECOND_US, 10 * MINUTE_US, HOUR_US, 3 * DAY_US)] == [
        "1 second", "40 seconds", "10 minutes", "1 hour", "3 days",
    ]  # fmt: skip
    assert many(2, "address") == "2 addresses"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 others"
    assert listed(["a", "b"]) == "a and b"
