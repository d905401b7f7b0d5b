"""A start for the fit that no seed decides: documents that show like kinds of words together.

Spherical k-means over the documents' profiles (square roots of their counts by kind of word, at
length 1). The first centre is the largest document; each next one is the document with the most of
sqrt(min(n, 10,000)) (1 - best cosine so far); ties go to the lowest id.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spot_ml.corpus import Corpus
from spot_ml.ranking.parts import Codes

Ids = NDArray[np.int64]

_ROUNDS = 10
_LARGE = 1e4


def clusters(corpus: Corpus, kinds: Codes, number: int) -> Ids:
    """Give each document its cluster, from 0; at most ``number`` of them."""
    profile, size = _profiles(corpus, kinds)
    centres = _first_centres(profile, size, number)
    found = np.zeros(profile.shape[0], np.int64)
    for _ in range(_ROUNDS):
        nearest = np.argmax(np.asarray(profile @ centres.T), axis=1)
        if _ and np.array_equal(nearest, found):
            break
        found = nearest
        centres = _middles(profile, found, centres)
    return found


def _profiles(corpus: Corpus, kinds: Codes) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    shape = (len(corpus.documents), int(kinds.max(initial=0)) + 1)
    place = (corpus.document, kinds[corpus.word])
    counts = sparse.coo_array((corpus.count, place), shape=shape).tocsr()
    size = np.asarray(counts.sum(axis=1)).ravel()
    profile = counts.sqrt()
    # The squares of the square roots add up to the document's size.
    return sparse.diags_array(1.0 / np.sqrt(np.maximum(size, 1.0))) @ profile, size


def _first_centres(
    profile: sparse.csr_array, size: NDArray[np.float64], number: int
) -> NDArray[np.float64]:
    weight = np.sqrt(np.minimum(size, _LARGE))
    chosen = [int(np.argmax(size))]
    nearest = np.full(len(size), -1.0)
    while len(chosen) < min(number, len(size)):
        last = profile[[chosen[-1]], :].toarray()[0]
        nearest = np.maximum(nearest, profile @ last)
        far = weight * (1.0 - nearest)
        far[chosen] = -1.0
        chosen.append(int(np.argmax(far)))
    return np.asarray(profile[chosen, :].toarray())


def _middles(
    profile: sparse.csr_array, found: Ids, before: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The mean direction of each cluster; one that is empty keeps its centre."""
    documents = np.arange(len(found))
    members = sparse.csr_array((np.ones(len(found)), (found, documents)), (len(before), len(found)))
    summed = np.asarray((members @ profile).toarray())
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.where(length > 0, summed / np.maximum(length, 1e-300), before)
