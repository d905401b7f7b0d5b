"""From counts per (document, word) to a model and the score of every pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml import corpus as corpora
from spot_ml.corpus import Corpus, found_in, ids_of
from spot_ml.lda.fit import FITS, Fit
from spot_ml.lda.model import Model, Tick, TopicCounts, model_of
from spot_ml.lda.parameters import Parameters
from spot_ml.score import log_likelihood, scores
from spot_ml.words.amended import is_amended, plain


@dataclass(frozen=True)
class Trained:
    """The corpus of plain words, the fit to it and its model, and the score of each pair."""

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
        """The score of each pair of another corpus, whose plain pairs are all of this one."""
        if corpus is self.corpus:
            return self.score
        document = ids_of(corpus.documents, self.corpus.documents)[corpus.document]
        word = ids_of(plain(corpus.words), self.corpus.words)[corpus.word]
        return self.score[found_in(self.corpus.keys, document, word, len(self.corpus.words))]


def corpus_of(pairs: pa.Table) -> Corpus:
    """Number the pairs of a table with the schema ``PAIRS``, where equal ones may be repeated."""
    pairs = pairs.unify_dictionaries()
    documents, words = (pairs[name].combine_chunks() for name in ("document", "word"))
    return corpora.build(documents, words, pairs["count"].to_numpy())


def has_amended(pairs: pa.Table) -> bool:
    """Say whether any pair has an amended word."""
    return any(is_amended(corpora.numbered(chunk).dictionary) for chunk in pairs["word"].chunks)


def _plain_pairs(pairs: pa.Table) -> pa.Table:
    """The pairs with the original's words."""
    if not has_amended(pairs):
        return pairs
    words = corpora.numbered(pairs.unify_dictionaries()["word"].combine_chunks())
    named = plain(words.dictionary).dictionary_encode()
    numbered = pa.DictionaryArray.from_arrays(named.indices.take(words.indices), named.dictionary)
    return pairs.set_column(pairs.column_names.index("word"), "word", numbered)


def train(
    pairs: pa.Table,
    parameters: Parameters,
    precision: int,
    tick: Tick = lambda: None,
    fit: Fit | None = None,
) -> Trained:
    """Number the plain pairs, fit the original's model, score each pair.

    ``fit`` replaces the optimizer's own.
    """
    corpus = corpus_of(_plain_pairs(pairs))
    counts = (fit or FITS[parameters.optimizer])(corpus, parameters, tick)
    model = model_of(counts, precision)
    return Trained(corpus, counts, model, scores(model, corpus.document, corpus.word))
