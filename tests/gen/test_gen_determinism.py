"""The bytes depend on seed and configuration, on nothing of the machine or its user (B3, B14.1)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_CONFIG = """
start: 2024-03-04T09:00:00Z
span: 3h
hosts: 8
activity: 0.2
sources: [flow, flow_csv, netflow_pcap, dns, pcap, proxy, zeek, suricata, syslog]
network: {names: 400, ipv6_share: 0.4}
outputs: {noise: true, noise_share: 0.02, eve_alerts: true}
attacks:
  - {scenario: scan_horizontal, stealth: 2}
  - {scenario: dns_tunnel, stealth: 2}
  - {scenario: beacon_http, stealth: 1}
  - {scenario: spray, stealth: 2}
"""
_GERMAN = {"LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8"}


def made(out: Path, jobs: int, **environment: str) -> str:
    """Make the data set in a process of its own; return its manifest, digests and all."""
    config = out.with_suffix(".yaml")
    config.write_text(_CONFIG)
    spot = str(Path(sys.executable).with_name("spot"))
    argv = [spot, "gen", "generate", "--config", str(config), "--seed", "3", "--out", str(out)]
    argv += ["--jobs", str(jobs)]
    subprocess.run(argv, check=True, capture_output=True, env={**os.environ, **environment})
    return (out / "manifest.json").read_text()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> str:
    return made(tmp_path_factory.mktemp("plain") / "day", 1, PYTHONHASHSEED="0", TZ="UTC")


@pytest.mark.parametrize(
    ("jobs", "environment"),
    [
        (1, {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Chatham", "LC_ALL": "C"}),
        (2, {"PYTHONHASHSEED": "random", "TZ": "America/St_Johns", **_GERMAN}),
        (3, {"PYTHONHASHSEED": "1", "TZ": "Asia/Kolkata", "LC_ALL": "tr_TR.UTF-8"}),
    ],
    ids=["hash and zone", "two processes", "three processes"],
)
def test_machine_and_user_make_no_difference(
    reference: str, tmp_path: Path, jobs: int, environment: dict[str, str]
):
    assert made(tmp_path / "day", jobs, **environment) == reference
    files = json.loads(reference)["files"]
    assert {file["source"] for file in files} >= {"flow", "dns", "proxy", "syslog", "context"}
