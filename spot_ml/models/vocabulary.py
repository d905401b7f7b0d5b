"""The words of a model's day and of new rows together, and what the day says of the new ones."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_ml.corpus import Corpus
from spot_ml.lda.model import Matrix
from spot_ml.ranking.backoff import KAPPA, rooted
from spot_ml.ranking.parts import Codes, Parts
from spot_ml.words.grammar import Grammar

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


class Vocabulary:
    """Words of the ``day`` of a model, and after them those of ``fresh`` rows that it lacks.

    A word has the chance that its parts have on the day, as in ``ranking.backoff``, but that
    nothing is left out of it. ``window`` marks the words of the hours that the fresh rows have.
    """

    def __init__(self, day: Corpus, fresh: Corpus, grammar: Grammar) -> None:
        names = pa.chunked_array([day.words, fresh.words]).unique()
        self.parts = Parts(grammar, names)
        self.known = len(day.words)
        self.places: Ids = pc.index_in(fresh.words, value_set=names).to_numpy().astype(np.int64)
        self._seen = np.bincount(day.word, rooted(day.count), minlength=len(names))
        self.clock = grammar.clock
        self.window = np.ones(len(names), np.bool_)
        if self.clock and len(self.places):
            hours = self.parts.codes((self.clock,))
            self.window = np.isin(hours, hours[self.places])

    @cached_property
    def chances(self) -> dict[str, Floats]:
        """The chance of each part of each fresh word."""
        found = {}
        for link in self.parts.grammar.chain:
            chance = np.full(len(self.places), self._least(link.part))
            for context in link.contexts:
                of_both = self._of(self.parts.codes((*context, link.part)))
                of_context = self._of(self.parts.codes(context))
                chance = (of_both + KAPPA * chance) / (of_context + KAPPA)
            found[link.part] = chance
        return found

    @cached_property
    def log_chance(self) -> Floats:
        """Ln q of each fresh word."""
        found: Floats = np.sum([np.log(chance) for chance in self.chances.values()], axis=0)
        return found

    @cached_property
    def window_chance(self) -> float:
        """The chance of the window's hours, q(H)."""
        if not self.clock:
            return 1.0
        hours = len(np.unique(self.parts.codes((self.clock,))[self.window]))
        inside = float(self._seen[self.window].sum())
        least = min(hours * self._least(self.clock), 1.0)
        return (inside + KAPPA * least) / (float(self._seen.sum()) + KAPPA)

    def topics(self, of_word: Matrix) -> Matrix:
        """Topic counts of all words, from those of the day's; the others have none."""
        lacking = np.zeros((self.parts.size - self.known, of_word.shape[1]))
        return np.concatenate([of_word, lacking])

    def _least(self, part: str) -> float:
        """The chance of a value that nothing is known of."""
        seen = np.unique(self.parts.codes((part,))[: self.known])
        return 1.0 / (max(len(seen), 1) + 1)

    def _of(self, codes: Codes) -> Floats:
        """What the day has, in roots of counts, of the code of each fresh word."""
        day = np.bincount(codes, self._seen, minlength=int(codes.max(initial=0)) + 1)
        found: Floats = day[codes[self.places]].astype(np.float64)
        return found
