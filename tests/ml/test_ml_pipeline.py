"""The analysis as a whole: what must not change its result, and the states of records."""

from __future__ import annotations

import ml_cases as cases
import ml_days
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spot_ml import pipeline, records
from spot_ml.lda.parameters import Parameters
from spot_ml.words.source import WordContext

SOURCES = ("flow", "dns", "proxy")
CONTEXT = WordContext(top_domains=frozenset({"google", "facebook"}))
FEW = Parameters(topics=3, iterations=5)


def _ranked(source: str, rows: pa.Table) -> pa.Table:
    words = cases.source(source)
    return pipeline.ranked(words, pipeline.analyse(words, rows, CONTEXT, FEW), 1.0, -1)


@pytest.mark.parametrize("source", SOURCES)
def test_neither_row_order_nor_partitioning_changes_the_result(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ml_days.TABLES[source](120)
    expected = _ranked(source, rows)

    @settings(max_examples=10, deadline=None)
    @given(st.randoms(use_true_random=False), st.integers(1, 150))
    def check(random: object, size: int) -> None:
        order = list(range(rows.num_rows))
        random.shuffle(order)  # type: ignore[attr-defined]
        monkeypatch.setattr(pipeline, "_BATCH_ROWS", size)
        assert _ranked(source, rows.take(order)).equals(expected)

    check()


@pytest.mark.parametrize("source", SOURCES)
def test_the_order_of_rows_does_not_change_the_list(source: str) -> None:
    words, rows = cases.source(source), ml_days.TABLES[source](120)
    shuffled = rows.take(pa.array(np.random.default_rng(3).permutation(rows.num_rows)))
    found, other = (
        pipeline.listed(words, pipeline.analyse(words, some, CONTEXT, FEW), FEW)
        for some in (rows, shuffled)
    )
    assert found.num_rows > 0
    assert other.equals(found)


@pytest.mark.parametrize("source", SOURCES)
def test_every_row_gets_one_state(source: str) -> None:
    words, rows = cases.source(source), ml_days.TABLES[source](50)
    for compatible in (False, True):
        context = WordContext(compatible=compatible)
        found = pipeline.analyse(words, rows, context, FEW).rows
        assert found.num_rows == rows.num_rows
        states = set(found[records.STATE].to_pylist())
        assert (records.State.LOST in states) == (compatible and source != "proxy")
        for state, reason in zip(
            found[records.STATE].to_pylist(), found[records.REASON].to_pylist(), strict=True
        ):
            assert (reason is not None) or state == records.State.CLEAN


def test_clean_rows_have_a_score_and_others_none() -> None:
    words = cases.source("proxy")
    found = pipeline.analyse(words, ml_days.proxy(), CONTEXT, FEW)
    for state, score in zip(found.rows[records.STATE].to_pylist(), found.score, strict=True):
        if state == records.State.CLEAN:
            assert 0 < score <= 1
        elif state == records.State.CORRUPT:
            assert score == -1
        else:
            assert np.isnan(score)


def test_results_are_limited_and_ordered() -> None:
    words = cases.source("flow")
    analysis = pipeline.analyse(words, ml_days.flow(), CONTEXT, FEW)
    every = pipeline.ranked(words, analysis, 1.0, 0)
    assert every.num_rows == 401
    scores = every["score"].to_pylist()
    assert scores == sorted(scores)
    assert pipeline.ranked(words, analysis, 1.0, 7).equals(every.slice(0, 7))
    limit = scores[100]
    assert max(pipeline.ranked(words, analysis, limit, -1)["score"].to_pylist()) == limit


def test_a_day_without_a_clean_row_has_no_results() -> None:
    words = cases.source("flow")
    rows = ml_days.flow(5).slice(6)
    analysis = pipeline.analyse(words, rows, CONTEXT, FEW)
    assert pipeline.ranked(words, analysis, 1.0, -1).num_rows == 0
    assert analysis.trained.corpus.pairs == 0


def test_precision_changes_only_late_digits() -> None:
    words, rows = cases.source("dns"), ml_days.dns()
    wide = pipeline.analyse(words, rows, CONTEXT, FEW, precision=64)
    narrow = pipeline.analyse(words, rows, CONTEXT, FEW, precision=32)
    both = ~np.isnan(wide.score)
    np.testing.assert_allclose(wide.score[both], narrow.score[both], rtol=1e-6)
    assert not np.array_equal(wide.score[both], narrow.score[both])
