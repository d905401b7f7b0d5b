"""The verdicts of a run: the order that has heard them, and what the run says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from spot_ml.ranking.listing import Lists
from spot_ml.ranking.order import Order, Surprises
from spot_ml.verdicts import reading, record, standing
from spot_ml.verdicts.days import STANDING_FILE
from spot_ml.verdicts.effect import apply
from spot_ml.verdicts.memory import Files, Memory, record_of
from spot_ml.verdicts.named import Verdict
from spot_ml.verdicts.record import Heard
from spot_ml.words.source import SourceWords, WordContext


class Storage(Files, Protocol):
    """A file system that can be written."""

    def write_text(self, path: str, text: str) -> None:
        """Create or replace a file of text."""

    def write_table(self, path: str, table: pa.Table) -> None:
        """Create or replace a Parquet file."""


@dataclass(frozen=True)
class Ranked:
    """The default order of a day with what was said, and what became of each verdict."""

    order: Order
    memory: Memory
    verdicts: Sequence[Verdict]

    @classmethod
    def of(
        cls, found: Order, words: SourceWords, context: WordContext, memory: Memory, like: str
    ) -> Ranked:
        """Let verdicts bear on an order."""
        heard, verdicts = apply(found, words, context, memory, like)
        return cls(heard, memory, verdicts)

    def write(
        self, storage: Storage, words: SourceWords, lists: Lists, scored: str, folder: str
    ) -> Heard:
        """Write what became of verdicts, and what the rows stand for that may be rated next.

        ``scored`` is the folder of the day's former result, ``folder`` that of the new one.
        """
        heard = write_heard(storage, self.order, self.verdicts, lists, folder)
        rows = pa.concat_tables(lists) if self.order.rated else lists.heard
        stand = standing.standing(self.order, words, rows)
        former = record_of(words, f"{scored}/{STANDING_FILE}", storage)
        stand = standing.kept_with(stand, former, self.memory.events, words)
        storage.write_table(f"{folder}/{STANDING_FILE}", stand)
        return heard


def write_heard(
    storage: Storage, order: Surprises, verdicts: Sequence[Verdict], lists: Lists, folder: str
) -> Heard:
    """Write what became of verdicts, and say it in numbers."""
    said = record.table(order, verdicts, lists)
    storage.write_table(f"{folder}/{reading.FILE}", said)
    return record.heard(said)


def write_aside(storage: Storage, memory: Memory, folder: str) -> None:
    """Write the lines of feedback that cannot be read, each with its reason."""
    if memory.aside:
        storage.write_text(f"{folder}/{record.ASIDE_FILE}", record.aside_lines(memory.aside))
