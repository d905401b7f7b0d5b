"""The parts of a day's words, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml.words.grammar import Grammar

Codes = NDArray[np.int32]


class Parts:
    """The parts of a vocabulary, as codes that depend on nothing but the texts.

    ``words`` are the V distinct words of a corpus in its order.
    """

    def __init__(self, grammar: Grammar, words: pa.Array) -> None:
        self.grammar = grammar
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
