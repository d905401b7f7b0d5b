"""What a run leaves in its folder: the result, rows and reasons, and what was set aside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
from pyspark.sql import Observation
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's users know

from spot_ml import explanations, stages
from spot_ml.batches import LINE
from spot_ml.figures import Sent
from spot_ml.ranking.groups import DOCUMENT, MEMBERS, RAISED, WORD
from spot_ml.ranking.listing import Lists
from spot_ml.ranking.stages import listed, surprising
from spot_ml.reading import Day
from spot_ml.records import REASON, State
from spot_ml.request import Request
from spot_ml.results import lines, output_rows
from spot_ml.storage import Storage

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
class Published:
    """A result: its number of lines, and in the default order the lists that it is made from."""

    number: int
    lists: Lists | None = None


def results(
    storage: Storage,
    day: Day,
    request: Request,
    figures: Sent,
    explainer: Explains | None,
    folder: str,
    *,
    rated: bool = False,
) -> Published:
    """Write the result of a run and say what it is.

    It is the list of groups with their explanations, or without an ``explainer`` the events in
    the original's order. ``figures`` has what either needs of each pair; ``rated``: they have
    verdicts.
    """
    if explainer is None:
        found = Published(_events(storage, day, request, figures, folder))
    else:
        lists = _lists(day, request, figures, folder, rated)
        found = Published(_groups(storage, day, request, lists, explainer, folder), lists)
    _aside(day, folder)
    return found


def seal(storage: Storage, facts: Mapping[str, Any], folder: str) -> None:
    """Write the figures of a run and mark its folder as complete."""
    storage.write_text(f"{folder}/{_RECORD}", json.dumps(facts, indent=2))
    storage.write_text(f"{folder}/{_SUCCESS}", "")


def _events(storage: Storage, day: Day, request: Request, figures: Sent, folder: str) -> int:
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


def _lists(day: Day, request: Request, figures: Sent, folder: str, rated: bool) -> Lists:
    """Find the list of groups, and the one without verdicts; write all rows where asked for."""
    if request.keep_rows:
        every = surprising(day.rows, day.words, day.context, figures, request.threshold)
        every.write.parquet(f"{folder}/{ROWS}")
    return listed(
        day.rows,
        day.words,
        day.context,
        figures,
        threshold=request.threshold,
        most=request.most,
        rated=rated,
    )


def _groups(
    storage: Storage, day: Day, request: Request, lists: Lists, explainer: Explains, folder: str
) -> int:
    """Write the list of groups, and why each is in it; give their number."""
    first_of_groups = lists.heard.combine_chunks()
    texts = [
        text
        for batch in first_of_groups.to_batches()
        for text in lines(output_rows(day.words, batch), request.delimiter).to_pylist()
    ]
    storage.write_text(f"{folder}/{request.results_name}", "".join(f"{text}\n" for text in texts))
    first = first_of_groups.slice(0, _EXPLAINED)
    why = explainer.of(first[DOCUMENT], first[WORD])
    why = why.append_column(MEMBERS, first[MEMBERS]).append_column(RAISED, first[RAISED])
    storage.write_table(f"{folder}/{explanations.FILE}", why)
    return len(texts)


def _aside(day: Day, folder: str) -> None:
    """Write the records that are not clean, each with its reason."""
    words = day.words
    for state, name in _ASIDE.items():
        if day.of(state):
            records = stages.tagged(day.rows, words, day.context)
            found = stages.with_state(records, state).select(*words.select_columns, REASON)
            found.write.parquet(f"{folder}/{name}")
