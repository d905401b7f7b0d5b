"""Online variational Bayes for LDA (Hoffman, Blei, Bach 2010), as Spark's online optimizer does it.

Deterministic: the topic mix of a document starts equal, lambda and the batches come from one
seeded generator, and documents are taken in the order of their ids.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import digamma, polygamma

from spot_ml.corpus import Corpus
from spot_ml.lda.model import Matrix, Tick, TopicCounts, share_of_rows
from spot_ml.lda.parameters import Parameters

_TAU0 = 1024.0
_KAPPA = 0.51
_GAMMA_SHAPE = 100.0
_MIN_FRACTION = 0.05
_CLOSE_ENOUGH = 1e-3
_TINY = 1e-100
#: A document's mix settles in some tens of rounds; this only bounds a pathological one.
_MOST_ROUNDS = 10_000


class Batch(NamedTuple):
    """Part of the documents that an iteration sees, and the number that the update divides by."""

    fraction: float
    size: int


@dataclass(frozen=True)
class State:
    """The fit after ``steps`` batches: ``topic_word`` is lambda (K x V), ``alpha`` has K values."""

    topic_word: Matrix
    alpha: NDArray[np.float64]
    steps: int = 0


class Mixes(NamedTuple):
    """Result for some documents: gamma (n x K), rounds each took, and the sums S (K x V)."""

    gamma: Matrix
    rounds: NDArray[np.int64]
    sums: Matrix


def legacy_batch(documents: int) -> Batch:
    """The batch of the original: about one document per iteration, whatever the corpus."""
    fraction = 0.75 if documents == 1 else (_MIN_FRACTION + 1) / documents
    return Batch(fraction, math.ceil(fraction * documents))


def batch_for(documents: int, iterations: int) -> Batch:
    """At least a twentieth of the documents, and so many that all are seen about once."""
    fraction = max(_MIN_FRACTION, 1 / max(iterations, 1), legacy_batch(documents).fraction)
    fraction = min(fraction, 1.0)
    return Batch(fraction, math.ceil(fraction * documents))


def expected_log(weights: Matrix) -> Matrix:
    """Expectation of the logarithm under a Dirichlet, row by row."""
    result: Matrix = digamma(weights) - digamma(weights.sum(axis=-1, keepdims=True))
    return result


def mixes(rows: sparse.csr_array, exp_topics: Matrix, alpha: NDArray[np.float64]) -> Mixes:
    """Fit the topic mix of each document (row: counts per word) to given topics.

    ``exp_topics`` is exp(E log) of lambda (K x V). Each document stops when its gamma moves by
    less than 0.001 on average.
    """
    documents, topics = rows.shape[0], len(alpha)
    gamma = np.ones((documents, topics))
    exp_mix = np.exp(expected_log(gamma))
    rounds = np.zeros(documents, np.int64)
    active = np.arange(documents)
    words = np.ascontiguousarray(exp_topics.T)
    while active.size and rounds.max(initial=0) < _MOST_ROUNDS:
        part = rows[active]
        part = _divided(part, exp_mix[active], words)
        after = exp_mix[active] * (part @ words) + alpha
        moved = np.abs(after - gamma[active]).mean(axis=1)
        gamma[active], exp_mix[active] = after, np.exp(expected_log(after))
        rounds[active] += 1
        active = active[moved > _CLOSE_ENOUGH]
    shares = _divided(rows, exp_mix, words)
    return Mixes(gamma, rounds, np.asarray(shares.T @ exp_mix).T * exp_topics)


def _divided(rows: sparse.csr_array, exp_mix: Matrix, words: Matrix) -> sparse.csr_array:
    """Each count divided by the probability (up to a factor) of its word in its document."""
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    probability = np.einsum("ik,ik->i", exp_mix[row], words[rows.indices]) + _TINY
    return sparse.csr_array((rows.data / probability, rows.indices, rows.indptr), shape=rows.shape)


def step(
    state: State, rows: sparse.csr_array, documents: int, size: int, beta: float
) -> tuple[State, Mixes]:
    """Move lambda and alpha towards what one batch of documents says.

    ``documents`` is the number in the whole corpus, ``size`` the batch size of the update.
    """
    steps = state.steps + 1
    rho = float((_TAU0 + steps) ** -_KAPPA)
    found = mixes(rows, np.exp(expected_log(state.topic_word)), state.alpha)
    target = found.sums * documents / size + beta
    topic_word = (1 - rho) * state.topic_word + rho * target
    return State(topic_word, _newton(state.alpha, found.gamma, rho), steps), found


def _newton(alpha: NDArray[np.float64], gamma: Matrix, rho: float) -> NDArray[np.float64]:
    """One damped Newton step for alpha, not taken where an entry would leave the positive."""
    documents = len(gamma)
    mean = expected_log(gamma).mean(axis=0)
    gradient = documents * (mean - expected_log(alpha))
    common = documents * polygamma(1, alpha.sum())
    diagonal = -documents * polygamma(1, alpha)
    shift = (gradient / diagonal).sum() / (1 / common + (1 / diagonal).sum())
    moved: NDArray[np.float64] = alpha - rho * (gradient - shift) / diagonal
    return moved if bool((moved > 0).all()) else alpha


def fit(corpus: Corpus, parameters: Parameters, tick: Tick = lambda: None) -> TopicCounts:
    """Fit the model with ``parameters.iterations`` batches, each document drawn with replacement.

    An empty batch changes nothing and does not count for the learning rate.
    """
    topics, documents = parameters.topics, len(corpus.documents)
    rows = sparse.csr_array(
        (corpus.count, corpus.word, corpus.starts()), shape=(documents, len(corpus.words))
    )
    generator = np.random.Generator(np.random.PCG64(parameters.seed & ((1 << 64) - 1)))
    start = generator.gamma(_GAMMA_SHAPE, 1 / _GAMMA_SHAPE, (topics, len(corpus.words)))
    state = State(start, np.full(topics, parameters.alpha))
    batch = legacy_batch(documents)
    if not parameters.legacy_batch:
        batch = batch_for(documents, parameters.iterations)
    for _ in range(parameters.iterations):
        times = generator.poisson(batch.fraction, documents)
        chosen = np.repeat(np.arange(documents), times)
        if chosen.size:
            state, _ = step(state, rows[chosen], documents, batch.size, parameters.beta)
        tick()
    return finish(state, rows)


def finish(state: State, rows: sparse.csr_array) -> TopicCounts:
    """Give the topic mix of every document under the final topics, and the topics themselves."""
    found = mixes(rows, np.exp(expected_log(state.topic_word)), state.alpha)
    empty = np.diff(rows.indptr) == 0
    found.gamma[empty] = 0
    return TopicCounts(share_of_rows(found.gamma), np.ascontiguousarray(state.topic_word.T))
