"""The measures themselves: what they say of orders whose quality is known."""

from __future__ import annotations

import math
from pathlib import Path

import gen_measure_days as days
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_gen.measure import baselines
from spot_gen.measure.evaluate import Request, Row, evaluate
from spot_gen.measure.layouts import LAYOUTS
from spot_gen.measure.measures import Ranked, Shuffled, lift, precision, ranks_of, recall
from spot_gen.measure.spread import spread
from spot_gen.streams import Stream


def ranked(*ranks: float, listed: int = 100, total: int = 100) -> Ranked:
    return Ranked(np.array(ranks, float), listed, total)


ALL = np.ones(4, bool)


def test_precision_and_recall_count_the_first_rows() -> None:
    order = ranked(1, 2, 10, 60)
    assert precision(order, ALL, 10) == 0.3
    assert recall(order, ALL, 10) == 0.75
    assert lift(order, ALL, 10) == pytest.approx(0.3 / 0.04)


def test_precision_of_a_short_list_is_over_the_rows_that_it_has() -> None:
    assert precision(ranked(1, 2, 3, 4, listed=5), ALL, 50) == 0.8


def test_average_precision_is_the_mean_of_precisions_at_hits_and_0_for_what_is_missing() -> None:
    assert ranked(1, 4, math.inf, math.inf).average_precision(ALL) == pytest.approx(
        (1 / 1 + 2 / 4) / 4
    )


def test_area_under_roc_counts_pairs_and_unlisted_ones_half() -> None:
    assert ranked(1, 2, 3, 4).roc_auc(ALL) == 1.0
    assert ranked(97, 98, 99, 100).roc_auc(ALL) == 0.0
    nothing = ranked(*[math.inf] * 4, listed=0)
    assert nothing.roc_auc(ALL) == 0.5
    # Two first, two among 96 unlisted records of which 94 are ordinary: (2 x 96 + 2 x 47) / 384.
    half = ranked(1, 2, math.inf, math.inf, listed=4)
    assert half.roc_auc(ALL) == pytest.approx((2 * 96 + 2 * 94 / 2) / (4 * 96))


@given(
    st.lists(st.integers(1, 30), unique=True, min_size=1, max_size=8),
    st.integers(0, 3),
    st.integers(0, 20),
)
def test_measures_are_those_that_counting_one_by_one_gives(
    ranks: list[int], missed: int, unlisted: int
) -> None:
    total = 30 + missed + unlisted
    order = ranked(*ranks, *[math.inf] * missed, listed=30, total=total)
    mask = np.ones(len(ranks) + missed, bool)
    hits = [rank in ranks for rank in range(1, 31)]
    precisions = [sum(hits[: n + 1]) / (n + 1) for n in range(30) if hits[n]]
    assert order.average_precision(mask) == pytest.approx(sum(precisions) / len(mask))
    places = [float(rank) for rank in ranks] + [math.inf] * missed
    others = [n for n in range(1, 31) if n not in ranks] + [math.inf] * unlisted
    pairs = [1.0 if p < o else 0.5 if p == o else 0.0 for p in places for o in others]
    assert order.roc_auc(mask) == pytest.approx(np.mean(pairs))


def test_measures_of_nothing_are_none() -> None:
    none = np.zeros(4, bool)
    order = ranked(1, 2, 3, 4)
    assert order.average_precision(none) is None
    assert order.roc_auc(none) is None
    assert recall(order, none, 10) is None
    assert Shuffled(100).average_precision(none) is None


def test_the_curve_ends_where_the_list_ends() -> None:
    found = ranked(1, 4, math.inf, math.inf).curve(ALL, np.array([0, 0.25, 0.5, 0.75, 1]))
    assert found[:3].tolist() == [1.0, 1.0, 0.5]
    assert np.isnan(found[3:]).all()


def test_the_expectation_of_a_random_order_is_what_shuffles_give() -> None:
    groups = np.array([0, 0, 0, 1, -1])
    mask = groups >= 0
    expected = Shuffled(60)
    stream = Stream.named(1, "shuffles")
    orders = [Ranked(ranks_of(stream.order(60)[:5]), 60, 60) for _ in range(3000)]
    assert np.mean([o.hits(mask, 10) for o in orders]) == pytest.approx(
        expected.hits(mask, 10), rel=0.1
    )
    found = np.mean([o.found(groups, 2, 10) for o in orders], axis=0)
    assert found == pytest.approx(expected.found(groups, 2, 10), rel=0.1)
    first = np.mean([o.first(groups, 2) for o in orders], axis=0)
    assert first == pytest.approx(expected.first(groups, 2), rel=0.1)
    precisions = [o.average_precision(mask) for o in orders]
    assert np.mean(precisions) == pytest.approx(expected.average_precision(mask), rel=0.1)  # type: ignore[arg-type]


def test_a_random_order_finds_everything_in_as_many_rows_as_there_are() -> None:
    assert Shuffled(10).found(np.array([0, 1, 1]), 2, 50).tolist() == [1.0, 1.0]


def rows_of(folder: Path, order: list[dict[str, object]], tops: tuple[int, ...]) -> list[Row]:
    results = days.product(folder / "flow_results.csv", order)
    report = evaluate(Request(folder / "day", (results,)), tops)
    return report.sources["flow"].rows


def test_a_perfect_ranking_has_precision_1_at_the_number_of_malicious(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    day.write()
    row = rows_of(tmp_path, days.malicious_first(day.rows["flow"]), (13, 26))[0]
    assert row.figures["precision"] == {"13": 1.0, "26": 0.5}
    assert row.figures["recall"] == {"13": 1.0, "26": 1.0}
    assert row.figures["average_precision"] == 1.0
    assert row.figures["roc_auc"] == 1.0


def test_a_random_ranking_has_the_rarity_as_precision(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day", size=1200)
    day.write()
    rows, found = day.rows["flow"], []
    for number in range(12):
        order = Stream.named(number, "random ranking").order(len(rows))
        row = rows_of(tmp_path, [rows[i] for i in order], (600,))[0]
        found.append(row.figures["precision"]["600"])
    rarity = 13 / len(rows)
    error = math.sqrt(rarity / 600 / 12)
    assert np.mean(found) == pytest.approx(rarity, abs=3 * error)
    assert rows_of(tmp_path, rows, (600,))[1].figures["precision"]["600"] == pytest.approx(rarity)


def test_a_family_that_is_not_seen_has_no_incident_at_any_number(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    day.write()
    rows = sorted(day.rows["proxy"], key=lambda row: row["known"] == "beacon-1")
    results = days.product(tmp_path / "proxy_results.csv", rows)
    report = evaluate(Request(tmp_path / "day", (results,)), (50, 250))
    cell = report.together.figures["cells"]["command channel"]["2"]
    assert cell["found"] == {"50": 0.0, "250": 0.0}
    assert cell["first_rank"] == {"median": 405.0, "worst": 405.0}
    assert report.not_ranked == ["port scan", "tunnel"]


def suspicion(source: str, wanted: str, **columns: list[object]) -> list[float]:
    layout = LAYOUTS[source]
    found = {b.name: b for b in baselines.baselines(layout)}[wanted]
    return found.suspicion(pa.table(columns), layout).tolist()


def test_comparison_rows_follow_their_columns() -> None:
    assert suspicion("flow", "rarest destination", dst=["a", "b", "a"]) == [2, 1, 2]
    assert suspicion("proxy", "rarest host", name=["a", "b", "b"]) == [1, 2, 2]
    assert suspicion("dns", "largest bytes", bytes=[5, None]) == [-5, 0]
    assert suspicion("flow", "largest bytes", bytes=[5, 1], bytes_back=[0, 9]) == [-5, -10]


def test_word_frequencies_take_the_rarer_side() -> None:
    columns = {"src": ["x", "x"], "dst": ["y", "z"], "word": ["a", "a"], "word_back": ["a", "b"]}
    assert suspicion("flow", "global word frequency", **columns) == [3, 1]
    columns = {"src": ["x"] * 4, "word": ["a", "a", "a", "b"]}
    own = suspicion("dns", "frequency in the own document", **columns)
    assert own == [0.75, 0.75, 0.75, 0.25]


def test_without_words_a_comparison_row_says_why(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    day.write()
    rows = {row.name: row for row in rows_of(tmp_path, day.rows["flow"], (50,))}
    assert "no words" in rows["global word frequency"].reason
    assert not rows["global word frequency"].figures
    assert rows["rarest destination"].figures
    assert "ranking itself" in rows["original score"].reason


def test_a_list_that_was_cut_has_no_comparison_rows_but_random(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    day.write()
    rows = {row.name: row for row in rows_of(tmp_path, day.rows["flow"][:50], (50,))}
    assert "50 of 425 records" in rows["largest bytes"].reason
    assert rows["random order"].figures


def test_a_population_gives_comparison_rows_and_the_original_score(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    day.write()
    flows = day.rows["flow"]
    scores = [0.5 if row["known"] == "scan-2" else 1.0 for row in flows]
    results = days.table(tmp_path / "mine.csv", flows, scores)
    whole = days.product(
        tmp_path / "flow_results.csv", days.malicious_first(flows), words=("a", "b")
    )
    report = evaluate(Request(tmp_path / "day", (results,), (whole,)), (1,))
    rows = {row.name: row for row in report.sources["flow"].rows}
    assert rows["mine"].figures["cells"]["port scan"]["3"]["found"] == {"1": 1.0}
    assert rows["original score"].figures["average_precision"] == 1.0
    assert all(not row.reason for row in rows.values())
    assert rows["largest bytes"].figures["precision"] == {"1": 1.0}


def test_another_detector_is_a_row_under_its_own_name(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    day.write()
    flows = day.rows["flow"]
    files = (
        days.product(tmp_path / "flow_results.csv", flows),
        days.table(tmp_path / "other.csv", flows, [1.0 / (n + 1) for n in range(len(flows))]),
    )
    report = evaluate(Request(tmp_path / "day", files), (50,))
    kinds = [(row.name, row.kind) for row in report.sources["flow"].rows[:2]]
    assert kinds == [("flow_results", "ranking"), ("other", "ranking")]


def test_spread_is_the_sample_standard_deviation() -> None:
    joined = spread([{"a": 1, "b": {"c": None}}, {"a": 3, "b": {"c": 5}}, {"b": {"c": None}}])
    assert joined["a"] == {"mean": 2.0, "sd": pytest.approx(math.sqrt(2)), "n": 2, "of": 2}
    assert joined["b"]["c"] == {"mean": 5.0, "sd": None, "n": 1, "of": 3}
    assert spread([None]) == {"mean": None, "sd": None, "n": 0, "of": 1}
