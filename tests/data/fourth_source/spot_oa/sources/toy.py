"""Toy: rated by badge and door."""

import pyarrow as pa
import pyarrow.compute as pc

from spot_oa.rating import Kind, Rating
from spot_oa.source import OaSource, Summary

_COLUMNS = ("moment", "badge", "door")

SOURCE = OaSource(
    name="toy",
    results=(*_COLUMNS, "score"),
    scores={**{name: name for name in _COLUMNS}, "score": "ml_score"},
    day_of=lambda rows: pc.utf8_slice_codeunits(rows.column("moment"), 0, 10),
    steps=(),
    details=(),
    summary=Summary(
        table="toy_ingest_summary",
        reads=("moment",),
        minutes=lambda raw, day: pa.chunked_array([pa.array([0] * len(raw), pa.int64())]),
    ),
    rating=Rating(
        kinds=(Kind("opening", ("badge", "door")),),
        identity=_COLUMNS,
        threat=lambda row, severities: {},
        feedback_columns=("sev", *_COLUMNS),
        feedback=lambda row, severities: [
            severities.get("opening", 0),
            *(row[n] for n in _COLUMNS),
        ],
    ),
)
