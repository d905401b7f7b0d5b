"""Score rows that came after a stored model against it, minutes after they are in the table.

    rows -> state and words -> counts per (document, word) -> what the model expects -> result

The result has the form of a run's, in a folder of its own; the day's own result is not touched.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from spot_common import log, progress
from spot_common.config import Config
from spot_ml import inputs, publish, stages
from spot_ml.attempts import repeated
from spot_ml.batches import source_words
from spot_ml.corpus import Corpus
from spot_ml.input_rows import InputRows
from spot_ml.models.appraisal import appraise, context_for, unknown
from spot_ml.models.facts import Facts
from spot_ml.models.shelf import Shelf
from spot_ml.models.stored import StoredModel
from spot_ml.reading import Day, read_day
from spot_ml.records import State
from spot_ml.request import Live, Request
from spot_ml.session import spark_session
from spot_ml.storage import Storage
from spot_ml.training import corpus_of
from spot_ml.verdicts.memory import recall
from spot_ml.verdicts.record import Heard
from spot_ml.verdicts.run import write_aside, write_heard
from spot_ml.words.source import SourceWords

_LOG = log.get("ml.live")


@dataclass(frozen=True)
class LiveSummary:
    """Figures of one scoring: rows by state, pairs, and what of them the model did not know."""

    source: str
    model: str
    order: str
    input: str
    results_file: str
    rows: int
    clean: int
    invalid: int
    corrupt: int
    reasons: dict[str, int]
    documents: int
    unknown_documents: int
    words: int
    unknown_words: int
    pairs: int
    results: int
    seconds: float
    verdicts: Heard = field(default_factory=Heard)

    def facts(self) -> dict[str, Any]:
        """All figures as plain values."""
        return asdict(self)

    def text(self) -> str:
        """A few lines for a person."""
        lines = [
            f"{self.source}: {self.rows} rows read, {self.clean} clean, {self.invalid} invalid, "
            f"{self.corrupt} corrupt",
            *(f"  {count} x {reason}" for reason, count in self.reasons.items()),
            f"model {self.model}: {self.unknown_documents} of {self.documents} addresses and "
            f"{self.unknown_words} of {self.words} words are new to it",
            *([self.verdicts.text()] if self.verdicts.effects else []),
            f"results: {self.results} by {self.order} in {self.results_file}, {self.seconds:.1f} s",
        ]
        return "\n".join(lines)


def run(live: Live, config: Config) -> LiveSummary:
    """Start Spark, score, stop Spark. Raises a SpotError where no result was written."""
    started = time.monotonic()
    with ExitStack() as stack:
        with progress.bar("start Spark"):
            session = stack.enter_context(spark_session(config))
        return run_in(session, live, config, started)


def run_in(
    session: SparkSession, live: Live, config: Config, started: float | None = None
) -> LiveSummary:
    """Score in a session that is there; ``started`` is when the time began to count."""
    began = time.monotonic() if started is None else started
    storage = Storage(session)
    with progress.bar("read the model"):
        facts, model = Shelf(storage, live.models).load(live.model)
    return repeated(str(live.input), lambda: _attempt(storage, live, config, facts, model, began))


def _attempt(
    storage: Storage,
    live: Live,
    config: Config,
    facts: Facts,
    model: StoredModel,
    started: float,
) -> LiveSummary:
    words = source_words(live.source)
    request = _request(live, facts)
    session = storage.session
    rows = inputs.read(session, storage, request, words)
    with progress.bar("read rows and make words"):
        context = context_for(model, words, _counts(rows, words))
        day = read_day(rows, words, context, str(live.input))
    memory = recall(words, live.remembered, storage)
    with progress.bar("compare them with the model"):
        corpus = corpus_of(day.counted)
        found = appraise(words, facts, model, corpus, request.order, memory, live.like)
    rated = found.heard is not None and found.heard.rated
    with (
        progress.bar("score and write results"),
        stages.sent(session, found.figures, config.path("WORK_DIR")) as figures,
        storage.replaced(live.scored) as folder,
    ):
        made = publish.results(storage, day, request, figures, found.explainer, folder, rated=rated)
        heard = Heard()
        if found.heard is not None and made.lists is not None:
            heard = write_heard(storage, found.heard, found.verdicts, made.lists, folder)
        write_aside(storage, memory, folder)
        summary = _summary(live, request, day, model, corpus, made.number, started)
        summary = replace(summary, verdicts=heard)
        publish.seal(storage, summary.facts(), folder)
    log.event(_LOG, "results_written", **summary.facts())
    return summary


def _request(live: Live, facts: Facts) -> Request:
    """The request that the reading and writing of a run understand."""
    return Request(
        source=live.source,
        input=live.input,
        scored=live.scored,
        parameters=facts.parameters,
        threshold=live.threshold,
        most=live.most,
        precision=facts.precision,
        user_domain=facts.user_domain,
        compatible=facts.compatible,
        order=live.order or facts.order,
    )


def _counts(rows: InputRows, words: SourceWords) -> pa.Table | None:
    if words.counted is None:
        return None
    return stages.value_counts(rows, words)


def _summary(
    live: Live,
    request: Request,
    day: Day,
    model: StoredModel,
    corpus: Corpus,
    results: int,
    started: float,
) -> LiveSummary:
    new_documents, new_words = unknown(model, corpus, day.words.grammar)
    return LiveSummary(
        source=live.source,
        model=live.model,
        order=request.order,
        input=str(live.input),
        results_file=f"{live.scored}/{request.results_name}",
        rows=day.size,
        clean=day.of(State.CLEAN),
        invalid=day.of(State.INVALID),
        corrupt=day.of(State.CORRUPT),
        reasons=day.reasons,
        documents=len(corpus.documents),
        unknown_documents=new_documents,
        words=len(corpus.words),
        unknown_words=new_words,
        pairs=corpus.pairs,
        results=results,
        seconds=round(time.monotonic() - started, 1),
    )
