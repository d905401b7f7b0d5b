"""The commands of ``spot gen``, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from spot_gen.cli import gen

TINY = ["--preset", "tiny", "--span", "10m", "--jobs", "1"]


def spot_gen(*words: str | Path) -> Result:
    return CliRunner().invoke(gen, [str(word) for word in words])


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return path


def test_generate_prints_the_manifest_or_a_line_per_source(tmp_path):
    told = spot_gen("generate", *TINY, "--seed", "2", "--out", tmp_path / "a", "--json")
    facts = json.loads(told.stdout)
    assert facts == json.loads((tmp_path / "a/manifest.json").read_text())
    assert set(facts["sources"]) == {"flow", "dns", "proxy"}
    told = spot_gen("generate", *TINY, "--seed", "2", "--out", tmp_path / "b")
    assert [line.split()[0] for line in told.stdout.splitlines()[:3]] == ["flow", "dns", "proxy"]
    assert json.loads((tmp_path / "b/manifest.json").read_text()) == facts


def test_generate_replaces_a_data_set_only_when_told(tmp_path):
    words = ["generate", *TINY, "--source", "proxy", "--out", tmp_path / "a"]
    assert spot_gen(*words).exit_code == 0
    again = spot_gen(*words)
    assert again.exit_code == 2
    assert "is not empty" in again.stderr
    assert spot_gen(*words, "--force", "--seed", "9").exit_code == 0
    assert json.loads((tmp_path / "a/manifest.json").read_text())["seed"] == 9


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("hots: 3", "'hots'"),
        ("hosts: 0", "hosts is 0"),
        ("hosts: 20000", "hosts is 20000"),
        ("hosts: many", "hosts must be a whole number"),
        ("span: 3 weeks", "span is '3 weeks'"),
        ("start: yesterday", "start is 'yesterday'"),
        ("rates: {web_session: -1}", "web_session is -1"),
        ("rates: {web_sesion: 2}", "'web_sesion'"),
        ("export: {style: both}", "export: style is 'both'"),
        ("network: {ipv6_share: 2}", "network: ipv6_share is 2"),
        ("outputs: {noisy: true}", "outputs: unknown key 'noisy'"),
        ("sources: [flow, snmp]", "'snmp'"),
        ("sources: []", "sources"),
        ("attacks: [{scenario: dns_tunel}]", "entry 1: there is no scenario 'dns_tunel'"),
        ("attacks: [{scenario: dga, stealth: 4}]", "entry 1: stealth is 4"),
        ("attacks: [{scenario: dga, parameters: {nmes: 3}}]", "entry 1: dga has no parameter"),
        ("attacks: [{scenario: dga, actor: ws-9999}]", "entry 1: there is no machine 'ws-9999'"),
        ("attacks: [{scenario: dga, start: 2030-01-01}]", "entry 1: start"),
        ("attacks: {scenario: dga}", "attacks is not a list"),
        ("- 1", "expected keys"),
        ("a: [", "is not YAML"),
    ],
)
def test_what_a_configuration_gets_wrong_is_named_with_its_place(tmp_path, text, named):
    path = written(tmp_path, text)
    told = spot_gen("generate", "--config", path, "--out", tmp_path / "out")
    assert told.exit_code == 2
    assert named in told.stderr
    assert not (tmp_path / "out").exists()


def test_a_configuration_that_is_not_there_is_said(tmp_path):
    told = spot_gen("describe", "--config", tmp_path / "none.yaml")
    assert told.exit_code == 3
    assert "none.yaml" in told.stderr


def test_a_seed_kept_for_the_final_measurement_is_warned_of(tmp_path):
    words = ["generate", *TINY, "--source", "proxy", "--seed", "101", "--out"]
    assert "final measurement" in spot_gen(*words, tmp_path / "a").stderr
    assert "final measurement" not in spot_gen(*words, tmp_path / "b", "--final").stderr


def test_describe_estimates_what_generate_makes(tmp_path):
    words = ["--preset", "tiny", "--seed", "4"]
    described = json.loads(spot_gen("describe", *words, "--json").stdout)
    spot_gen("generate", *words, "--out", tmp_path / "a", "--jobs", "1")
    made = json.loads((tmp_path / "a/manifest.json").read_text())
    for source, about in described["sources"].items():
        assert about["records"] == pytest.approx(made["sources"][source]["records"], rel=0.3)
        size = sum(f["size"] for f in made["files"] if f["source"] == source)
        assert about["bytes"] == pytest.approx(size, rel=0.4)
        assert about["malicious"] == pytest.approx(made["sources"][source]["malicious"], abs=25)
    assert [one["incident_id"] for one in described["incidents"]] == made["incidents"]


def test_describe_warns_where_attacks_are_not_rare(tmp_path):
    path = written(tmp_path, "hosts: 3\nspan: 1h\nattacks: [{scenario: scan_vertical}]\n")
    assert "not rare any more" in spot_gen("describe", "--config", path).stderr


def test_describe_lists_keys_and_machines():
    keys = spot_gen("describe", "--keys").stdout
    for key in ("start ", "network.ipv6_share", "attacks[].stealth", "outputs.noise "):
        assert key in keys
    hosts = json.loads(spot_gen("describe", "--preset", "tiny", "--hosts", "--json").stdout)
    assert {"dns1", "proxy1", "ws-0019"} <= {host["name"] for host in hosts}


def test_follow_lets_a_file_of_each_source_appear_every_five_minutes(tmp_path):
    words = ["--preset", "tiny", "--span", "15m", "--speed", "100000", "--out", tmp_path, "--json"]
    told = spot_gen("follow", *words)
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(rows) == 3
    for row in rows:
        assert {Path(file).parent.name for file in row["files"]} == {"flow", "dns", "proxy"}
        assert all(Path(file).is_file() for file in row["files"])
    assert not [p for p in (tmp_path / "data").iterdir() if p.name.startswith(".")]


def test_following_for_a_while_gives_the_flows_that_generating_gives(tmp_path):
    words = ["--preset", "tiny", "--span", "15m", "--source", "flow"]
    spot_gen("follow", *words, "--speed", "100000", "--out", tmp_path / "live")
    spot_gen("generate", *words, "--jobs", "1", "--out", tmp_path / "made")
    made = {p.name: p.read_bytes() for p in (tmp_path / "made/data/flow").iterdir()}
    live = {p.name: p.read_bytes() for p in (tmp_path / "live/data/flow").iterdir()}
    assert live == made


@pytest.mark.parametrize("target", ["192.0.2.7:2055", "10.20.1.10:2055"])
def test_send_refuses_what_is_not_this_machine(target):
    told = spot_gen("send", *TINY[:4], "--netflow", target, "--speed", "1000000")
    assert told.exit_code == 2
    assert "loopback" in told.stderr
    assert target.split(":")[0] in told.stderr


@pytest.mark.parametrize("words", [["describe"], ["describe", "--preset", "tiny", "--config", "x"]])
def test_one_of_preset_and_configuration_is_needed(words):
    told = spot_gen(*words)
    assert told.exit_code == 2
    assert "either a configuration or a preset" in told.stderr
