"""nfdump's lines to rows of table ``flow``: one line a flow, fields between bars, times in UTC.

A line that is no flow is set aside.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache, reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from spot_common.registry import check_source
from spot_ingest.accounting import RAW_LIMIT, Batch, Rejected
from spot_ingest.errors import UnreadableError
from spot_ingest.readers.protocols import NAMES

_TEXT = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("ms")

#: nfdump's tag and the type that its text is read as, in the order in which they are printed.
FIELDS: tuple[tuple[str, pa.DataType], ...] = (
    ("tr", _TIME),
    ("ts", _TIME),
    ("te", _TIME),
    ("sa", _TEXT),
    ("da", _TEXT),
    ("sp", pa.int32()),
    ("dp", _TEXT),
    ("pr", pa.uint8()),
    ("flg", _TEXT),
    ("fwd", pa.int32()),
    ("stos", pa.int32()),
    ("ipkt", pa.uint64()),
    ("ibyt", pa.uint64()),
    ("opkt", pa.uint64()),
    ("obyt", pa.uint64()),
    ("in", pa.int64()),
    ("out", pa.int64()),
    ("sas", pa.int64()),
    ("das", pa.int64()),
    ("dtos", pa.int32()),
    ("dir", _TEXT),
    ("ra", _TEXT),
)
_NO_FLOWS = pa.RecordBatch.from_pylist([], schema=pa.schema(list(FIELDS)))
#: What nfdump prints for an empty file.
_NONE = "No matching flows"
#: What is read at a time (bytes): it fits a processor's cache.
_BLOCK = 2 << 20
_COLUMNS = csv.ReadOptions(
    column_names=_NO_FLOWS.schema.names, block_size=4 * _BLOCK, use_threads=False
)
_TYPES = csv.ConvertOptions(column_types=dict(FIELDS), null_values=[])
_TIMES = [tag for tag, kind in FIELDS if kind == _TIME]
_TYPES_BUT_TIMES = csv.ConvertOptions(
    column_types={**dict(FIELDS), **dict.fromkeys(_TIMES, pa.string())}, null_values=[]
)
_SHAPE_OF_TIME = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$"
_PARTS = {
    "tryear": pc.year,
    "trmonth": pc.month,
    "trday": pc.day,
    "trhour": pc.hour,
    "trminute": pc.minute,
    "trsec": pc.second,
}
_ONE_DAY_MS = 86_400_000
_INT_MAX = 2**31 - 1
_BIGINT_MAX = 2**63 - 1


@cache
def _schema() -> pa.Schema:
    """The columns of the table."""
    return check_source("flow").raw.arrow()


def parse(stream: io.BufferedIOBase) -> Iterator[Batch]:
    """Turn nfdump's text into batches; a line that is no flow is set aside."""
    number = 1
    for block, lines in _blocks(stream):
        yield _batch(block, number)
        number += lines


def _blocks(stream: io.BufferedIOBase) -> Iterator[tuple[memoryview, int]]:
    """Give the text in pieces of whole lines, with their number; each is valid until the next."""
    text = bytearray(_BLOCK)
    held = 0
    while read := stream.readinto(memoryview(text)[held:]):
        held += read
        end = text.rfind(b"\n", 0, held) + 1
        if end:
            yield memoryview(text)[:end], text.count(b"\n", 0, end)
            text[: held - end] = text[end:held]
            held -= end
        elif held == len(text):
            text = text + bytes(_BLOCK)
    if held:
        yield memoryview(text)[:held], 1


def _batch(block: memoryview, number: int) -> Batch:
    """Give the flows of some lines; ``number`` is that of the first line."""
    odd = _OddLines(number)
    try:
        return Batch(*_rows(_flows(block, odd, _TYPES)), tuple(odd.rejected))
    except pa.ArrowInvalid:
        odd = _OddLines(number)
    try:
        return Batch(*_rows(_timely_flows(block, odd)), tuple(odd.rejected))
    except pa.ArrowInvalid as error:
        raise UnreadableError(f"nfdump printed a line that is no flow: {error}") from error


def _flows(block: memoryview, odd: _OddLines, types: csv.ConvertOptions) -> pa.RecordBatch:
    options = csv.ParseOptions(delimiter="|", quote_char=False, invalid_row_handler=odd.take)
    table = csv.read_csv(pa.BufferReader(block), _COLUMNS, options, types)
    (batch,) = table.combine_chunks().to_batches() or [_NO_FLOWS]
    return batch


def _timely_flows(block: memoryview, odd: _OddLines) -> pa.RecordBatch:
    """Give the flows whose times can be stored: from the year 10000 on they are too long."""
    flows = _flows(block, odd, _TYPES_BUT_TIMES)
    shapes = [pc.match_substring_regex(flows[tag], _SHAPE_OF_TIME) for tag in _TIMES]
    good = reduce(pc.and_, shapes)
    odd.take_others(block, good.to_numpy(zero_copy_only=False))
    columns = [column.filter(good) for column in flows.columns]
    arrays = [column.cast(kind) for column, (_, kind) in zip(columns, FIELDS, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=_NO_FLOWS.schema)


class _OddLines:
    """Collects lines that are no flows; ``number`` is that of the first line of the block."""

    def __init__(self, number: int) -> None:
        self.rejected: list[Rejected] = []
        self._number = number
        self._places: list[int] = []

    def take(self, row: Any) -> str:
        """Take a line with another number of fields, for Arrow's reader."""
        self._places.append(row.number - 1)
        if row.text.strip() != _NONE:
            found, wanted = row.actual_columns, row.expected_columns
            reason = f"nfdump printed {found} fields instead of {wanted}"
            self._reject(row.number - 1, reason, row.text.encode())
        return "skip"

    def take_others(self, block: memoryview, good: NDArray[np.bool_]) -> None:
        """Take those of the other lines of the block that are not good."""
        lines = bytes(block).splitlines()
        for place in np.delete(np.arange(len(lines)), self._places)[~good]:
            self._reject(int(place), "one of its times is beyond the year 9999", lines[place])

    def _reject(self, place: int, reason: str, line: bytes) -> None:
        self.rejected.append(Rejected(self._number + place, reason, line[:RAW_LIMIT]))


def _rows(flows: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.Int64Array]:
    """Give the rows of the table, and the minute of each."""
    columns: dict[str, Any] = dict(zip(flows.schema.names, flows.columns, strict=True))
    minutes, times = _times(columns)
    values = {
        **times,
        "tdur": _duration(columns),
        "sip": _trimmed(columns["sa"]),
        "dip": _trimmed(columns["da"]),
        "sport": columns["sp"],
        "dport": _destination_port(columns["dp"]),
        "proto": NAMES.take(columns["pr"]),
        "flag": _flags(columns["flg"]),
        "fwd": columns["fwd"],
        "stos": columns["stos"],
        "ipkt": _capped(columns["ipkt"]),
        "ibyt": _capped(columns["ibyt"]),
        "opkt": _capped(columns["opkt"]),
        "obyt": _capped(columns["obyt"]),
        "input": _int_or_null(columns["in"]),
        "output": _int_or_null(columns["out"]),
        "sas": _int_or_null(columns["sas"]),
        "das": _int_or_null(columns["das"]),
        "dtos": columns["dtos"],
        "dir": _direction(columns["dir"]),
        "rip": _trimmed(columns["ra"]),
    }
    schema = _schema()
    rows = pa.RecordBatch.from_arrays([values[name] for name in schema.names], schema=schema)
    return rows, minutes


def _times(columns: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Give minutes and time columns of the time received, or first seen where that is unknown.

    Flows of a block share few seconds, so each second is taken apart once.
    """
    received = columns["tr"]
    unknown = pc.less(received.cast(pa.int64()), _ONE_DAY_MS)
    if pc.any(unknown).as_py():
        received = pc.if_else(unknown, columns["ts"], received)
    seconds = pc.divide(received.cast(pa.int64()), 1000)
    distinct = seconds.dictionary_encode()
    moment = distinct.dictionary.cast(pa.timestamp("s"))
    parts = {name: part(moment).cast(pa.int32()) for name, part in _PARTS.items()}
    parts["treceived"] = moment.cast(pa.string())
    times = {name: part.take(distinct.indices) for name, part in parts.items()}
    minutes = pc.divide(distinct.dictionary, 60).take(distinct.indices)
    return minutes, {"unix_tstamp": seconds, **times}


def _duration(columns: dict[str, Any]) -> Any:
    """Seconds between first and last seen, negative where an exporter says so.

    nfdump's own duration is not used: it wraps to 2^64 ms when the flow ends before it starts.
    """
    milliseconds = pc.subtract(columns["te"].cast(pa.int64()), columns["ts"].cast(pa.int64()))
    return pc.divide(milliseconds.cast(pa.float64()), 1000.0).cast(pa.float32())


def _trimmed(texts: Any) -> Any:
    return pc.utf8_trim_whitespace(texts.dictionary).take(texts.indices)


def _flags(texts: Any) -> Any:
    """Six letters ``UAPRSF``: newer versions print two more before them."""
    letters = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(texts.dictionary), -6, 2**31 - 1)
    return letters.take(texts.indices)


def _direction(texts: Any) -> Any:
    """0 for ingress, 1 for egress."""
    egress = pc.is_in(pc.utf8_trim_whitespace(texts.dictionary), pa.array(["E", "1"]))
    return egress.cast(pa.int32()).take(texts.indices)


def _destination_port(texts: Any) -> Any:
    """The port; for ICMP, printed as ``type.code``, type x 256 + code."""
    printed = pc.utf8_trim_whitespace(texts.dictionary)
    dotted = pc.match_substring(printed, ".")
    if not pc.any(dotted).as_py():
        return printed.cast(pa.int32()).take(texts.indices)
    both = pc.if_else(dotted, printed, pc.binary_join_element_wise("0", printed, "."))
    halves = pc.split_pattern(both, ".", max_splits=1)
    high, low = (pc.list_element(halves, place).cast(pa.int32()) for place in (0, 1))
    return pc.add(pc.multiply(high, 256), low).take(texts.indices)


def _capped(numbers: Any) -> Any:
    if (pc.max(numbers).as_py() or 0) > _BIGINT_MAX:
        numbers = pc.min_element_wise(numbers, pa.scalar(_BIGINT_MAX, pa.uint64()))
    return numbers.cast(pa.int64())


def _int_or_null(numbers: Any) -> Any:
    """32-bit numbers as INT; those above 2147483647 do not fit and become NULL."""
    if (pc.max(numbers).as_py() or 0) > _INT_MAX:
        numbers = pc.if_else(pc.greater(numbers, _INT_MAX), None, numbers)
    return numbers.cast(pa.int32())
