"""How many events come at once: the formula pair by pair, and what it does to a count."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from ml_triples import corpus_of

from spot_ml.ranking import burst
from spot_ml.ranking.parts import Parts
from spot_ml.ranking.surprise import nats
from spot_ml.words.grammar import Grammar, Link, by_pattern

GRAMMAR = Grammar(
    by_pattern(r"^(?P<shape>[a-z]+)_(?P<hour>\d+)$"),
    chain=(Link("shape", ((),)), Link("hour", ((),))),
    kind=("shape",),
    burst=("shape",),
)
TRIPLES = [
    ("a", "image_1", 40), ("a", "image_2", 10), ("a", "upload_1", 90), ("b", "image_2", 20),
    ("c", "image_1", 5), ("c", "upload_3", 1), ("d", "rest_3", 1), ("d", "upload_3", 1),
]  # fmt: skip


def plain(document: str | None, word: str) -> float:
    shape = word.split("_")[0]
    like = [c for d, w, c in TRIPLES if d != document and w.split("_")[0] == shape]
    return math.exp(sum(math.log(c) for c in like) / (len(like) + 5))


def test_a_burst_is_what_all_other_documents_show_of_like_words():
    corpus = corpus_of(TRIPLES)
    found = burst.left_out(corpus, Parts(GRAMMAR, corpus.words))
    assert found == pytest.approx([plain(d, w) for d, w, _ in sorted(TRIPLES)], rel=1e-12)
    by_name = dict(zip([(d, w) for d, w, _ in sorted(TRIPLES)], found, strict=True))
    assert by_name["d", "rest_3"] == 1.0
    assert by_name["b", "image_2"] > by_name["a", "image_1"] > 1.0


def test_of_later_rows_a_burst_is_what_the_whole_day_shows():
    corpus = corpus_of(TRIPLES)
    words = pa.chunked_array([corpus.words, pa.array(["image_9", "never_1"])]).combine_chunks()
    found = burst.of_words(corpus, Parts(GRAMMAR, words))
    assert found == pytest.approx([plain(None, word) for word in words.to_pylist()], rel=1e-12)
    assert found[-1] == 1.0


def test_where_the_grammar_names_nothing_events_come_one_by_one():
    corpus = corpus_of(TRIPLES)
    parts = Parts(Grammar(GRAMMAR.take_apart, GRAMMAR.chain, GRAMMAR.kind), corpus.words)
    assert burst.left_out(corpus, parts).tolist() == [1.0] * corpus.pairs
    assert burst.of_words(corpus, parts).tolist() == [1.0] * len(corpus.words)


def test_what_comes_in_bursts_is_less_of_a_surprise_than_as_many_single_events():
    count, log_mean = np.full(3, 12.0), np.log(np.full(3, 0.01))
    single, some, page = nats(count, log_mean, 5.0, np.array([1.0, 3.0, 12.0]))
    assert single > some > page > 0
    (one,) = nats(np.array([1.0]), np.log(np.array([0.01 / 12])), 5.0, np.ones(1))
    assert page == pytest.approx(one, rel=1e-9)
