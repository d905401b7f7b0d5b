"""nfdump's text of flow records, however it arrives."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_ingest.peek import records

TEXTS = [f"  RecordCount  = {n}\n  user name = a = {n}\n".encode() for n in range(1, 8)]
PRINTED = b"".join(b"\nFlow Record: \n" + text for text in TEXTS)


@given(st.integers(1, 9), st.integers(1, len(PRINTED)))
def test_a_record_is_found_wherever_the_pieces_end(number: int, piece: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_PIECE", piece)
        skipped, text = records._from(io.BytesIO(PRINTED), number)
    if number > len(TEXTS):
        assert (skipped, text) == (len(TEXTS), b"")
    else:
        assert skipped == number - 1
        assert text.split(b"\nFlow Record: \n") == TEXTS[number - 1 :]


def test_a_value_may_have_the_sign_that_ends_a_name():
    fields = records._fields(TEXTS[0] + b"  user = \xff\x1b\n")
    assert [(f.name, f.value) for f in fields] == [
        ("RecordCount", "1"),
        ("user name", "a = 1"),
        ("user", "\\xff\x1b"),
    ]
