"""The part of the default order that runs in Spark's Python workers: Arrow batches in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_ml.batches import source_words
from spot_ml.ranking.order import as_score, together
from spot_ml.records import word_columns
from spot_ml.results import SCORE
from spot_ml.score import combine, kept
from spot_ml.words.source import SourceWords

#: Columns of a scored record beside those of the result: surprise in nats, the count of the pair
#: that decided and the count expected of it, the original's score, and the group: a document, the
#: record's word there, and its kind; ``members`` is how many records a group has.
NATS, EXPECTED, COUNT, COMPATIBLE = "nats", "expected", "count", "compatible_score"
DOCUMENT, WORD, KIND, MEMBERS = "group_document", "group_word", "group_kind", "members"
#: The columns of the table of pairs that are joined to each side of a record.
VALUES = (NATS, EXPECTED, COUNT, "kind", "pair_score")


def surprise_batches(
    source: str, threshold: float, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Bring the documents of each record together; keep those up to the threshold."""
    words = source_words(source)
    names = [*words.select_columns, *word_columns(words)]
    for batch in batches:
        sides = {name: _sides(batch, words, name) for name in VALUES}
        nats, decided = together(*sides[NATS])
        chosen = {name: np.choose(decided, sides[name]) for name in (EXPECTED, COUNT, "kind")}
        side = pa.array(decided)
        score = as_score(nats)
        added = {
            SCORE: pa.array(score),
            NATS: pa.array(nats),
            EXPECTED: pa.array(chosen[EXPECTED]),
            COUNT: pa.array(chosen[COUNT].astype(np.int64)),
            COMPATIBLE: pa.array(combine(*sides["pair_score"])),
            DOCUMENT: pc.choose(side, *(batch[name] for name in words.documents)),
            WORD: pc.choose(side, *(batch[name] for name in word_columns(words))),
            KIND: pa.array(chosen["kind"].astype(np.int32)),
        }
        columns = [*(batch[name] for name in names), *added.values()]
        scored = pa.RecordBatch.from_arrays(columns, names=[*names, *added])
        yield scored.filter(pa.array(kept(score, threshold)))


def _sides(batch: pa.RecordBatch, source: SourceWords, name: str) -> list[np.ndarray]:
    columns = [batch[f"{name}_of_{document}"] for document in source.documents]
    return [column.to_numpy(zero_copy_only=False) for column in columns]
