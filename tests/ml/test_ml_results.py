"""Text forms of values, lines, and what one line can hold."""

from __future__ import annotations

import re

import ml_cases as cases
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_ml import results

_JAVA = re.compile(r"-?(\d{1,7}\.\d+|\d\.\d+E-?\d+)")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_written_so_that_it_reads_back(value: float) -> None:
    text = results.double_text(value)
    assert _JAVA.fullmatch(text)
    assert float(text) == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_is_written_with_its_own_digits(value: float) -> None:
    text = results.float_text(value)
    assert _JAVA.fullmatch(text)
    assert np.float32(text) == np.float32(value)
    assert len(text) <= 16


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.0, "-0.0"), (float("nan"), "NaN"), (float("-inf"), "-Infinity"), (100.0, "100.0"),
     (1234567.5, "1234567.5"), (1.5e300, "1.5E300"), (-2e-9, "-2.0E-9")],
)  # fmt: skip
def test_special_doubles(value: float, text: str) -> None:
    assert results.double_text(value) == text


def test_float_columns_keep_float_digits() -> None:
    assert results.float_text(np.float32(0.972)) == "0.972"
    row = pa.RecordBatch.from_arrays(
        [pa.array([0.972, None], pa.float32()), pa.array([3, None], pa.int32())],
        names=["tdur", "n"],
    )
    assert results.lines(row, "\t").to_pylist() == ["0.972\t3", "null\tnull"]


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_no_text_can_forge_a_line_or_a_value(texts: list[str]) -> None:
    batch = pa.RecordBatch.from_arrays(
        [pa.array([text], pa.string()) for text in texts],
        names=[f"c{index}" for index in range(len(texts))],
    )
    (line,) = results.lines(batch, "\t").to_pylist()
    assert line.count("\t") == len(texts) - 1
    assert len(line.splitlines() or [""]) == 1


def test_the_word_is_written_for_proxy_only() -> None:
    columns = {
        name: results.output_columns(cases.source(name)) for name in ("flow", "dns", "proxy")
    }
    assert len(columns["flow"]) == 18
    assert len(columns["dns"]) == 9
    assert columns["proxy"][-2:] == ("word", "score")
    assert len(columns["proxy"]) == 21
