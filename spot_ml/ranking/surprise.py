"""How surprising the count of a (document, word) pair is, with the pair itself left out.

With N the topic counts of a fit on damped counts c' = 1 + log2 c, g the pair's own share of them,
m the topics of the whole day, and q the chance of the word by its parts (``backoff``):

    theta_k = (max(N_dk - g_k, 0) + a m_k) / (n'_d - c' + a)
    phi_k   = (max(N_wk - g_k, 0) + b q) / (max(N_k - N_dk, 0) + b)
    mu      = n_d (sum_k theta_k phi_k)^lambda q^(1 - lambda)               the expected count
    n, m    = c / B, mu / B                                             bursts instead of events
    T       = n ln(n / m) - (n + r) ln((n + r) / (m + r)), 0 where c <= mu

T is the log-likelihood ratio, in nats, of a negative binomial of shape r with mean n against one
with mean m. B is the size of a burst (``burst``): what comes at once is one piece of news. The
shape is the day's own: such a count has the variance B mu + mu^2 / r, so ln(c / mu) has about
B / mu + 1 / r, and the day's middle half of pairs shows how much it has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from spot_ml.corpus import Corpus
from spot_ml.lda.model import TopicCounts
from spot_ml.ranking.backoff import Floats


@dataclass(frozen=True)
class Weights:
    """What the formula weighs.

    ``a``, ``b``: strengths of the priors of a document's mix and of a topic's words, in tokens;
    ``blend``: weight of the topics against the parts.
    """

    a: float = 5.0
    b: float = 100.0
    blend: float = 0.7


#: The weights that were measured to be best.
WEIGHTS = Weights()

#: Bounds of the shape; a day with fewer pairs than this that are expected once has the least.
LEAST_SHAPE, MOST_SHAPE = 1.0, 5.0
_PAIRS_FOR_SHAPE = 100
#: The distance of the quartiles of a normal distribution, in standard deviations.
_QUARTILES = 1.349


@dataclass(frozen=True)
class Surprise:
    """Per pair: the expected count, the surprise in nats, the size of a burst; the day's shape."""

    expected: Floats
    nats: Floats
    burst: Floats
    shape: float = LEAST_SHAPE


def damped(count: Floats) -> Floats:
    """Counts as the fit sees them, so that a loud pair does not own a topic."""
    return 1.0 + np.log2(count)


def surprise(
    corpus: Corpus,
    counts: TopicCounts,
    log_q: Floats,
    burst: Floats,
    weights: Weights = WEIGHTS,
) -> Surprise:
    """Give the surprise of each pair; ``counts`` are those of a fit on damped counts."""
    soft = damped(corpus.count)
    tokens = corpus.sizes()
    soft_tokens = np.bincount(corpus.document, soft, minlength=len(corpus.documents))
    total = counts.word.sum(axis=0)
    log_p = _log_left_out(
        corpus.document, corpus.word, soft, soft_tokens, counts.document, counts.word, total,
        total / max(total.sum(), 1e-300), log_q, weights.a, weights.b,
    )  # fmt: skip
    log_mean = np.log(tokens[corpus.document])
    log_mean += weights.blend * log_p + (1.0 - weights.blend) * log_q
    expected = np.exp(log_mean)
    r = shape(corpus.count, expected, burst)
    return Surprise(expected, nats(corpus.count, log_mean, r, burst), burst, r)


def shape(count: Floats, expected: Floats, burst: Floats) -> float:
    """Estimate r from pairs that are expected once or more, by their middle half."""
    usual = expected >= 1.0
    if np.count_nonzero(usual) < _PAIRS_FOR_SHAPE:
        return LEAST_SHAPE
    low, high = np.percentile(np.log(count[usual] / expected[usual]), [25, 75])
    spread = ((high - low) / _QUARTILES) ** 2 - np.mean(burst[usual] / expected[usual])
    return float(np.clip(1.0 / spread, LEAST_SHAPE, MOST_SHAPE)) if spread > 0 else MOST_SHAPE


def nats(count: Floats, log_mean: Floats, r: float, burst: Floats) -> Floats:
    """T of counts, the logarithms of the expected counts, and the sizes of bursts."""
    log_ratio = np.log(count) - log_mean
    seen, mean = count / burst, np.exp(log_mean) / burst
    found = seen * log_ratio - (seen + r) * (np.log(seen + r) - np.log(mean + r))
    # Rounding may leave less than nothing of a count just above the mean.
    return np.where(log_ratio > 0.0, np.maximum(found, 0.0), 0.0)


@njit(cache=True)
def _log_left_out(document, word, soft, soft_tokens, of_document, of_word, total, day, log_q, a, b):  # type: ignore[no-untyped-def]
    """Ln sum_k theta_k phi_k of each pair."""
    topics = len(total)
    found = np.empty(len(document))
    share = np.empty(topics)
    for pair in range(len(document)):
        d, w = document[pair], word[pair]
        added = 0.0
        for k in range(topics):
            share[k] = of_document[d, k] * of_word[w, k] / total[k] if total[k] > 0.0 else 0.0
            added += share[k]
        scale = soft[pair] / added if added > 0.0 else 0.0
        q = np.exp(log_q[pair])
        size = max(soft_tokens[d] - soft[pair], 0.0) + a
        sum_ = 0.0
        for k in range(topics):
            own = share[k] * scale
            theta = (max(of_document[d, k] - own, 0.0) + a * day[k]) / size
            phi = (max(of_word[w, k] - own, 0.0) + b * q) / (
                max(total[k] - of_document[d, k], 0.0) + b
            )
            sum_ += theta * phi
        found[pair] = np.log(sum_) if sum_ > 0.0 else log_q[pair]
    return found
