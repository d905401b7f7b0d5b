"""The catalogue, and where and when incidents are placed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from gen_scenes import world

from spot_common.errors import ConfigError
from spot_gen.attacks import CATALOGUE, scenario, scenarios
from spot_gen.clock import DAY_US, HOUR_US, MINUTE_US, microseconds
from spot_gen.config import Attack
from spot_gen.events import SCHEMAS, Events, numbers
from spot_gen.plan import Incident, plan, play
from spot_gen.simulation import Simulation
from spot_gen.streams import stream_key, uniform

_FAMILIES = {
    "port scan", "command channel", "tunnel", "domain generation", "exfiltration", "brute force",
    "delivery", "web attack", "lateral movement", "collection", "discovery", "denial of service",
    "resource hijacking", "chain",
}  # fmt: skip
_ATTACKS = (
    Attack(scenario="scan_vertical", stealth=2),
    Attack(scenario="brute_ssh", stealth=2),
    Attack(scenario="lateral_smb", stealth=2, count=2),
)


def _refused(*attacks: Attack, **config: Any) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        plan(world(*attacks, **config))
    return refused.value


def _planned(*attacks: Attack, **config: Any) -> list[Incident]:
    return plan(world(*attacks, **config))


def test_scenarios_keep_the_order_of_the_catalogue_and_say_what_they_are() -> None:
    known = scenarios()
    assert list(known) == [name for name in CATALOGUE if name in known]
    for name, found in known.items():
        assert found.id == name
        assert found.family in _FAMILIES
        assert all(technique.startswith(("T1", "CWE")) for technique in found.techniques)
        assert all(length > 0 for length in found.duration_us)
        assert all(len(values) == 3 for values in found.parameters.values())


def test_each_family_is_in_the_module_of_its_name() -> None:
    for found in scenarios().values():
        assert found.play.__module__ == f"spot_gen.attacks.{found.family.replace(' ', '_')}"


def test_an_unknown_scenario_is_refused_with_the_nearest_one() -> None:
    error = _refused(Attack(scenario="scan_verticle"))
    assert "attacks, entry 1: there is no scenario 'scan_verticle'" in str(error)
    assert error.hint == "did you mean 'scan_vertical'?"
    with pytest.raises(ConfigError) as refused:
        scenario("qqqq")
    assert str(refused.value.hint).startswith("known are: scan_vertical")


def test_the_entry_that_is_wrong_is_named() -> None:
    fine = Attack(scenario="scan_flags")
    assert "entry 2" in str(_refused(fine, Attack(scenario="mining", actor="ws-9999")))
    assert "'ws-8888'" in str(_refused(Attack(scenario="brute_ssh", victims=["ws-8888"])))


def test_parameters_are_checked_by_name_and_kind() -> None:
    unknown = _refused(Attack(scenario="scan_vertical", parameters={"prots": 3}))
    assert "no parameter 'prots'" in str(unknown)
    assert unknown.hint == "it has: ports"
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("scan_vertical", {"ports": "many"}, "a whole number, more than 0"),
        ("scan_vertical", {"ports": 2.5}, "a whole number, more than 0"),
        ("scan_vertical", {"ports": True}, "a whole number, more than 0"),
        ("brute_ssh", {"per_second": 0}, "a number, more than 0"),
        ("hoarding", {"gigabytes": float("inf")}, "a number, more than 0"),
        ("beacon_port", {"jitter": -0.1}, "a number, 0 or more"),
        ("beacon_port", {"lasting": 1}, "true or false"),
        ("beacon_port", {"ports": "4444/tcp"}, "a list"),
        ("beacon_port", {"ports": []}, "a list"),
    ]
    for name, parameters, hint in wrong:
        error = _refused(Attack(scenario=name, parameters=parameters))
        assert error.hint == f"write {hint}"
    _planned(Attack(scenario="beacon_port", parameters={"jitter": 0, "period_s": 5}))


def test_overlapping_incidents_of_one_machine_are_refused() -> None:
    one = Attack(scenario="mining", actor="ws-0003", start="2024-03-04T10:00:00Z")
    other = Attack(scenario="scan_flags", actor="ws-0003", start="2024-03-04T12:00:00Z")
    error = _refused(one, other)
    assert "mining-1 and scan_flags-1 overlap on ws-0003" in str(error)
    _planned(one, replace(other, actor="ws-0004"))
    _planned(one, replace(other, start="2024-03-04T20:00:00Z"))


def test_incidents_from_outside_may_be_at_one_time() -> None:
    start = "2024-03-04T10:00:00Z"
    _planned(*(Attack(scenario=name, start=start) for name in ("brute_ssh", "spray")))


def test_two_incidents_may_not_have_one_name() -> None:
    same = [Attack(scenario=name, seed_name="odd") for name in ("brute_ssh", "spray")]
    assert "two incidents are called 'odd'" in str(_refused(*same))


def test_copies_differ_in_name_actor_and_time() -> None:
    one, other = _planned(Attack(scenario="lateral_smb", stealth=2, count=2))
    assert (one.id, other.id) == ("lateral_smb-1", "lateral_smb-2")
    assert one.actor is not other.actor
    assert one.start_us != other.start_us
    named = _planned(Attack(scenario="lateral_smb", stealth=2, count=2, seed_name="odd"))
    assert [incident.id for incident in named] == ["odd-1", "odd-2"]


def _unmarked(events: Events) -> dict[str, Any]:
    return {name: table.drop_columns(["label"]) for name, table in events.tables().items()}


def test_removing_one_incident_leaves_the_others_as_they_were() -> None:
    whole = world(*_ATTACKS)
    less = world(*_ATTACKS[1:])
    before = {incident.id: play(whole, incident) for incident in plan(whole)}
    after = {incident.id: play(less, incident) for incident in plan(less)}
    assert set(before) - set(after) == {"scan_vertical-1"}
    for name, happened in after.items():
        earlier, later = _unmarked(before[name].events), _unmarked(happened.events)
        assert all(table.equals(later[kind]) for kind, table in earlier.items())
        assert before[name].story == happened.story


def test_start_is_honoured_and_must_lie_within_the_span() -> None:
    start = "2024-03-04T10:30:00Z"
    [incident] = _planned(Attack(scenario="scan_external", start=start))
    assert incident.start_us == microseconds(start)
    assert "outside of the span" in str(
        _refused(Attack(scenario="scan_external", start="2024-03-05T00:00:00Z"))
    )
    assert "is not a time" in str(_refused(Attack(scenario="scan_external", start="noon")))


def test_start_is_drawn_from_the_window() -> None:
    window = "2024-03-04T09:00:00Z/2024-03-04T11:00:00Z"
    for number in range(10):
        attack = Attack(scenario="scan_flags", window=window, seed_name=f"try-{number}")
        [incident] = _planned(attack)
        assert microseconds("2024-03-04T09:00:00Z") <= incident.start_us
        assert incident.end_us <= microseconds("2024-03-04T11:00:00Z")
    for bad in ("2024-03-04T09:00:00Z", "2024-03-04T11:00:00Z/2024-03-04T09:00:00Z", "a/b"):
        _refused(Attack(scenario="scan_flags", window=bad))


def test_actor_and_victims_are_honoured() -> None:
    attack = Attack(scenario="scan_vertical", actor="ws-0007", victims=["db1"])
    where = world(attack)
    [incident] = plan(where)
    happened = play(where, incident)
    assert happened.scene.actors == ["ws-0007"]
    assert [host.name for host in happened.scene.victims] == ["db1"]
    connections = happened.events.connections
    assert set(numbers(connections, "src_lo")) == {incident.actor.address[1]}
    assert set(numbers(connections, "dst_lo")) == {where.servers["db1"].address[1]}


def test_nobody_is_actor_and_victim() -> None:
    attack = Attack(scenario="scan_vertical", actor="ws-0007", victims=["ws-0007"])
    assert "ws-0007 is both actor and victim" in str(_refused(attack))


def test_parameters_are_honoured() -> None:
    where = world(Attack(scenario="scan_vertical", parameters={"ports": 17}))
    [incident] = plan(where)
    assert play(where, incident).events.connections.num_rows == 17


def test_incidents_begin_at_the_hours_of_their_level() -> None:
    for number in range(10):
        attack = Attack(scenario="lateral_rdp", stealth=2, seed_name=f"evening-{number}")
        [incident] = _planned(attack)
        assert 18 <= incident.start_us % DAY_US // HOUR_US < 23


def test_incidents_fit_into_the_span_where_they_can() -> None:
    where = world(*_ATTACKS)
    for incident in plan(where):
        assert where.config.start_us <= incident.start_us
        assert incident.end_us <= where.config.end_us
    [long] = _planned(Attack(scenario="hoarding", stealth=3), span_us=2 * HOUR_US)
    assert long.start_us < where.config.start_us + HOUR_US


def test_a_share_of_the_days_has_no_incident() -> None:
    seed, days = 5, 20
    many = Attack(scenario="scan_flags", stealth=2, count=60)
    where = world(many, seed=seed, span_us=days * DAY_US, incident_free_share=0.5)
    first = where.config.start_us // DAY_US
    key = stream_key(seed, "plan/free-days")
    free = {first + day for day in range(days) if uniform(key, first + day)[0] < 0.5}
    assert 4 <= len(free) <= 16
    hit = {time // DAY_US for i in plan(where) for time in (i.start_us, i.end_us)}
    assert not hit & free
    assert len(hit) >= 4


def test_a_span_without_a_day_for_incidents_has_them_all_the_same() -> None:
    assert len(_planned(*_ATTACKS, incident_free_share=1.0)) == 4


def test_a_simulation_lets_incidents_happen_in_batches_of_any_length() -> None:
    where = world(Attack(scenario="lateral_smb", stealth=1, start="2024-03-04T10:50:00Z"))
    start = where.config.start_us + 10 * HOUR_US
    simulation = Simulation(where, chosen=[])
    happened = play(where, simulation.incidents[0]).events
    for batch_us in (7 * MINUTE_US, 2 * HOUR_US):
        batches = list(simulation.run(start, start + 2 * HOUR_US, batch_us))
        for name in SCHEMAS:
            rows = sum(batch.events.tables()[name].num_rows for batch in batches)
            assert rows == happened.tables()[name].num_rows
        assert all(
            batch.start_us <= time < batch.end_us
            for batch in batches
            for time in numbers(batch.events.connections, "time_us")
        )
