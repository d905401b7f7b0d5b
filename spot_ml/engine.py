"""Where the fits of a run take place, and what they start from."""

from __future__ import annotations

from spot_ml.lda import em
from spot_ml.lda.em import StartedFit
from spot_ml.lda.fit import Fit
from spot_ml.lda.parameters import MLLIB
from spot_ml.models.shelf import Shelf
from spot_ml.request import COMPATIBLE, SURPRISE, Request
from spot_ml.spread import SpreadFit
from spot_ml.storage import Storage

#: Pairs from which on the EM fit runs on the executors of a cluster.
SPREAD_FROM = 10_000_000


def original(storage: Storage, request: Request, pairs: int) -> Fit | None:
    """The fit of the original's model; None for the optimizer's own, at the driver."""
    optimizer = request.parameters.optimizer
    if optimizer == "em":
        fit = _em(storage, request, pairs, COMPATIBLE)
        return lambda corpus, parameters, tick: fit(corpus, parameters, tick, None)
    if not optimizer.startswith(MLLIB):
        return None
    from spot_ml import mllib  # takes half a second, and hardly any run needs it

    return mllib.fit_with(storage.session)


def surprise(storage: Storage, request: Request, pairs: int) -> StartedFit:
    """The fit of the default order."""
    return _em(storage, request, pairs, SURPRISE)


def _em(storage: Storage, request: Request, pairs: int, order: str) -> StartedFit:
    cluster = not str(storage.session.sparkContext.master).startswith("local")
    spread = request.engine == "auto" and cluster and pairs >= SPREAD_FROM
    fit: StartedFit = em.fit
    if spread or request.engine == "executors":
        fit = SpreadFit(storage.session)
    if not request.parameters.start:
        return fit
    shelf = Shelf(storage, request.models)
    return em.started_from(fit, *shelf.word_topics(request.parameters.start, order))
