"""Scenarios that the proxy sees: what they request at each level is what the catalogue says."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

import gen_attack_rules as rules
import numpy as np
import pytest
from gen_scenes import changed, column, played, played_as, world

from spot_common.errors import ConfigError
from spot_gen.attacks.shared.agents import agent_of
from spot_gen.clock import SECOND_US
from spot_gen.config import Attack
from spot_gen.plan import Played

_ALL = {"connections", "lookups", "requests"}
_STAGES = {
    "beacon_http": {"beacon"},
    "exfil_post": {"exfiltration"},
    "malware_download": {"delivery", "beacon"},
    "url_obfuscation": {"delivery"},
    "xss_probe": {"access"},
}
_each = pytest.mark.parametrize("name", _STAGES)
_each_level = pytest.mark.parametrize("level", [1, 2, 3])


@_each_level
@_each
def test_the_rules_of_all_scenarios_are_kept(name: str, level: int) -> None:
    happened = played(name, level)
    rules.kept(happened, _STAGES[name], _ALL)


@_each
def test_one_seed_gives_the_same_events_and_another_gives_others(name: str) -> None:
    rules.deterministic(name, 3)


@_each_level
@_each
def test_each_line_has_its_connections_and_its_look_up(name: str, level: int) -> None:
    rules.visits_agree(played(name, level))


@_each_level
@_each
def test_lines_are_of_the_actor_and_its_user(name: str, level: int) -> None:
    happened = played(name, level)
    actor = happened.scene.actor
    assert set(_texts(happened, "user")) == {actor.user}
    assert set(column(happened, "client_lo", "requests")) == {int(actor.address[1])}
    assert set(_texts(happened, "scheme")) == {"http"}
    assert set(_texts(happened, "filter")) <= {"OBSERVED", "PROXIED"}
    assert "" not in _texts(happened, "categories")


def _texts(happened: Played, name: str) -> list[str]:
    found: list[str] = happened.events.requests.column(name).to_pylist()
    return found


@pytest.mark.parametrize(
    ("level", "period", "jitter", "method"),
    [(1, 60, 0.0, "GET"), (2, 300, 0.2, "POST"), (3, 3_600, 0.5, "GET")],
)
def test_beacons_keep_their_interval_jitter_and_method(
    level: int, period: int, jitter: float, method: str
) -> None:
    happened = played("beacon_http", level)
    pauses = np.diff(column(happened, "time_us", "requests")) / SECOND_US
    assert pauses.min() >= period * (1 - jitter) - 2
    assert pauses.max() <= period * (1 + jitter) + 3
    assert len(set(pauses)) > len(pauses) * 0.9
    assert set(_texts(happened, "method")) == {method}
    assert (len(set(column(happened, "bytes_down", "requests"))) == 1) == (level == 1)
    assert column(happened, "bytes_down", "requests").max() < 4_000


def test_beacons_call_themselves_rare_nearly_right_or_as_the_user_does() -> None:
    agents = []
    for level in (1, 2, 3):
        happened = played("beacon_http", level)
        [agent] = set(_texts(happened, "agent"))
        agents.append((agent, agent_of(happened.scene.world, happened.scene.actor)))
    (rare, own), (altered, same), (last, _) = agents
    assert own == same == last
    assert rare != own
    assert altered != own
    assert abs(len(altered) - len(own)) <= 2


def test_a_server_has_the_user_agent_of_a_program() -> None:
    where = world()
    assert "Mozilla" not in agent_of(where, where.server("files"))
    assert "Mozilla" in agent_of(where, where.people.hosts[3])


@pytest.mark.parametrize(
    ("level", "count", "size", "method"),
    [(1, 500, 4_000_000, "POST"), (2, 200, 500_000, "PUT"), (3, 300, 20_000, "POST")],
)
def test_uploads_have_their_number_size_and_method(
    level: int, count: int, size: int, method: str
) -> None:
    happened = played("exfil_post", level)
    up = column(happened, "bytes_up", "requests")
    assert len(up) == count
    assert np.median(up) == pytest.approx(size, rel=0.05)
    assert set(_texts(happened, "method")) == {method}
    assert column(happened, "bytes_down", "requests").max() < 1_000
    [content_type] = set(_texts(happened, "content_type"))
    assert content_type in ("", "application/x-compressed", "application/x-unknown")
    assert len(rules.hosts(happened)) == 1


def test_uploads_do_not_overlap() -> None:
    happened = played("exfil_post", 1)
    done, taken = (column(happened, name, "requests") for name in ("time_us", "taken_ms"))
    begun = np.sort(done - taken * 1_000)
    assert np.all(begun[1:] > np.sort(done)[:-1] - SECOND_US // 5)


def test_the_quietest_uploads_go_to_a_site_for_files() -> None:
    happened = played("exfil_post", 3)
    names = happened.scene.world.names
    [host] = rules.hosts(happened)
    row = names.site.to_pylist().index(host.removeprefix("www."))
    assert set(_texts(happened, "categories")) == {"File Storage/Sharing"}
    assert not happened.scene.world.sites.secure[row]


@pytest.mark.parametrize(
    ("level", "redirects", "ending", "content_type"),
    [
        (1, 1, r"\.exe", "application/x-msdownload"),
        (2, 2, r"\.(exe|zip|scr)", "text/plain"),
        (3, 3, r"\.jpg", "image/jpeg"),
    ],
)
def test_a_page_leads_over_redirects_to_a_file_and_then_to_reports(
    level: int, redirects: int, ending: str, content_type: str
) -> None:
    happened = played("malware_download", level)
    rows = happened.events.requests.to_pylist()
    way, reports = rows[: redirects + 2], rows[redirects + 2 :]
    assert [row["status"] for row in way] == [200, *[302] * redirects, 200]
    file = way[-1]
    assert re.search(f"{ending}$", file["path"])
    assert file["content_type"] == content_type
    assert file["bytes_down"] > 100_000
    assert file["extension"] == file["path"].rpartition(".")[2]
    for before, after in pairwise(way):
        assert after["referer"] == f"http://{before['host']}{before['path']}{before['query']}"
    assert (way[-1]["time_us"] - way[0]["time_us"]) < 120 * SECOND_US
    assert len({row["host"] for row in reports}) == 1
    assert len(reports) > 5
    assert reports[0]["time_us"] > file["time_us"]


def test_the_file_is_known_by_address_and_hash() -> None:
    happened = played("malware_download", 1)
    known = {(i.kind, i.value) for i in happened.scene.indicators}
    [digest] = [value for kind, value in known if kind == "hash"]
    assert re.fullmatch("[0-9a-f]{64}", digest)
    [url] = [value for kind, value in known if kind == "url"]
    file = happened.events.requests.to_pylist()[2]
    assert url == f"http://{file['host']}{file['path']}"
    assert ("address", file["host"]) in known


@pytest.mark.parametrize(("level", "count"), [(1, 200), (2, 50), (3, 10)])
def test_disguised_addresses_are_long_encoded_random_or_bare(level: int, count: int) -> None:
    happened = played("url_obfuscation", level)
    paths, queries = _texts(happened, "path"), _texts(happened, "query")
    assert len(paths) == count
    assert all(query.startswith("?") for query in queries)
    kinds = {
        "long": sum(len(query) > 600 for query in queries),
        "encoded": sum(path.count("%") > 5 for path in paths),
        "bare": sum(bool(re.fullmatch(r"[\d.]+", host)) for host in _texts(happened, "host")),
    }
    if level < 3:
        assert min(kinds.values()) > count // 12
    assert sum(kinds.values()) < count


@pytest.mark.parametrize(("level", "count"), [(1, 300), (2, 60), (3, 10)])
def test_scripts_are_tried_outside_and_in_the_dmz(level: int, count: int) -> None:
    happened = played("xss_probe", level)
    queries = _texts(happened, "query")
    assert len(queries) == count
    plain = [unquote(unquote(query)) for query in queries]
    marks = re.compile(r"<\w|javascript:", re.IGNORECASE)
    assert all(marks.search(text) for text in plain)
    assert not any(re.search(r"[\s\"]", query) for query in queries)
    found = rules.hosts(happened)
    assert "www1.corp.example" in found
    assert len(found) >= 3
    assert [host.name for host in happened.scene.victims] == ["www1"]
    doubled = sum("%25" in query for query in queries)
    assert (doubled == count) == (level == 3)


def test_the_dmz_is_known_to_the_resolver_itself() -> None:
    happened = played("xss_probe", 1)
    own = [
        row for row in happened.events.lookups.to_pylist() if row["qname"].endswith("corp.example")
    ]
    assert {row["client_lo"] for row in own} == {int(happened.scene.actor.address[1])}


@pytest.mark.parametrize(
    ("scenario", "parameters"),
    [
        ("beacon_http", {"method": "HEAD"}),
        ("beacon_http", {"agent": "none"}),
        ("exfil_post", {"host": "mine"}),
        ("malware_download", {"content": "video"}),
        ("xss_probe", {"encoding": "base64"}),
    ],
)
def test_impossible_parameters_are_refused(scenario: str, parameters: dict[str, Any]) -> None:
    [name] = parameters
    with pytest.raises(ConfigError, match=name):
        changed(scenario, **parameters)


@pytest.mark.parametrize(
    ("scenario", "parameters"),
    [
        ("beacon_http", {"hours": 900}),
        ("beacon_http", {"interval_s": 90_000}),
        ("exfil_post", {"count": 20_000}),
        ("exfil_post", {"size": 90_000_000_000, "count": 2}),
        ("malware_download", {"hours": 900}),
        ("url_obfuscation", {"count": 3_000}),
        ("xss_probe", {"count": 2}),
    ],
)
def test_whatever_the_parameters_nothing_happens_after_the_end(
    scenario: str, parameters: dict[str, Any]
) -> None:
    rules.in_time(changed(scenario, **parameters))


def test_a_server_may_act_too() -> None:
    happened = played_as(Attack(scenario="beacon_http", stealth=2, actor="app1"))
    assert set(_texts(happened, "user")) == {""}
    rules.visits_agree(happened)
