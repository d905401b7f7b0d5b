"""What a stored model expects of rows that came after it, and how far they are from that.

With N the topic counts of the model's fit on damped counts, m the topics of its whole day, and H
the hours that the new rows have:

    theta_k = (N_dk + a m_k) / (n'_d + a)            m for a document that the model does not know
    phi_k   = (N_wk + b q) / (N_k + b)               q: chance of the word by its parts
    p       = sum_k theta_k phi_k / sum_k theta_k phi_k(H)
    e       = p^lambda (q / q(H))^(1 - lambda)       what the rest of the day says
    mu      = n_d (c_dw + t_d e) / (c_d + t_d)       what the document's own day says, backed by e

n_d are the document's tokens in the new rows, so mu is for the time that they span. c_dw and c_d
are the model's counts of the pair and of the document's words of those hours, t_d the number of
different words among them: how often a document does something new. Nothing is left out of the
counts, as the new rows are not in them. The surprise is that of ``ranking.surprise``, with the
bursts of the model's day and the shape that the new counts themselves have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml.corpus import Corpus, ids_of
from spot_ml.lda.model import Matrix
from spot_ml.models.stored import Learned
from spot_ml.models.vocabulary import Floats, Ids, Vocabulary
from spot_ml.ranking.burst import of_words
from spot_ml.ranking.meant import Meant
from spot_ml.ranking.order import Surprises
from spot_ml.ranking.parts import Parts
from spot_ml.ranking.surprise import WEIGHTS, Surprise, Weights, nats, shape
from spot_ml.words.grammar import Grammar

#: Pairs that are worked on together; a matrix of them has a column per topic.
_PAIRS = 1 << 16


@dataclass(frozen=True)
class Expected:
    """Ln of what is expected of each pair of new rows, a step at a time.

    ``theta``: the mix of each document; ``topics`` and ``window``: ln sum_k theta_k phi_k of each
    pair and of the hours of each document; ``blend``: ln e; ``share``: ln mu / n_d of each pair.
    """

    theta: Matrix
    topics: Floats
    window: Floats
    blend: Floats
    share: Floats


@dataclass(frozen=True)
class Forecast:
    """The pairs of new rows, what a model expects of them, and their surprise in nats.

    ``tokens``: n_d of each document; ``habit``: c_dw of each pair, its count on the model's day;
    ``burst``: how many of its like come at once; ``shape``: how much the counts vary about what is
    expected. Both are those of ``ranking.surprise``.
    """

    model: Learned
    meant: Meant
    vocabulary: Vocabulary
    steps: Expected
    tokens: Floats
    habit: Floats
    expected: Floats
    nats: Floats
    burst: Floats
    shape: float
    weights: Weights

    @property
    def corpus(self) -> Corpus:
        """The pairs that have a surprise: documents with what words mean."""
        return self.meant.corpus

    def surprises(self) -> Surprises:
        """The surprise of each pair as verdicts and lists understand it."""
        parts = Parts(self.vocabulary.parts.grammar, self.corpus.words)
        found = Surprise(self.expected, self.nats, self.burst, self.shape)
        return Surprises.unrated(self.meant, parts, found)


def forecast(
    model: Learned, rows: Corpus, grammar: Grammar, weights: Weights = WEIGHTS
) -> Forecast:
    """Find the surprise of every pair of new rows, whatever the model knows of them."""
    meant = Meant.of(rows, grammar)
    fresh = meant.corpus
    vocabulary = Vocabulary(model.corpus, fresh, grammar)
    known: Ids = ids_of(fresh.documents, model.corpus.documents).astype(np.int64)
    theta = _mixes(model, known, weights)
    total = model.counts.word.sum(axis=0) + weights.b
    of_word = model.counts.word
    phi = vocabulary.topics(of_word)[vocabulary.places]
    phi += weights.b * np.exp(vocabulary.log_chance)[:, None]
    phi /= total
    hours = of_word[vocabulary.window[: vocabulary.known]].sum(axis=0)
    window = np.log(theta @ ((hours + weights.b * vocabulary.window_chance) / total))
    topics = np.log(_products(theta, phi, fresh))
    log_q = vocabulary.log_chance[fresh.word] - np.log(vocabulary.window_chance)
    blend = weights.blend * (topics - window[fresh.document]) + (1.0 - weights.blend) * log_q
    habit = _habit(model.corpus, fresh)
    share = _share(model.corpus, vocabulary.window, known, fresh, habit, blend)
    tokens: Floats = np.bincount(
        fresh.document, fresh.count, minlength=len(fresh.documents)
    ).astype(np.float64)
    log_mean = np.log(tokens[fresh.document]) + share
    expected = np.exp(log_mean)
    burst = of_words(model.corpus, vocabulary.parts)[vocabulary.places][fresh.word]
    r = shape(fresh.count, expected, burst)
    return Forecast(
        model=model,
        meant=meant,
        vocabulary=vocabulary,
        steps=Expected(theta, topics, window, blend, share),
        tokens=tokens,
        habit=habit,
        expected=expected,
        nats=nats(fresh.count, log_mean, r, burst),
        burst=burst,
        shape=r,
        weights=weights,
    )


def _mixes(model: Learned, known: Ids, weights: Weights) -> Matrix:
    """The topic mix of each document of the new rows (``known``: its id in the model, or -1)."""
    day = model.counts.word.sum(axis=0)
    total = day.sum()
    day = day / total if total > 0 else np.full(len(day), 1.0 / len(day))
    theta = np.zeros((len(known), len(day)))
    theta[known >= 0] = model.counts.document[known[known >= 0]]
    theta += weights.a * day
    theta /= theta.sum(axis=1, keepdims=True)
    return theta


def _products(theta: Matrix, phi: Matrix, fresh: Corpus) -> Floats:
    """Sum_k theta_k phi_k of each pair."""
    found = np.empty(fresh.pairs)
    for begin in range(0, fresh.pairs, _PAIRS):
        some = slice(begin, begin + _PAIRS)
        found[some] = np.einsum("ik,ik->i", theta[fresh.document[some]], phi[fresh.word[some]])
    return found


def _habit(day: Corpus, fresh: Corpus) -> Floats:
    """The count that the model's day has of each pair."""
    places = day.places(
        fresh.documents.take(pa.array(fresh.document)), fresh.words.take(pa.array(fresh.word))
    )
    found = np.zeros(fresh.pairs)
    found[places >= 0] = day.count[places[places >= 0]]
    return found


def _share(
    day: Corpus, window: NDArray[np.bool_], known: Ids, fresh: Corpus, habit: Floats, blend: Floats
) -> Floats:
    """Ln of the share of its document's tokens that is expected of each pair, mu / n_d."""
    inside = window[day.word]
    size = len(day.documents)
    tokens = np.bincount(day.document, day.count * inside, minlength=size)
    different = np.bincount(day.document, inside, minlength=size)
    # A document that the model does not know, or not at these hours, leaves e as it is.
    seen = np.flatnonzero(known >= 0)
    seen = seen[tokens[known[seen]] > 0]
    old, new = np.zeros(len(known)), np.ones(len(known))
    old[seen], new[seen] = tokens[known[seen]], different[known[seen]]
    d = fresh.document
    found: Floats = np.log((habit + new[d] * np.exp(blend)) / (old[d] + new[d]))
    return found
