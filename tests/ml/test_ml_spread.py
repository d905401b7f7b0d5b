"""The fit on executors has the digits of the fit at the driver."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from spot_common.config import load_config
from spot_ml import corpus
from spot_ml.lda import em
from spot_ml.lda.parameters import Parameters
from spot_ml.session import spark_session
from spot_ml.spread import SpreadFit

pytestmark = pytest.mark.service


def test_executors_give_the_digits_of_the_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(5)
    documents = pa.array([f"d{n:04d}" for n in draw.integers(0, 900, 9000)])
    words = pa.array([f"w{n:03d}" for n in draw.zipf(1.3, 9000) % 400])
    data = corpus.build(documents, words, draw.integers(1, 50, 9000))
    cut = em.blocks
    monkeypatch.setattr(em, "blocks", lambda given: cut(given, 20))
    assert len(list(em.blocks(data))) > em.TreeSum.FAN**2, "sums of sums are needed"
    config = load_config(environ={"SPOT_STATE_DIR": str(tmp_path), "SPOT_SPARK_MASTER": "local[2]"})
    user = os.environ.get("HADOOP_USER_NAME")
    parameters = Parameters(topics=3, iterations=2, tolerance=1e-9)
    ticks: list[int] = []
    with spark_session(config) as session:
        spread = SpreadFit(session)
        found = spread(data, parameters, lambda: ticks.append(1))
        nothing = corpus.build(pa.array([], pa.string()), pa.array([], pa.string()), [])
        assert spread(nothing, parameters).word.shape == (0, 3)
    assert os.environ.get("HADOOP_USER_NAME") == user, "services started later would be that user"
    expected = em.fit(data, parameters)
    np.testing.assert_array_equal(found.document, expected.document)
    np.testing.assert_array_equal(found.word, expected.word)
    assert len(ticks) == 2
