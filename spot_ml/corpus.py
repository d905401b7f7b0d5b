"""The corpus: counts per (document, word) with ids that depend on nothing but the texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from spot_ml.words.source import ERROR_WORD

#: A column of names that are numbered: each distinct text is kept once.
NAME = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Corpus:
    """Distinct (document, word) pairs, ordered by document id and then word id.

    ``documents`` and ``words`` are the names in ascending code-point order: the position is the
    id. ``document``, ``word`` (ids) and ``count`` have one entry per pair.
    """

    documents: pa.Array
    words: pa.Array
    document: NDArray[np.int32]
    word: NDArray[np.int32]
    count: NDArray[np.float64]

    @property
    def pairs(self) -> int:
        """Number of distinct pairs."""
        return len(self.count)

    @property
    def keys(self) -> NDArray[np.int64]:
        """A number per pair, ascending: document id x number of words + word id."""
        return self.document.astype(np.int64) * len(self.words) + self.word

    def places(self, documents: pa.Array, words: pa.Array) -> NDArray[np.int64]:
        """Give the place of each pair of a document's and a word's name; -1 where it is none."""
        document, word = ids_of(documents, self.documents), ids_of(words, self.words)
        return found_in(self.keys, document, word, len(self.words))

    def starts(self) -> NDArray[np.int64]:
        """Position of the first pair of each document, and one past the last pair."""
        return np.searchsorted(self.document, np.arange(len(self.documents) + 1)).astype(np.int64)

    def sizes(self) -> NDArray[np.float64]:
        """The count of all pairs of each document."""
        found = np.bincount(self.document, self.count, minlength=len(self.documents))
        return np.asarray(found, np.float64)


def ids_of(names: pa.Array, known: pa.Array, lacking: int = -1) -> NDArray[np.int32]:
    """The place of each name among known ones; ``lacking`` where it is none of them."""
    found: NDArray[np.int32] = pc.fill_null(pc.index_in(names, value_set=known), lacking).to_numpy()
    return found


def found_in(
    keys: NDArray[np.int64], document: NDArray[Any], word: NDArray[Any], words: int
) -> NDArray[np.int64]:
    """Give the place of each pair of ids among the keys of a corpus with so many words, or -1.

    An id of -1 is that of a name that is not known.
    """
    wanted = np.where((document < 0) | (word < 0), -1, document.astype(np.int64) * words + word)
    found = np.full(len(wanted), -1)
    if not len(keys):
        return found
    # Keys that are looked for in their order are near each other: a third of the time.
    order = np.argsort(wanted)
    wanted = wanted[order]
    place = np.searchsorted(keys, wanted)
    known = keys[np.minimum(place, len(keys) - 1)] == wanted
    found[order[known]] = place[known]
    return found


def build(documents: pa.Array, words: pa.Array, counts: ArrayLike) -> Corpus:
    """Build the corpus from triples in any order, of texts or numbered ones; equal pairs are added.

    Pairs with the error word are left out.
    """
    from scipy import sparse  # workers, which look pairs up, build no corpus

    documents, words = numbered(documents), numbered(words)
    error = pc.fill_null(pc.equal(words.dictionary, ERROR_WORD), False)
    keep = pc.invert(error.take(words.indices))
    documents, words = documents.filter(keep), words.filter(keep)
    amounts = np.asarray(counts, dtype=np.float64)[np.asarray(keep)]
    document_names, document = _number(documents)
    word_names, word = _number(words)
    shape = (len(document_names), len(word_names))
    table = sparse.coo_array((amounts, (document, word)), shape=shape).tocsr()
    table.sum_duplicates()
    document = np.repeat(np.arange(shape[0], dtype=np.int32), np.diff(table.indptr))
    return Corpus(document_names, word_names, document, table.indices.astype(np.int32), table.data)


def numbered(texts: pa.Array) -> pa.DictionaryArray:
    """Number texts that are not numbered yet."""
    return texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()


def _number(texts: pa.DictionaryArray) -> tuple[pa.Array, NDArray[np.int32]]:
    """Distinct texts in ascending code-point order, and the position of each entry's text.

    Arrow compares the bytes of UTF-8, whose order is that of the code points.
    """
    there = texts.indices.unique()
    names = texts.dictionary.take(there)
    order = pc.array_sort_indices(names)
    place = np.empty(len(texts.dictionary), np.int32)
    place[there.take(order)] = np.arange(len(order), dtype=np.int32)
    return names.take(order), place[texts.indices]
