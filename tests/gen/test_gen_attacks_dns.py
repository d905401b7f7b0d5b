"""Scenarios whose traces are look-ups: what they ask at each level is what the catalogue says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import gen_attack_rules as rules
import numpy as np
import pytest
from gen_captures import tshark, wrong
from gen_scenes import changed, column, played

from spot_common.errors import ConfigError
from spot_gen.attacks.domain_generation import GENERATORS
from spot_gen.attacks.shared.carriers import ENCODINGS, KINDS
from spot_gen.attacks.tunnel import transaction_number
from spot_gen.clock import HOUR_US, SECOND_US
from spot_gen.dnswire import queries, responses
from spot_gen.events import numbers
from spot_gen.plan import Played
from spot_gen.protocols import AXFR, NXDOMAIN, PTR, REFUSED, SRV, TCP
from spot_gen.writers.dns import DnsWriter

_SHAPES = {
    "dns_tunnel": ({"exfiltration"}, {"lookups"}),
    "dns_tunnel_tcp": ({"control"}, {"lookups"}),
    "dga": ({"generation"}, {"lookups"}),
    "fast_flux": ({"control"}, {"lookups"}),
    "recon_dns": ({"discovery"}, {"lookups"}),
    "beacon_tls": ({"beacon"}, {"lookups", "connections"}),
}
_each = pytest.mark.parametrize("name", _SHAPES)
_each_level = pytest.mark.parametrize("level", [1, 2, 3])


@_each_level
@_each
def test_the_rules_of_all_scenarios_are_kept(name: str, level: int) -> None:
    happened = played(name, level)
    rules.kept(happened, *_SHAPES[name])


@_each
def test_one_seed_gives_the_same_events_and_another_gives_others(name: str) -> None:
    rules.deterministic(name, 3)


@_each_level
@_each
def test_everything_can_be_written_as_messages(name: str, level: int) -> None:
    lookups = played(name, level).events.lookups
    assert len(queries(lookups, framed=True)) == lookups.num_rows
    assert responses(lookups, framed=True).lengths.min() > 12


def _labels(happened: Played, above: int = 3) -> list[list[str]]:
    """Return the parts of names that carry data: those above the zone."""
    return [str(row["qname"]).split(".")[:-above] for row in rules.own_lookups(happened)]


@pytest.mark.parametrize(
    ("level", "count", "rate", "length"), [(1, 2_000, 20, 60), (2, 1_000, 2, 40), (3, 400, 0.1, 20)]
)
def test_a_tunnel_asks_at_its_rate_with_labels_of_its_length(
    level: int, count: int, rate: float, length: int
) -> None:
    happened = played("dns_tunnel", level)
    asked = rules.own_lookups(happened)
    times = [int(str(row["time_us"])) for row in asked]
    assert len(asked) == count
    assert count / ((times[-1] - times[0]) / SECOND_US) == pytest.approx(rate, rel=0.2)
    sizes = [len(label) for row in _labels(happened) for label in row]
    assert max(sizes) == length == int(np.median(sizes))
    assert len({row["qname"] for row in asked}) > count * 0.99


@pytest.mark.parametrize(("level", "direct"), [(1, True), (2, False), (3, False)])
def test_a_tunnel_goes_straight_to_its_server_or_through_the_resolver(
    level: int, direct: bool
) -> None:
    happened = played("dns_tunnel", level)
    actor = int(happened.scene.actor.address[1])
    pairs = set(
        zip(
            column(happened, "client_lo", "lookups").tolist(),
            column(happened, "server_lo", "lookups").tolist(),
            strict=True,
        )
    )
    resolvers = {int(host.address[1]) for host in happened.scene.world.resolvers}
    if direct:
        [(client, server)] = pairs
        assert client == actor
        assert server not in resolvers
    else:
        assert {client for client, _ in pairs} <= {actor} | resolvers
        assert len(pairs) == 2


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_data_are_encoded_as_asked_for(encoding: str) -> None:
    forms = {"base32": "[a-z2-7]+", "base64": "[A-Za-z0-9_-]+", "hex": "[0-9a-f]+"}
    form = re.compile(forms.get(encoding, "[a-z]+(-[a-z]+)*"))
    happened = changed("dns_tunnel", 2, encoding=encoding, queries=50)
    assert all(form.fullmatch(label) for row in _labels(happened) for label in row)


@pytest.mark.parametrize("kind", KINDS)
def test_each_type_of_question_has_its_answers(kind: str) -> None:
    happened = changed("dns_tunnel", 2, type=kind, queries=40)
    codes = {"TXT": 16, "NULL": 10, "CNAME": 5, "A": 1, "failing": 1}
    assert set(column(happened, "qtype", "lookups")) == {codes[kind]}
    answers = happened.events.lookups.column("answers").to_pylist()
    failing = kind == "failing"
    assert set(column(happened, "rcode", "lookups")) == {NXDOMAIN if failing else 0}
    assert {len(row) for row in answers} == {0 if failing else 1}


@pytest.mark.parametrize(
    ("scenario", "parameters"),
    [
        ("dns_tunnel", {"type": "NULL", "labels": 3, "queries": 60}),
        ("dns_tunnel", {"type": "CNAME", "encoding": "base64", "queries": 60}),
        ("dns_tunnel_tcp", {"type": "TXT", "questions": 20}),
        ("fast_flux", {}),
        ("recon_dns", {"addresses": 300}),
    ],
)
def test_captures_of_it_are_without_fault(
    scenario: str, parameters: dict[str, Any], tmp_path: Path
) -> None:
    happened = changed(scenario, **parameters)
    writer = DnsWriter(tmp_path, happened.scene.world)
    writer.write(happened.events, happened.incident.start_us, happened.incident.end_us)
    writer.close()
    files = sorted(tmp_path.rglob("*.pcap"))
    assert files
    answers = [
        row for file in files for row in tshark(file, "dns.id", where="dns.flags.response == 1")
    ]
    assert len(answers) == happened.events.lookups.num_rows
    assert [wrong(file) for file in files] == [[]] * len(files)


def test_drawn_encodings_and_types_differ_between_seeds() -> None:
    stories = [changed("dns_tunnel", 3, seed=seed, queries=10).story for seed in range(1, 13)]
    found = {text for story in stories for text in re.findall(r"in (\w+), up", story)}
    assert len(found) >= 3


def test_tunnels_are_numbered_as_in_the_published_set() -> None:
    answered = changed("dns_tunnel", 2, type="TXT", queries=5).scene
    failing = changed("dns_tunnel", 2, type="failing", queries=5).scene
    assert (transaction_number(answered), transaction_number(failing)) == (1002, 1003)
    numbered = {
        encoding: transaction_number(changed("dns_tunnel_tcp", 3, encoding=encoding).scene)
        for encoding in ("base32", "base64", "hex")
    }
    assert numbered == {"base32": 1001, "base64": 1005, "hex": 1007}
    assert transaction_number(played("dga", 3).scene) is None


@_each_level
def test_sessions_are_bursts_with_data_both_ways(level: int) -> None:
    happened = played("dns_tunnel_tcp", level)
    asked = rules.own_lookups(happened)
    times = np.array([int(str(row["time_us"])) for row in asked])
    pauses = np.diff(times)
    wanted = {1: 6, 2: 5, 3: 6}[level]
    assert (pauses > 30 * SECOND_US).sum() <= wanted - 1
    assert (pauses > 10 * np.median(pauses)).sum() >= wanted - 1
    names = np.array([len(str(row["qname"])) for row in asked])
    data = np.array([sum(map(len, row["answers"])) for row in asked])  # type: ignore[call-overload]
    assert names.max() > names.min() + 15
    assert np.median(data[names > names.mean()]) < np.median(data[names < names.mean()])


@pytest.mark.parametrize(("level", "count"), [(1, 1_000), (2, 200), (3, 40)])
def test_generated_names_fail_until_the_last_one_answers(level: int, count: int) -> None:
    asked = rules.own_lookups(played("dga", level))
    assert len(asked) == len({row["qname"] for row in asked}) == count
    codes = [row["rcode"] for row in asked]
    assert codes == [NXDOMAIN] * (count - 1) + [0]
    assert asked[-1]["answers"]
    assert column(played("dga", level), "rcode", "lookups").size == 2 * count


@pytest.mark.parametrize("kind", GENERATORS)
def test_generators_make_names_of_their_kind(kind: str) -> None:
    form = {"letters": "[a-z]{8,18}", "hex": "[0-9a-f]{16,32}"}.get(kind, "[a-z]{5,20}")
    happened = changed("dga", 2, kind=kind)
    names = rules.asked_names(happened)
    sites = set(happened.scene.world.names.site.to_pylist())
    assert all(re.fullmatch(rf"{form}\.(test|invalid|example)", name) for name in names)
    assert not names & sites


def test_a_generator_with_one_name_finds_it_at_once() -> None:
    [only] = rules.own_lookups(changed("dga", 1, names=1))
    assert only["rcode"] == 0


@pytest.mark.parametrize(("level", "count", "ttl"), [(1, 50, 20), (2, 20, 60), (3, 8, 120)])
def test_a_fluxing_name_tells_all_its_addresses_in_time(level: int, count: int, ttl: int) -> None:
    happened = played("fast_flux", level)
    asked = rules.own_lookups(happened)
    assert len({row["qname"] for row in asked}) == 1
    found = {data for row in asked for data in row["answers"]}  # type: ignore[attr-defined]
    assert len(found) == count
    assert max(int(str(row["ttl"])) for row in asked) <= ttl
    assert sum(i.kind == "address" for i in happened.scene.indicators) == count


@pytest.mark.parametrize(("level", "count"), [(1, 65_536), (2, 256), (3, 50)])
def test_reconnaissance_asks_for_addresses_services_and_zones(level: int, count: int) -> None:
    lookups = played("recon_dns", level).events.lookups
    kinds, codes = numbers(lookups, "qtype"), numbers(lookups, "rcode")
    names = np.array(lookups.column("qname").to_pylist())
    assert len(set(names[kinds == PTR])) == (kinds == PTR).sum() == count
    assert set(codes[kinds == PTR]) == {0, NXDOMAIN}
    assert (kinds == SRV).sum() >= 3
    assert set(codes[kinds == AXFR]) == {REFUSED}
    assert set(numbers(lookups, "proto")[kinds == AXFR]) == {TCP}


def test_reconnaissance_learns_the_names_of_machines_that_exist() -> None:
    happened = played("recon_dns", 1)
    lookups = happened.events.lookups
    told = lookups.filter((numbers(lookups, "qtype") == PTR) & (numbers(lookups, "rcode") == 0))
    assert told.num_rows == len(happened.scene.world.hosts)
    assert all(len(row) == 1 for row in told.column("answers").to_pylist())


@pytest.mark.parametrize(
    ("level", "period", "jitter"), [(1, 60, 0.0), (2, 300, 0.2), (3, 3_600, 0.5)]
)
def test_encrypted_beacons_keep_their_interval_and_jitter(
    level: int, period: int, jitter: float
) -> None:
    happened = played("beacon_tls", level)
    pauses = np.diff(column(happened, "time_us")) / SECOND_US
    assert pauses.min() >= period * (1 - jitter) - 1
    assert pauses.max() <= period * (1 + jitter) + 2
    assert len(set(pauses)) > len(pauses) * 0.9
    assert set(column(happened, "dport")) == {443}
    assert set(column(happened, "src_lo")) == {int(happened.scene.actor.address[1])}
    assert len(set(column(happened, "dst_lo"))) == (4 if level == 3 else 1)
    assert (len(set(column(happened, "bytes_down"))) == 1) == (level == 1)


@_each_level
def test_encrypted_beacons_go_where_the_last_answer_led(level: int) -> None:
    happened = played("beacon_tls", level)
    asked = rules.own_lookups(happened)
    times = np.array([int(str(row["time_us"])) for row in asked])
    first = [int.from_bytes(row["answers"][0], "big") for row in asked]  # type: ignore[index]
    places = np.searchsorted(times, column(happened, "time_us")) - 1
    assert [first[place] for place in places] == column(happened, "dst_lo").tolist()


@pytest.mark.parametrize(
    ("scenario", "parameters"),
    [
        ("dns_tunnel", {"encoding": "rot13"}),
        ("dns_tunnel", {"type": "MX"}),
        ("dns_tunnel", {"label": 64}),
        ("dns_tunnel_tcp", {"encoding": "words"}),
        ("dga", {"kind": "poems"}),
        ("beacon_tls", {"jitter": 1.5}),
        ("recon_dns", {"addresses": 70_000}),
    ],
)
def test_impossible_parameters_are_refused(scenario: str, parameters: dict[str, Any]) -> None:
    [name] = parameters
    with pytest.raises(ConfigError, match=name):
        changed(scenario, **parameters)


@pytest.mark.parametrize(
    ("scenario", "parameters"),
    [
        ("dns_tunnel", {"queries": 50_000}),
        ("dns_tunnel_tcp", {"questions": 9_000, "gap_ms": 900}),
        ("dga", {"names": 5_000, "burst": 2_000}),
        ("fast_flux", {"addresses": 1}),
        ("beacon_tls", {"hours": 900}),
        ("beacon_tls", {"interval_s": 90_000}),
    ],
)
def test_whatever_the_parameters_nothing_happens_after_the_end(
    scenario: str, parameters: dict[str, Any]
) -> None:
    happened = changed(scenario, **parameters)
    rules.in_time(happened)
    assert happened.incident.end_us - happened.incident.start_us <= 10 * HOUR_US
