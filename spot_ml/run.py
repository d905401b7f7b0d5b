"""A run: one day of one source, from Parquet rows to the result file.

    rows -> state and words -> counts per (document, word) -> fit -> scores -> result

The pairs are brought to the driver and the fit runs there, block after block (see ``lda.em``);
everything that grows with the number of events stays in Spark.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

from spot_common import log, progress
from spot_common.config import Config
from spot_ml import engine, feedback, inputs, publish, stages
from spot_ml.attempts import repeated
from spot_ml.batches import PAIR_SCORE, source_words
from spot_ml.feedback import Feedback
from spot_ml.figures import PairFigures
from spot_ml.input_rows import InputRows
from spot_ml.models.facts import Facts
from spot_ml.models.made import facts_of, model_of
from spot_ml.models.shelf import Shelf
from spot_ml.models.stored import StoredModel
from spot_ml.pipeline import with_counts
from spot_ml.publish import Published
from spot_ml.ranking.explain import Explainer
from spot_ml.ranking.order import Order, order
from spot_ml.reading import Day, read_day
from spot_ml.records import State
from spot_ml.request import COMPATIBLE, Request, top_domains
from spot_ml.storage import Storage
from spot_ml.summary import Summary
from spot_ml.training import Trained, corpus_of, has_amended, train
from spot_ml.verdicts.memory import recall
from spot_ml.verdicts.record import Heard
from spot_ml.verdicts.run import Ranked, write_aside
from spot_ml.words.source import SourceWords, WordContext

_LOG = log.get("ml.job")


def run(
    session: SparkSession, request: Request, config: Config, started: float | None = None
) -> Summary:
    """Do the run; ``started`` is when its time began to count.

    Raises a SpotError where no result was written.
    """
    began = time.monotonic() if started is None else started
    return repeated(str(request.input), lambda: _attempt(session, request, config, began))


def _attempt(session: SparkSession, request: Request, config: Config, started: float) -> Summary:
    words = source_words(request.source)
    storage = Storage(session)
    rows = inputs.read(session, storage, request, words)
    kept = config.integer("MODELS_KEPT") if request.models else 0
    checksums = _beside(storage.checksums, rows.addresses if kept else ())
    given = feedback.read(words, _feedback_lines(storage, request.feedback))
    memory = recall(words, request.remembered, storage)
    with progress.bar("read rows and make words"):
        context = _context(rows, words, request, given, config)
        day = read_day(rows, words, context, str(request.input))
    given = _matched(day, given)
    trained, found = _train(storage, day, request, given, context)
    ranked = Ranked.of(found, words, context, memory, request.like) if found else None
    model = ""
    if kept:
        pairs = zip(rows.files, checksums.result(), strict=True)
        files = [replace(file, checksum=checksum) for file, checksum in pairs]
        facts = facts_of(request, files, day.size, day.of(State.CLEAN), given, trained)
        model = _save(storage, request, kept, model_of(trained, found, context), facts)
    with (
        progress.bar("score and write results"),
        stages.sent(session, _figures(trained, ranked), config.path("WORK_DIR")) as figures,
        storage.replaced(request.scored) as folder,
    ):
        explainer = Explainer(ranked.order) if ranked else None
        rated = ranked is not None and ranked.order.rated
        made = publish.results(storage, day, request, figures, explainer, folder, rated=rated)
        summary = _summary(request, day, given, trained, made.number, model, started)
        summary = replace(
            summary,
            shape=ranked.order.surprise.shape if ranked else None,
            feedback_reasons=memory.reasons,
            verdicts=_verdicts(storage, request, words, ranked, made, folder),
        )
        write_aside(storage, memory, folder)
        publish.seal(storage, summary.facts(), folder)
    log.event(_LOG, "results_written", **summary.facts())
    return summary


def _verdicts(
    storage: Storage,
    request: Request,
    words: SourceWords,
    ranked: Ranked | None,
    made: Published,
    folder: str,
) -> Heard:
    """Write what became of verdicts, where the order hears them."""
    if ranked is None or made.lists is None:
        return Heard()
    return ranked.write(storage, words, made.lists, request.scored, folder)


def _beside(
    work: Callable[[Sequence[str]], Sequence[str]], given: Sequence[str]
) -> Future[Sequence[str]]:
    """Do something while the run goes on."""
    pool = ThreadPoolExecutor(1)
    done = pool.submit(work, given)
    pool.shutdown(wait=False)
    return done


def _save(storage: Storage, request: Request, kept: int, model: StoredModel, facts: Facts) -> str:
    """Save the model before the results are written, among so many, and give its ID."""
    shelf = Shelf(storage, request.models)
    with progress.bar("save the model"):
        identity = shelf.save(model, facts)
        shelf.prune(kept, identity)
    return identity


def _feedback_lines(storage: Storage, path: str) -> list[str] | None:
    text = storage.read_text(path) if path else None
    return None if text is None else text.splitlines()


def _context(
    rows: InputRows, words: SourceWords, request: Request, given: Feedback, config: Config
) -> WordContext:
    context = WordContext(
        user_domain=request.user_domain,
        top_domains=top_domains(config),
        compatible=request.compatible,
        amended=request.order != COMPATIBLE,
    )
    if words.counted is None:
        return context
    counts = stages.value_counts(rows, words)
    return with_counts(context, words, counts, given, request.copies)


def _matched(day: Day, given: Feedback) -> Feedback:
    """Complete feedback rows by the day's records, where the file does not give everything."""
    wanted = feedback.unmatched(day.words, given)
    if not wanted.num_rows:
        return given
    records = stages.tagged(day.rows, day.words, day.context)
    return feedback.match(day.words, given, stages.equal_records(records, day.words, wanted))


def _train(
    storage: Storage, day: Day, request: Request, given: Feedback, context: WordContext
) -> tuple[Trained, Order | None]:
    """Fit the original's model, and find the default order where that is asked for."""
    words = day.words
    extra = feedback.pairs(words, given, context, request.copies)
    parameters = request.parameters
    with progress.bar("fit topics", parameters.iterations, "iterations") as shown:
        pairs = pa.concat_tables([day.counted, extra])
        fit = engine.original(storage, request, day.counted.num_rows)
        trained = train(pairs, parameters, request.precision, shown.advance, fit)
    if request.order == COMPATIBLE:
        return trained, None
    with progress.bar("find what is surprising", parameters.iterations, "iterations") as shown:
        same = not extra.num_rows and not has_amended(day.counted)
        corpus = trained.corpus if same else corpus_of(day.counted)
        started = engine.surprise(storage, request, day.counted.num_rows)
        found = order(corpus, words.grammar, parameters, shown.advance, started)
        return trained, found


def _figures(trained: Trained, ranked: Ranked | None) -> PairFigures:
    """What is known of each pair: the original's score, and in the default order its surprise."""
    if ranked is None:
        return PairFigures.of(trained.corpus, {PAIR_SCORE: trained.score})
    found = ranked.order
    return found.pair_figures({PAIR_SCORE: trained.of(found.meant.day)})


def _summary(
    request: Request,
    day: Day,
    given: Feedback,
    trained: Trained,
    results: int,
    model: str,
    started: float,
) -> Summary:
    parameters = request.parameters
    return Summary(
        source=request.source,
        input=str(request.input),
        results_file=f"{request.scored}/{request.results_name}",
        rows=day.size,
        clean=day.of(State.CLEAN),
        invalid=day.of(State.INVALID),
        corrupt=day.of(State.CORRUPT),
        lost=day.of(State.LOST),
        reasons=day.reasons,
        feedback_rows=given.used,
        feedback_skipped=given.skipped,
        documents=len(trained.corpus.documents),
        words=len(trained.corpus.words),
        pairs=trained.corpus.pairs,
        optimizer=parameters.optimizer,
        topics=parameters.topics,
        alpha=parameters.alpha,
        beta=parameters.beta,
        iterations=parameters.iterations,
        seed=parameters.seed,
        precision=request.precision,
        compatible=request.compatible,
        order=request.order,
        log_likelihood=trained.log_likelihood,
        unscored=int(np.isnan(trained.score).sum()),
        results=results,
        model=model,
        seconds=round(time.monotonic() - started, 1),
    )
