"""Hours and seconds of times of day written as text."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_HOUR = r"^(?P<hour>[+-]?0*[0-9]{1,10})(?::|$)"
_INT = np.iinfo(np.int32)


class Hours(NamedTuple):
    """Hour of each entry, and whether the text had one (where not, the hour is 0)."""

    values: NDArray[np.int64]
    known: NDArray[np.bool_]


def hours(texts: pa.Array) -> Hours:
    """Read the whole number before the first ``:`` of each text.

    An optional sign is allowed, blanks are not; there is no range check beyond 32 bits.
    """
    # RE2's "$" would not stop at a line end, so "12\n" is no hour.
    found = pc.struct_field(pc.extract_regex(texts, _HOUR), "hour")
    unsigned = pc.replace_substring_regex(found, r"^\+", "")
    values = pc.fill_null(pc.cast(unsigned, pa.int64()), _INT.max + 1)
    numbers = values.to_numpy(zero_copy_only=False)
    known = (numbers >= _INT.min) & (numbers <= _INT.max)
    return Hours(np.where(known, numbers, 0), known)


def seconds(time: str) -> float:
    """Seconds since midnight of ``HH:MM:SS``; ValueError where the text is not three numbers."""
    hour, minute, second = (int(part) for part in time.split(":"))
    return float(3600 * hour + 60 * minute + second)
