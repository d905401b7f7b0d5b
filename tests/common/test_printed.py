"""What may go to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_common.printed import printed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é text", "plain é text"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("two\r\nlines\t", r"two\x0d\x0alines\x09"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\udc80\U000e0041", r"\udc80\U000e0041"),
    ],
)
def test_what_a_terminal_would_obey_is_written_as_a_code(text: str, shown: str):
    assert printed(text) == shown


@given(st.text())
def test_any_text_can_be_shown(text: str):
    assert printed(text).isprintable()
