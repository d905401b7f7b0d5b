"""The score: the model's estimate of P(word | document), between 0 and 1."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spot_common.errors import DataError
from spot_ml.lda.model import Model, restore

#: Score of a record that has no word.
ERROR_SCORE = -1.0

#: Ids of a word or document that the model does not know, and of the error word.
UNKNOWN = -1
ERROR = -2

#: Pairs whose topics are side by side in memory.
_AT_ONCE = 1 << 16


def pair_scores(
    mix: NDArray[np.floating[Any]], word_given_topic: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Row by row, sum over the topics of mix x P(word | topic).

    Added in topic order starting from 0; where the widths differ the shorter one counts.
    """
    score = np.zeros(len(mix))
    for topic in range(min(mix.shape[1], word_given_topic.shape[1])):
        score += restore(mix[:, topic]) * word_given_topic[:, topic]
    return score


def scores(model: Model, document: ArrayLike, word: ArrayLike) -> NDArray[np.float64]:
    """Score (document id, word id) pairs.

    The error word (id -2) gives -1 whatever the document; an unknown word (id -1) gives 0. An
    unknown document (id -1) with a word raises DataError: a document that the model was not
    trained on has no mix.
    """
    document, word = np.asarray(document), np.asarray(word)
    result = np.where(word == ERROR, ERROR_SCORE, 0.0)
    if bool(((document == UNKNOWN) & (word != ERROR)).any()):
        raise DataError(
            "a record's address is not part of the model",
            hint="score the same rows that the model was trained on",
        )
    known = np.flatnonzero(word >= 0)

    def score(start: int) -> None:
        some = known[start : start + _AT_ONCE]
        mix = model.mix.take(document[some], axis=0)
        result[some] = pair_scores(mix, model.word_given_topic.take(word[some], axis=0))

    with ThreadPoolExecutor(len(os.sched_getaffinity(0)), "score") as pool:
        list(pool.map(score, range(0, len(known), _AT_ONCE)))
    return result


def combine(*parts: ArrayLike) -> NDArray[np.float64]:
    """Score of records that concern several documents: the smallest of their scores."""
    smallest: NDArray[np.float64] = np.minimum.reduce([np.asarray(part, float) for part in parts])
    return smallest


def kept(score: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Rows with -1 < score <= threshold; NaN is never kept.

    A threshold of 1 or more is none: the sum of a certain word's chances may be rounded above 1.
    """
    values = np.asarray(score, dtype=np.float64)
    limit = threshold if threshold < 1 else np.inf
    return (values > ERROR_SCORE) & (values <= limit)


def log_likelihood(score: ArrayLike, count: ArrayLike) -> float:
    """Sum over the pairs of count x ln P(word | document); pairs without score are left out."""
    values, weights = np.asarray(score, dtype=np.float64), np.asarray(count, dtype=np.float64)
    usable = values > 0
    return float(np.sum(weights[usable] * np.log(values[usable])))
