"""The context files: formats that the product reads, and nothing that tells a label."""

from __future__ import annotations

import csv
import io
import ipaddress
import json
from functools import cache
from pathlib import Path

import pytest
from gen_log_events import START, contents, world

from spot_gen.context import Indicator, write_context
from spot_gen.network.addresses import MALICIOUS, OUTSIDE
from spot_gen.streams import Stream
from spot_ml.words.domain import top_labels
from spot_oa.enrich.internal import read_ranges

NOW = START // 1_000_000
MALICIOUS_NAMES = [f"srv{n}.bad{n:03d}.{tld}" for n in range(100) for tld in ("test", "invalid")]


@cache
def indicators() -> tuple[Indicator, ...]:
    values = [("domain", name) for name in MALICIOUS_NAMES]
    values += [("address", f"192.0.2.{n}") for n in range(1, 200)]
    values += [("address", "2001:db8::7"), ("url", "http://a.bad000.test/x,y"), ("hash", "ab" * 32)]
    keys = Stream.named(3, "indicators").bits(len(values)).tolist()
    return tuple(Indicator(*value, key) for value, key in zip(values, keys, strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_context(tmp_path / "context", world(), indicators())
    return tmp_path / "context"


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / name).read_text(encoding="utf-8"))))


def test_it_is_the_same_every_time_and_says_what_it_wrote(folder: Path, tmp_path: Path) -> None:
    files = write_context(tmp_path / "again", world(), indicators())
    assert contents(folder) == contents(tmp_path / "again")
    assert [file.file for file in files] == [f"context/{Path(f.file).name}" for f in files]
    assert {Path(file.file).name for file in files} == set(contents(folder))
    for file in files:
        assert file.size == (folder / Path(file.file).name).stat().st_size
        assert file.counts["records"] > 0


def test_the_product_reads_the_internal_ranges(folder: Path) -> None:
    ranges = read_ranges(folder / "ipranges.csv")
    assert all(ranges.contains(a) for a in ("10.20.0.0", "10.20.49.254", "fd00:20::1"))
    assert not any(ranges.contains(a) for a in ("10.21.0.1", "198.18.0.1", "192.0.2.1"))


def test_every_outside_block_has_a_place_malicious_ones_too(folder: Path) -> None:
    lines = (folder / "iploc.csv").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith('"') and line.endswith('"') for line in lines)
    found = list(csv.reader(lines))
    starts = [int(row[0]) for row in found]
    assert starts == sorted(starts)
    wanted = {int(block[0]) for block in OUTSIDE.subnets(new_prefix=24)}
    assert set(starts) == wanted | {int(network[0]) for network in MALICIOUS}
    for row in found:
        assert len(row) == 10
        assert int(row[1]) - int(row[0]) == 255
        assert -90 <= float(row[6]) <= 90
        assert -180 <= float(row[7]) <= 180


def test_networks_and_machines_are_named(folder: Path) -> None:
    text = (folder / "networkcontext_1.csv").read_text(encoding="utf-8")
    assert text.startswith("srcIP,name\n")
    found = {row["srcIP"]: row["name"] for row in rows(folder, "networkcontext_1.csv")}
    assert found["10.20.2.0/24"] == "DMZ"
    assert found["10.20.1.20"] == "Proxy.proxy1.corp.example"
    assert found["10.20.10.1"] == "ws-0000.corp.example"
    for subnet in found:
        assert ipaddress.ip_network(subnet).subnet_of(ipaddress.ip_network("10.20.0.0/16"))


def test_the_product_reads_the_top_domains(folder: Path) -> None:
    lines = (folder / "top-domains.csv").read_text(encoding="utf-8").splitlines()
    ranks, names = zip(*(line.split(",") for line in lines), strict=True)
    assert list(map(int, ranks)) == list(range(1, len(lines) + 1))
    listed = world().names.site.filter(world().names.listed).to_pylist()
    assert list(names) == listed
    assert 0 < len(listed) < len(world().names.site)
    assert top_labels(lines) == {name.split(".")[0] for name in listed}


def test_accounts_and_machines_are_those_of_the_network(folder: Path) -> None:
    accounts = rows(folder, "user_context.csv")
    assert [row["user_name"] for row in accounts] == [h.user for h in world().people.hosts]
    assert all(int(row["user_created"]) <= int(row["user_last_logon"]) < NOW for row in accounts)
    machines = rows(folder, "endpoint_context.csv")
    assert [row["end_host"] for row in machines] == [h.full_name for h in world().hosts]
    for row in machines:
        assert ipaddress.ip_address(row["end_ip4_str"]) == ipaddress.ip_address(int(row["end_ip4"]))
        if row["end_ip6"]:
            assert ipaddress.ip_address(row["end_ip6_str"]) == ipaddress.ip_address(
                int(row["end_ip6"], 16)
            )
    known = {row["vuln_id"] for row in rows(folder, "vulnerability_context.csv")}
    found = {one for row in machines for one in row["end_vulns"].split(",") if one}
    assert found
    assert found <= known


def registrations(folder: Path) -> dict[str, int]:
    lines = (folder / "network_context.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert [row["net_domain_name"] for row in found] == sorted(
        row["net_domain_name"] for row in found
    )
    return {row["net_domain_name"]: row["net_creation_date"] for row in found}


def test_malicious_names_are_young_and_so_are_some_ordinary_ones(folder: Path) -> None:
    age = {name: (NOW - created) / 86_400 for name, created in registrations(folder).items()}
    malicious = {name.split(".", 1)[1] for name in MALICIOUS_NAMES}
    ordinary = set(world().names.site.to_pylist())
    assert malicious | ordinary <= set(age)
    young = {name for name, days in age.items() if days <= 60}
    assert 0.7 < len(young & malicious) / len(malicious) < 1
    assert 0.005 < len(young & ordinary) / len(ordinary) < 0.1


def test_a_share_of_the_indicators_and_stale_ordinary_ones_are_reported(folder: Path) -> None:
    found = rows(folder, "threat_intelligence_context.csv")
    values = {
        value
        for row in found
        for name in ("ti_indicator_hostname", "ti_indicator_ip4_str", "ti_indicator_ip6_str",
                     "ti_indicator_url", "ti_indicator_file_hash")
        if (value := row[name])
    }  # fmt: skip
    wanted = {one.value.replace(",", "%2C") for one in indicators()}
    assert 0.12 < len(values & wanted) / len(wanted) < 0.28
    assert len(found) > 2 * len(values & wanted)
    assert [row["ti_indicator_id"] for row in found] == sorted(
        row["ti_indicator_id"] for row in found
    )
    assert all(int(row["ti_date_added"]) < NOW for row in found)


def test_all_or_none_of_the_indicators_as_configured(tmp_path: Path) -> None:
    for share, least in ((0.0, 0), (1.0, len(indicators()))):
        place = world(threat_share=share)
        write_context(tmp_path / str(share), place, indicators())
        text = (tmp_path / str(share) / "threat_intelligence_context.csv").read_text("utf-8")
        assert sum(text.count(f",{name},") for name in MALICIOUS_NAMES) == min(
            least, len(MALICIOUS_NAMES)
        )


def test_there_may_be_no_indicators_at_all(tmp_path: Path) -> None:
    files = write_context(tmp_path, world(), [])
    assert all(file.counts["records"] > 0 for file in files)


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_context(tmp_path, world(threat_share=1.0), [Indicator("mutex", "x", 1)])
