"""Expectation-maximisation for LDA with the update rule of Spark MLlib's EM optimizer.

With N(d), N(w), N(k) the topic counts of documents, words and topics, V words, c(d,w) the counts:

    A(w) = (N(w) + beta - 1) / (N(k) + V (beta - 1))        B(d) = N(d) + alpha - 1
    q(d,w) = c(d,w) / (B(d) . A(w))                          one number per (document, word) pair
    new N(d) = B(d) o (q A)(d)                               new N(w) = A(w) o (q' B)(w)

The topic vectors of pairs are never stored. The corpus is cut into blocks of whole documents. A
block needs only A and its own B, gives its own rows of N(d) and a partial sum for N(w), and the
partial sums are added in the order of the blocks: the cut depends on the corpus alone, so the
result is the same wherever blocks are worked on. Here they are worked on one after the other at
the driver; a later version hands the same blocks to executors.

The start draws from one stream over all pairs in document, then word order; a block finds its
place in the stream by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spot_ml.corpus import Corpus
from spot_ml.lda.model import Matrix, Tick, TopicCounts
from spot_ml.lda.parameters import Parameters
from spot_ml.lda.random import JavaRandom

#: Pairs per block, but always whole documents. Part of the result's last digits: do not tune.
BLOCK_PAIRS = 1 << 16


@dataclass(frozen=True)
class Block:
    """Some whole documents of the corpus.

    ``documents`` is their range of ids, ``words`` the ids of their distinct words (ascending),
    ``row`` and ``column`` place each pair in (documents x words), ``pointer`` is the place of
    each document's first pair, ``first`` the number of pairs before the block.
    """

    documents: slice
    words: NDArray[np.int32]
    row: NDArray[np.int32]
    column: NDArray[np.int32]
    pointer: NDArray[np.int32]
    count: NDArray[np.float64]
    first: int

    def matrix(self, values: NDArray[np.float64]) -> sparse.csr_array:
        """The sparse matrix (documents x words) with one value per pair."""
        shape = (len(self.pointer) - 1, len(self.words))
        return sparse.csr_array((values, self.column, self.pointer), shape=shape)


def blocks(corpus: Corpus, size: int = BLOCK_PAIRS) -> Iterator[Block]:
    """Cut the corpus into blocks of whole documents with about ``size`` pairs each."""
    starts = corpus.starts()
    begin = 0
    while begin < len(corpus.documents):
        end = int(np.searchsorted(starts, starts[begin] + size, side="right")) - 1
        end = max(end, begin + 1)
        pairs = slice(int(starts[begin]), int(starts[end]))
        words, column = np.unique(corpus.word[pairs], return_inverse=True)
        yield Block(
            documents=slice(begin, end),
            words=words,
            row=corpus.document[pairs] - np.int32(begin),
            column=column.astype(np.int32),
            pointer=(starts[begin : end + 1] - starts[begin]).astype(np.int32),
            count=corpus.count[pairs],
            first=int(starts[begin]),
        )
        begin = end


#: Gives the share of each topic in each pair of a block at the start; rows add up to 1.
Shares = Callable[[Block], Matrix]


def random_shares(topics: int, seed: int) -> Shares:
    """Share each pair's count among the topics at random."""

    def shares(block: Block) -> Matrix:
        random = JavaRandom(seed)
        random.skip(block.first * topics)
        share = random.doubles(len(block.count) * topics).reshape(-1, topics)
        share /= share.sum(axis=1, keepdims=True)
        return share

    return shares


def start_block(block: Block, share: Matrix) -> tuple[Matrix, Matrix]:
    """Give N(d) of the block's documents and what the block adds to N(w) of its words."""
    topics = share.shape[1]
    share = share * block.count[:, None]
    document = np.empty((len(block.pointer) - 1, topics))
    word = np.empty((len(block.words), topics))
    for topic in range(topics):
        weights = share[:, topic]
        document[:, topic] = np.bincount(block.row, weights, minlength=len(document))
        word[:, topic] = np.bincount(block.column, weights, minlength=len(word))
    return document, word


def step_block(block: Block, a: Matrix, b: Matrix) -> tuple[Matrix, Matrix]:
    """Do one iteration of a block: ``a`` has the rows A of its words, ``b`` B of its documents.

    Gives new N(d) of its documents and what it adds to new N(w) of its words.
    """
    product = np.einsum("ik,ik->i", b[block.row], a[block.column])
    matrix = block.matrix(block.count / product)
    return b * (matrix @ a), a * (matrix.T @ b)


def fit(
    corpus: Corpus,
    parameters: Parameters,
    tick: Tick = lambda: None,
    shares: Shares | None = None,
) -> TopicCounts:
    """Fit the model; always the full number of iterations, from random ``shares`` by default.

    The counts that come back are unsmoothed: alpha and beta enter only the iteration.
    """
    topics, vocabulary = parameters.topics, len(corpus.words)
    parts = list(blocks(corpus))
    counts = TopicCounts(np.zeros((len(corpus.documents), topics)), np.zeros((vocabulary, topics)))
    shares = shares or random_shares(topics, parameters.seed)
    for block in parts:
        document, word = start_block(block, shares(block))
        counts.document[block.documents] = document
        counts.word[block.words] += word
    for _ in range(parameters.iterations):
        counts = _step(parts, counts, parameters)
        tick()
    return counts


def _step(parts: list[Block], counts: TopicCounts, parameters: Parameters) -> TopicCounts:
    smoothing = parameters.beta - 1
    total = counts.word.sum(axis=0) + len(counts.word) * smoothing
    a = (counts.word + smoothing) / total
    after = TopicCounts(np.empty_like(counts.document), np.zeros_like(counts.word))
    for block in parts:
        b = counts.document[block.documents] + (parameters.alpha - 1)
        document, word = step_block(block, a[block.words], b)
        after.document[block.documents] = document
        after.word[block.words] += word
    return after
