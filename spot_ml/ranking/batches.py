"""The part of the default order that runs in Spark's Python workers: Arrow batches in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from spot_ml.batches import LINE, source_words
from spot_ml.ranking.order import as_score, together
from spot_ml.records import word_columns
from spot_ml.results import SCORE, lines, output_rows
from spot_ml.score import combine, kept
from spot_ml.words.source import SourceWords

#: Columns of a scored record beside those of the result: surprise in nats, the count of the pair
#: that decided and the count expected of it, the original's score, and the group: a document and
#: a kind of word; ``members`` is how many records a group has.
NATS, EXPECTED, COUNT, COMPATIBLE = "nats", "expected", "count", "compatible_score"
DOCUMENT, KIND, MEMBERS = "group_document", "group_kind", "members"
#: The columns of the table of pairs that are joined to each side of a record.
VALUES = (NATS, EXPECTED, COUNT, "kind", "pair_score")


def surprise_batches(
    source: str, threshold: float, delimiter: str, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Bring the documents of each record together; keep those up to the threshold."""
    words = source_words(source)
    names = [*words.select_columns, *word_columns(words)]
    for batch in batches:
        sides = {name: _sides(batch, words, name) for name in VALUES}
        nats, decided = together(*sides[NATS])
        chosen = {name: np.choose(decided, sides[name]) for name in (EXPECTED, COUNT, "kind")}
        documents = [batch[name].to_pylist() for name in words.documents]
        group = [documents[side][row] for row, side in enumerate(decided.tolist())]
        score = as_score(nats)
        scored = batch.select(names).append_column(SCORE, pa.array(score))
        added = {
            NATS: pa.array(nats),
            EXPECTED: pa.array(chosen[EXPECTED]),
            COUNT: pa.array(chosen[COUNT].astype(np.int64)),
            COMPATIBLE: pa.array(combine(*sides["pair_score"])),
            DOCUMENT: pa.array(group, pa.string()),
            KIND: pa.array(chosen["kind"].astype(np.int32)),
        }
        for name, column in added.items():
            scored = scored.append_column(name, column)
        scored = scored.filter(pa.array(kept(score, threshold)))
        yield scored.append_column(LINE, lines(output_rows(words, scored), delimiter))


def _sides(batch: pa.RecordBatch, source: SourceWords, name: str) -> list[np.ndarray]:
    columns = [batch[f"{name}_of_{document}"] for document in source.documents]
    return [column.to_numpy(zero_copy_only=False) for column in columns]
