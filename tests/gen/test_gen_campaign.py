"""The whole intrusion: its stages in their order, in every source, by one machine."""

from __future__ import annotations

import gen_attack_rules as rules
import numpy as np
import pytest
from gen_scenes import column, played, played_as

from spot_common.errors import ConfigError
from spot_gen import truth
from spot_gen.clock import DAY_US, HOUR_US
from spot_gen.config import Attack
from spot_gen.plan import Played

_ORDER = [
    "delivery", "generation", "beacon", "discovery", "movement", "collection", "exfiltration",
]  # fmt: skip
_each_level = pytest.mark.parametrize("level", [1, 2, 3])


def _stages(happened: Played, table: str) -> dict[str, tuple[int, int]]:
    """Return the first and last time of each stage in a table."""
    times, stages = column(happened, "time_us", table), column(happened, "stage", table)
    return {
        truth.STAGES[number]: (
            int(times[stages == number].min()),
            int(times[stages == number].max()),
        )
        for number in np.unique(stages)
    }


@_each_level
def test_the_rules_of_all_scenarios_are_kept(level: int) -> None:
    happened = played("campaign", level)
    rules.kept(happened, set(_ORDER), {"connections", "lookups", "requests", "log_lines"})
    rules.visits_agree(happened)


def test_one_seed_gives_the_same_events_and_another_gives_others() -> None:
    rules.deterministic("campaign", 1)


@pytest.mark.parametrize(("level", "length"), [(1, 3 * HOUR_US), (2, 2 * DAY_US), (3, 6 * DAY_US)])
def test_it_takes_hours_or_days_and_fills_them(level: int, length: int) -> None:
    happened = played("campaign", level)
    assert happened.scene.duration_us == length
    times = column(happened, "time_us", "lookups")
    assert times.max() - times.min() > 0.9 * length


@_each_level
def test_stages_begin_in_their_order_over_all_sources(level: int) -> None:
    happened = played("campaign", level)
    tables = [_stages(happened, name) for name in ("connections", "lookups", "requests")]
    begins = [min(table[stage][0] for table in tables if stage in table) for stage in _ORDER]
    assert begins == sorted(begins)
    assert len(set(begins)) == len(_ORDER)


@_each_level
def test_each_source_sees_its_part(level: int) -> None:
    happened = played("campaign", level)
    assert {"delivery", "beacon"} == set(_stages(happened, "requests"))
    assert {"delivery", "generation", "discovery", "exfiltration"} <= set(
        _stages(happened, "lookups")
    )
    assert {"delivery", "beacon", "movement", "collection"} <= set(_stages(happened, "connections"))
    assert {"movement"} == set(_stages(happened, "log_lines"))
    victims = {host.name for host in happened.scene.victims}
    assert set(happened.events.log_lines["host"].to_pylist()) < victims


@_each_level
def test_one_machine_does_it_all(level: int) -> None:
    happened = played("campaign", level)
    ours = happened.scene.world
    known = {int(ours.server("proxy").address[1]), *(int(h.address[1]) for h in ours.resolvers)}
    actor = int(happened.scene.actor.address[1])
    assert set(column(happened, "src_lo")) <= {actor, *known}
    assert set(column(happened, "client_lo", "lookups")) <= {actor, *known}
    victims = {host.name for host in happened.scene.victims}
    assert "fs1" in victims
    assert len(victims) == {1: 13, 2: 7, 3: 4}[level]


def test_the_loud_one_fits_into_a_working_day() -> None:
    for seed in range(1, 9):
        incident = played_as(Attack(scenario="campaign", stealth=1), seed=seed).incident
        assert 8 <= incident.start_us % DAY_US // HOUR_US < 14
        assert incident.end_us % DAY_US <= 17 * HOUR_US


@_each_level
def test_the_reports_go_where_the_generated_names_led(level: int) -> None:
    happened = played("campaign", level)
    requests = happened.events.requests
    beacon = column(happened, "stage", "requests") == truth.stage_number("beacon")
    [master] = set(requests.filter(beacon).column("host").to_pylist())
    lookups = happened.events.lookups
    made = column(happened, "stage", "lookups") == truth.stage_number("generation")
    answered = lookups.filter(made & (column(happened, "rcode", "lookups") == 0))
    assert set(answered.column("qname").to_pylist()) == {master}


def test_data_leave_by_names_or_in_bulk() -> None:
    number = truth.stage_number("exfiltration")
    for way, table in (("tunnel", "lookups"), ("bulk", "connections")):
        attack = Attack(scenario="campaign", stealth=1, parameters={"exfiltration": way})
        happened = played_as(attack)
        left = column(happened, "stage", table) == number
        assert left.sum() > (240 if way == "tunnel" else 2)
        if way == "bulk":
            assert column(happened, "bytes_up")[left].sum() > 1_500_000_000
        rules.in_time(happened)


def test_an_unknown_way_out_is_refused() -> None:
    attack = Attack(scenario="campaign", parameters={"exfiltration": "pigeon"})
    with pytest.raises(ConfigError, match="exfiltration"):
        played_as(attack)


def test_a_network_of_one_machine_has_a_server_to_move_to() -> None:
    attack = Attack(scenario="campaign")
    assert [host.name for host in played_as(attack, hosts=1).scene.victims] == ["app1", "fs1"]
