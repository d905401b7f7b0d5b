"""Rows of bytes of different lengths."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_gen.ragged import Ragged, Rows, checksum, number_sums, structure_sums, word_sums

rows_of_bytes = st.lists(st.binary(max_size=9), max_size=12)


def ragged(rows: list[bytes]) -> Ragged:
    return Ragged.of(pa.array(rows, pa.binary()))


def listed(rows: Ragged) -> list[bytes]:
    return [rows.row(number) for number in range(len(rows))]


def internet_checksum(data: bytes) -> int:
    """Compute the checksum the plain way, word by word."""
    data += b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


@given(rows_of_bytes)
def test_rows_of_a_column_are_its_values(rows):
    assert listed(ragged(rows)) == rows


def test_a_part_of_a_column_in_chunks_is_read_as_it_is():
    column = pa.chunked_array([["no", "a", ""], [None, "bcd"]], pa.string())
    assert listed(Ragged.of(column.slice(1))) == [b"a", b"", b"", b"bcd"]
    assert len(Ragged.of(column.slice(5))) == 0


@given(rows_of_bytes, st.data())
def test_rows_are_taken_joined_sliced_and_grouped(rows, data):
    made = ragged(rows)
    places = data.draw(st.lists(st.integers(0, max(len(rows) - 1, 0)), max_size=8))
    places = places if rows else []
    assert listed(made.take(places)) == [rows[place] for place in places]
    assert listed(Ragged.joined([made, Ragged.empty(2), made])) == [*rows, b"", b"", *rows]
    first = data.draw(st.integers(0, len(rows)))
    assert listed(made.slice(first, len(rows))) == rows[first:]
    grouped = made.grouped([0, first, len(rows)])
    assert listed(grouped) == [b"".join(rows[:first]), b"".join(rows[first:])]


@given(rows_of_bytes, st.data())
def test_pieces_stand_in_the_order_they_were_appended(rows, data):
    size = len(rows)
    some = sorted(data.draw(st.sets(st.integers(0, size - 1)))) if size else []
    counts = data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    head = np.zeros(size, np.dtype([("n", ">u2"), ("c", "u1")]))
    head["n"], head["c"] = np.arange(size), 7
    built = (
        Rows(size)
        .fixed(head)
        .ragged(ragged(rows))
        .zeros(np.array(counts, np.int64))
        .fixed(np.full((len(some), 2), 9, np.uint8), np.array(some, np.int64))
        .build()
    )
    assert listed(built) == [
        number.to_bytes(2, "big") + b"\7" + row + bytes(counts[number]) + b"\t\t" * (number in some)
        for number, row in enumerate(rows)
    ]


@given(rows_of_bytes)
def test_checksums_of_all_rows_equal_those_computed_word_by_word(rows):
    assert checksum(word_sums(ragged(rows))).tolist() == [
        # A sum of nothing and a sum of 65,535 are the same number.
        internet_checksum(row)
        for row in rows
    ]


def test_the_longest_row_does_not_overflow_its_sum():
    row = b"\xff" * 131_071
    assert checksum(word_sums(ragged([b"\1", row]))).tolist()[1] == internet_checksum(row)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_sums_of_structures_and_numbers_are_those_of_their_words(size):
    items = np.zeros(size, np.dtype([("a", "u1"), ("b", "u1"), ("c", ">u4")]))
    items["a"], items["b"], items["c"] = 1, 2, 0x00030004
    assert structure_sums(items).tolist() == [0x0102 + 3 + 4] * size
    numbers = np.full(size, 0x0001_0002_0003_FFFF, np.uint64)
    assert number_sums(numbers).tolist() == [6 + 0xFFFF] * size
