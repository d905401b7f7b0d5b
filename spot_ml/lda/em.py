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
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from spot_common.errors import UsageError
from spot_ml.corpus import Corpus, ids_of
from spot_ml.lda.model import Matrix, Tick, TopicCounts, share_of_rows
from spot_ml.lda.parameters import Parameters
from spot_ml.lda.random import JavaRandom

#: A corpus is cut into this many blocks, but of not fewer and not more pairs than these. Part of
#: the result's last digits: do not tune.
_BLOCKS, _LEAST, _MOST = 8, 1 << 14, 1 << 18
#: Blocks that a thread of a fit may be ahead of the sum: each keeps its part of N(w) meanwhile.
_AHEAD = 4
_of_thread = threading.local()


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


def blocks(corpus: Corpus, size: int = 0) -> Iterator[Block]:
    """Cut the corpus into blocks of whole documents with about ``size`` pairs each.

    By default an eighth of the corpus, but from 16,384 to 262,144 pairs.
    """
    size = size or min(max(corpus.pairs // _BLOCKS, _LEAST), _MOST)
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
        place = ids_of(corpus.words, words)
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
    block: Block, a: Matrix, before: Matrix, parameters: Parameters
) -> tuple[Matrix, Matrix, float]:
    """Do one iteration of a block: ``a`` is A, ``before`` has the rows N(d) of its documents.

    Gives new N(d) of its documents, what it adds to new N(w) of its words, and where that may end
    the fit the sum of c ln P(word | document) before the iteration, else 0.
    """
    topics = a.shape[1]
    beside = _scratch(len(block.words), 2 * topics)
    _lay_out(block.words, a, beside)
    b = before + (parameters.alpha - 1)
    document, product = np.zeros_like(b), np.empty(len(block.count))
    _pass(block.pointer, block.column, block.count, beside, b, product, document)
    likelihood = 0.0
    if parameters.tolerance > 0:
        tokens = np.add.reduceat(block.count, block.pointer[:-1])
        likelihood = float(block.count @ np.log(product) - tokens @ np.log(b.sum(axis=1)))
    document *= b
    return document, beside[:, :topics] * beside[:, topics:], likelihood


def _scratch(rows: int, columns: int) -> Matrix:
    """A matrix to work in, until this thread asks for the next; its values are anything.

    A new one for every block would cost as much time as the work in it.
    """
    if rows * columns > len(getattr(_of_thread, "room", ())):
        _of_thread.room = np.empty(rows * columns)
    room: Matrix = _of_thread.room[: rows * columns].reshape(rows, columns)
    return room


@njit(cache=True, nogil=True)
def _lay_out(words, a, beside):  # type: ignore[no-untyped-def]
    """Put A of each word beside a sum that is 0 yet."""
    topics = a.shape[1]
    for place in range(len(words)):
        for k in range(topics):
            beside[place, k] = a[words[place], k]
        for k in range(topics):
            beside[place, topics + k] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _pass(pointer, column, count, beside, b, product, document):  # type: ignore[no-untyped-def]
    """Find B . A of each pair, add q A to each document and q B to each word.

    A row of ``beside`` has A of a word and then its sum: what is needed together is together in
    memory. Four pairs of a document are worked on side by side: each product is a sum in topic
    order, so that one alone would wait for itself at every topic.
    """
    topics = b.shape[1]
    for d in range(len(pointer) - 1):
        own, found = b[d], document[d]
        fours = pointer[d + 1] - (pointer[d + 1] - pointer[d]) % 4
        for pair in range(pointer[d], fours, 4):
            w0, w1 = beside[column[pair]], beside[column[pair + 1]]
            w2, w3 = beside[column[pair + 2]], beside[column[pair + 3]]
            p0 = p1 = p2 = p3 = 0.0
            for k in range(topics):
                p0 += own[k] * w0[k]
                p1 += own[k] * w1[k]
                p2 += own[k] * w2[k]
                p3 += own[k] * w3[k]
            product[pair], product[pair + 1] = p0, p1
            product[pair + 2], product[pair + 3] = p2, p3
            q0, q1 = count[pair] / p0, count[pair + 1] / p1
            q2, q3 = count[pair + 2] / p2, count[pair + 3] / p3
            for k in range(topics):
                found[k] = (((found[k] + q0 * w0[k]) + q1 * w1[k]) + q2 * w2[k]) + q3 * w3[k]
            for k in range(topics):
                w0[topics + k] += q0 * own[k]
            for k in range(topics):
                w1[topics + k] += q1 * own[k]
            for k in range(topics):
                w2[topics + k] += q2 * own[k]
            for k in range(topics):
                w3[topics + k] += q3 * own[k]
        for pair in range(fours, pointer[d + 1]):
            product[pair] = _add_pair(own, found, beside[column[pair]], count[pair])


@njit(cache=True, nogil=True, error_model="numpy")
def _add_pair(own, found, word, count):  # type: ignore[no-untyped-def]
    """Do for one pair what ``_pass`` does; give its product."""
    topics = len(own)
    product = 0.0
    for k in range(topics):
        product += own[k] * word[k]
    q = count / product
    for k in range(topics):
        found[k] += q * word[k]
    for k in range(topics):
        word[topics + k] += q * own[k]
    return product


@njit(cache=True, nogil=True)
def _add_rows(total, rows, values):  # type: ignore[no-untyped-def]
    """Add each row of values to the row of the total that ``rows`` says."""
    for place in range(len(rows)):
        for k in range(values.shape[1]):
            total[rows[place], k] += values[place, k]


class TreeSum:
    """Adds up matrices in a fixed order: four after each other, the sums in fours again.

    What is added up elsewhere, four at a time, has the same digits.
    """

    FAN = 4

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

        def started(block: Block) -> tuple[Matrix, Matrix, float]:
            return *start_block(block, shares(block)), 0.0

        def stepped(a: Matrix, block: Block) -> tuple[Matrix, Matrix, float]:
            return step_block(block, a, document[block.documents], parameters)

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

        word, _ = summed(started)
        for _ in range(parameters.iterations):
            word, likelihood = summed(partial(stepped, smoothed(word, parameters)))
            tick()
            if ending.reached(likelihood):
                break
    return TopicCounts(document, word)


def smoothed(word: Matrix, parameters: Parameters) -> Matrix:
    """A: the smoothed share of each word in each topic."""
    smoothing = parameters.beta - 1
    a: Matrix = (word + smoothing) / (word.sum(axis=0) + len(word) * smoothing)
    return a
