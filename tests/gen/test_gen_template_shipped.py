"""The configurations that come with ``spot gen template`` give lines of the right form."""

from __future__ import annotations

import ipaddress
import json
import re
from datetime import UTC, datetime

import pytest
from gen_template_runs import END, configurations, lines_of, run

from spot_gen.template.shipped import shipped

__all__ = ["configurations"]


RESERVED = [
    ipaddress.ip_network(network)
    for network in (
        "10.20.0.0/16", "198.18.0.0/15", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
    )
]  # fmt: skip


def test_the_shipped_configurations_are_listed():
    names = [line.split()[0] for line in run("--list").stdout.splitlines()]
    assert {"asa", "example", "sshd", "unix", "windows"} <= set(names)
    assert list(json.loads(run("--list", "--json").stdout)) == names


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_configuration_names_only_reserved_addresses(name: str):
    lines = lines_of(name, "--end", END, "--period", "1d")
    assert len(lines) > 20
    text = "\n".join(lines)
    addresses = set(re.findall(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)", text))
    outside = [a for a in addresses if not any(ipaddress.ip_address(a) in n for n in RESERVED)]
    assert outside == []
    domains = set(re.findall(r"@[\w.-]+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org)\b", text))
    assert [d for d in domains if not d.endswith((".example", ".test", ".invalid"))] == []
    assert not re.search(r"%[A-Z_]+%", text)


def test_asa_writes_its_thirteen_messages():
    lines = lines_of("asa", "--end", END, "--period", "1d")
    form = r"<(\d+)>Jul 0[78] 2016 \d\d:\d\d:\d\d: %ASA-([1-7])-(\d{6}): [A-Z].+"
    found = [re.fullmatch(form, line) for line in lines]
    assert all(found)
    assert {int(m[1]) - 160 for m in found if m} == {int(m[2]) for m in found if m}
    assert all(int(m[1]) == 160 + int(m[2]) for m in found if m)
    assert sorted({m[3] for m in found if m}) == [
        "106001", "106014", "106015", "106023", "110002", "302021", "305011", "305012",
        "313001", "313005", "609001", "609002", "710005",
    ]  # fmt: skip


def test_unix_writes_su_and_sudo():
    lines = lines_of("unix", "--end", END, "--period", "3d")
    form = r"<8[156]>Jul \d+ \d\d:\d\d:\d\d [\w-]+ (su\[\d+\]|sudo): .+"
    assert all(re.fullmatch(form, line) for line in lines)
    for part in ("session opened", "session closed", "NOT in sudoers", "COMMAND=/usr"):
        assert any(part in line for line in lines)


def test_windows_events_are_all_valid_json():
    events = [json.loads(line) for line in lines_of("windows", "--end", END, "--period", "1d")]
    assert {event["EventID"] for event in events} == {
        4624, 4625, 4634, 4647, 4648, 4662, 4672, 4688, 4689, 4720, 4722, 4723, 4724, 4725, 4726,
        4728, 4729, 4737, 4738, 4740, 4767, 4781, 5024, 5033, 5478,
    }  # fmt: skip
    for event in events:
        datetime.strptime(event["EventTime"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        assert event["Channel"] == "Security"


def test_sshd_lines_have_the_form_of_syslog():
    lines = lines_of("sshd", "--end", END, "--period", "1d")
    form = r"<8[456]>Jul  [78] \d\d:\d\d:\d\d [\w-]+ sshd\[\d+\]: .+"
    assert all(re.fullmatch(form, line) for line in lines)
    assert any("Accepted publickey" in line for line in lines)
