"""Choose the fit by the optimizer's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from spot_ml.corpus import Corpus
from spot_ml.lda import em, online
from spot_ml.lda.model import Tick, TopicCounts
from spot_ml.lda.parameters import Parameters

Fit = Callable[[Corpus, Parameters, Tick], TopicCounts]

FITS: Mapping[str, Fit] = {"em": em.fit, "online": online.fit}
