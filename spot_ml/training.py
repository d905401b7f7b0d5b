"""From counts per (document, word) to a model and the score of every pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml import corpus as corpora
from spot_ml.corpus import Corpus
from spot_ml.lda.fit import FITS, Fit
from spot_ml.lda.model import Model, Tick, TopicCounts, model_of
from spot_ml.lda.parameters import Parameters
from spot_ml.score import log_likelihood, scores


@dataclass(frozen=True)
class Trained:
    """The corpus, the fit to it and its model, and the score of each pair of the corpus."""

    corpus: Corpus
    counts: TopicCounts
    model: Model
    score: NDArray[np.float64]

    @property
    def log_likelihood(self) -> float:
        """Sum over all tokens of ln P(word | document)."""
        return log_likelihood(self.score, self.corpus.count)

    def score_table(self) -> pa.Table:
        """One row per pair: ``document``, ``word``, ``pair_score``."""
        return pa.table(
            {
                "document": self.corpus.documents.take(pa.array(self.corpus.document)),
                "word": self.corpus.words.take(pa.array(self.corpus.word)),
                "pair_score": self.score,
            }
        )

    def of(self, corpus: Corpus) -> NDArray[np.float64]:
        """The score of each pair of another corpus, whose pairs are all of this one."""
        documents = corpus.documents.take(pa.array(corpus.document))
        return self.score[self.corpus.places(documents, corpus.words.take(pa.array(corpus.word)))]


def corpus_of(pairs: pa.Table) -> Corpus:
    """Number the pairs of a table with the schema ``PAIRS``, where equal ones may be repeated."""
    pairs = pairs.unify_dictionaries()
    documents, words = (pairs[name].combine_chunks() for name in ("document", "word"))
    return corpora.build(documents, words, pairs["count"].to_numpy())


def train(
    pairs: pa.Table,
    parameters: Parameters,
    precision: int,
    tick: Tick = lambda: None,
    fit: Fit | None = None,
) -> Trained:
    """Number the pairs, fit the model, score each pair. ``fit`` replaces the optimizer's own."""
    corpus = corpus_of(pairs)
    counts = (fit or FITS[parameters.optimizer])(corpus, parameters, tick)
    model = model_of(counts, precision)
    return Trained(corpus, counts, model, scores(model, corpus.document, corpus.word))
