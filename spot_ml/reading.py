"""The rows of a run as they are at its start, counted by state and by pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyspark import Broadcast

from spot_common.errors import NotFoundError
from spot_ml import stages
from spot_ml.input_rows import InputRows
from spot_ml.records import State
from spot_ml.stages import Tally
from spot_ml.words.source import SourceWords, WordContext


@dataclass(frozen=True)
class Day:
    """The rows of a run, what their words are, and what words need beside the row.

    ``tallies`` count the records by state and reason, ``counted`` the pairs of the clean ones.
    """

    rows: InputRows
    words: SourceWords
    context: Broadcast[WordContext]
    tallies: Sequence[Tally]
    counted: pa.Table

    @property
    def size(self) -> int:
        """Number of all records."""
        return sum(tally.rows for tally in self.tallies)

    def of(self, state: State) -> int:
        """Number of records of one state."""
        return sum(tally.rows for tally in self.tallies if tally.state == state)

    @property
    def reasons(self) -> dict[str, int]:
        """Number of records by reason or remark."""
        return {tally.reason: tally.rows for tally in self.tallies if tally.reason is not None}


def read_day(rows: InputRows, words: SourceWords, context: WordContext, what: str) -> Day:
    """Read the rows once; NotFoundError where there are none in ``what``."""
    shared = rows.frame.sparkSession.sparkContext.broadcast(context)
    tallies, counted = stages.counted(rows, words, shared)
    if not tallies:
        raise NotFoundError(f"there are no rows at {what}")
    return Day(rows, words, shared, tallies, counted)
