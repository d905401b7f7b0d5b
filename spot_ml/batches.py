"""The stages that run in Spark's Python workers: Arrow batches in, Arrow batches out.

A worker imports this module and what it needs, so it stays free of PySpark's own classes and of
the fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import pyarrow as pa

from spot_common.registry import part
from spot_ml.records import count_values, tag, word_columns
from spot_ml.results import SCORE, lines, output_rows
from spot_ml.score import combine, kept
from spot_ml.words.source import SourceWords, WordContext

LINE = "line"

Batches = Iterable[pa.RecordBatch]


class Shared(Protocol):
    """A value that Spark sends to every worker once."""

    @property
    def value(self) -> WordContext:
        """The value itself."""


def source_words(name: str) -> SourceWords:
    """The word module of a source."""
    words: SourceWords = part("spot_ml.words", name).WORDS
    return words


def count_batches(source: str, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Count values of the source's ``counted`` column: ``value`` and ``count``, may repeat."""
    yield from count_values(source_words(source), batches).to_batches()


def tag_batches(source: str, context: Shared, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Give every record its state, reason and words."""
    words = source_words(source)
    for batch in batches:
        yield from tag(words, batch, context.value)


def score_columns(source: SourceWords) -> tuple[str, ...]:
    """Names of the columns that hold the scores of a record's documents."""
    return tuple(f"score_of_{document}" for document in source.documents)


def rank_batches(
    source: str, threshold: float, delimiter: str, batches: Batches
) -> Iterator[pa.RecordBatch]:
    """Keep the records up to the threshold, with their score and the line of the result."""
    words = source_words(source)
    names = [*words.select_columns, *word_columns(words), SCORE]
    for batch in batches:
        parts = [batch[name].to_numpy(zero_copy_only=False) for name in score_columns(words)]
        score = combine(*parts)
        scored = batch.append_column(SCORE, pa.array(score))
        scored = scored.filter(pa.array(kept(score, threshold)))
        text = lines(output_rows(words, scored), delimiter)
        yield scored.select(names).append_column(LINE, text)
