"""What a run leaves in its folder: the result, rows and reasons, and what was set aside."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark import StorageLevel
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's users know

from spot_ml import explanations, stages
from spot_ml.batches import LINE
from spot_ml.ranking.batches import DOCUMENT, MEMBERS, WORD
from spot_ml.ranking.explain import Explainer
from spot_ml.ranking.order import Order
from spot_ml.ranking.stages import listed, surprising
from spot_ml.records import REASON, State
from spot_ml.request import Request
from spot_ml.results import lines, output_rows
from spot_ml.stages import Tally
from spot_ml.storage import Storage
from spot_ml.words.source import SourceWords

_PARTS = "parts"
#: Folder of the scored rows with their words, beside the results, where a run keeps them.
ROWS = "rows"
#: So many lines of a result, the first ones, are explained.
_EXPLAINED = 3000
#: Folder for the records of a state, below the folder of the results.
_ASIDE = {State.INVALID: "invalid_records", State.CORRUPT: "corrupt_records"}


def events(
    storage: Storage,
    records: DataFrame,
    words: SourceWords,
    request: Request,
    pairs: DataFrame,
    folder: str,
) -> int:
    """Write the events in the original's order and give their number."""
    clean = stages.with_state(records, State.CLEAN)
    scored = stages.scored(clean, words, pairs, request.threshold)
    found = stages.results(scored, words, request.threshold, request.delimiter)
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
    records: DataFrame,
    words: SourceWords,
    request: Request,
    ranked: Order,
    pairs: DataFrame,
    folder: str,
) -> int:
    """Write the list of groups, and why each is in it; give their number."""
    clean = stages.with_state(records, State.CLEAN)
    found = surprising(clean, words, pairs, request.threshold)
    if request.keep_rows:
        found = found.persist(StorageLevel.MEMORY_AND_DISK)
        found.write.parquet(f"{folder}/{ROWS}")
    first_of_groups = listed(found, words, request.most).combine_chunks()
    found.unpersist()
    texts = [
        text
        for batch in first_of_groups.to_batches()
        for text in lines(output_rows(words, batch), request.delimiter).to_pylist()
    ]
    storage.write_text(f"{folder}/{request.results_name}", "".join(f"{text}\n" for text in texts))
    first = first_of_groups.slice(0, _EXPLAINED)
    why = Explainer(ranked).of(first[DOCUMENT], first[WORD])
    why = why.append_column(MEMBERS, first[MEMBERS])
    sink = pa.BufferOutputStream()
    pq.write_table(why, sink)
    storage.write_bytes(f"{folder}/{explanations.FILE}", sink.getvalue().to_pybytes())
    return len(texts)


def aside(records: DataFrame, words: SourceWords, tallies: Sequence[Tally], folder: str) -> None:
    """Write the records that are not clean, each with its reason."""
    for state, name in _ASIDE.items():
        if any(entry.state == state for entry in tallies):
            found = stages.with_state(records, state).select(*words.select_columns, REASON)
            found.write.parquet(f"{folder}/{name}")
