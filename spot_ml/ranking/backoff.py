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


def seen_of_words(corpus: Corpus) -> Floats:
    """How much of each word a corpus shows, in the sum of its pairs' counts."""
    return np.bincount(corpus.word, corpus.count, minlength=len(corpus.words)).astype(np.float64)


def log_chances(corpus: Corpus, parts: Parts) -> Floats:
    """Give ln q(d, w) of each pair of the corpus."""
    total = np.zeros(corpus.pairs)
    for _, chance in chances(corpus, parts):
        total += np.log(chance)
    return total


def chances(
    corpus: Corpus, parts: Parts, seen: Floats | None = None
) -> Iterator[tuple[str, Floats]]:
    """Give the chance of each part of each pair's word, part by part.

    ``seen`` is how much of each word, in roots of counts, the day shows that the documents of the
    corpus are of: by default they are all of them.
    """
    corpus = replace(corpus, count=rooted(corpus.count))
    seen = seen_of_words(corpus) if seen is None else seen
    starts = corpus.starts()
    for link in parts.grammar.chain:
        values = int(parts.codes((link.part,)).max(initial=0)) + 1
        chance = np.full(corpus.pairs, 1.0 / (values + 1))
        for context in link.contexts:
            of_both = of_others(corpus, starts, parts.codes((*context, link.part)), seen)
            of_context = of_others(corpus, starts, parts.codes(context), seen)
            chance = (of_both + KAPPA * chance) / (of_context + KAPPA)
        yield link.part, chance


def of_others(corpus: Corpus, starts: NDArray[np.int64], codes: Codes, seen: Floats) -> Floats:
    """The sum over all other documents of pairs whose word has the code that the pair's has.

    ``seen`` is the sum over all of them for each word.
    """
    day = np.bincount(codes, seen, minlength=1)
    found: Floats = _of_others(starts, corpus.word, corpus.count, codes, day)
    return found


@njit(cache=True)
def _of_others(starts, word, count, codes, day):  # type: ignore[no-untyped-def]
    """What the day shows of each pair's code, without what its document does."""
    found = np.empty(len(count))
    own = np.zeros(len(day))
    for document in range(len(starts) - 1):
        for pair in range(starts[document], starts[document + 1]):
            own[codes[word[pair]]] += count[pair]
        for pair in range(starts[document], starts[document + 1]):
            code = codes[word[pair]]
            found[pair] = max(day[code] - own[code], 0.0)
        for pair in range(starts[document], starts[document + 1]):
            own[codes[word[pair]]] = 0.0
    return found
