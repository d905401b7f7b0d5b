"""Cases of the corpus, of fits and of their parameters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from ml_cases import Case, handles, same
from scipy import sparse

from spot_common.errors import UsageError
from spot_ml import corpus
from spot_ml.lda import em, model, online, parameters
from spot_ml.training import train

# --- corpus and fits


@handles("lda_corpus_reference")
def corpus_format(case: Case) -> None:
    documents, words, counts = zip(*case["input"], strict=True)
    built = corpus.build(pa.array(documents), pa.array(words), counts)
    expected = case["expected"]
    assert len(built.documents) == expected["documents"]
    assert len(built.words) == expected["vocabulary"]
    profile = case["deterministic_profile"]
    assert built.documents.to_pylist() == profile["document_order"]
    assert built.words.to_pylist() == profile["word_order"]
    starts = built.starts()
    for document, size, ids, amounts in profile["vectors"]:
        part = slice(starts[document], starts[document + 1])
        assert size == len(built.words)
        assert built.word[part].tolist() == ids
        assert built.count[part].tolist() == amounts
    named = {
        name: {
            built.words[int(built.word[i])].as_py(): float(built.count[i])
            for i in range(starts[d], starts[d + 1])
        }
        for d, name in enumerate(built.documents.to_pylist())
    }
    assert named == expected["counts"]


@handles("lda_document_output_reference")
def document_output(case: Case) -> None:
    given = case["input"]
    names = ["192.168.1.1", "10.10.98.123", "66.23.45.11"]
    mixes = [values for _, values in sorted(given["distributions"])]
    table = model.document_table(pa.array(names), model.as_precision(mixes, given["precision"]))
    found = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
    assert table.schema.field("topic_prob_mix").type.value_type == {
        "float32": pa.float32(), "float64": pa.float64()
    }[case["expected_type"]]  # fmt: skip
    assert same(case["expected"], found, 1e-7 if given["precision"] == 32 else 0.0)


@handles("lda_word_output_reference")
def word_output_keys(case: Case) -> None:
    given = case["input"]
    matrix = np.array(given["column_major"]).reshape(given["columns"], given["rows"]).T
    shares = model.share_of_columns(matrix)
    found = dict(zip(given["words"], shares.tolist(), strict=True))
    assert set(found) == set(case["expected_keys"])
    assert np.allclose(shares.sum(axis=0), 1)


@handles("lda_word_output_derived")
def word_output(case: Case) -> None:
    assert same(case["expected"], model.share_of_columns(case["input"]).tolist(), case.tolerance)


@handles("lda_fit_reference")
def fit_of_toy(case: Case) -> None:
    given = case["input"]
    documents, words, counts = zip(*given["doc_word_counts"], strict=True)
    pairs = pa.table({"document": documents, "word": words, "count": counts})
    chosen = parameters.effective(
        given["optimizer"], given["topics"], given["alpha"], given["beta"],
        given["iterations"], given["seed"],
    )  # fmt: skip
    trained = train(pairs, chosen, given["precision"])
    table = {(row["document"], row["word"]): row["pair_score"]
             for row in trained.score_table().to_pylist()}  # fmt: skip
    for document, word, expected in case["expected_scores"]:
        assert abs(table[document, word] - expected) < case.tolerance


def _numbered(vectors: list[list[list[float]]], vocabulary: int) -> corpus.Corpus:
    entries = np.array([(d, w, c) for d, row in enumerate(vectors) for w, c in row])
    return corpus.Corpus(
        pa.array([str(index) for index in range(len(vectors))]),
        pa.array([str(index) for index in range(vocabulary)]),
        entries[:, 0].astype(np.int32),
        entries[:, 1].astype(np.int32),
        entries[:, 2],
    )


@handles("lda_em_derived")
def em_fit(case: Case) -> None:
    given = case["input"]
    chosen = parameters.effective(
        "em", given["topics"], given["alpha"], given["beta"], given["iterations"], given["seed"]
    )
    counts = em.fit(_numbered(case["corpus"], case["vocabulary"]), chosen)
    expected = case["expected"]
    assert same(expected["word_topic_counts"], counts.word.tolist(), case.tolerance)
    assert same(expected["document_topic_mix"], model.model_of(counts).mix.tolist(), case.tolerance)


@handles("lda_online_derived")
def online_fit(case: Case) -> None:
    given = case["input"]
    matrix = np.zeros((len(given["corpus"]), given["vocabulary"]))
    for document, row in enumerate(given["corpus"]):
        for word, count in row:
            matrix[document, word] = count
    rows = sparse.csr_array(matrix)
    state = online.State(np.array(given["topic_word_lambda"]), np.array(given["alpha"]))
    size = matrix.shape[0]
    for expected in case["expected"]["steps"]:
        state, found = online.step(state, rows, size, size, given["beta"])
        assert state.steps == expected["iteration"]
        assert found.rounds.tolist() == expected["inner_iterations"]
        assert same(expected["gamma"], found.gamma.tolist(), case.tolerance)
        assert same(expected["topic_word_lambda"], state.topic_word.tolist(), case.tolerance)
        assert same(expected["alpha"], state.alpha.tolist(), case.tolerance)
    fitted = model.model_of(online.finish(state, rows))
    expected = case["expected"]
    assert same(expected["document_topic_mix"], fitted.mix.tolist(), case.tolerance)
    assert same(expected["word_given_topic"], fitted.word_given_topic.tolist(), case.tolerance)


@handles("lda_parameters_derived")
def lda_parameters(case: Case) -> None:
    given = case["input"]
    values = (given["optimizer"], given["topics"], given["alpha"], given["beta"])
    if case["expected"] == "failure":
        with pytest.raises(UsageError):
            parameters.effective(*values)
        return
    found = parameters.effective(*values)
    assert case["expected"] == {"alpha": found.alpha, "beta": found.beta}


@handles("online_minibatch_derived")
def online_batch(case: Case) -> None:
    found = online.legacy_batch(case["input"])
    expected = case["expected"]
    assert same(expected["fraction"], found.fraction, case.tolerance)
    assert found.size == expected["batch_size"]
