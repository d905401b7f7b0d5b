"""Expectation-maximisation for LDA with the update rule of Spark MLlib's EM optimizer.

With N(d), N(w), N(k) the topic counts of documents, words and topics, V words, c(d,w) the counts:

    A(w) = (N(w) + beta - 1) / (N(k) + V (beta - 1))        B(d) = N(d) + alpha - 1
    q(d,w) = c(d,w) / (B(d) . A(w))                          one number per (document, word) pair
    new N(d) = B(d) o (q A)(d)                               new N(w) = A(w) o (q' B)(w)

The topic vectors of pairs are never stored: one pass over a document's pairs adds to N(d) and N(w).
The corpus is cut into blocks of whole documents. A block needs only A and its own B, gives its own
rows of N(d) and a partial sum for N(w), and the partial sums are added in an order that the cut
alone decides (``TreeSum``), so the result is the same wherever blocks are worked on: here by as
many threads as there are processors, in ``spot_ml.spread`` on the executors of a cluster.

The start draws from one stream over all pairs in document, then word order; a block finds its
place in the stream by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from spot_common.errors import UsageError
from spot_ml.corpus import Corpus
from spot_ml.lda.model import Matrix, Tick, TopicCounts, share_of_rows
from spot_ml.lda.parameters import Parameters
from spot_ml.lda.random import JavaRandom

#: Pairs per block, but always whole documents. Part of the result's last digits: do not tune.
BLOCK_PAIRS = 1 << 16
#: Blocks that a thread of a fit may be ahead of the sum: each keeps its part of N(w) meanwhile.
_AHEAD = 4


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

#: A fit by these rules, wherever it runs, that may start from given shares.
StartedFit = Callable[[Corpus, Parameters, Tick, Shares | None], TopicCounts]


def random_shares(topics: int, seed: int) -> Shares:
    """Share each pair's count among the topics at random."""

    def shares(block: Block) -> Matrix:
        random = JavaRandom(seed)
        random.skip(block.first * topics)
        share = random.doubles(len(block.count) * topics).reshape(-1, topics)
        share /= share.sum(axis=1, keepdims=True)
        return share

    return shares


def started_from(fit: StartedFit, words: pa.Array, topics: Matrix) -> StartedFit:
    """Let a fit start from an earlier one: ``topics`` are the topic counts of its ``words``.

    Each pair's count is shared as the earlier fit shares its word, that of a new word evenly.
    Raises UsageError where the number of topics is another.
    """

    def started(
        corpus: Corpus,
        parameters: Parameters,
        tick: Tick = lambda: None,
        shares: Shares | None = None,
    ) -> TopicCounts:
        if topics.shape[1] != parameters.topics:
            raise UsageError(
                f"the model to start from has {topics.shape[1]} topics, not {parameters.topics}",
                hint="set TOPIC_COUNT as it was, or start anew",
            )
        place = pc.fill_null(pc.index_in(corpus.words, value_set=words), -1).to_numpy()
        of_word = np.full((len(corpus.words), parameters.topics), 1.0 / parameters.topics)
        known = place >= 0
        of_word[known] = share_of_rows(topics[place[known]])
        return fit(corpus, parameters, tick, partial(_as_words, of_word))

    return started


def _as_words(of_word: Matrix, block: Block) -> Matrix:
    share: Matrix = of_word[block.words[block.column]]
    return share


def start_block(block: Block, share: Matrix) -> tuple[Matrix, Matrix]:
    """Give N(d) of the block's documents and what the block adds to N(w) of its words."""
    topics = share.shape[1]
    document = np.zeros((len(block.pointer) - 1, topics))
    word = np.zeros((len(block.words), topics))
    _shared_out(block.row, block.column, block.count, share, document, word)
    return document, word


@njit(cache=True, nogil=True)
def _shared_out(row, column, count, share, document, word):  # type: ignore[no-untyped-def]
    """Add each pair's count to its document and to its word, as the topics share it."""
    for pair in range(len(count)):
        for k in range(share.shape[1]):
            weight = share[pair, k] * count[pair]
            document[row[pair], k] += weight
            word[column[pair], k] += weight


def step_block(
    block: Block, a: Matrix, b: Matrix, *, measured: bool
) -> tuple[Matrix, Matrix, float]:
    """Do one iteration of a block: ``a`` has the rows A of its words, ``b`` B of its documents.

    Gives new N(d) of its documents, what it adds to new N(w) of its words, and where it is
    ``measured`` the sum of c ln P(word | document) before the iteration, else 0.
    """
    document, word = np.zeros_like(b), np.zeros_like(a)
    product = np.empty(len(block.count))
    _pass(block.pointer, block.column, block.count, a, b, product, document, word)
    likelihood = 0.0
    if measured:
        tokens = np.add.reduceat(block.count, block.pointer[:-1])
        likelihood = float(block.count @ np.log(product) - tokens @ np.log(b.sum(axis=1)))
    document *= b
    word *= a
    return document, word, likelihood


@njit(cache=True, nogil=True, error_model="numpy")
def _pass(pointer, column, count, a, b, product, document, word):  # type: ignore[no-untyped-def]
    """Find B . A of each pair, add q A to each document and q B to each word.

    Four products of a document are found side by side: each is a sum in topic order, so that one
    alone would wait for itself at every topic.
    """
    topics = a.shape[1]
    for d in range(len(pointer) - 1):
        own, found = b[d], document[d]
        fours = pointer[d + 1] - (pointer[d + 1] - pointer[d]) % 4
        for pair in range(pointer[d], fours, 4):
            a0, a1 = a[column[pair]], a[column[pair + 1]]
            a2, a3 = a[column[pair + 2]], a[column[pair + 3]]
            p0 = p1 = p2 = p3 = 0.0
            for k in range(topics):
                p0 += own[k] * a0[k]
                p1 += own[k] * a1[k]
                p2 += own[k] * a2[k]
                p3 += own[k] * a3[k]
            product[pair], product[pair + 1] = p0, p1
            product[pair + 2], product[pair + 3] = p2, p3
        for pair in range(fours, pointer[d + 1]):
            of_word = a[column[pair]]
            p = 0.0
            for k in range(topics):
                p += own[k] * of_word[k]
            product[pair] = p
        for pair in range(pointer[d], pointer[d + 1]):
            q = count[pair] / product[pair]
            of_word, to_word = a[column[pair]], word[column[pair]]
            for k in range(topics):
                found[k] += q * of_word[k]
            for k in range(topics):
                to_word[k] += q * own[k]


@njit(cache=True, nogil=True)
def _add_rows(total, rows, values):  # type: ignore[no-untyped-def]
    """Add each row of values to the row of the total that ``rows`` says."""
    for place in range(len(rows)):
        for k in range(values.shape[1]):
            total[rows[place], k] += values[place, k]


class TreeSum:
    """Adds up matrices in a fixed order: sixteen after each other, the sums in sixteens again.

    What is added up elsewhere, sixteen at a time, has the same digits.
    """

    FAN = 16

    def __init__(self, shape: tuple[int, int]) -> None:
        self._sum = np.zeros(shape)
        self._added = 0
        self._above: TreeSum | None = None

    def add(self, values: Matrix, rows: NDArray[np.int32] | slice = slice(None)) -> None:
        """Add values to some rows, or to all of them."""
        if self._added == self.FAN:
            self._carry()
        if isinstance(rows, slice):
            self._sum[rows] += values
        else:
            _add_rows(self._sum, rows, values)
        self._added += 1

    def _carry(self) -> None:
        self._above = self._above or TreeSum(self._sum.shape)
        self._above.add(self._sum)
        self._sum, self._added = np.zeros_like(self._sum), 0

    def total(self) -> Matrix:
        """The sum of all that was added."""
        if self._above is None:
            return self._sum
        if self._added:
            self._carry()
        return self._above.total()


class Ending:
    """Says when a fit has arrived: the log-likelihood changes by less than a share of itself."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self._before = np.nan

    def reached(self, likelihood: float) -> bool:
        """Take the log-likelihood before an iteration; a tolerance of 0 never ends a fit."""
        change = abs(likelihood - self._before)
        self._before = likelihood
        return bool(change < self._tolerance * abs(likelihood))


def fit(
    corpus: Corpus,
    parameters: Parameters,
    tick: Tick = lambda: None,
    shares: Shares | None = None,
) -> TopicCounts:
    """Fit the model, from random ``shares`` by default.

    Ends early where the log-likelihood changes by less than the share ``tolerance`` of itself. The
    counts that come back are unsmoothed: alpha and beta enter only the iteration.
    """
    parts = list(blocks(corpus))
    shares = shares or random_shares(parameters.topics, parameters.seed)
    shape = (len(corpus.words), parameters.topics)
    document = np.zeros((len(corpus.documents), parameters.topics))
    ending = Ending(parameters.tolerance)
    threads = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(threads, "fit") as pool:

        def summed(work: Callable[[Block], tuple[Matrix, Matrix, float]]) -> tuple[Matrix, float]:
            """Do some work on every block; N(d) is replaced, N(w) and likelihood are added up."""
            added, likelihood = TreeSum(shape), 0.0
            for first in range(0, len(parts), _AHEAD * threads):
                some = parts[first : first + _AHEAD * threads]
                for block, (rows, word, of_block) in zip(some, pool.map(work, some), strict=True):
                    document[block.documents] = rows
                    added.add(word, block.words)
                    likelihood += of_block
            return added.total(), likelihood

        word, _ = summed(lambda block: (*start_block(block, shares(block)), 0.0))
        for _ in range(parameters.iterations):
            a = smoothed(word, parameters)
            word, likelihood = summed(partial(_step, a, document, parameters))
            tick()
            if ending.reached(likelihood):
                break
    return TopicCounts(document, word)


def _step(
    a: Matrix, document: Matrix, parameters: Parameters, block: Block
) -> tuple[Matrix, Matrix, float]:
    """Do one iteration of a block; its likelihood is only wanted where it may end the fit."""
    b = document[block.documents] + (parameters.alpha - 1)
    return step_block(block, a.take(block.words, axis=0), b, measured=parameters.tolerance > 0)


def smoothed(word: Matrix, parameters: Parameters) -> Matrix:
    """A: the smoothed share of each word in each topic."""
    smoothing = parameters.beta - 1
    a: Matrix = (word + smoothing) / (word.sum(axis=0) + len(word) * smoothing)
    return a
