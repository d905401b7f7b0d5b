"""The whole analysis of rows in memory, with the same functions that the Spark job runs.

The job spreads ``count_values`` and ``records.tag`` over partitions and lets Spark add up the
pairs; here it all happens to one table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_ml import feedback as feedbacks
from spot_ml.feedback import Feedback
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking.batches import DOCUMENT, KIND, NATS, surprise_batches
from spot_ml.ranking.listing import limited
from spot_ml.ranking.order import order
from spot_ml.records import STATE, State, count_values, tag, tagged_schema, word_columns
from spot_ml.results import order_columns, output_rows
from spot_ml.score import ERROR_SCORE, combine, kept
from spot_ml.training import PAIRS, Trained, train
from spot_ml.words.source import SourceWords, WordContext

_BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Analysis:
    """Tagged rows, what was trained on them, and a score per row (-1: no word, NaN: not clean)."""

    rows: pa.Table
    trained: Trained
    score: NDArray[np.float64]


def with_counts(
    context: WordContext, source: SourceWords, counts: pa.Table, feedback: Feedback, copies: int
) -> WordContext:
    """Add the counts to the context; values that only feedback has are counted there."""
    total = counts.group_by("value").aggregate([("count", "sum")]).sort_by("value")
    values = dict(zip(total["value"].to_pylist(), total["count_sum"].to_pylist(), strict=True))
    return replace(context, counts={**feedbacks.extra_counts(source, feedback, copies), **values})


def pairs_of(source: SourceWords, tagged: pa.Table) -> pa.Table:
    """Count the (document, word) pairs of clean rows."""
    rows = tagged.filter(pc.equal(tagged[STATE], State.CLEAN.value))
    stacked = pa.concat_tables(
        pa.table({"document": rows[document], "word": rows[word]})
        for document, word in zip(source.documents, word_columns(source), strict=True)
    )
    counted = stacked.group_by(["document", "word"]).aggregate([([], "count_all")])
    return counted.rename_columns(["document", "word", "count"]).cast(PAIRS)


def analyse(
    source: SourceWords,
    rows: pa.Table,
    context: WordContext,
    parameters: Parameters,
    *,
    feedback: Feedback | None = None,
    copies: int = 1,
    precision: int = 64,
) -> Analysis:
    """Filter, make words, train and score the rows of one day.

    The tagged rows come in the order of ``records.tag``: per batch clean and corrupt ones first.
    """
    given = feedback or Feedback(source.model_arrow().empty_table(), 0)
    batches = rows.combine_chunks().to_batches(max_chunksize=_BATCH_ROWS)
    if source.counted:
        counts = count_values(source, batches)
        context = with_counts(context, source, counts, given, copies)
    schema = tagged_schema(source, rows.schema)
    tagged = pa.Table.from_batches(
        [part for batch in batches for part in tag(source, batch, context)], schema=schema
    )
    is_clean = pc.equal(tagged[STATE], State.CLEAN.value)
    model_columns = [name for name, _ in source.model_schema]
    given = feedbacks.match(source, given, tagged.filter(is_clean).select(model_columns))
    extra = feedbacks.pairs(source, given, context, copies)
    pairs = pa.concat_tables([pairs_of(source, tagged), extra])
    trained = train(pairs, parameters, precision)
    return Analysis(tagged, trained, _row_scores(source, tagged, trained))


def _row_scores(source: SourceWords, tagged: pa.Table, trained: Trained) -> NDArray[np.float64]:
    table = trained.score_table()
    known = {
        (document, word): score
        for document, word, score in zip(*(c.to_pylist() for c in table.columns), strict=True)
    }
    parts = []
    for document, word in zip(source.documents, word_columns(source), strict=True):
        keys = zip(tagged[document].to_pylist(), tagged[word].to_pylist(), strict=True)
        parts.append(np.array([known.get(key, np.nan) for key in keys]))
    score = combine(*parts)
    corrupt = np.asarray(pc.equal(tagged[STATE], State.CORRUPT.value))
    score[corrupt] = ERROR_SCORE
    return score


def listed(
    source: SourceWords, analysis: Analysis, parameters: Parameters, most: int = -1
) -> pa.RecordBatch:
    """The rows of the result in the default order: the first of each group, few per endpoint.

    ``analysis`` must be one without feedback.
    """
    found = order(analysis.trained.corpus, source.grammar, parameters)
    rows = analysis.rows.filter(pc.equal(analysis.rows[STATE], State.CLEAN.value))
    batch = _joined(source, rows, analysis.trained.beside(found.table()))
    scored = pa.Table.from_batches(surprise_batches(source.name, 1.0, [batch]))
    ascending = [(name, "ascending", "at_start") for name in order_columns(source)]
    keys = [(NATS, "descending", "at_end"), *ascending]
    ordered = scored.take(pc.sort_indices(scored, sort_keys=keys))
    groups = list(zip(ordered[DOCUMENT].to_pylist(), ordered[KIND].to_pylist(), strict=True))
    first = {group: row for row, group in reversed(list(enumerate(groups)))}
    best = ordered.take(pa.array(sorted(first.values()), pa.int64()))
    ends = zip(*(best[name].to_pylist() for name in source.documents), strict=True)
    chosen = list(limited(ends))
    picked = best.take(pa.array(chosen[:most] if most > 0 else chosen, pa.int64()))
    return output_rows(source, picked.combine_chunks().to_batches()[0])


def _joined(source: SourceWords, rows: pa.Table, pairs: pa.Table) -> pa.RecordBatch:
    """Put the values of each document's pair beside a row."""
    for document, word in zip(source.documents, word_columns(source), strict=True):
        names = {"document": document, "word": word}
        side = pairs.rename_columns(
            [names.get(n, f"{n}_of_{document}") for n in pairs.column_names]
        )
        rows = rows.join(side, [document, word], join_type="inner")
    return rows.combine_chunks().to_batches()[0]


def ranked(source: SourceWords, analysis: Analysis, threshold: float, most: int) -> pa.Table:
    """The rows of the result with their score, lowest first, ties by the columns in order."""
    rows = analysis.rows.append_column("score", pa.array(analysis.score))
    rows = rows.filter(pa.array(kept(analysis.score, threshold)))
    columns = order_columns(source)
    order = [(name, "ascending", "at_start") for name in ("score", *columns)]
    index = pc.sort_indices(rows, sort_keys=order)
    return rows.take(index[:most] if most > 0 else index).select([*columns, "score"])
