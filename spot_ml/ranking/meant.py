"""A day's pairs as the default order counts them: words that mean one thing are one word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml import corpus as corpora
from spot_ml.corpus import Corpus, found_in, ids_of
from spot_ml.figures import PairFigures
from spot_ml.words.grammar import Grammar


@dataclass(frozen=True)
class Meant:
    """The pairs of a ``day``, and the ``corpus`` of what the ``grammar`` says their words mean.

    ``place`` has the place in the corpus of each pair of the day.
    """

    day: Corpus
    corpus: Corpus
    place: NDArray[np.int64]
    grammar: Grammar

    @classmethod
    def of(cls, day: Corpus, grammar: Grammar) -> Meant:
        """Count the pairs of a day by what their words mean."""
        meaning = grammar.meant(day.words)
        if meaning is day.words:
            return cls(day, day, np.arange(day.pairs), grammar)
        words = meaning.dictionary_encode()
        of_pair = words.indices.take(pa.array(day.word))
        corpus = corpora.build(
            pa.DictionaryArray.from_arrays(pa.array(day.document), day.documents),
            pa.DictionaryArray.from_arrays(of_pair, words.dictionary),
            day.count,
        )
        word = ids_of(meaning, corpus.words)[day.word]
        place = found_in(corpus.keys, day.document, word, len(corpus.words))
        return cls(day, corpus, place, grammar)

    def places(self, documents: pa.Array, words: pa.Array) -> NDArray[np.int64]:
        """Give the place in the corpus of each pair of names as the day has them; -1 for none."""
        return self.corpus.places(documents, self.grammar.meant(words))

    def figures(
        self, of_meaning: Mapping[str, NDArray[Any]], of_day: Mapping[str, NDArray[Any]]
    ) -> PairFigures:
        """Put figures of the corpus' pairs, and those of the day's own, beside the day's pairs."""
        if self.corpus is not self.day:
            of_meaning = {name: values[self.place] for name, values in of_meaning.items()}
        return PairFigures.of(self.day, {**of_meaning, **of_day})
