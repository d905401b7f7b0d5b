"""How many events of a kind come at once, as the requests of one page do.

The size B of a burst is the geometric mean of the counts that other documents have of words like
the pair's, drawn towards one: with S the sum of ln c of their pairs and N the number of these,

    B = exp(S / (N + prior))

Words are alike in all parts that the grammar names for this, and B is 1 where it names none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from spot_ml.corpus import Corpus
from spot_ml.ranking.backoff import Floats, of_others, seen_of_words
from spot_ml.ranking.parts import Parts

#: Pairs of single events that stand beside those that are seen.
_PRIOR = 5.0


def left_out(corpus: Corpus, parts: Parts) -> Floats:
    """Give B of each pair of the corpus, by all documents but the pair's own."""
    if not parts.grammar.burst:
        return np.ones(corpus.pairs)
    codes, starts = parts.codes(parts.grammar.burst), corpus.starts()
    logs, pairs = (of_others(one, starts, codes, seen_of_words(one)) for one in _weighed(corpus))
    return _size(logs, pairs)


def of_words(day: Corpus, parts: Parts) -> Floats:
    """Give B of each word of ``parts``, whose first ones are those of the day, by all documents."""
    if not parts.grammar.burst:
        return np.ones(parts.size)
    codes = parts.codes(parts.grammar.burst)
    known, least = codes[: len(day.words)], int(codes.max(initial=0)) + 1
    logs, pairs = (
        np.bincount(known, seen_of_words(one), minlength=least).astype(np.float64)[codes]
        for one in _weighed(day)
    )
    return _size(logs, pairs)


def _weighed(corpus: Corpus) -> Iterator[Corpus]:
    """The corpus with ln c for each count, and with one."""
    for amount in (np.log(corpus.count), np.ones(corpus.pairs)):
        yield replace(corpus, count=amount)


def _size(logs: Floats, pairs: Floats) -> Floats:
    found: Floats = np.exp(logs / (pairs + _PRIOR))
    return found
