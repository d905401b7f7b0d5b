"""Columns of text, made a column at a time: joining, times, quoting, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from string import Formatter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.clock import SECOND_US

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ALPHABET = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", np.uint8
)
#: What must not stand in a JSON string as it is.
_UNSAFE = r'[\x00-\x1f"\\]'


def joined(*parts: Any) -> pa.Array:
    """Join arrays of text and single texts row by row; null where one of them is null."""
    return pc.binary_join_element_wise(*parts, "")


def digits(values: Any) -> pa.StringArray:
    """Write whole numbers."""
    array = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values)
    return array.cast(pa.string())


def padded(values: Any, width: int) -> pa.StringArray:
    """Write whole numbers with leading zeros."""
    return pc.utf8_lpad(digits(values), width, "0")


def moments(times_us: np.ndarray, form: Callable[[datetime], str]) -> pa.StringArray:
    """Write times to the second; ``form`` is called once for each second from first to last."""
    seconds = times_us // SECOND_US
    if not len(seconds):
        return pa.array([], pa.string())
    first = int(seconds.min())
    if int(seconds.max()) - first > 2 * len(seconds) + 7_200:
        found, place = np.unique(seconds, return_inverse=True)
        return pa.array([_form(second, form) for second in found.tolist()]).take(pa.array(place))
    table = [_form(second, form) for second in range(first, int(seconds.max()) + 1)]
    return pa.array(table).take(pa.array(seconds - first))


def _form(second: int, form: Callable[[datetime], str]) -> str:
    return form(datetime.fromtimestamp(second, UTC))


def iso(moment: datetime) -> str:
    """Write a time as ``YYYY-MM-DD HH:MM:SS``."""
    return moment.isoformat(" ")[:19]


def iso_t(moment: datetime) -> str:
    """Write a time as ``YYYY-MM-DDTHH:MM:SS``."""
    return moment.isoformat()[:19]


def bsd(moment: datetime) -> str:
    """Write a time as ``Mar  4 09:00:01``, whatever the locale."""
    return f"{_MONTHS[moment.month - 1]} {moment.day:2d} {moment:%H:%M:%S}"


def fraction(times_us: np.ndarray) -> pa.StringArray:
    """Write the microseconds within the second, six digits."""
    return padded(times_us % SECOND_US, 6)


def seconds(times_us: np.ndarray) -> pa.StringArray:
    """Write microseconds as seconds with six decimals."""
    return joined(digits(times_us // SECOND_US), ".", fraction(times_us))


def identifiers(bits: np.ndarray, more: np.ndarray, first: str = "C") -> pa.StringArray:
    """Write a letter and 17 letters and digits, from two 64-bit random numbers each."""
    size, length = len(bits), 18
    places = np.empty((size, length), np.uint8)
    places[:, 0] = ord(first)
    rest = [bits, more]
    for place in range(1, length):
        source = place % 2
        rest[source], digit = np.divmod(rest[source], np.uint64(62))
        places[:, place] = _ALPHABET[digit.astype(np.int64)]
    offsets = np.arange(size + 1, dtype=np.int32) * length
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(places.tobytes())]
    return pa.StringArray.from_buffers(size, *buffers[1:])


def json_strings(texts: Any) -> pa.StringArray:
    """Write texts as JSON strings, with their quotes; null stays null."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    unsafe = pc.fill_null(pc.match_substring_regex(texts, _UNSAFE), False)
    written = joined('"', texts, '"')
    if not pc.any(unsafe).as_py():
        return written
    escaped = [json.dumps(text, ensure_ascii=False) for text in texts.filter(unsafe).to_pylist()]
    return pc.replace_with_mask(written, unsafe, pa.array(escaped, pa.string()))


def json_objects(members: Mapping[str, Any]) -> pa.StringArray:
    """Write JSON objects of members that are JSON text already; null leaves a member out.

    The first member is never null. A single text is the same member of all objects.
    """
    pieces: list[Any] = []
    for name, values in members.items():
        head = f'{"," if pieces else "{"}"{name}":'
        if isinstance(values, str):
            pieces.append(head + values)
            continue
        piece = joined(head, values)
        pieces.append(pc.fill_null(piece, "") if piece.null_count else piece)
    return joined(*pieces, "}")


def payload(lines: pa.Array) -> memoryview:
    """Return the bytes of lines one after the other."""
    lines = lines.combine_chunks() if isinstance(lines, pa.ChunkedArray) else lines
    if not len(lines):
        return memoryview(b"")
    width = np.int64 if pa.types.is_large_string(lines.type) else np.int32
    _, offsets, data = lines.buffers()
    edges = np.frombuffer(offsets, width)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(data)[int(edges[0]) : int(edges[-1])]


def filled(template: str, values: Mapping[str, Any]) -> pa.Array:
    """Write texts by a template in which ``{name}`` stands for a column's value."""
    parts: list[Any] = []
    for literal, name, _, _ in Formatter().parse(template):
        parts += [literal] if literal else []
        parts += [values[name]] if name else []
    return joined(*parts)
