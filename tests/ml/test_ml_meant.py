"""Words that mean one thing to the default order: they are counted together."""

from __future__ import annotations

import ml_cases as cases
import ml_days
import numpy as np
import pyarrow as pa
import pytest
from ml_triples import corpus_of

from spot_ml import pipeline
from spot_ml.batches import PAIR_SCORE
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking.explain import Explainer
from spot_ml.ranking.meant import Meant
from spot_ml.ranking.order import order
from spot_ml.words.source import WordContext

FEW = Parameters(topics=3, seed=1)
#: Requests of one browser: the second in the same two hours with another response code, the third
#: with twice its share, the fourth one hour later, the fifth to another host.
ONE, CODE, SHARE, LATER, HOST = (
    "~0_25~1_8_GET_3_text_4_6_200",
    "~0_25~1_9_GET_3_text_4_6_404",
    "~0_26~1_8_GET_3_text_4_6_200",
    "~0_25~1_10_GET_3_text_4_6_200",
    "1_8_GET_3_text_24_6_200",
)
TRIPLES = [
    ("a", ONE, 4), ("a", CODE, 2), ("a", SHARE, 1), ("a", LATER, 8), ("a", HOST, 16),
    ("b", CODE, 32), ("b", HOST, 1),
]  # fmt: skip


def request_pairs() -> Meant:
    return Meant.of(corpus_of(TRIPLES), cases.source("proxy").grammar)


def test_words_that_mean_one_thing_are_counted_together():
    meant = request_pairs()
    documents = meant.corpus.documents.take(pa.array(meant.corpus.document)).to_pylist()
    words = meant.corpus.words.take(pa.array(meant.corpus.word)).to_pylist()
    assert dict(zip(zip(documents, words, strict=True), meant.corpus.count, strict=True)) == {
        ("a", "0_8_GET_3_text_24_6_"): 7.0,
        ("a", "0_10_GET_3_text_24_6_"): 8.0,
        ("a", "1_8_GET_3_text_24_6_"): 16.0,
        ("b", "0_8_GET_3_text_24_6_"): 32.0,
        ("b", "1_8_GET_3_text_24_6_"): 1.0,
    }


def test_every_pair_of_the_day_has_the_figures_of_what_it_means():
    meant = request_pairs()
    own = np.arange(meant.day.pairs)
    found = meant.figures({"count": meant.corpus.count}, {"own": own})
    documents, words = (pa.array(names) for names in list(zip(*TRIPLES, strict=True))[:2])
    places = found.places(documents, words)
    assert found.at("count", places).tolist() == [7, 7, 7, 8, 16, 32, 1]
    assert sorted(found.at("own", places).tolist()) == own.tolist()
    assert meant.corpus.count[meant.places(documents, words)].tolist() == [7, 7, 7, 8, 16, 32, 1]
    lacking = pa.array(["1_8_PUT_3_text_4_6_200", ONE])
    assert meant.places(pa.array(["a", "c"]), lacking).tolist() == [-1, -1]


def test_where_every_word_means_something_else_the_day_is_counted_as_it_is():
    corpus = corpus_of([("a", "443_TCP_10_5_3", 4), ("b", "443_TCP_11_5_3", 2)])
    meant = Meant.of(corpus, cases.source("flow").grammar)
    assert meant.corpus is corpus
    assert meant.figures({"count": corpus.count}, {}).figures["count"].to_pylist() == [4, 2]


@pytest.mark.parametrize("name", ["flow", "dns", "proxy"])
def test_a_word_that_stands_for_others_has_their_parts_and_stands_for_itself(name):
    source = cases.source(name)
    context = WordContext(amended=True)
    corpus = pipeline.analyse(source, getattr(ml_days, name)(), context, FEW).corpus
    grammar = source.grammar
    meaning = grammar.meant(corpus.words)
    assert grammar.meant(meaning) == meaning
    own, theirs = grammar.take_apart(corpus.words), grammar.take_apart(meaning)
    for link in grammar.chain:
        assert own[link.part].to_pylist() == theirs[link.part].to_pylist(), link.part
    different = {tuple(own[link.part][n].as_py() for link in grammar.chain)
                 for n in range(len(corpus.words))}  # fmt: skip
    assert len(different) == len(set(meaning.to_pylist())) <= len(corpus.words)


@pytest.mark.parametrize("name", ["flow", "dns", "proxy"])
def test_a_word_of_no_pattern_stands_for_itself(name):
    odd = pa.array(["", "x", "~1~", "1_2", "-1_2", "word_error"])
    assert cases.source(name).grammar.meant(odd) == odd


@pytest.mark.parametrize(
    ("name", "word", "meaning"),
    [
        ("dns", "~1_3_7~0_10_11_0_0_1_16_0", "1_10_10_3_7_1_16_0"),
        ("dns", "2_5_13_4_6_2_1_0", "2_5_12_4_6_2_1_0"),
        ("proxy", ONE, "0_8_GET_3_text_24_6_"),
        ("proxy", "1_23_VERSION_CONTROL_12_x_y_3_7_200", "1_22_VERSION_CONTROL_12_x_y_0_7_"),
    ],
)
def test_words_of_a_table_stand_for_this(name, word, meaning):
    words = pa.chunked_array([[word], ["x"], [word]], pa.string())
    assert cases.source(name).grammar.meant(words).to_pylist() == [meaning, "x", meaning]


def test_requests_that_mean_one_thing_have_one_surprise_and_one_explanation():
    source = cases.source("proxy")
    others = [(f"h{n}", HOST, 5) for n in range(20)]
    found = order(corpus_of([*TRIPLES, *others]), source.grammar, FEW)
    figures = found.pair_figures({PAIR_SCORE: np.zeros(found.meant.day.pairs)})
    documents, words = pa.array(["a"] * 3), pa.array([ONE, CODE, SHARE])
    places = figures.places(documents, words)
    nats = figures.at("nats", places)
    assert nats[0] > 0
    assert set(nats) == {nats[0]}
    rows = Explainer(found).of(documents, words).to_pylist()
    assert rows[0] == rows[1] == rows[2]
    assert (rows[0]["count"], rows[0]["nats"]) == (7, nats[0])
    said = {term["part"]: term["value"] for term in rows[0]["terms"]}
    assert said["hour"] == "08:00 to 09:59"
    assert said["agent"] == "1 in 64 requests or more"
    assert "code" not in said
