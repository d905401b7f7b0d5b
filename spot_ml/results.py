"""The result file: its columns, and the text form of values as Java writes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_ml.records import word_columns
from spot_ml.words.amended import plain
from spot_ml.words.source import SourceWords

SCORE = "score"
WORD = "word"

_NULL = "null"
_PLAIN_FROM, _PLAIN_BELOW = Decimal("0.001"), Decimal("10000000")
_LINE_BREAKERS = r"[\x00-\x1f\x7f\x{85}\x{2028}\x{2029}]"


def output_columns(source: SourceWords) -> tuple[str, ...]:
    """Columns of the result file in order."""
    return (*source.select_columns, *((WORD,) if source.word_in_result else ()), SCORE)


def order_columns(source: SourceWords) -> tuple[str, ...]:
    """Columns of tagged rows that ties go by, in order: those of the result but the score."""
    return (*source.select_columns, *(word_columns(source) if source.word_in_result else ()))


def output_rows(source: SourceWords, rows: pa.RecordBatch) -> pa.RecordBatch:
    """Pick the output columns from tagged rows that have a score; the word is the original's."""
    names, first_word = list(output_columns(source)), word_columns(source)[0]
    columns = [plain(rows[first_word]) if name == WORD else rows[name] for name in names]
    return pa.RecordBatch.from_arrays(columns, names=names)


def double_text(value: float) -> str:
    """Write a 64-bit number as Java does, with the fewest digits that identify it."""
    return _java_text(value, repr(float(value)))


def float_text(value: float) -> str:
    """Write a 32-bit number as Java does, with the fewest digits that identify it."""
    return _java_text(float(value), str(np.float32(value)))


def _java_text(value: float, shortest: str) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    exact = Decimal(shortest).normalize()
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if exact == 0:
        return f"{sign}0.0"
    if _PLAIN_FROM <= abs(exact) < _PLAIN_BELOW:
        plain = f"{abs(exact):f}"
        return sign + (plain if "." in plain else f"{plain}.0")
    digits = "".join(str(digit) for digit in exact.as_tuple().digits)
    if len(digits) == 1:
        # Java writes at least two digits: of all such numbers the nearest one.
        digits = f"{abs(value):.1e}"[0:3].replace(".", "")
    return f"{sign}{digits[0]}.{digits[1:]}E{exact.adjusted()}"


def lines(rows: pa.RecordBatch, delimiter: str) -> pa.Array:
    """One line per row, values joined by ``delimiter`` without quoting.

    A null is ``null``, and so is a number that is infinite or none. Characters that would end a
    line or a tab-separated value (control characters and Unicode line ends) become blanks, so that
    no value can forge a row.
    """
    texts = [_texts(rows.column(index)) for index in range(rows.num_columns)]
    return pc.binary_join_element_wise(*texts, delimiter)


def _texts(column: pa.Array) -> pa.Array:
    if pa.types.is_float64(column.type):
        column = _mapped(column, double_text)
    elif pa.types.is_float32(column.type):
        column = _mapped(column, float_text)
    else:
        column = one_line(column).cast(pa.string())
    return column.fill_null(_NULL)


def one_line(column: pa.Array) -> pa.Array:
    """Put blanks in the place of characters that would end a line or a value of a result."""
    if not pa.types.is_string(column.type):
        return column
    return pc.replace_substring_regex(column, _LINE_BREAKERS, " ")


def _mapped(column: pa.Array, text: Callable[[float], str]) -> pa.Array:
    values = [
        text(value) if value is not None and math.isfinite(value) else None
        for value in column.to_pylist()
    ]
    return pa.array(values, pa.string())
