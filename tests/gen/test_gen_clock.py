"""When things happen: along a curve, the same however time is cut."""

from __future__ import annotations

import numpy as np
import pytest

from spot_gen.activity.habits import NIGHT, ON
from spot_gen.clock import (
    DAY_US,
    FLAT,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    WEEK_US,
    WORK,
    WORK_CURVE,
    Arrivals,
    Arrived,
    Ticks,
    microseconds,
)
from spot_gen.streams import stream_keys, uniform

MONDAY = microseconds("2024-03-04T00:00:00Z")
KEYS = stream_keys(7, [f"host/{number}" for number in range(300)])
ARRIVALS = Arrivals(KEYS, 0.5 + uniform(KEYS, 0) * 40, WORK, np.arange(300) % 90 * MINUTE_US)
TICKS = Ticks(KEYS, 64 * SECOND_US + np.arange(300) * SECOND_US, 0.5)


def _set(arrived: Arrived) -> list[tuple[int, int, int]]:
    columns = (arrived.time_us, arrived.who, arrived.key)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("process", [ARRIVALS, TICKS], ids=["arrivals", "ticks"])
@pytest.mark.parametrize("step_us", [7 * MINUTE_US, HOUR_US, 5 * HOUR_US + 1])
def test_arrivals_are_the_same_however_time_is_cut(process: Arrivals | Ticks, step_us: int):
    start, end = MONDAY + 9 * HOUR_US, MONDAY + 15 * HOUR_US
    parts = []
    for at in range(start, end, step_us):
        parts += _set(process.between(at, min(at + step_us, end)))
    assert sorted(parts) == _set(process.between(start, end))


def test_each_hour_has_what_the_curve_says():
    busy = Arrivals(KEYS, np.full(300, 120.0))
    times = busy.between(MONDAY, MONDAY + WEEK_US).time_us
    counts = np.bincount((times - MONDAY) // HOUR_US, minlength=168)
    expected = WORK_CURVE * 300 * 120
    often = expected > 300
    assert np.all(np.abs(counts[often] / expected[often] - 1) < 0.1)
    assert abs(counts.sum() / expected.sum() - 1) < 0.01


def test_a_shifted_day_is_the_same_day_later():
    plain = Arrivals(KEYS, np.full(300, 9.0)).between(MONDAY, MONDAY + DAY_US)
    late = Arrivals(KEYS, np.full(300, 9.0), WORK, HOUR_US)
    moved = late.between(MONDAY + HOUR_US, MONDAY + DAY_US + HOUR_US)
    assert np.array_equal(plain.time_us + HOUR_US, moved.time_us)
    assert np.array_equal(plain.key, moved.key)


def test_another_machine_leaves_the_others_as_they_were():
    fewer = Arrivals(KEYS[:200], np.full(200, 5.0)).between(MONDAY, MONDAY + DAY_US)
    more = Arrivals(KEYS, np.full(300, 5.0)).between(MONDAY, MONDAY + DAY_US)
    kept = more.who < 200
    assert np.array_equal(fewer.time_us, more.time_us[kept])
    assert np.array_equal(fewer.key, more.key[kept])


def test_what_never_happens_never_arrives():
    assert len(Arrivals(KEYS, np.zeros(300)).between(MONDAY, MONDAY + WEEK_US)) == 0
    assert len(Ticks(KEYS[:0], np.zeros(0, np.int64)).between(MONDAY, MONDAY + DAY_US)) == 0


def test_nothing_happens_in_hours_without_weight():
    arrived = Arrivals(KEYS, np.full(300, 3.0), NIGHT).between(MONDAY, MONDAY + WEEK_US)
    hours = (arrived.time_us // HOUR_US) % 24
    assert set(hours.tolist()) == {22, 23, 0, 1, 2, 3, 4}
    assert len(arrived) == pytest.approx(300 * 3 * 7, rel=0.01)


@pytest.mark.parametrize("curve", [WORK, FLAT, ON, NIGHT], ids=["work", "flat", "on", "night"])
def test_time_is_the_inverse_of_amount(curve):
    amounts = 2_900.0 + np.linspace(0, 2 * curve.week, 5_001)[:-1] + 1e-4
    assert np.allclose(curve.amount(curve.time(amounts)), amounts, atol=1e-9, rtol=0)


def test_ticks_come_once_a_period():
    arrived = Ticks(KEYS, MINUTE_US, 0.1).between(MONDAY, MONDAY + HOUR_US)
    for who in (0, 17, 299):
        times = np.sort(arrived.time_us[arrived.who == who])
        assert abs(len(times) - 60) <= 1
        assert np.all(np.abs(np.diff(times) - MINUTE_US) <= 0.1 * MINUTE_US)
