"""The default order of a day: the surprise of each pair's count, from a fit that needs no seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spot_ml.corpus import Corpus
from spot_ml.figures import PairFigures
from spot_ml.lda import em
from spot_ml.lda.em import Block, StartedFit
from spot_ml.lda.model import Matrix, Tick, TopicCounts
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking import backoff, burst, start
from spot_ml.ranking.events import BONUS, EASED, SERVED, YIELDS
from spot_ml.ranking.meant import Meant
from spot_ml.ranking.pair_groups import PairGroups
from spot_ml.ranking.parts import Codes, Parts
from spot_ml.ranking.surprise import Surprise, damped, surprise
from spot_ml.words.grammar import Grammar

#: Share of a pair's count that the cluster of its document has at the start.
_OWN_SHARE = 0.8


@dataclass(frozen=True)
class Surprises:
    """Surprise of each pair of what the day's words mean, and what was said of it.

    ``eased`` is the surprise in nats that verdicts leave a pair, ``bonus`` what they add to it.
    """

    meant: Meant
    parts: Parts
    surprise: Surprise
    eased: NDArray[np.float64]
    bonus: NDArray[np.float64]

    @classmethod
    def unrated(cls, meant: Meant, parts: Parts, surprise: Surprise) -> Surprises:
        """Those of pairs that nothing was said of."""
        return cls(meant, parts, surprise, surprise.nats, np.zeros(meant.corpus.pairs))

    @property
    def corpus(self) -> Corpus:
        """The pairs that have a surprise: documents with what words mean."""
        return self.meant.corpus

    @property
    def kind(self) -> Codes:
        """The kind of each word: words of a document with equal numbers are one group."""
        return self.parts.kinds

    @cached_property
    def groups(self) -> PairGroups:
        """The groups of the pairs."""
        return PairGroups(self.corpus, self.parts)

    @property
    def yields(self) -> NDArray[np.float64]:
        """How much the document of each pair yields rows to an event's other side.

        Its number of events; where it serves, ``SERVED`` times as much.
        """
        sizes = self.corpus.sizes()[self.corpus.document]
        found: NDArray[np.float64] = np.where(
            self.parts.serves[self.corpus.word], SERVED * sizes, sizes
        )
        return found

    @property
    def rated(self) -> bool:
        """Say whether verdicts have changed anything."""
        return bool((self.bonus > 0).any() or (self.eased < self.surprise.nats).any())

    def pair_figures(self, of_day: Mapping[str, NDArray[Any]]) -> PairFigures:
        """The figures of each pair of the day, with others that are given of these."""
        return self.meant.figures(self.figures(), of_day)

    def figures(self) -> dict[str, NDArray[Any]]:
        """Per pair: its surprise, its count and its document's, the kind of its word, verdicts."""
        rated = {EASED: self.eased, BONUS: self.bonus} if self.rated else {}
        return {
            "nats": self.surprise.nats,
            "expected": self.surprise.expected,
            "count": self.corpus.count,
            YIELDS: self.yields,
            "group_kind": self.kind[self.corpus.word],
            **rated,
        }


@dataclass(frozen=True)
class Order(Surprises):
    """The surprises of a day, and the topic counts that they were found from."""

    counts: TopicCounts


def order(
    corpus: Corpus,
    grammar: Grammar,
    parameters: Parameters,
    tick: Tick = lambda: None,
    fit: StartedFit = em.fit,
) -> Order:
    """Find the surprise of every pair. Topics and iterations are those of the parameters."""
    meant = Meant.of(corpus, grammar)
    corpus = meant.corpus
    parts = Parts(grammar, corpus.words)
    if not corpus.pairs:
        nothing = np.zeros((0, parameters.topics))
        return _unrated(meant, parts, TopicCounts(nothing, nothing), Surprise(*np.zeros((3, 0))))
    log_q = backoff.log_chances(corpus, parts)
    clusters = start.clusters(corpus, parts.kinds, parameters.topics)
    soft = replace(corpus, count=damped(corpus.count))
    own = replace(parameters, optimizer="em", alpha=1.02, beta=1.001)
    counts = fit(soft, own, tick, partial(_shares, clusters=clusters, topics=parameters.topics))
    bursts = burst.left_out(corpus, parts)
    return _unrated(meant, parts, counts, surprise(corpus, counts, log_q, bursts))


def _unrated(meant: Meant, parts: Parts, counts: TopicCounts, found: Surprise) -> Order:
    return Order(meant, parts, found, found.nats, np.zeros(meant.corpus.pairs), counts)


def _shares(block: Block, clusters: NDArray[np.int64], topics: int) -> Matrix:
    """Most of each pair's count goes to its document's cluster, the rest to all others alike."""
    rest = (1.0 - _OWN_SHARE) / max(topics - 1, 1)
    share = np.full((len(block.count), topics), rest if topics > 1 else 1.0)
    if topics > 1:
        share[np.arange(len(share)), clusters[block.documents][block.row]] = _OWN_SHARE
    return share
