"""The fits: generator, blocks, likelihood, edges."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_common.errors import UsageError
from spot_ml import corpus, score
from spot_ml.corpus import Corpus
from spot_ml.lda import em, model, online
from spot_ml.lda.parameters import Parameters, effective
from spot_ml.lda.random import JavaRandom


def _corpus(documents: int = 40, words: int = 30, seed: int = 3) -> Corpus:
    draw = np.random.default_rng(seed)
    counts = draw.poisson(0.4, (documents, words)) * draw.integers(1, 9, (documents, words))
    document, word = np.nonzero(counts)
    names = pa.array([f"d{index:03d}" for index in range(documents)])
    vocabulary = pa.array([f"w{index:03d}" for index in range(words)])
    return corpus.build(
        names.take(pa.array(document)), vocabulary.take(pa.array(word)), counts[document, word]
    )


def _java_doubles(seed: int, count: int) -> list[float]:
    """One step after the other, as Java writes it."""
    state, found = (seed ^ 0x5DEECE66D) & (2**48 - 1), []
    for _ in range(count):
        bits = []
        for width in (26, 27):
            state = (state * 0x5DEECE66D + 0xB) & (2**48 - 1)
            bits.append(state >> (48 - width))
        found.append((bits[0] * 2**27 + bits[1]) * 2.0**-53)
    return found


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 200), st.integers(0, 70))
def test_the_generator_is_javas(seed: int, skipped: int, drawn: int) -> None:
    random = JavaRandom(seed)
    random.skip(skipped)
    first, second = random.doubles(drawn), random.doubles(3)
    assert [*first, *second] == _java_doubles(seed, skipped + drawn + 3)[skipped:]


def test_java_util_random_42() -> None:
    assert JavaRandom(42).doubles(2).tolist() == [0.7275636800328681, 0.6832234717598454]


def test_blocks_cover_every_pair_once() -> None:
    data = _corpus()
    for size in (1, 17, 1000):
        parts = list(em.blocks(data, size))
        assert sum(len(part.count) for part in parts) == data.pairs
        assert [part.first for part in parts] == [
            sum(len(p.count) for p in parts[:i]) for i in range(len(parts))
        ]
        assert parts[-1].documents.stop == len(data.documents)


def test_the_cut_into_blocks_changes_last_digits_only(monkeypatch: pytest.MonkeyPatch) -> None:
    data, parameters = _corpus(), Parameters(topics=4)
    whole = em.fit(data, parameters)
    cut = em.blocks
    monkeypatch.setattr(em, "blocks", lambda given: cut(given, 10))
    pieces = em.fit(data, parameters)
    np.testing.assert_allclose(whole.word, pieces.word, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(whole.document, pieces.document, rtol=1e-9, atol=1e-12)


def test_a_fit_ends_where_the_likelihood_has_arrived() -> None:
    data, ticks = _corpus(), []
    loose = Parameters(topics=5, iterations=100, tolerance=1e-2)
    em.fit(data, loose, lambda: ticks.append(1))
    assert 1 < len(ticks) < 100
    found = em.fit(data, Parameters(topics=5, iterations=len(ticks)))
    np.testing.assert_array_equal(em.fit(data, loose).word, found.word)
    with pytest.raises(UsageError, match="tolerance"):
        effective("em", 5, -1, -1, tolerance=1.0)


def test_a_fit_that_starts_where_another_ended_goes_on_from_there() -> None:
    data = _corpus()
    parameters = Parameters(topics=5, iterations=60)
    ended = em.fit(data, parameters)
    known = data.words.slice(0, len(data.words) - 3)
    warm = em.started_from(em.fit, known, ended.word[:-3])
    few = Parameters(topics=5, iterations=3)

    def likelihood(counts: model.TopicCounts) -> float:
        found = score.scores(model.model_of(counts), data.document, data.word)
        return score.log_likelihood(found, data.count)

    again = warm(data, few, lambda: None, None)
    assert likelihood(again) > likelihood(em.fit(data, few))
    assert np.isfinite(again.word).all()
    with pytest.raises(UsageError, match="5 topics, not 4"):
        warm(data, Parameters(topics=4), lambda: None, None)


@given(st.integers(0, 100))
def test_a_sum_of_fours_is_the_same_wherever_fours_are_added(number: int) -> None:
    values = np.random.default_rng(number).random((number, 2, 3)) * 1e9
    whole = em.TreeSum((2, 3))
    for value in values:
        whole.add(value)
    sums = [em.TreeSum((2, 3)) for _ in range(0, number, em.TreeSum.FAN)]
    for place, value in enumerate(values):
        sums[place // em.TreeSum.FAN].add(value)
    above = em.TreeSum((2, 3))
    for part in sums:
        above.add(part.total())
    np.testing.assert_array_equal(whole.total(), above.total())
    np.testing.assert_allclose(whole.total(), values.sum(axis=0))


def test_em_keeps_the_counts_and_raises_the_likelihood() -> None:
    data = _corpus()
    likelihoods = []
    for iterations in (0, 1, 5, 20):
        counts = em.fit(data, Parameters(topics=5, iterations=iterations))
        assert counts.word.sum() == pytest.approx(data.count.sum())
        fitted = model.model_of(counts)
        found = score.scores(fitted, data.document, data.word)
        likelihoods.append(score.log_likelihood(found, data.count))
    assert likelihoods == sorted(likelihoods)


def test_one_document_is_scored_by_relative_frequency() -> None:
    data = corpus.build(pa.array(["d", "d"]), pa.array(["a", "b"]), [1, 4])
    for parameters in (Parameters(), Parameters(seed=9, topics=3, iterations=1)):
        fitted = model.model_of(em.fit(data, parameters))
        found = score.scores(fitted, data.document, data.word)
        np.testing.assert_allclose(found, [0.2, 0.8], atol=1e-12)


@pytest.mark.parametrize("fit", [em.fit, online.fit])
def test_a_fit_is_repeatable_and_ticks(fit: object) -> None:
    data, ticks = _corpus(), []
    chosen = effective("online", 3, 0.5, 0.1, 7) if fit is online.fit else Parameters(iterations=7)
    first = fit(data, chosen, lambda: ticks.append(1))  # type: ignore[operator]
    second = fit(data, chosen)  # type: ignore[operator]
    assert len(ticks) == 7
    np.testing.assert_array_equal(first.word, second.word)
    np.testing.assert_array_equal(first.document, second.document)
    np.testing.assert_allclose(model.model_of(first).mix.sum(axis=1), 1)


def test_an_empty_corpus_gives_an_empty_model() -> None:
    none = corpus.build(pa.array([], pa.string()), pa.array([], pa.string()), [])
    counts = em.fit(none, Parameters())
    assert counts.document.shape == (0, 20)
    assert counts.word.shape == (0, 20)


def test_the_default_batch_sees_every_document_about_once() -> None:
    for documents in (1, 2, 21, 1000, 10**6):
        for iterations in (1, 5, 20, 400):
            batch = online.batch_for(documents, iterations)
            assert 0 < batch.fraction <= 1
            assert batch.fraction * iterations >= 1 or batch.fraction >= 0.75
            assert batch.fraction >= 0.05
    seen = online.legacy_batch(1000).fraction * 1000
    assert seen == pytest.approx(1.05)


def test_the_legacy_batch_hardly_learns() -> None:
    halves = np.kron(np.eye(2), np.full((100, 15), 3.0))
    document, word = np.nonzero(halves)
    names = pa.array([f"{index:03d}" for index in range(200)])
    data = corpus.build(
        names.take(pa.array(document)), names.take(pa.array(word)), halves[document, word]
    )
    proper = online.fit(data, effective("online", 3, 0.5, 0.1, 20))
    legacy = online.fit(data, effective("online", 3, 0.5, 0.1, 20, legacy_batch=True))

    def likelihood(counts: model.TopicCounts) -> float:
        found = score.scores(model.model_of(counts), data.document, data.word)
        return score.log_likelihood(found, data.count)

    assert likelihood(proper) > likelihood(legacy)


def test_a_topic_without_weight_gives_nan_that_is_never_kept() -> None:
    shares = model.share_of_columns([[1.0, 0.0], [3.0, 0.0]])
    assert np.isnan(shares[:, 1]).all()
    found = score.pair_scores(np.array([[0.5, 0.5]]), shares[:1])
    assert not score.kept(found, 2.0).any()


def test_equal_pairs_are_added_and_the_error_word_left_out() -> None:
    built = corpus.build(
        pa.array(["b", "a", "b", "b"]), pa.array(["x", "x", "x", "word_error"]), [1, 2, 3, 9]
    )
    assert built.documents.to_pylist() == ["a", "b"]
    assert built.words.to_pylist() == ["x"]
    assert built.count.tolist() == [2, 4]


def test_names_are_ordered_by_code_points() -> None:
    names = ["é", "z", "Z", "\N{GRINNING FACE}", "\uffee", "10", "9"]
    built = corpus.build(pa.array(names), pa.array(["w"] * len(names)), [1] * len(names))
    assert built.documents.to_pylist() == sorted(names)
