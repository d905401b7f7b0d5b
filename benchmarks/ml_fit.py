"""How long the EM fit takes, beside Spark MLlib's EM on the same corpus when asked.

    python benchmarks/ml_fit.py                          200,000 pairs, ours alone
    python benchmarks/ml_fit.py --pairs 1000000 --mllib  both, side by side

The corpus is made up with the shape of flows: addresses and words are drawn from long-tailed
distributions, so that a few of each have most of the counts.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pyarrow as pa

from spot_common.config import load_config
from spot_ml import corpus as corpora
from spot_ml.corpus import Corpus
from spot_ml.lda import em
from spot_ml.lda.fit import Fit
from spot_ml.lda.model import model_of
from spot_ml.lda.parameters import Parameters
from spot_ml.score import log_likelihood, scores

_TAIL = 1.3


def made_up(pairs: int, documents: int, words: int, seed: int = 1) -> Corpus:
    """A corpus with about ``pairs`` distinct pairs."""
    draw = np.random.default_rng(seed)
    found = np.empty(0, np.int64)
    while len(found) < pairs:
        document = _long_tail(draw, documents, pairs)
        word = _long_tail(draw, words, pairs)
        found = np.unique(np.concatenate([found, document * words + word]))
    found = np.sort(draw.choice(found, pairs, replace=False))
    counts = np.minimum(draw.zipf(1.8, pairs), 10_000)
    document_names = pa.array([f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(documents)])
    word_names = pa.array([f"{i}_TCP_{i % 24}_{i % 30}_{i % 20}" for i in range(words)])
    return corpora.build(
        document_names.take(pa.array(found // words)),
        word_names.take(pa.array(found % words)),
        counts,
    )


def _long_tail(draw: np.random.Generator, size: int, count: int) -> np.ndarray:
    weights = 1 / np.arange(1, size + 1) ** (1 / _TAIL)
    return draw.choice(size, count, p=weights / weights.sum())


def measure(name: str, fit: Fit, data: Corpus, parameters: Parameters) -> float:
    """Fit once, print one line, give the seconds."""
    started = time.perf_counter()
    counts = fit(data, parameters, lambda: None)
    seconds = time.perf_counter() - started
    found = scores(model_of(counts), data.document, data.word)
    likelihood = log_likelihood(found, data.count) / data.count.sum()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:<10} {seconds:8.2f} s   log-likelihood per token {likelihood:9.5f}   "
        f"most memory of this process {memory:6.0f} MB",
        flush=True,
    )
    return seconds


def main() -> None:
    """Read the options, make the corpus, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--words", type=int, default=20_000)
    parser.add_argument("--topics", type=int, default=20)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--mllib", action="store_true", help="MLlib's EM too (minutes)")
    given = parser.parse_args()
    data = made_up(given.pairs, given.documents, given.words)
    parameters = Parameters(topics=given.topics, iterations=given.iterations)
    print(
        f"{data.pairs} pairs, {len(data.documents)} documents, {len(data.words)} words, "
        f"{int(data.count.sum())} tokens, {given.topics} topics, {given.iterations} iterations"
    )
    ours = measure("spot em", em.fit, data, parameters)
    if given.mllib:
        from spot_ml import mllib
        from spot_ml.session import spark_session

        with spark_session(load_config()) as session:
            theirs = measure("mllib em", mllib.fit_with(session), data, parameters)
        print(f"ratio      {theirs / ours:8.1f}")


if __name__ == "__main__":
    main()
