"""The whole analysis of rows in memory, with the same functions that the Spark job runs.

The job spreads them over partitions and brings together what each says; here it all happens to
one table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_ml import feedback as feedbacks
from spot_ml.batches import PAIR_SCORE, count_pairs, places_of
from spot_ml.corpus import Corpus
from spot_ml.feedback import Feedback
from spot_ml.figures import PairFigures
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking.batches import surprises, twice, up_to
from spot_ml.ranking.groups import best_of_groups
from spot_ml.ranking.listing import Lists, list_of, lists_of
from spot_ml.ranking.order import Order, order
from spot_ml.records import STATE, State, by_value, count_values, tag, tagged_schema
from spot_ml.results import order_columns, output_rows
from spot_ml.score import ERROR_SCORE, combine, kept
from spot_ml.training import Trained, corpus_of, has_amended, train
from spot_ml.words.source import SourceWords, WordContext

_BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Analysis:
    """Tagged rows, what was trained on them, and a score per row (-1: no word, NaN: not clean).

    ``corpus`` has the pairs as their words are, ``trained`` is about the original's words.
    """

    rows: pa.Table
    corpus: Corpus
    trained: Trained
    score: NDArray[np.float64]


def with_counts(
    context: WordContext, source: SourceWords, counts: pa.Table, feedback: Feedback, copies: int
) -> WordContext:
    """Add the counts to the context; values that only feedback has are counted there."""
    extra = feedbacks.extra_counts(source, feedback, copies)
    return replace(context, counts={**extra, **by_value(counts)})


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
    pairs = pa.concat_tables([count_pairs(source, tagged.filter(is_clean)), extra])
    trained = train(pairs, parameters, precision)
    corpus = corpus_of(pairs) if has_amended(pairs) else trained.corpus
    return Analysis(tagged, corpus, trained, _row_scores(source, tagged, corpus, trained))


def _row_scores(
    source: SourceWords, tagged: pa.Table, corpus: Corpus, trained: Trained
) -> NDArray[np.float64]:
    score = np.full(tagged.num_rows, np.nan)
    state = tagged[STATE]
    score[np.asarray(pc.equal(state, State.CORRUPT.value))] = ERROR_SCORE
    clean = np.asarray(pc.equal(state, State.CLEAN.value))
    figures = PairFigures.of(corpus, {PAIR_SCORE: trained.of(corpus)})
    places = places_of(source, tagged.filter(pa.array(clean)), figures)
    score[clean] = combine(*(figures.at(PAIR_SCORE, place) for place in places))
    return score


def surprising(source: SourceWords, analysis: Analysis, parameters: Parameters) -> pa.Table:
    """The clean rows with their surprise, their group and the original's score, as the job's are.

    ``analysis`` must be one without feedback.
    """
    return _scored(source, analysis, order(analysis.corpus, source.grammar, parameters))


def listed(
    source: SourceWords, analysis: Analysis, parameters: Parameters, most: int = -1
) -> pa.RecordBatch:
    """The rows of the result in the default order: the first of each group, few per endpoint.

    ``analysis`` must be one without feedback.
    """
    groups = best_of_groups(surprising(source, analysis, parameters), source)
    return output_rows(source, _one_batch(list_of(groups, source, most)))


def lists(
    source: SourceWords,
    analysis: Analysis,
    found: Order,
    most: int = -1,
    threshold: float = 1.0,
) -> Lists:
    """The list of a day with the verdicts that its order has heard, and the one without."""
    scored = up_to(threshold, _one_batch(_scored(source, analysis, found)))
    return lists_of(best_of_groups(pa.Table.from_batches([scored]), source), source, most)


def _scored(source: SourceWords, analysis: Analysis, found: Order) -> pa.Table:
    """The clean rows with what an order finds; where it has heard verdicts, with and without."""
    figures = found.pair_figures({PAIR_SCORE: analysis.trained.of(found.meant.day)})
    rows = analysis.rows.filter(pc.equal(analysis.rows[STATE], State.CLEAN.value))
    batch = _one_batch(rows)
    score = twice if found.rated else surprises
    return pa.Table.from_batches([score(source, batch, places_of(source, batch, figures), figures)])


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    """All rows of a table as one batch, which may be empty."""
    columns = [column.combine_chunks() for column in table.columns]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)


def ranked(source: SourceWords, analysis: Analysis, threshold: float, most: int) -> pa.Table:
    """The rows of the result with their score, lowest first, ties by the columns in order."""
    rows = analysis.rows.append_column("score", pa.array(analysis.score))
    rows = rows.filter(pa.array(kept(analysis.score, threshold)))
    columns = order_columns(source)
    order = [(name, "ascending", "at_start") for name in ("score", *columns)]
    index = pc.sort_indices(rows, sort_keys=order)
    return rows.take(index[:most] if most > 0 else index).select([*columns, "score"])
