"""The default order: its formulas beside slow and plain ones, and what it must not depend on."""

from __future__ import annotations

import math
from itertools import islice

import ml_days
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ml_triples import corpus_of

from spot_ml import pipeline
from spot_ml.corpus import Corpus, build
from spot_ml.lda.model import TopicCounts
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking import backoff, start
from spot_ml.ranking.events import as_score, deciding, hear, together
from spot_ml.ranking.explain import Explainer
from spot_ml.ranking.listing import kin_of, limited
from spot_ml.ranking.order import order
from spot_ml.ranking.parts import Parts
from spot_ml.ranking.surprise import (
    LEAST_SHAPE,
    MOST_SHAPE,
    Weights,
    damped,
    nats,
    shape,
    surprise,
)
from spot_ml.words import dns, flow, proxy
from spot_ml.words.grammar import WHOLE, Grammar, Link, by_pattern
from spot_ml.words.source import WordContext

PAIR = by_pattern(r"^(?P<shape>[a-z]+)_(?P<size>\d+)$")
GRAMMAR = Grammar(
    PAIR,
    chain=(Link("shape", ((),)), Link("size", ((), ("shape",)))),
    kind=("shape",),
)
TRIPLES = [
    ("a", "x_1", 40), ("a", "x_2", 2), ("b", "x_1", 30), ("b", "y_1", 1), ("c", "y_1", 9),
    ("c", "y_3", 4), ("d", "x_1", 25), ("d", "z_9", 6),
]  # fmt: skip


def plain_chance(triples: list[tuple[str, str, int]], document: str, word: str) -> float:
    """The chance of a word by its parts: the formula, pair by pair."""
    parts = [(d, *w.split("_"), math.sqrt(c)) for d, w, c in triples]
    shape, size = word.split("_")
    others = [row for row in parts if row[0] != document]

    def tokens(rows, **wanted):
        return sum(
            row[3]
            for row in rows
            if wanted.get("shape", row[1]) == row[1] and wanted.get("size", row[2]) == row[2]
        )

    kappa = backoff.KAPPA
    chance = 1 / (len({row[1] for row in parts}) + 1)
    first = (tokens(others, shape=shape) + kappa * chance) / (tokens(others) + kappa)
    chance = 1 / (len({row[2] for row in parts}) + 1)
    chance = (tokens(others, size=size) + kappa * chance) / (tokens(others) + kappa)
    chance = (tokens(others, shape=shape, size=size) + kappa * chance) / (
        tokens(others, shape=shape) + kappa
    )
    return first * chance


def test_the_chance_of_a_word_is_that_of_all_other_documents():
    corpus = corpus_of(TRIPLES)
    found = np.exp(backoff.log_chances(corpus, Parts(GRAMMAR, corpus.words)))
    expected = [plain_chance(TRIPLES, d, w) for d, w, _ in sorted(TRIPLES)]
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_document_does_not_make_its_own_words_likely():
    rare = corpus_of([*TRIPLES, ("e", "q_7", 1)])
    loud = corpus_of([*TRIPLES, ("e", "q_7", 100_000)])
    found = [backoff.log_chances(one, Parts(GRAMMAR, one.words))[-1] for one in (rare, loud)]
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def plain_surprise(
    corpus: Corpus, counts: TopicCounts, q: np.ndarray, burst: np.ndarray, w: Weights
) -> list[float]:
    soft = 1 + np.log2(corpus.count)
    total = counts.word.sum(axis=0)
    found = []
    for pair, (d, v) in enumerate(zip(corpus.document, corpus.word, strict=True)):
        own = corpus.document == d
        share = counts.document[d] * counts.word[v] / total
        g = share / share.sum() * soft[pair]
        theta = np.maximum(counts.document[d] - g, 0) + w.a * total / total.sum()
        theta /= soft[own].sum() - soft[pair] + w.a
        phi = np.maximum(counts.word[v] - g, 0) + w.b * q[pair]
        phi /= np.maximum(total - counts.document[d], 0) + w.b
        p = float(theta @ phi)
        mu = corpus.count[own].sum() * p**w.blend * q[pair] ** (1 - w.blend)
        c, mu = corpus.count[pair] / burst[pair], mu / burst[pair]
        t = c * math.log(c / mu) - (c + 1) * math.log((c + 1) / (mu + 1))
        found.append(t if c > mu else 0.0)
    return found


def test_surprise_is_the_formula():
    corpus = corpus_of(TRIPLES)
    draw = np.random.default_rng(1)
    soft = damped(corpus.count)
    share = draw.dirichlet(np.ones(3), corpus.pairs) * soft[:, None]
    counts = TopicCounts(np.zeros((4, 3)), np.zeros((len(corpus.words), 3)))
    np.add.at(counts.document, corpus.document, share)
    np.add.at(counts.word, corpus.word, share)
    q = draw.uniform(0.01, 0.2, corpus.pairs)
    for burst in (np.ones(corpus.pairs), draw.uniform(1, 9, corpus.pairs)):
        found = surprise(corpus, counts, np.log(q), burst)
        plain = plain_surprise(corpus, counts, q, burst, Weights())
        assert found.nats == pytest.approx(plain, rel=1e-9)


@given(st.integers(1, 10**9), st.floats(-60, 20), st.floats(1, 1e9))
def test_nats_are_never_negative_and_never_without_a_value(
    count: int, log_mean: float, burst: float
):
    (found,) = nats(np.array([float(count)]), np.array([log_mean]), 1.0, np.array([burst]))
    assert found >= 0
    assert math.isfinite(found)


def test_twice_what_is_expected_is_no_news_and_a_thousand_out_of_nothing_is():
    double, nothing = nats(np.array([2000.0, 1000.0]), np.log([1000.0, 0.01]), 1.0, np.ones(2))
    assert double < 1 < 100 < nothing


@pytest.mark.parametrize("spread", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("burst", [1.0, 6.0])
def test_the_shape_is_that_of_the_counts_whatever_their_mean_and_the_attacks_among_them(
    spread, burst
):
    draw = np.random.default_rng(5)
    r = spread**-2
    mean = draw.uniform(20, 500, 5000)
    bursts = np.maximum(draw.negative_binomial(r, r / (r + mean / burst)), 1).astype(float)
    bursts[:50] *= 1000
    found = shape(bursts * burst, mean, np.full(5000, burst))
    assert found == pytest.approx(min(r, MOST_SHAPE), rel=0.25)


def test_days_that_cannot_say_how_counts_vary_have_the_least_shape():
    few, many = np.full(99, 2.0), np.full(500, 2.0)
    assert shape(few, few, np.ones(99)) == LEAST_SHAPE
    assert shape(many, np.full(500, 0.9), np.ones(500)) == LEAST_SHAPE


def test_counts_that_are_all_as_expected_have_the_most_shape():
    assert shape(np.full(500, 2.0), np.full(500, 2.0), np.ones(500)) == MOST_SHAPE


def test_what_both_ends_find_odd_comes_before_what_one_finds_twice_as_odd():
    found = together(np.array([4.0, 0.0, 9.0]), np.array([16.0, 40.0, 9.0]))
    assert found.tolist() == pytest.approx([9.0, 10.0, 9.0])
    (alike,) = together(np.array([10.0]), np.array([10.0]))
    (alone,) = together(np.array([20.0]), np.array([0.0]))
    assert alike > alone
    assert together(np.array([3.0])).tolist() == [3.0]


def test_without_verdicts_the_side_that_yields_less_decides_if_it_finds_nearly_as_much():
    nats = [np.array([9.0, 16.0, 9.0, 5.4, 5.6, 0.0]), np.array([9.0, 5.0, 9.0, 10.0, 10.0, 0.0])]
    yields = [np.array([5.0, 9.0, 7.0, 5.0, 5.0, 5.0]), np.array([9.0, 5.0, 7.0, 9.0, 9.0, 9.0])]
    assert deciding(nats, yields).tolist() == [0, 0, 0, 1, 0, 0]
    heard = hear(nats, yields)
    assert heard.decided.tolist() == [0, 0, 0, 1, 0, 0]
    assert heard.nats.tolist() == heard.before.tolist() == together(*nats).tolist()


def test_a_server_yields_its_rows_to_clients_that_have_a_bit_more_events():
    corpus = corpus_of([
        ("client", "445_TCP_9_3_1", 30), ("crawler", "445_TCP_9_3_1", 40),
        ("server", "-1_445_TCP_9_3_1", 7), ("peer", "333333_UDP_9_3_1", 5),
        ("busy", "333333_UDP_9_3_1", 6),
    ])  # fmt: skip
    found = order(corpus, flow.WORDS.grammar, Parameters(topics=2))
    by_document = zip(corpus.documents.to_pylist(), found.yields, strict=True)
    yields = dict(by_document)
    assert yields["client"] < yields["server"] < yields["crawler"]
    assert yields["peer"] < yields["busy"]


@pytest.mark.parametrize(
    ("nats", "eased", "bonus", "found", "decided"),
    [
        ((4, 16), (0, 16), (0, 0), 9, 1),  # a verdict on the side that does not decide
        ((16, 4), (0, 4), (0, 0), 4, 1),  # on the one that does: the event is the other's row
        ((16, 4), (0, 0), (0, 0), 0, 0),  # on both
        ((16, 4), (9, 4), (0, 0), 6.25, 0),  # what is left decides
        ((4, 16), (4, 16), (20, 0), 29, 0),  # a threat decides
        ((10, 16), (0, 16), (0, 0), 12.82, 1),  # the smaller side: never odder than before
    ],
)
def test_verdicts_are_heard_by_the_side_that_decides(nats, eased, bonus, found, decided):
    given = (nats, (5, 5), eased, bonus)
    heard = hear(*([np.array([float(v)]) for v in values] for values in given))
    assert heard.before.tolist() == pytest.approx(together(*(np.array([float(v)]) for v in nats)))
    assert heard.nats.tolist() == pytest.approx([found], abs=0.01)
    assert heard.decided.tolist() == [decided]


def test_a_verdict_on_the_only_side_is_heard():
    heard = hear([np.array([9.0, 9.0])], [], [np.array([2.0, 9.0])], [np.array([0.0, 50.0])])
    assert heard.nats.tolist() == [2.0, 59.0]


def test_scores_are_small_for_the_suspicious_and_never_zero():
    found = as_score(np.array([0.0, 1.0, 5000.0]))
    assert found.tolist() == pytest.approx([1.0, math.exp(-1), math.exp(-700)])
    assert found[-1] > 0


def shuffled(seed: int) -> Corpus:
    draw = np.random.default_rng(seed)
    return corpus_of([TRIPLES[place] for place in draw.permutation(len(TRIPLES))])


def test_the_order_depends_on_no_seed_and_no_order_of_rows():
    first = order(shuffled(1), GRAMMAR, Parameters(topics=3, seed=1))
    other = order(shuffled(2), GRAMMAR, Parameters(topics=3, seed=99))
    assert (first.corpus.documents, first.corpus.words) == (
        other.corpus.documents,
        other.corpus.words,
    )
    for name, values in first.figures().items():
        assert np.array_equal(values, other.figures()[name]), name


def day_of(seed: int) -> dict[tuple[str, str], int]:
    """A made-up day: 300 addresses, each with habits of its own among 12 shapes."""
    draw = np.random.default_rng(seed)
    counts: dict[tuple[str, str], int] = {}
    for document in range(300):
        habits = draw.dirichlet(np.full(12, 0.3))
        shapes = draw.choice(12, draw.integers(20, 400), p=habits)
        for shape_, size in zip(shapes, draw.geometric(0.3, len(shapes)), strict=True):
            pair = (f"d{document}", f"{chr(97 + shape_)}_{size}")
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def first_pairs(counts: dict[tuple[str, str], int], most: int) -> list[tuple[str, str]]:
    found = order(corpus_of([(*pair, n) for pair, n in counts.items()]), GRAMMAR, Parameters())
    best = np.argsort(-found.surprise.nats, kind="stable")[:most]
    documents = found.corpus.documents.take(pa.array(found.corpus.document[best])).to_pylist()
    words = found.corpus.words.take(pa.array(found.corpus.word[best])).to_pylist()
    return list(zip(documents, words, strict=True))


def test_a_hundredth_of_the_events_does_not_decide_what_comes_first():
    counts = day_of(1)
    draw = np.random.default_rng(2)
    left = {pair: int(draw.binomial(n, 0.99)) for pair, n in counts.items()}
    fewer = first_pairs({pair: n for pair, n in left.items() if n}, 100)
    assert 85 <= len(set(first_pairs(counts, 100)) & set(fewer)) <= 100


@pytest.mark.parametrize(
    "triples",
    [
        [("a", "x_1", 1)],
        [("a", "x_1", 10**9)],
        [("a", "x_1", 5), ("b", "x_1", 5)],
        [("a", "not of the pattern", 3), ("b", "x_1", 5)],
    ],
)
@pytest.mark.parametrize("topics", [1, 20])
def test_the_smallest_days_have_finite_surprises(triples: list, topics: int):
    found = order(corpus_of(triples), GRAMMAR, Parameters(topics=topics))
    assert np.isfinite(found.surprise.nats).all()
    assert np.isfinite(found.surprise.expected).all()


@pytest.mark.parametrize("source", [flow, dns, proxy])
def test_an_explanation_adds_up_to_the_expected_count(source):
    rows = ml_days.TABLES[source.WORDS.name]()
    found = pipeline.analyse(source.WORDS, rows, WordContext(), Parameters(topics=5))
    ranked = order(found.corpus, source.WORDS.grammar, Parameters(topics=5))
    explainer = Explainer(ranked)
    for place, one in enumerate(explainer.explain(range(ranked.corpus.pairs))):
        unexpected = sum(term.nats for term in one.terms)
        assert math.log(one.events) - unexpected == pytest.approx(math.log(one.expected), rel=1e-9)
        given = (np.array([float(one.count)]), np.log([one.expected]))
        (again,) = nats(*given, one.shape, np.array([one.burst]))
        assert one.nats == pytest.approx(again, abs=1e-9)
        assert all(0 < term.by_topics < 1.05 and 0 < term.by_day < 1 for term in one.terms)
        assert 1 <= one.alike <= len(ranked.corpus.documents)
        assert 0 < sum(carrier.share for carrier in one.topics) <= 1 + 1e-9
        assert one.word == ranked.corpus.words[ranked.corpus.word[place]].as_py()


@pytest.mark.parametrize(
    ("source", "part", "value", "said"),
    [
        (flow, "service", "-1_TCP_443", "TCP 443"),
        (flow, "service", "_UDP_333333", "UDP high ports"),
        (flow, "role", "-1_TCP_one", "TCP, has the port"),
        (flow, "bytes", "5", "16 to 31"),
        (flow, "packets", "0", "0"),
        (flow, "hour", "9", "09:00 to 09:59"),
        (dns, "length", "3", "8 to 15"),
        (dns, "labels", "0", "0 to 1"),
        (dns, "entropy", "10", "up to 3.0 bits"),
        (dns, "entropy", "19", "above 5.4 bits"),
        (dns, "entropy", "-1", "-1"),
        (dns, "domain", "1", "a popular domain"),
        (proxy, "method", "GET", "GET"),
        (proxy, "hour", "99", "99"),
    ],
)
def test_parts_are_said_in_plain_terms(source, part: str, value: str, said: str):
    assert source.WORDS.grammar.say(part, value) == said


def test_a_day_without_a_word_has_an_empty_order():
    nothing = pa.array([], pa.string())
    found = order(build(nothing, nothing, []), GRAMMAR, Parameters())
    assert {len(values) for values in found.figures().values()} == {0}


def test_documents_that_do_the_same_are_in_one_cluster():
    triples = [(f"x{n}", "x_1", 10 + n) for n in range(5)] + [(f"y{n}", "y_1", 9) for n in range(5)]
    corpus = corpus_of(triples)
    found = start.clusters(corpus, Parts(GRAMMAR, corpus.words).kinds, 2)
    assert len(set(found[:5])) == len(set(found[5:])) == 1
    assert found[0] != found[5]


def test_an_endpoint_has_few_rows():
    assert list(limited("aaaab", [("a",), ("a",), ("a",), ("a",), ("b",)])) == [0, 1, 2, 4]


def test_an_endpoint_has_fewer_rows_of_its_own_than_of_others():
    ends = [("a", "s"), ("s", "a"), ("a", "t"), ("t", "a"), ("s", "b")]
    assert list(limited("aaats", ends)) == [0, 1, 3]
    clients = [(f"c{number}", "s") for number in range(10)]
    assert list(limited((client for client, _ in clients), clients)) == [0, 1, 2, 3, 4, 5, 6]


def test_one_on_both_sides_counts_once():
    assert list(limited("aaa", [("a", "a")] * 3)) == [0, 1]


def test_one_that_is_in_enough_rows_of_others_is_in_one_more_of_each_new_kin():
    clients = [(f"c{number}", "s") for number in range(12)]
    kin = [1] * 8 + [2, 2, 1, 3]
    assert list(limited((client for client, _ in clients), clients, kin)) == [*range(7), 8, 11]
    own = [("s", "a"), ("s", "b"), ("s", "c")]
    assert list(limited("sss", own, [1, 2, 3])) == [0, 1]


def test_an_endpoint_has_one_row_of_a_kin():
    owners, kin = "aaabaa", [1, 1, 2, 1, 3, 4]
    assert list(limited(owners, [(owner,) for owner in owners], kin)) == [0, 2, 3, 4]
    exempt = [True, False, False, False, False, False]
    assert list(limited(owners, [(o,) for o in owners], kin, exempt)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("source", "words", "kin"),
    [
        (flow, ["443_TCP_10_5_3", "80_TCP_10_5_3", "443_UDP_10_5_3"], [0, 0, 1]),
        (proxy, ["0_8_GET_3_text_4_6_200", "0_9_PUT_5_image_4_6_201"], [0, 0]),
        (proxy, ["0_8_GET_3_text_4_6_200", "0_8_GET_3_text_4_7_200"], [0, 1]),
        (dns, ["0_6_10_2_9_1_16_0", "1_6_11_2_5_1_1_0", "0_7_10_2_9_1_16_0"], [0, 0, 1]),
    ],
)
def test_the_kin_of_words(source, words, kin):
    found = kin_of(source.WORDS.grammar, pa.array(words))
    assert list(islice(found, len(words))) == kin


def test_rows_of_groups_that_were_raised_do_not_count():
    exempt = [True, False, False, False, False, True]
    assert list(limited("aaaaaa", [("a", "b")] * 6, exempt=exempt)) == [0, 1, 2, 5]


@pytest.mark.parametrize(
    ("source", "word", "expected"),
    [
        (flow, "443_TCP_10_5_3", {"owner": "", "port": "443", "service": "_TCP_443"}),
        (flow, "-1_443_TCP_10_5_3", {"owner": "-1", "role": "-1_TCP_one", "packets": "3"}),
        (flow, "333333_UDP_0_0_0", {"role": "_UDP_333333", "hour": "0", "bytes": "0"}),
        (dns, "2_5_13_4_6_2_1_0", {"domain": "2", "frame": "5", "hour": "12", "rcode": "0"}),
        (
            proxy,
            "1_9_VERSION_CONTROL_12_x_y_3_7_200",
            {"method": "VERSION_CONTROL", "content": "x_y", "agent": "0", "code": "", "hour": "8"},
        ),
    ],
)
def test_words_break_into_their_parts(source, word: str, expected: dict[str, str]):
    found = source.WORDS.grammar.take_apart(pa.array([word]))
    assert {name: found[name][0].as_py() for name in expected} == expected


@pytest.mark.parametrize("source", [flow, dns, proxy])
def test_every_part_and_context_of_a_grammar_exists(source):
    grammar = source.WORDS.grammar
    names = set(grammar.take_apart(pa.array(["1_2_3"])))
    used = {link.part for link in grammar.chain} | set(grammar.kind)
    used |= {*grammar.kin, *grammar.burst, *([grammar.server] if grammar.server else [])}
    used |= {name for link in grammar.chain for context in link.contexts for name in context}
    assert used <= names


def test_a_source_without_a_grammar_takes_words_whole():
    found = order(corpus_of(TRIPLES), WHOLE, Parameters(topics=2))
    assert len(set(found.kind.tolist())) == len(found.corpus.words)
