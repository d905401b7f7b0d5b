"""Why a pair is surprising: its expected count, taken apart into the parts of its word.

    ln mu = ln n_d + sum_j (lambda ln p_j + (1 - lambda) ln P_j)

with P_j the chance of part j by the back-off and p_j that by the topics: the sum over words that
share parts 1 to j, divided by the same for parts 1 to j - 1. The last p_j closes the sum, so the
terms add up to ln mu exactly, and T follows from the count, mu, the size of a burst and the day's
shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml.lda.model import Matrix
from spot_ml.ranking import backoff
from spot_ml.ranking.order import Order
from spot_ml.ranking.surprise import WEIGHTS, Weights, damped

Floats = NDArray[np.float64]

#: A row per explained line of the result, in its order; fields as in ``Explanation``.
SCHEMA = pa.schema(
    [
        ("document", pa.string()),
        ("word", pa.string()),
        ("count", pa.int64()),
        ("expected", pa.float64()),
        ("nats", pa.float64()),
        ("shape", pa.float64()),
        ("burst", pa.float64()),
        ("events", pa.int64()),
        ("alike", pa.int64()),
        ("topics", pa.list_(pa.struct([("topic", pa.int32()), ("share", pa.float64())]))),
        (
            "terms",
            pa.list_(
                pa.struct(
                    [
                        ("part", pa.string()),
                        ("value", pa.string()),
                        ("by_topics", pa.float64()),
                        ("by_day", pa.float64()),
                        ("nats", pa.float64()),
                    ]
                )
            ),
        ),
    ]
)

#: How many topics of a pair are named.
TOPICS = 3


@dataclass(frozen=True)
class Term:
    """One part of a word: its value, its chance by the topics and by the day, and its share.

    ``nats`` is how much it adds to the unexpectedness, -(lambda ln p + (1 - lambda) ln P).
    """

    part: str
    value: str
    by_topics: float
    by_day: float
    nats: float


@dataclass(frozen=True)
class Carrier:
    """A topic and its share of a pair."""

    topic: int
    share: float


@dataclass(frozen=True)
class Explanation:
    """Why one pair has its surprise.

    ``shape`` says how much counts of the day vary (r of ``surprise``) and ``burst`` how many events
    come at once (B), ``events`` is the number of words of the document, ``alike`` in how many
    documents the same kind of word is seen, ``topics`` the topics that carry the pair with their
    shares of it.
    """

    document: str
    word: str
    count: int
    expected: float
    nats: float
    shape: float
    burst: float
    events: int
    alike: int
    topics: tuple[Carrier, ...]
    terms: tuple[Term, ...]


class Explainer:
    """Explains pairs of one order."""

    def __init__(self, order: Order, weights: Weights = WEIGHTS) -> None:
        self._order = order
        self._weights = weights
        corpus, parts = order.corpus, order.parts
        self._chain = [link.part for link in parts.grammar.chain]
        self._seen = backoff.seen_of_words(replace(corpus, count=backoff.rooted(corpus.count)))
        self._prefixes = [parts.codes(self._chain[: n + 1]) for n in range(len(self._chain))]
        self._summed = [summed_by_code(order.counts.word, codes) for codes in self._prefixes]
        self._soft = damped(corpus.count)
        size = len(corpus.documents)
        self._soft_tokens = np.bincount(corpus.document, self._soft, minlength=size)
        self._tokens = corpus.sizes()
        self._total = order.counts.word.sum(axis=0)
        self._alike = np.bincount(order.groups.kind, minlength=int(order.kind.max(initial=0)) + 1)

    def explain(self, pairs: Iterable[int]) -> Iterator[Explanation]:
        """Explain pairs by their places in the corpus."""
        places = np.fromiter(pairs, np.int64)
        for pair, by_day in zip(places, self._by_day(places), strict=True):
            yield self._one(int(pair), by_day)

    def of(self, documents: pa.Array, words: pa.Array) -> pa.Table:
        """Explain pairs by their names, which must be of the day: a row each."""
        places = self._order.meant.places(documents, words)
        return table(self.explain(places))

    def _by_day(self, pairs: NDArray[np.int64]) -> Floats:
        """The chance of each part of each pair's word by the day: a row a pair."""
        corpus = self._order.corpus
        mine = np.flatnonzero(np.isin(corpus.document, np.unique(corpus.document[pairs])))
        theirs = replace(
            corpus,
            document=corpus.document[mine],
            word=corpus.word[mine],
            count=corpus.count[mine],
        )
        places = np.searchsorted(mine, pairs)
        found = backoff.chances(theirs, self._order.parts, self._seen)
        return np.stack([chance[places] for _, chance in found], axis=1)

    def _one(self, pair: int, by_day: Floats) -> Explanation:
        order, corpus = self._order, self._order.corpus
        document, word = int(corpus.document[pair]), int(corpus.word[pair])
        chances, share = self._prefix_chances(pair, by_day)
        by_topics = np.diff(np.log(chances), prepend=0.0)
        blend = self._weights.blend
        terms = -(blend * by_topics + (1.0 - blend) * np.log(by_day))
        values = [order.parts.texts[part][word].as_py() for part in self._chain]
        carried = np.argsort(-share, kind="stable")[:TOPICS]
        return Explanation(
            document=corpus.documents[document].as_py(),
            word=corpus.words[word].as_py(),
            count=int(corpus.count[pair]),
            expected=float(order.surprise.expected[pair]),
            nats=float(order.surprise.nats[pair]),
            shape=order.surprise.shape,
            burst=float(order.surprise.burst[pair]),
            events=int(self._tokens[document]),
            alike=int(self._alike[order.kind[word]]),
            topics=tuple(Carrier(int(k), float(share[k])) for k in carried if share[k] > 0),
            terms=tuple(
                Term(part, order.parts.grammar.say(part, value), *map(float, figures))
                for part, value, *figures in zip(
                    self._chain, values, np.exp(by_topics), by_day, terms, strict=True
                )
            ),
        )

    def _prefix_chances(self, pair: int, by_day: Floats) -> tuple[Floats, Floats]:
        """The chance of parts 1 to j by the topics, for each j, and the topics' shares of the pair.

        What the document itself adds to words that share the parts is left out of them; for all
        parts that is the pair alone, as in ``surprise``.
        """
        corpus, counts, weights = self._order.corpus, self._order.counts, self._weights
        document, word = corpus.document[pair], corpus.word[pair]
        mine = slice(*np.searchsorted(corpus.document, [document, document + 1]))
        shares = self._shares(document, corpus.word[mine])
        added = shares * self._soft[mine, None]
        own = added[pair - mine.start]
        day = self._total / max(self._total.sum(), 1e-300)
        size = max(self._soft_tokens[document] - self._soft[pair], 0.0) + weights.a
        theta = (np.maximum(counts.document[document] - own, 0.0) + weights.a * day) / size
        others = np.maximum(self._total - counts.document[document], 0.0) + weights.b
        found, q = [], 1.0
        for codes, summed, chance in zip(self._prefixes, self._summed, by_day, strict=True):
            q *= chance
            alike = added[codes[corpus.word[mine]] == codes[word]].sum(axis=0)
            left = np.maximum(summed[codes[word]] - alike, 0.0)
            found.append(float(theta @ ((left + weights.b * q) / others)))
        return np.array(found), shares[pair - mine.start]

    def _shares(self, document: int, words: NDArray[np.int32]) -> Matrix:
        """The topics' shares of pairs of one document."""
        counts = self._order.counts
        weight = np.divide(
            counts.document[document],
            self._total,
            out=np.zeros(len(self._total)),
            where=self._total > 0,
        )
        shares = counts.word[words] * weight
        total = shares.sum(axis=1, keepdims=True)
        found: Matrix = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
        return found


def table(explanations: Iterable[Explanation]) -> pa.Table:
    """Bring explanations together: a row each, as ``SCHEMA`` has it."""
    rows = [
        {
            **vars(one),
            "topics": [vars(carrier) for carrier in one.topics],
            "terms": [vars(term) for term in one.terms],
        }
        for one in explanations
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def summed_by_code(of_word: Matrix, codes: NDArray[np.int32]) -> Matrix:
    """Add up the topic counts of words with the same code."""
    summed = np.zeros((int(codes.max(initial=0)) + 1, of_word.shape[1]))
    np.add.at(summed, codes, of_word)
    return summed
