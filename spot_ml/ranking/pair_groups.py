"""The groups of the pairs of a corpus: documents with one kind of word each."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml.corpus import Corpus, ids_of
from spot_ml.ranking.parts import Codes, Parts

Places = NDArray[np.int64]


class PairGroups:
    """The groups of a corpus by number, from 0.

    ``of_pair`` has the group of each pair; ``document`` and ``kind`` are those of each group.
    """

    def __init__(self, corpus: Corpus, parts: Parts) -> None:
        self.corpus = corpus
        self.parts = parts
        self._kinds = int(parts.kinds.max(initial=0)) + 1
        key = corpus.document.astype(np.int64) * self._kinds + parts.kinds[corpus.word]
        self._keys, self.of_pair = np.unique(key, return_inverse=True)
        self.document, self.kind = self._keys // self._kinds, self._keys % self._kinds

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, documents: pa.Array, words: pa.Array) -> Places:
        """Give the group of each pair of names, which need not be of the corpus; -1 for none."""
        return self.at(ids_of(documents, self.corpus.documents), self.parts.kinds_of(words))

    def at(self, document: NDArray[np.int32], kind: Codes) -> Places:
        """Give the group of each document and kind by their codes; -1 for none."""
        if not len(self):
            return np.full(len(document), -1, np.int64)
        key = document.astype(np.int64) * self._kinds + kind
        place = np.minimum(np.searchsorted(self._keys, key), len(self) - 1)
        known = (document >= 0) & (kind >= 0) & (self._keys[place] == key)
        return np.where(known, place, -1)

    def pairs(self, group: int) -> Places:
        """Give the places of the pairs of a group."""
        first, end = np.searchsorted(self._grouped[1], [group, group + 1])
        return self._grouped[0][first:end]

    @cached_property
    def _grouped(self) -> tuple[Places, Places]:
        """The pairs' places in the order of their groups, and those groups."""
        by_group = np.argsort(self.of_pair, kind="stable")
        return by_group, self.of_pair[by_group]
