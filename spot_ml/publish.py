"""What a run leaves in its folder: the result, rows and reasons, and what was set aside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import Observation
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's users know

from spot_ml import explanations, stages
from spot_ml.batches import LINE
from spot_ml.figures import Sent
from spot_ml.ranking.groups import DOCUMENT, MEMBERS, RAISED, WORD
from spot_ml.ranking.listing import Lists
from spot_ml.ranking.order import Order
from spot_ml.ranking.stages import listed, surprising
from spot_ml.reading import Day
from spot_ml.records import REASON, State
from spot_ml.request import Request
from spot_ml.results import lines, output_rows
from spot_ml.storage import Storage
from spot_ml.verdicts import reading, record, standing
from spot_ml.verdicts.days import STANDING_FILE
from spot_ml.verdicts.effect import apply
from spot_ml.verdicts.lines import Aside
from spot_ml.verdicts.memory import Memory, record_of
from spot_ml.verdicts.named import Verdict
from spot_ml.verdicts.record import Heard
from spot_ml.words.source import SourceWords, WordContext

_PARTS = "parts"
_RECORD = "run.json"
_SUCCESS = "_SUCCESS"
#: Folder of the scored rows with their words, beside the results, where a run keeps them.
ROWS = "rows"
#: So many lines of a result, the first ones, are explained.
_EXPLAINED = 3000
#: Folder for the records of a state, below the folder of the results.
_ASIDE = {State.INVALID: "invalid_records", State.CORRUPT: "corrupt_records"}


class Explains(Protocol):
    """Says why pairs of a document and a word are surprising."""

    def of(self, documents: pa.Array, words: pa.Array) -> pa.Table:
        """Explain pairs by their names: a row each, as ``ranking.explain.SCHEMA`` has it."""


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


def events(storage: Storage, day: Day, request: Request, figures: Sent, folder: str) -> int:
    """Write the events in the original's order and give their number."""
    words = day.words
    found = stages.results(
        day.rows,
        words,
        day.context,
        figures,
        threshold=request.threshold,
        most=-1 if request.keep_rows else request.most,
        delimiter=request.delimiter,
    )
    if request.keep_rows:
        found.drop(LINE).write.parquet(f"{folder}/{ROWS}")
    ranked = stages.ranked(found, words, request.most)
    written = Observation("results")
    parts = f"{folder}/{_PARTS}"
    ranked.observe(written, F.count(F.lit(1)).alias("lines")).write.text(parts)
    storage.merge(parts, f"{folder}/{request.results_name}")
    return int(written.get["lines"])


def groups(
    storage: Storage,
    day: Day,
    request: Request,
    figures: Sent,
    explainer: Explains,
    folder: str,
    *,
    rated: bool = False,
) -> Lists:
    """Write the list of groups and why each is in it; give it, and the one without verdicts."""
    words = day.words
    if request.keep_rows:
        every = surprising(day.rows, words, day.context, figures, request.threshold)
        every.write.parquet(f"{folder}/{ROWS}")
    lists = listed(
        day.rows,
        words,
        day.context,
        figures,
        threshold=request.threshold,
        most=request.most,
        rated=rated,
    )
    first_of_groups = lists.heard.combine_chunks()
    texts = [
        text
        for batch in first_of_groups.to_batches()
        for text in lines(output_rows(words, batch), request.delimiter).to_pylist()
    ]
    storage.write_text(f"{folder}/{request.results_name}", "".join(f"{text}\n" for text in texts))
    first = first_of_groups.slice(0, _EXPLAINED)
    why = explainer.of(first[DOCUMENT], first[WORD])
    why = why.append_column(MEMBERS, first[MEMBERS]).append_column(RAISED, first[RAISED])
    _write_table(storage, f"{folder}/{explanations.FILE}", why)
    return lists


def verdicts(
    storage: Storage,
    words: SourceWords,
    request: Request,
    ranked: Ranked,
    lists: Lists,
    folder: str,
) -> Heard:
    """Write what became of verdicts, and what the rows stand for that may be rated next."""
    said = record.table(ranked.order, ranked.verdicts, lists)
    _write_table(storage, f"{folder}/{reading.FILE}", said)
    rows = pa.concat_tables(lists) if ranked.order.rated else lists.heard
    stand = standing.standing(ranked.order, words, rows)
    former = record_of(words, f"{request.scored}/{STANDING_FILE}", storage)
    stand = standing.kept_with(stand, former, ranked.memory.events, words)
    _write_table(storage, f"{folder}/{STANDING_FILE}", stand)
    return record.heard(said)


def feedback_aside(storage: Storage, lines: Sequence[tuple[str, Aside]], folder: str) -> None:
    """Write the lines of feedback that cannot be read, each with its reason."""
    if lines:
        storage.write_text(f"{folder}/{record.ASIDE_FILE}", record.aside_lines(lines))


def aside(day: Day, folder: str) -> None:
    """Write the records that are not clean, each with its reason."""
    words = day.words
    for state, name in _ASIDE.items():
        if day.of(state):
            records = stages.tagged(day.rows, words, day.context)
            found = stages.with_state(records, state).select(*words.select_columns, REASON)
            found.write.parquet(f"{folder}/{name}")


def seal(storage: Storage, facts: Mapping[str, Any], folder: str) -> None:
    """Write the figures of a run and mark its folder as complete."""
    storage.write_text(f"{folder}/{_RECORD}", json.dumps(facts, indent=2))
    storage.write_text(f"{folder}/{_SUCCESS}", "")


def _write_table(storage: Storage, path: str, table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    storage.write_bytes(path, sink.getvalue().to_pybytes())
