"""Measures of lists whose rows stand for groups of records."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_gen.measure.lists import LIST_ROWS, Listed
from spot_gen.measure.measures import lift, precision, recall

#: Five labelled records: two of a group at row 1, two of one at row 4, one of a group not listed.
ROWS = Listed(np.array([1, 1, 4, 4, math.inf]), 10, 50, np.array([7, 7, 3, 3, 9]))
ALL = np.ones(5, bool)


def test_rows_count_groups_and_hits_count_records() -> None:
    assert (ROWS.rows(ALL, 4), ROWS.hits(ALL, 4)) == (2, 4)
    assert precision(ROWS, ALL, 4) == 0.5
    assert precision(ROWS, ALL, 50) == 0.2
    assert recall(ROWS, ALL, 4) == 0.8
    assert ROWS.share(ALL) == 3 / 50
    assert lift(ROWS, ALL, 4) == pytest.approx(0.5 / (3 / 50))


def test_average_precision_is_that_of_the_malicious_rows() -> None:
    assert ROWS.average_precision(ALL) == pytest.approx((1 / 1 + 2 / 4) / 2)
    assert ROWS.average_precision(np.zeros(5, bool)) is None
    late = Listed(np.array([LIST_ROWS + 1.0]), 5000, 5000, np.array([1]))
    assert late.average_precision(np.ones(1, bool)) == 0.0


def test_an_incident_is_found_where_a_group_of_it_is_listed() -> None:
    incident = np.array([0, 1, 1, 1, 2])
    assert ROWS.first(incident, 3).tolist() == [1, 1, math.inf]
    assert ROWS.found(incident, 3, 1).tolist() == [1, 1, 0]


def test_precision_is_drawn_by_the_groups_that_are_found() -> None:
    found = ROWS.curve(ALL, np.array([1 / 3, 2 / 3, 1.0]))
    assert found.tolist() == pytest.approx([1.0, 0.5, math.nan], nan_ok=True)


def test_a_record_that_is_in_no_row_counts_for_no_group() -> None:
    lost = Listed(np.array([1.0, math.inf]), 3, 10, np.array([4, -1]))
    both = np.ones(2, bool)
    assert (lost.share(both), lost.average_precision(both)) == (0.1, 1.0)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_no_figure_leaves_its_range(groups: list[int], random: object) -> None:
    places = list(range(1, 32))
    random.shuffle(places)  # type: ignore[attr-defined]
    group = np.array(groups)
    ranks = np.array([float(places[g]) if places[g] <= 20 else math.inf for g in groups])
    order, mask = Listed(ranks, 20, 31, group), np.ones(len(groups), bool)
    assert 0 <= (order.average_precision(mask) or 0) <= 1
    assert 0 <= (precision(order, mask, 10) or 0) <= 1
    assert order.rows(mask, 10) <= order.hits(mask, 10)
    assert order.roc_auc(mask) is None
    curve = order.curve(mask, np.linspace(0, 1, 5))
    assert (np.diff(curve[~np.isnan(curve)]) <= 1e-12).all()
