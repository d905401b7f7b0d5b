"""Toy: the word of an opened door is door and hour."""

import pyarrow.compute as pc

from spot_ml.words.columns import join_words, missing
from spot_ml.words.source import Fault, FeedbackField, FeedbackFormat, SourceWords

_COLUMNS = ("moment", "badge", "door")

WORDS = SourceWords(
    name="toy",
    model_schema=tuple((name, "string") for name in _COLUMNS),
    select_columns=_COLUMNS,
    faults=lambda rows: [Fault(f"{name} is missing", missing(rows[name])) for name in _COLUMNS],
    legacy_invalid=lambda rows: missing(rows["moment"]),
    documents=("badge",),
    words=lambda rows, _: (
        join_words(rows["door"], pc.utf8_slice_codeunits(rows["moment"], 11, 13)),
    ),
    feedback=FeedbackFormat(
        severity=0, fields=tuple(FeedbackField(n, i) for i, n in enumerate(_COLUMNS, 1))
    ),
)
