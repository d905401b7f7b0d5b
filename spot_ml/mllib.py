"""Spark MLlib's own LDA on the same corpus, to compare with."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from pyspark.ml.clustering import LDA
from pyspark.ml.linalg import Vectors
from pyspark.mllib.common import _java2py
from pyspark.sql import DataFrame, SparkSession

from spot_ml.corpus import Corpus
from spot_ml.lda import online
from spot_ml.lda.fit import Fit
from spot_ml.lda.model import Matrix, Tick, TopicCounts
from spot_ml.lda.parameters import MLLIB, Parameters


def fit_with(session: SparkSession) -> Fit:
    """Give a fit that MLlib does in this session; ``tick`` is called once, at the end."""

    def fit(corpus: Corpus, parameters: Parameters, tick: Tick = lambda: None) -> TopicCounts:
        optimizer = parameters.optimizer.removeprefix(MLLIB)
        estimator = LDA(
            k=parameters.topics,
            maxIter=parameters.iterations,
            seed=parameters.seed,
            optimizer=optimizer,
            docConcentration=[parameters.alpha],
            topicConcentration=parameters.beta,
        )
        if optimizer == "online":
            batch = online.batch_for(len(corpus.documents), parameters.iterations)
            estimator = estimator.setSubsamplingRate(batch.fraction)
        rows = _rows(session, corpus)
        model = estimator.fit(rows)
        word: Matrix = np.asarray(model.topicsMatrix().toArray())
        document = _em_mixes(session, model) if optimizer == "em" else _inferred(model, rows)
        tick()
        return TopicCounts(document, word)

    return fit


def _rows(session: SparkSession, corpus: Corpus) -> DataFrame:
    starts, size = corpus.starts(), len(corpus.words)
    rows = [
        (index, Vectors.sparse(size, corpus.word[a:b].tolist(), corpus.count[a:b].tolist()))
        for index, (a, b) in enumerate(pairwise(starts))
    ]
    return session.createDataFrame(rows, ["id", "features"])


def _em_mixes(session: SparkSession, model: Any) -> Matrix:
    """Topic mixes of the EM fit itself, which Python's API does not show.

    ``transform`` would infer them anew by another method and give other numbers. MLlib numbers
    the documents in the order of the rows.
    """
    distributed = model._java_obj.getModel()
    java: Any = session._jvm
    serializer = java.org.apache.spark.mllib.api.python.SerDe
    pairs = serializer.fromTuple2RDD(distributed.topicDistributions())
    found = sorted(_java2py(session.sparkContext, pairs).collect(), key=lambda pair: pair[0])
    return np.array([mix.toArray() for _, mix in found])


def _inferred(model: Any, rows: DataFrame) -> Matrix:
    found = model.transform(rows).select("id", "topicDistribution").orderBy("id").collect()
    return np.array([row["topicDistribution"].toArray() for row in found])
