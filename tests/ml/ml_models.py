"""A model of a made-up day, and rows that come after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ml_cases as cases
import ml_days
import pyarrow as pa
import pyarrow.compute as pc

from spot_ml import pipeline
from spot_ml.batches import count_pairs
from spot_ml.corpus import Corpus
from spot_ml.feedback import Feedback
from spot_ml.lda.parameters import Parameters
from spot_ml.models.appraisal import context_for
from spot_ml.models.facts import Facts, InputFile
from spot_ml.models.made import facts_of, model_of
from spot_ml.models.stored import StoredModel
from spot_ml.ranking.order import order
from spot_ml.records import STATE, State, count_values, tag, tagged_schema
from spot_ml.request import COMPATIBLE, SURPRISE, Request
from spot_ml.training import corpus_of
from spot_ml.words.source import SourceWords, WordContext

FEW = Parameters(topics=3, iterations=5)
CONTEXT = WordContext(top_domains=frozenset({"google", "facebook"}))
FILES = (InputFile("/user/spot/a.parquet", 12, "2004-02-03T04:05:06.000+00:00", "MD5:1"),)


def made(
    source: str, rows: pa.Table | None = None, *, surprise: bool = True, **changed: Any
) -> tuple[StoredModel, Facts]:
    """The model that a run over some rows leaves."""
    words = cases.source(source)
    rows = ml_days.TABLES[source]() if rows is None else rows
    parameters = changed.get("parameters", FEW)
    context = replace(CONTEXT, amended=surprise)
    analysis = pipeline.analyse(words, rows, context, parameters)
    trained = analysis.trained
    ranked = order(analysis.corpus, words.grammar, parameters) if surprise else None
    if words.counted:
        none = Feedback(words.model_arrow().empty_table(), 0)
        counts = count_values(words, rows.to_batches())
        context = pipeline.with_counts(context, words, counts, none, 1)
    wanted = SURPRISE if surprise else COMPATIBLE
    values = {"source": source, "input": "/in", "scored": "/out", "parameters": parameters,
              "threshold": 1.0, "order": wanted, "day": "20040203", **changed}  # fmt: skip
    request = Request(**values)
    given = Feedback(words.model_arrow().empty_table(), 0)
    facts = facts_of(request, FILES, rows.num_rows, rows.num_rows, given, trained)
    return model_of(trained, ranked, context), facts


def clean_rows(words: SourceWords, rows: pa.Table, context: WordContext) -> pa.Table:
    """The clean ones of some rows with their words."""
    parts = [part for batch in rows.to_batches() for part in tag(words, batch, context)]
    tagged = pa.Table.from_batches(parts, schema=tagged_schema(words, rows.schema))
    return tagged.filter(pc.equal(tagged[STATE], State.CLEAN.value))


def fresh(words: SourceWords, rows: pa.Table, model: StoredModel) -> tuple[pa.Table, Corpus]:
    """Rows that come after a model, with the words that it lets them have, and their pairs."""
    counts = count_values(words, rows.to_batches()) if words.counted else None
    found = clean_rows(words, rows, context_for(model, words, counts))
    return found, corpus_of(count_pairs(words, found))
