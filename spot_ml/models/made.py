"""From what a run has found to the model that it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from spot_ml.feedback import Feedback
from spot_ml.models.facts import Facts, InputFile, versions
from spot_ml.models.stored import Learned, StoredModel
from spot_ml.ranking.order import Order
from spot_ml.request import Request
from spot_ml.training import Trained
from spot_ml.words.source import WordContext


def model_of(trained: Trained, ranked: Order | None, context: WordContext) -> StoredModel:
    """Keep what the fits of a run learned; ``ranked`` is None where only one was done."""
    return StoredModel(
        compatible=Learned(trained.corpus, trained.counts),
        surprise=Learned(ranked.corpus, ranked.counts) if ranked else None,
        context=context,
    )


def facts_of(
    request: Request,
    files: Sequence[InputFile],
    rows: int,
    events: int,
    given: Feedback,
    trained: Trained,
) -> Facts:
    """Say how the model of a run was made. ``rows`` were read, ``events`` of them are clean."""
    return Facts(
        source=request.source,
        day=request.day,
        order=request.order,
        input=str(request.input),
        files=tuple(files),
        rows=rows,
        events=events,
        documents=len(trained.corpus.documents),
        words=len(trained.corpus.words),
        pairs=trained.corpus.pairs,
        parameters=request.parameters,
        precision=request.precision,
        user_domain=request.user_domain,
        compatible=request.compatible,
        copies=request.copies,
        feedback_rows=given.used,
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
