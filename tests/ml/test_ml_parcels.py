"""Tables that pass through Spark as bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from spot_ml.parcels import BUCKET, Opened, Parcelled, as_table, opened

#: Buckets of seven.
EXPECTED = {"10.0.0.1": 6, "192.0.2.7": 3, "2001:db8::1": 1, "": 6, None: 0}
SCHEMA = pa.schema([("document", pa.string()), ("count", pa.int64())])


def same(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


def batch(documents: list[str | None]) -> pa.RecordBatch:
    return pa.record_batch(
        [pa.array(documents, pa.string()), pa.array(range(len(documents)))], schema=SCHEMA
    )


@given(
    st.lists(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=20), max_size=4),
    st.integers(1, 5),
)
def test_every_row_comes_back_and_equal_keys_lie_together(
    parts: list[list[str | None]], buckets: int
) -> None:
    batches = [batch(documents) for documents in parts]
    parcels = list(Parcelled(same, "document", buckets)(iter(batches)))
    where: dict[str | None, set[int]] = defaultdict(set)
    for parcel in parcels:
        for place, number in enumerate(parcel[BUCKET].to_pylist()):
            assert 0 <= number < buckets
            for rows in opened([parcel.slice(place, 1)]):
                for document in rows["document"].to_pylist():
                    where[document].add(number)
    assert all(len(numbers) == 1 for numbers in where.values())
    back = as_table(opened(parcels), SCHEMA)
    sent = [tuple(row.values()) for one in batches for row in one.to_pylist()]
    assert sorted(map(str, sent)) == sorted(str(tuple(r.values())) for r in back.to_pylist())


def test_the_bucket_of_a_value_is_the_same_in_every_process() -> None:
    documents = ["10.0.0.1", "192.0.2.7", "2001:db8::1", "", None]
    (parcels,) = Parcelled(same, "document", 7)(iter([batch(documents)]))
    found = {
        document: number
        for place, number in enumerate(parcels[BUCKET].to_pylist())
        for rows in opened([parcels.slice(place, 1)])
        for document in rows["document"].to_pylist()
    }
    assert found == EXPECTED


def test_a_stage_over_parcels_sees_their_rows() -> None:
    parcels = Parcelled(same, "document", 3)(iter([batch(["a", "b", "c"])]))
    again = list(Parcelled(Opened(same), "document", 1)(parcels))
    assert {number for parcel in again for number in parcel[BUCKET].to_pylist()} == {0}
    assert as_table(opened(again), SCHEMA).num_rows == 3


def test_without_parcels_there_are_no_rows_of_the_schema() -> None:
    empty = pa.table({BUCKET: pa.array([], pa.int32()), "rows": pa.array([], pa.binary())})
    assert as_table(opened(empty.to_batches()), SCHEMA) == SCHEMA.empty_table()
