"""Rows held to a stored model: the formulas beside plain ones, and what the model never saw."""

from __future__ import annotations

import math

import ml_cases as cases
import ml_days
import ml_models
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from ml_triples import corpus_of

from spot_common.errors import UsageError
from spot_ml import pipeline
from spot_ml.lda.model import TopicCounts
from spot_ml.lda.parameters import Parameters
from spot_ml.models.appraisal import appraise, unknown
from spot_ml.models.explain import OWN, ForecastExplainer
from spot_ml.models.forecast import forecast
from spot_ml.models.original import original_scores
from spot_ml.models.stored import Learned
from spot_ml.ranking.backoff import KAPPA
from spot_ml.ranking.order import order
from spot_ml.ranking.surprise import LEAST_SHAPE, Weights
from spot_ml.words.grammar import WHOLE, Grammar, Link, by_pattern

SOURCES = ("flow", "dns", "proxy")
GRAMMAR = Grammar(
    by_pattern(r"^(?P<shape>[a-z]+)_(?P<hour>\d+)$"),
    chain=(Link("shape", ((),)), Link("hour", ((), ("shape",)))),
    kind=("shape",),
    clock="hour",
)
DAY = [
    ("a", "x_1", 40), ("a", "x_2", 2), ("b", "x_1", 30), ("b", "y_1", 1), ("c", "y_1", 9),
    ("c", "y_3", 4), ("d", "x_1", 25), ("d", "z_9", 6),
]  # fmt: skip
NEW = [("a", "x_1", 9), ("a", "q_1", 1), ("c", "x_3", 2), ("e", "x_1", 3), ("e", "q_3", 5)]


def learned(topics: int = 3) -> Learned:
    corpus = corpus_of(DAY)
    return Learned(corpus, order(corpus, GRAMMAR, Parameters(topics=topics)).counts)


def plain_q(word: str) -> float:
    """The chance of a word by its parts on the day, pair by pair."""
    shape, hour = word.split("_")
    rows = [(*w.split("_"), math.sqrt(c)) for _, w, c in DAY]
    total = sum(c for *_, c in rows)
    of_shape = sum(c for s, _, c in rows if s == shape)
    first = (of_shape + KAPPA / (len({s for s, *_ in rows}) + 1)) / (total + KAPPA)
    least = 1 / (len({h for _, h, _ in rows}) + 1)
    coarse = (sum(c for _, h, c in rows if h == hour) + KAPPA * least) / (total + KAPPA)
    both = sum(c for s, h, c in rows if (s, h) == (shape, hour))
    return first * (both + KAPPA * coarse) / (of_shape + KAPPA)


def plain_expected(model: Learned, document: str, word: str) -> float:
    """The count that is expected of a new pair, by the formula of ``forecast``."""
    w, counts = Weights(), model.counts
    documents, words = model.corpus.documents.to_pylist(), model.corpus.words.to_pylist()
    day = counts.word.sum(axis=0)
    theta = counts.document[documents.index(document)] if document in documents else 0 * day
    theta = theta + w.a * day / day.sum()
    theta = theta / theta.sum()
    hours = {name.split("_")[1] for _, name, _ in NEW}
    inside = [name.split("_")[1] in hours for name in words]
    tokens = sum(math.sqrt(c) for *_, c in DAY)
    of_hours = sum(math.sqrt(c) for _, name, c in DAY if name.split("_")[1] in hours)
    least = len(hours) / (len({name.split("_")[1] for name in words}) + 1)
    q_of_hours = (of_hours + KAPPA * min(least, 1)) / (tokens + KAPPA)
    of_word = counts.word[words.index(word)] if word in words else 0 * day
    p = theta @ ((of_word + w.b * plain_q(word)) / (day + w.b))
    p /= theta @ ((counts.word[inside].sum(axis=0) + w.b * q_of_hours) / (day + w.b))
    e = p**w.blend * (plain_q(word) / q_of_hours) ** (1 - w.blend)
    mine = [(name, c) for d, name, c in DAY if d == document and name.split("_")[1] in hours]
    if mine:
        own = sum(c for name, c in mine if name == word)
        e = (own + len(mine) * e) / (sum(c for _, c in mine) + len(mine))
    return e * sum(c for d, _, c in NEW if d == document)


def test_what_is_expected_is_the_formula() -> None:
    model = learned()
    found = forecast(model, corpus_of(NEW), GRAMMAR)
    expected = [plain_expected(model, d, w) for d, w, _ in sorted(NEW)]
    assert found.expected == pytest.approx(expected, rel=1e-12)
    r = found.shape
    assert r == LEAST_SHAPE  # so few pairs do not show one
    for nats, mu, (*_, c) in zip(found.nats, found.expected, sorted(NEW), strict=True):
        t = c * math.log(c / mu) - (c + r) * math.log((c + r) / (mu + r))
        assert nats == pytest.approx(t if c > mu else 0.0, rel=1e-9)


def test_terms_add_up_to_what_is_expected() -> None:
    fresh = corpus_of(NEW)
    found = forecast(learned(), fresh, GRAMMAR)
    names = (fresh.documents.take(pa.array(fresh.document)), fresh.words.take(pa.array(fresh.word)))
    rows = ForecastExplainer(found).of(*names).to_pylist()
    for row, mu, nats in zip(rows, found.expected, found.nats, strict=True):
        added = math.log(row["events"]) - sum(term["nats"] for term in row["terms"])
        assert added == pytest.approx(math.log(mu), abs=1e-12)
        assert (row["expected"], row["nats"]) == (mu, nats)
        assert sum(carrier["share"] for carrier in row["topics"]) == pytest.approx(1.0)
        assert row["terms"][-1]["part"] == OWN
    usual = {(row["document"], row["word"]): row["terms"][-1]["value"] for row in rows}
    assert usual["a", "x_1"] == "seen before"
    assert usual["e", "q_3"] == "not seen before"
    assert {row["alike"] for row in rows if row["word"] == "x_1"} == {3}


def test_a_share_of_a_usual_day_is_no_news_and_what_is_new_comes_first() -> None:
    """Servers with a role of their own have it tomorrow, too; and an hour is not a day."""
    usual = [
        (f"s{server}", f"role{'abcdefgh'[server]}_{hour}", 100)
        for server in range(8) for hour in range(24)
    ]  # fmt: skip
    usual += [(f"c{client}", f"web_{hour}", 20) for client in range(30) for hour in range(24)]
    corpus = corpus_of(usual)
    model = Learned(corpus, order(corpus, GRAMMAR, Parameters(topics=5)).counts)
    hour = [row for row in usual if row[1].endswith("_9")]
    found = forecast(model, corpus_of([*hour, ("c7", "rolea_9", 3)]), GRAMMAR)
    figures = zip(
        found.corpus.documents.take(pa.array(found.corpus.document)).to_pylist(),
        found.corpus.words.take(pa.array(found.corpus.word)).to_pylist(),
        found.nats, strict=True,
    )  # fmt: skip
    best, *others = sorted(figures, key=lambda row: -row[2])
    assert best[:2] == ("c7", "rolea_9")
    assert best[2] > 5 > 1 > max(nats for *_, nats in others)


@pytest.mark.parametrize("source", SOURCES)
def test_the_original_scores_the_rows_of_its_own_day_as_on_that_day(source: str) -> None:
    model, _ = ml_models.made(source)
    words, rows = cases.source(source), ml_days.TABLES[source]()
    _, fresh = ml_models.fresh(words, rows, model)
    trained = pipeline.analyse(words, rows, ml_models.CONTEXT, ml_models.FEW).trained
    assert np.array_equal(original_scores(model.compatible, fresh, 64), trained.of(fresh))


def test_the_original_has_a_score_for_what_it_never_saw() -> None:
    counts = TopicCounts(np.array([[3.0, 1.0]]), np.array([[2.0, 0.0], [1.0, 1.0]]))
    model = Learned(corpus_of([("a", "x", 2), ("a", "y", 2)]), counts)
    fresh = corpus_of([("a", "new", 1), ("b", "x", 1), ("b", "new", 1), ("a", "y", 5)])
    found = dict(
        zip(["a new", "a y", "b new", "b x"], original_scores(model, fresh, 64), strict=True)
    )
    # P(x | topic) = 2/3, 0; P(y | topic) = 1/3, 1; the mix of a is 3/4, 1/4, that of b 1/2, 1/2
    assert found == pytest.approx({"a new": 0.0, "a y": 0.5, "b new": 0.0, "b x": 1 / 3})


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("topics", [1, 3])
def test_every_new_row_has_figures_whatever_the_model_knows(source: str, topics: int) -> None:
    words, rows = cases.source(source), ml_days.TABLES[source]()
    parameters = Parameters(topics=topics, iterations=5)
    for day in (rows, rows.slice(0, 1), rows.slice(rows.num_rows - 1)):
        model, facts = ml_models.made(source, day, parameters=parameters)
        _, fresh = ml_models.fresh(words, rows, model)
        assert fresh.pairs > 30
        for kind in ("surprise", "compatible"):
            found = appraise(words, facts, model, fresh, kind)
            for name in found.figures.figures.column_names:
                assert np.isfinite(found.figures.figures[name].to_numpy()).all(), (kind, name)
            if found.explainer:
                names = (
                    fresh.documents.take(pa.array(fresh.document)),
                    fresh.words.take(pa.array(fresh.word)),
                )
                for row in found.explainer.of(*names).to_pylist():
                    terms = [v for t in row["terms"] for v in t.values() if isinstance(v, float)]
                    assert np.isfinite(terms).all()


def test_an_agent_that_the_day_did_not_have_counts_as_often_as_the_new_rows_have_it() -> None:
    words = cases.source("proxy")
    model, _ = ml_models.made("proxy")
    rows = ml_days.proxy().slice(0, 64)
    agents = pa.array(["new/1"] * 16 + ["Mozilla/5.0"] * 48)
    rows = rows.set_column(rows.schema.get_field_index("useragent"), "useragent", agents)
    found, _ = ml_models.fresh(words, rows, model)
    shares = pc.extract_regex(found["word_of_clientip"], r"^~\d+_(?P<share>\d+)~")
    assert found.num_rows == 64
    assert model.context.records == 302
    assert [each["share"] for each in shares.to_pylist()] == ["25"] * 16 + ["29"] * 48


@pytest.mark.parametrize("surprise", [True, False])
@pytest.mark.parametrize("source", SOURCES)
def test_of_its_own_day_a_model_knows_every_address_and_word(source: str, surprise: bool) -> None:
    words = cases.source(source)
    model, _ = ml_models.made(source, surprise=surprise)
    _, again = ml_models.fresh(words, ml_days.TABLES[source](), model)
    assert unknown(model, again, words.grammar) == (0, 0)
    added = corpus_of([("203.0.113.77", "0_1", 1), ("203.0.113.78", "never", 2)])
    assert unknown(model, added, words.grammar) == (2, 2)


def test_requests_that_differ_in_their_response_alone_are_no_new_words() -> None:
    words = cases.source("proxy")
    model, _ = ml_models.made("proxy")
    rows = ml_days.proxy()
    codes = pa.array(["418"] * rows.num_rows)
    rows = rows.set_column(rows.schema.get_field_index("respcode"), "respcode", codes)
    _, fresh = ml_models.fresh(words, rows, model)
    assert unknown(model, fresh, words.grammar) == (0, 0)


def test_a_model_of_the_original_alone_has_no_surprise() -> None:
    words = cases.source("flow")
    model, facts = ml_models.made("flow", surprise=False)
    _, fresh = ml_models.fresh(words, ml_days.flow(), model)
    with pytest.raises(UsageError, match="no fit for the order surprise"):
        appraise(words, facts, model, fresh, "surprise")


def test_words_without_a_time_need_no_window() -> None:
    corpus = corpus_of(DAY)
    model = Learned(corpus, order(corpus, WHOLE, Parameters(topics=2)).counts)
    found = forecast(model, corpus_of(NEW), WHOLE)
    assert found.vocabulary.window_chance == 1.0
    assert found.steps.window == pytest.approx(0.0, abs=1e-12)
    assert np.isfinite(found.nats).all()
