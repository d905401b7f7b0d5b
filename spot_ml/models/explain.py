"""Why a pair of new rows is surprising: what a stored model expects of it, taken apart.

    ln mu = ln n_d + sum_j (lambda ln p_j + (1 - lambda) ln P_j) + ln (share / e)

as in ``ranking.explain``, with the names of ``forecast``. The part that says the time of day is
against the hours of the new rows, and the last term is what the document's own day adds.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spot_ml.models.forecast import Forecast
from spot_ml.models.vocabulary import Floats
from spot_ml.ranking.explain import TOPICS, Carrier, Explanation, Term, summed_by_code, table

#: Part of the term that stands for what the document itself does on the model's day.
OWN = "own"
_USUAL, _UNUSUAL = "seen before", "not seen before"


class ForecastExplainer:
    """Explains pairs of one forecast."""

    def __init__(self, forecast: Forecast) -> None:
        self._of = forecast
        self._parts = forecast.vocabulary.parts
        self._chain = [link.part for link in self._parts.grammar.chain]
        day = forecast.model.corpus
        kinds = self._parts.kinds[: forecast.vocabulary.known][day.word].astype(np.int64)
        shown = np.unique(kinds * max(len(day.documents), 1) + day.document)
        size = int(self._parts.kinds.max(initial=0)) + 1
        self._alike = np.bincount(shown // max(len(day.documents), 1), minlength=size)
        self._total = forecast.model.counts.word.sum(axis=0)
        topics = forecast.vocabulary.topics(forecast.model.counts.word)
        self._codes = [self._parts.codes(self._chain[: n + 1]) for n in range(len(self._chain))]
        self._summed = [summed_by_code(topics, codes) for codes in self._codes]

    def of(self, documents: pa.Array, words: pa.Array) -> pa.Table:
        """Explain pairs by their names, which must be of the new rows: a row each."""
        places = self._of.meant.places(documents, words)
        return table(self._one(int(pair)) for pair in places)

    def _one(self, pair: int) -> Explanation:
        found, corpus = self._of, self._of.corpus
        document, word = int(corpus.document[pair]), int(corpus.word[pair])
        place = int(found.vocabulary.places[word])
        by_topics, by_day, share = self._chances(document, word, place)
        blend = found.weights.blend
        parts = -(blend * by_topics + (1.0 - blend) * by_day)
        carried = np.argsort(-share, kind="stable")[:TOPICS]
        terms = [
            Term(part, self._parts.grammar.say(part, text), *map(float, figures))
            for part, text, *figures in zip(
                self._chain,
                [self._parts.texts[part][place].as_py() for part in self._chain],
                np.exp(by_topics), np.exp(by_day), parts,
                strict=True,
            )
        ]  # fmt: skip
        return Explanation(
            document=corpus.documents[document].as_py(),
            word=corpus.words[word].as_py(),
            count=int(corpus.count[pair]),
            expected=float(found.expected[pair]),
            nats=float(found.nats[pair]),
            shape=found.shape,
            burst=float(found.burst[pair]),
            events=int(found.tokens[document]),
            alike=int(self._alike[self._parts.kinds[place]]),
            topics=tuple(Carrier(int(k), float(share[k])) for k in carried if share[k] > 0),
            terms=(*terms, self._own(pair)),
        )

    def _own(self, pair: int) -> Term:
        """What the document's own day adds to what all others say."""
        steps = self._of.steps
        share, blend = float(steps.share[pair]), float(steps.blend[pair])
        value = _USUAL if self._of.habit[pair] > 0 else _UNUSUAL
        return Term(OWN, value, float(np.exp(share)), float(np.exp(blend)), blend - share)

    def _chances(self, document: int, word: int, place: int) -> tuple[Floats, Floats, Floats]:
        """Ln of each part's chance by the topics and by the day; the topics' shares of the word."""
        found, weights = self._of, self._of.weights
        theta = found.steps.theta[document]
        log_p, q = [], 1.0
        carried = theta
        for part, codes, summed in zip(self._chain, self._codes, self._summed, strict=True):
            q *= found.vocabulary.chances[part][word]
            carried = theta * (summed[codes[place]] + weights.b * q) / (self._total + weights.b)
            log_p.append(np.log(carried.sum()))
        by_topics = np.diff(log_p, prepend=0.0)
        by_day = np.log([found.vocabulary.chances[part][word] for part in self._chain])
        if found.vocabulary.clock in self._chain:
            clock = self._chain.index(str(found.vocabulary.clock))
            by_topics[clock] -= found.steps.window[document]
            by_day[clock] -= np.log(found.vocabulary.window_chance)
        return by_topics, by_day, carried / carried.sum()
