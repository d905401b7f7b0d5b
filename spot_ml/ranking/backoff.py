"""The chance of a word by its parts, as all other documents show them.

A word is the chain of its parts. Each part is foretold from contexts, coarse ones first:

    P <- (n(X,x) - n_d(X,x) + kappa P) / (n(X) - n_d(X) + kappa)      from P = 1 / (values + 1)

with n the sums of the square roots of the pairs' counts in context X and n_d those of the document
itself, which are taken out: what a document does often must not make it likely. The roots let few
busy documents say less of what is usual, and many that do it once more. (Interpolated back-off, as
for n-grams.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spot_ml.corpus import Corpus
from spot_ml.ranking.parts import Codes, Parts

Floats = NDArray[np.float64]

#: Weight of the coarser context, in roots of counts.
KAPPA = 2.0


def rooted(count: Floats) -> Floats:
    """Counts as the back-off sees them, so that busy documents do not say what is usual."""
    return np.sqrt(count)


def log_chances(corpus: Corpus, parts: Parts, kappa: float = KAPPA) -> Floats:
    """Give ln q(d, w) of each pair of the corpus."""
    total = np.zeros(corpus.pairs)
    for _, chance in chances(corpus, parts, kappa):
        total += np.log(chance)
    return total


def chances(corpus: Corpus, parts: Parts, kappa: float = KAPPA) -> Iterator[tuple[str, Floats]]:
    """Give the chance of each part of each pair's word, part by part."""
    corpus = replace(corpus, count=rooted(corpus.count))
    starts = corpus.starts()
    for link in parts.grammar.chain:
        values = int(parts.codes((link.part,)).max(initial=0)) + 1
        chance = np.full(corpus.pairs, 1.0 / (values + 1))
        for context in link.contexts:
            here = parts.codes(context)
            both = parts.codes((*context, link.part))
            of_both = of_others(corpus, starts, both)
            of_context = of_others(corpus, starts, here)
            chance = (of_both + kappa * chance) / (of_context + kappa)
        yield link.part, chance


def of_others(corpus: Corpus, starts: NDArray[np.int64], codes: Codes) -> Floats:
    """The sum over all other documents of pairs whose word has the code that the pair's has."""
    size = int(codes.max(initial=0)) + 1
    of_pair = codes[corpus.word]
    day = np.bincount(of_pair, corpus.count, minlength=size)
    own: Floats = _own(starts, of_pair, corpus.count, size)
    others: Floats = np.maximum(day[of_pair] - own, 0.0)
    return others


@njit(cache=True)
def _own(starts, codes, count, size):  # type: ignore[no-untyped-def]
    """The sum over the pair's document of pairs with the pair's code, for each pair."""
    own = np.empty(len(count))
    added = np.zeros(size)
    for document in range(len(starts) - 1):
        for pair in range(starts[document], starts[document + 1]):
            added[codes[pair]] += count[pair]
        for pair in range(starts[document], starts[document + 1]):
            own[pair] = added[codes[pair]]
        for pair in range(starts[document], starts[document + 1]):
            added[codes[pair]] = 0.0
    return own
