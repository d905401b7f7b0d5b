"""Spark's daemon, which forks its Python workers, with what their stages need loaded once."""

from __future__ import annotations

import gc

from pyspark.daemon import manager

from spot_common.registry import part, sources
from spot_ml.ranking import batches as _stages  # noqa: F401 - loaded before workers are forked
from spot_ml.words.domain import suffixes

if __name__ == "__main__":
    for source in sources():
        part("spot_ml.words", source)
    suffixes()
    gc.freeze()
    manager()
