"""The parts of a day's words, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_ml.words.grammar import Grammar

Codes = NDArray[np.int32]
Sizes = NDArray[np.int64]

_NUMBER = r"^-?\d{1,9}$"
#: Between the texts of a kind's parts, so that no two kinds have one text.
_BETWEEN = "\x1f"


class Parts:
    """The parts of a vocabulary, as codes that depend on nothing but the texts.

    ``words`` are the V distinct words of a corpus in its order.
    """

    def __init__(self, grammar: Grammar, words: pa.Array) -> None:
        self.grammar = grammar
        self.words = words
        self.size = len(words)
        self.texts = dict(grammar.take_apart(words))
        self._codes: dict[tuple[str, ...], Codes] = {(): np.zeros(self.size, np.int32)}

    def codes(self, names: Sequence[str]) -> Codes:
        """Number the distinct values of some parts together: one code per word, from 0."""
        key = tuple(names)
        if key not in self._codes:
            before = self.codes(key[:-1]).astype(np.int64)
            texts = self.texts[key[-1]]
            own = texts.dictionary_encode().indices.to_numpy(zero_copy_only=False)
            joint = before * (int(own.max(initial=0)) + 1) + own
            self._codes[key] = np.unique(joint, return_inverse=True)[1].astype(np.int32)
        return self._codes[key]

    @cached_property
    def kinds(self) -> Codes:
        """The kind of each word, as a code."""
        return self.codes(self.grammar.kind)

    @cached_property
    def serves(self) -> NDArray[np.bool_]:
        """Whether each word is of a side that serves."""
        if self.grammar.server is None:
            return np.zeros(self.size, np.bool_)
        served: NDArray[np.bool_] = pc.not_equal(self.texts[self.grammar.server], "").to_numpy(
            zero_copy_only=False
        )
        return served

    @cached_property
    def sizes(self) -> Sizes:
        """The values of the grammar's sizes: one row per size, one column per word."""
        return grammar_sizes(self.grammar, self.words)

    def kinds_of(self, words: pa.Array) -> Codes:
        """The codes of the kinds of any words; -1 for a kind that the vocabulary does not have."""
        kinds = self._kind_texts(self.texts, self.size)
        place = pc.index_in(
            self._kind_texts(self.grammar.take_apart(words), len(words)), value_set=kinds
        )
        known = pc.fill_null(place, -1).to_numpy(zero_copy_only=False)
        return np.where(known >= 0, np.append(self.kinds, -1)[known], -1).astype(np.int32)

    def _kind_texts(self, texts: Mapping[str, pa.Array], size: int) -> pa.Array:
        if not size:
            return pa.array([], pa.string())
        return pc.binary_join_element_wise(*(texts[n] for n in self.grammar.kind), _BETWEEN)


def grammar_sizes(grammar: Grammar, words: pa.Array) -> Sizes:
    """The numbers of the parts of words that are sizes, a row each; -1 where a part is none."""
    texts = grammar.take_apart(words) if grammar.sizes else {}
    found = np.full((len(grammar.sizes), len(words)), -1, np.int64)
    for row, name in enumerate(grammar.sizes):
        plain = pc.match_substring_regex(texts[name], _NUMBER)
        numbers = pc.if_else(plain, texts[name], "-1").cast(pa.int64())
        found[row] = numbers.to_numpy(zero_copy_only=False)
    return found
