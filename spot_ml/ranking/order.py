"""The default order of a day: the surprise of each pair's count, from a fit that needs no seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml.corpus import Corpus
from spot_ml.lda import em
from spot_ml.lda.em import Block, StartedFit
from spot_ml.lda.model import Matrix, Tick, TopicCounts
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking import backoff, start
from spot_ml.ranking.parts import Codes, Parts
from spot_ml.ranking.surprise import Surprise, damped, surprise
from spot_ml.words.grammar import Grammar

#: Share of a pair's count that the cluster of its document has at the start.
_OWN_SHARE = 0.8
#: The result file says exp(-T); beyond this many nats that is no number any more.
NATS_LIMIT = 700.0


@dataclass(frozen=True)
class Order:
    """Surprise of each pair of a corpus, and what it was found from: parts and topic counts."""

    corpus: Corpus
    parts: Parts
    counts: TopicCounts
    surprise: Surprise

    @property
    def kind(self) -> Codes:
        """The kind of each word: words of a document with equal numbers are one group."""
        return self.parts.kinds

    def without(self, pairs: pa.Table) -> Order:
        """Let pairs (``document``, ``word``) count as expected: somebody has said so."""
        places = self.corpus.places(pairs["document"], pairs["word"])
        nats = self.surprise.nats.copy()
        nats[places[places >= 0]] = 0.0
        return replace(self, surprise=replace(self.surprise, nats=nats))

    def figures(self) -> dict[str, NDArray[Any]]:
        """Per pair: ``nats``, ``expected``, ``count``, and its word's kind, ``group_kind``."""
        return {
            "nats": self.surprise.nats,
            "expected": self.surprise.expected,
            "count": self.corpus.count,
            "group_kind": self.kind[self.corpus.word],
        }


def order(
    corpus: Corpus,
    grammar: Grammar,
    parameters: Parameters,
    tick: Tick = lambda: None,
    fit: StartedFit = em.fit,
) -> Order:
    """Find the surprise of every pair. Topics and iterations are those of the parameters."""
    parts = Parts(grammar, corpus.words)
    if not corpus.pairs:
        nothing = np.zeros((0, parameters.topics))
        return Order(corpus, parts, TopicCounts(nothing, nothing), Surprise(*np.zeros((2, 0))))
    log_q = backoff.log_chances(corpus, parts)
    clusters = start.clusters(corpus, parts.kinds, parameters.topics)
    soft = replace(corpus, count=damped(corpus.count))
    own = replace(parameters, optimizer="em", alpha=1.02, beta=1.001)
    counts = fit(soft, own, tick, partial(_shares, clusters=clusters, topics=parameters.topics))
    return Order(corpus, parts, counts, surprise(corpus, counts, log_q))


def _shares(block: Block, clusters: NDArray[np.int64], topics: int) -> Matrix:
    """Most of each pair's count goes to its document's cluster, the rest to all others alike."""
    rest = (1.0 - _OWN_SHARE) / max(topics - 1, 1)
    share = np.full((len(block.count), topics), rest if topics > 1 else 1.0)
    if topics > 1:
        share[np.arange(len(share)), clusters[block.documents][block.row]] = _OWN_SHARE
    return share


def together(*sides: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Bring the surprises of an event's documents together; say which document decided.

    The square of the mean of their roots: one that both find odd comes before one that a single
    side finds twice as odd. The larger one decides, the first of equal ones.
    """
    stacked = np.stack(sides)
    decided = np.argmax(stacked, axis=0)
    if len(sides) == 1:
        return stacked[0], decided
    return np.mean(np.sqrt(stacked), axis=0) ** 2, decided


def as_score(nats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give exp(-T), small for suspicious; the smallest is that of ``NATS_LIMIT``."""
    return np.exp(-np.minimum(nats, NATS_LIMIT))
