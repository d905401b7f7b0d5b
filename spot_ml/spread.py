"""The EM fit with its blocks on Spark's executors: for corpora that one processor is long about.

Blocks are cut and numbered as in ``lda.em``. Four of them are a partition, which stays cached
with the topic counts of its documents. An iteration sends A to the executors; each partition gives
the sum for N(w) of its blocks, and Spark brings the sums together in fours, in the order of
``TreeSum``: the result has the same digits as that of ``em.fit``, on any number of executors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from pyspark import RDD, Broadcast, StorageLevel
from pyspark.sql import SparkSession

from spot_ml.corpus import Corpus
from spot_ml.lda import em
from spot_ml.lda.em import Block, Shares, TreeSum
from spot_ml.lda.model import Matrix, Tick, TopicCounts
from spot_ml.lda.parameters import Parameters

_KEPT = StorageLevel.MEMORY_AND_DISK


@dataclass(frozen=True)
class Part:
    """Consecutive blocks with N(d) of their documents, and what they say after an iteration.

    ``number`` is the place of the part; ``word`` its sum for N(w) of all words; ``likelihoods``
    has the log-likelihood of each block before the iteration.
    """

    number: int
    blocks: tuple[Block, ...]
    documents: tuple[Matrix, ...]
    word: Matrix
    likelihoods: tuple[float, ...]


class SpreadFit:
    """``em.fit`` on the executors of a session."""

    def __init__(self, session: SparkSession) -> None:
        self._context = session.sparkContext

    def __call__(
        self,
        corpus: Corpus,
        parameters: Parameters,
        tick: Tick = lambda: None,
        shares: Shares | None = None,
    ) -> TopicCounts:
        """Fit the model as ``em.fit`` does."""
        if not corpus.pairs:
            return em.fit(corpus, parameters, tick, shares)
        shape = (len(corpus.words), parameters.topics)
        shares = shares or em.random_shares(parameters.topics, parameters.seed)
        parts = list(enumerate(_in_fours(em.blocks(corpus))))
        cut: RDD[tuple[int, tuple[Block, ...]]] = self._context.parallelize(parts, len(parts))
        state = cut.map(lambda part: _started(*part, shares, shape)).persist(_KEPT)
        ending = em.Ending(parameters.tolerance)
        word, _ = _summed(state, shape)
        for _ in range(parameters.iterations):
            a = self._context.broadcast(em.smoothed(word, parameters))
            state, before = _stepped(state, a, parameters), state
            word, likelihood = _summed(state, shape)
            before.unpersist()
            tick()
            if ending.reached(likelihood):
                break
        found = sorted(state.map(lambda part: (part.number, part.documents)).collect())
        state.unpersist()
        documents = [matrix for _, matrices in found for matrix in matrices]
        return TopicCounts(np.concatenate(documents), word)


def _in_fours(blocks: Iterable[Block]) -> Iterator[tuple[Block, ...]]:
    gathered: list[Block] = []
    for block in blocks:
        gathered.append(block)
        if len(gathered) == TreeSum.FAN:
            yield tuple(gathered)
            gathered = []
    if gathered:
        yield tuple(gathered)


def _started(
    number: int, blocks: tuple[Block, ...], shares: Shares, shape: tuple[int, int]
) -> Part:
    added, documents = TreeSum(shape), []
    for block in blocks:
        document, word = em.start_block(block, shares(block))
        documents.append(document)
        added.add(word, block.words)
    return Part(number, blocks, tuple(documents), added.total(), (0.0,) * len(blocks))


def _stepped(state: RDD[Part], a: Broadcast[Matrix], parameters: Parameters) -> RDD[Part]:
    def step(part: Part) -> Part:
        added, documents, likelihoods = TreeSum(a.value.shape), [], []
        for block, document in zip(part.blocks, part.documents, strict=True):
            after, word, likelihood = em.step_block(block, a.value, document, parameters)
            documents.append(after)
            likelihoods.append(likelihood)
            added.add(word, block.words)
        return Part(part.number, part.blocks, tuple(documents), added.total(), tuple(likelihoods))

    return state.map(step).persist(_KEPT)


def _summed(state: RDD[Part], shape: tuple[int, int]) -> tuple[Matrix, float]:
    """N(w) and the log-likelihood of all blocks, both added up in the order of the blocks."""
    said = state.map(lambda part: (part.number, (part.word, part.likelihoods)))
    number = state.getNumPartitions()
    while number > TreeSum.FAN:
        groups = said.map(lambda one: (one[0] // TreeSum.FAN, one)).groupByKey()
        said = groups.mapValues(lambda members: _together(members, shape))
        number = -(-number // TreeSum.FAN)
    word, likelihoods = _together(said.collect(), shape)
    return word, sum(likelihoods)


def _together(
    said: Iterable[tuple[int, tuple[Matrix, tuple[float, ...]]]], shape: tuple[int, int]
) -> tuple[Matrix, tuple[float, ...]]:
    """Add up matrices in the order of their numbers; put the likelihoods after each other."""
    added = TreeSum(shape)
    likelihoods: list[float] = []
    for _, (matrix, of_blocks) in sorted(said, key=lambda one: one[0]):
        added.add(matrix)
        likelihoods += of_blocks
    return added.total(), tuple(likelihoods)
