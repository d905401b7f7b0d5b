"""The ground truth beside the data: which record belongs to which incident or look-alike (B11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.lookalikes import LOOKALIKES

if TYPE_CHECKING:
    from spot_gen.plan import Incident

#: Stages of an incident; an event's ``stage`` is the position here.
STAGES = (
    "", "delivery", "generation", "beacon", "discovery", "access", "movement", "collection",
    "exfiltration", "impact", "control",
)  # fmt: skip

_KEYS = [
    ("time_us", pa.int64()),
    ("end_ms", pa.int64()),
    ("received_us", pa.int64()),
    ("src", pa.string()),
    ("dst", pa.string()),
    ("sport", pa.int32()),
    ("dport", pa.int32()),
    ("proto", pa.int32()),
    ("name", pa.string()),
    ("type", pa.int32()),
    ("method", pa.string()),
    ("path", pa.string()),
    ("query", pa.string()),
    ("number", pa.int32()),
]

#: What a writer says of each record that is not ordinary: where it is and its natural key. Columns
#: that are no part of the key of a source are null there (flow: times, addresses, ports, protocol;
#: dns: time_us, src = client, name, type; proxy: time_us, src = client, method, name = host, path,
#: query, number = running number, from 0, among records of the day with an equal key).
MARKS = pa.schema(
    [
        ("source", pa.string()),
        ("file", pa.string()),
        ("ordinal", pa.int64()),
        *_KEYS,
        ("marker", pa.int32()),
        ("stage", pa.uint8()),
    ]
)

#: ``labels/records.parquet``.
RECORDS = pa.schema(
    [
        ("source", pa.string()),
        ("file", pa.string()),
        ("ordinal", pa.int64()),
        *_KEYS,
        ("label", pa.string()),
        ("incident_id", pa.string()),
        ("lookalike_id", pa.string()),
        ("family", pa.string()),
        ("stage", pa.string()),
    ]
)


def marks(source: str, file: str, ordinal: Any, columns: Mapping[str, Any]) -> pa.Table:
    """Build the marks of one file; ``ordinal`` counts from 1, after header lines.

    ``columns`` has ``marker`` (the event's label), ``stage`` and the natural key.
    """
    size = len(ordinal)
    given = {
        **columns,
        "ordinal": ordinal,
        "source": pa.repeat(source, size),
        "file": pa.repeat(file, size),
    }
    arrays = [_column(given.get(field.name), field.type, size) for field in MARKS]
    return pa.Table.from_arrays(arrays, schema=MARKS)


def _column(values: Any, kind: pa.DataType, size: int) -> pa.Array:
    if values is None:
        return pa.nulls(size, kind)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


@dataclass(frozen=True)
class Names:
    """What the numbers in events are called: incidents by label - 1, their families."""

    incidents: tuple[str, ...]
    families: tuple[str, ...]

    @classmethod
    def of(cls, incidents: Sequence[Incident]) -> Names:
        """Take the names from a plan, whose labels are 1, 2, …."""
        return cls(
            tuple(incident.id for incident in incidents),
            tuple(incident.scenario.family for incident in incidents),
        )


def records(table: pa.Table, names: Names) -> pa.Table:
    """Turn marks into rows of ``labels/records.parquet``."""
    marker = table.column("marker").to_numpy()
    place = pa.array(np.where(marker > 0, marker - 1, 0), mask=marker < 0)
    like = pa.array(np.where(marker < 0, -1 - marker, 0), mask=marker > 0)
    lookalike = _text(LOOKALIKES).take(like)
    given = {name: table.column(name) for name in table.schema.names}
    given |= {
        "label": pc.if_else(pa.array(marker > 0), "malicious", "benign_lookalike"),
        "incident_id": _text(names.incidents).take(place),
        "lookalike_id": lookalike,
        "family": pc.coalesce(_text(names.families).take(place), lookalike),
        "stage": stage_names(table.column("stage").to_numpy()),
    }
    return pa.table({field.name: given[field.name] for field in RECORDS}, schema=RECORDS)


def _text(values: Sequence[str]) -> pa.StringArray:
    """Return texts to take from, one at least."""
    return pa.array(values or ("",), pa.string())


def stage_number(name: str) -> int:
    """Return the number of a stage; ValueError for one that does not exist."""
    return STAGES.index(name)


def stage_names(numbers: np.ndarray) -> pa.Array:
    """Return the names of stages."""
    return pa.array(STAGES).take(pa.array(numbers.astype(np.int64)))
