"""The presets keep what they promise: rare incidents, and little memory (B6, B14.11, B14.12)."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from spot_common.errors import UsageError
from spot_gen.config import PRESETS, preset
from spot_gen.describe import describe
from spot_gen.network import World
from spot_gen.plan import plan

RARE = (0.0001, 0.005)
LIMIT_MB = 500
#: Runs a program and prints its peak memory (KiB). It stands between, since a process's peak begins
#: with that of the one it was forked from.
LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_a_medium_day_has_its_volume_and_rare_incidents():
    sources = describe(preset("medium"), 5)["sources"]
    wanted = {"flow": 2_500_000, "dns": 2_000_000, "proxy": 1_000_000}
    for source, about in sources.items():
        assert about["records"] == pytest.approx(wanted[source], rel=0.15)
        assert RARE[0] <= about["rarity"] <= RARE[1], source


def test_a_busy_half_hour_of_medium_stays_in_memory(tmp_path: Path):
    spot = str(Path(sys.executable).with_name("spot"))
    words = ["--preset", "medium", "--start", "2024-03-04T10:00:00Z", "--span", "30m"]
    argv = [spot, "gen", "generate", *words, "--jobs", "1", "--out", str(tmp_path / "a")]
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *argv], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) / 1024 < LIMIT_MB


@pytest.mark.parametrize("name", ["tiny", "small", "medium"])
def test_no_seed_lets_two_incidents_of_a_preset_meet(name: str):
    config = preset(name)
    network = dataclasses.replace(config.network, names=100)
    config = dataclasses.replace(config, network=network)
    for seed in (*range(1, 8), *range(101, 104)):
        assert len(plan(World.of(config, seed))) == len(config.attacks)


def test_small_has_one_incident_of_each_family_and_medium_two():
    for name, number in (("small", 1), ("medium", 2)):
        incidents = plan(World.of(preset(name), 1))
        families = [incident.scenario.family for incident in incidents]
        assert {families.count(family) for family in families} == {number}
        assert len(set(families)) == 14
        assert len(families) == 14 * number


def test_a_preset_that_does_not_exist_is_refused_with_the_others_named():
    with pytest.raises(UsageError) as refused:
        preset("huge")
    assert all(name in refused.value.hint for name in PRESETS)
