r"""Proxy logs in W3C extended log file format (ELFF) to rows of table ``proxy``.

A ``#Fields`` line says which fields follow and may come again with others. Without one, lines of
26 fields are Blue Coat's *main* format and lines of 27 its *bcreportermain_v1*. Fields that the
log does not have are empty. Quotes stay part of a value. Bytes that are not UTF-8 are written as
``\xNN``. Date and time are UTC, as the format demands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_common.registry import check_source
from spot_ingest.accounting import RAW_LIMIT, Batch, Finding, Reading, Rejected
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import tokens
from spot_ingest.readers.w3c import DEFAULTS, Layout

_NUMBERS = ("duration", "scbytes", "csbytes")
_PORTS = {"https": "443", "ssl": "443", "ftp": "21"}
_FIELDS = re.compile(rb"#fields:", re.IGNORECASE)
_BLOCK = 4 << 20
_LINE_LIMIT = 1 << 20
_INT_MAX = 2**31 - 1


@cache
def _schema() -> pa.Schema:
    """The columns of the table."""
    return check_source("proxy").raw.arrow()


class Listing:
    """A log that is open for reading."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream

    def finish(self, received: int) -> Finding:
        """Raise UnreadableError when the log held no line at all."""
        if received == 0:
            raise UnreadableError("it holds no log line")
        return Finding()


@contextmanager
def dissect(path: Path) -> Iterator[Listing]:
    """Open a log."""
    with path.open("rb") as stream:
        yield Listing(stream)


@contextmanager
def read(path: Path, _scratch: Path) -> Iterator[Reading]:
    """Read a file."""
    with dissect(path) as listing:
        yield Reading(parse(listing.stream), listing.finish)


def parse(stream: IO[bytes]) -> Iterator[Batch]:
    """Turn a log into batches; a line that is not understood is set aside with its reason."""
    layouts: tuple[Layout, ...] = DEFAULTS
    for first, block, too_long in _blocks(stream):
        if too_long:
            reason = f"the line is longer than {_LINE_LIMIT} bytes"
            yield _nothing((Rejected(first, reason, block[:RAW_LIMIT]),))
            continue
        lines = tokens.Lines(_utf8(block))
        reader = _BlockReader(lines, first, block)
        start = 0
        for mark in _field_lines(lines):
            found = _layout(lines.text(mark))
            if (found,) != layouts:
                yield from reader.rows(start, mark, layouts)
                start, layouts = mark, (found,)
        yield from reader.rows(start, lines.count, layouts)


def _blocks(stream: IO[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Cut a stream at line ends.

    Gives the number of the first line, the bytes, and whether they are one line that is too long
    (then only its beginning is given).
    """
    number, rest = 1, b""
    while data := stream.read(_BLOCK):
        whole, newline, tail = (rest + data).rpartition(b"\n")
        if newline:
            yield number, whole + newline, False
            number += whole.count(b"\n") + 1
        rest = tail
        if len(rest) > _LINE_LIMIT:
            yield number, rest, True
            number += 1
            rest = _after_line(stream)
    if rest:
        yield number, rest + b"\n", False


def _after_line(stream: IO[bytes]) -> bytes:
    """Skip the rest of a line; give what was read beyond it."""
    while data := stream.read(_BLOCK):
        _, newline, tail = data.partition(b"\n")
        if newline:
            return tail
    return b""


def _utf8(block: bytes) -> bytes:
    try:
        block.decode()
    except UnicodeDecodeError:
        return block.decode("utf-8", "backslashreplace").encode()
    return block


def _field_lines(lines: tokens.Lines) -> list[int]:
    """Give the lines that say which fields follow."""
    marks = np.flatnonzero(lines.directive)
    return [int(mark) for mark in marks if _FIELDS.match(lines.text(int(mark)))]


def _layout(directive: bytes) -> Layout:
    return Layout.of(_FIELDS.sub(b"", directive, count=1).decode("utf-8", "replace"))


class _BlockReader:
    """Reads the lines of one block. ``first`` is the number of its first line in the file."""

    def __init__(self, lines: tokens.Lines, first: int, original: bytes) -> None:
        self._lines = lines
        self._first = first
        self._original = original
        self._originals: list[bytes] | None = None

    def rows(self, start: int, end: int, layouts: tuple[Layout, ...]) -> Iterator[Batch]:
        """Read the lines ``start`` to ``end`` (exclusive)."""
        lines = self._lines
        numbers = np.arange(start, end)
        open_ = ~lines.directive[start:end] & (lines.counts[start:end] > 0)
        short = lines.ends[start:end] - lines.starts[start:end] <= _LINE_LIMIT
        for layout in layouts:
            fits = open_ & short & ~lines.irregular[start:end]
            fits &= lines.counts[start:end] == layout.count
            if not layout.missing and fits.any():
                chosen = numbers[fits]
                texts = {c: lines.column(chosen, p) for c, p in layout.places.items()}
                yield self._batch(texts, chosen)
                open_ &= ~fits
        if open_.any():
            yield from self._one_by_one(numbers[open_], layouts)

    def _one_by_one(self, numbers: Any, layouts: tuple[Layout, ...]) -> Iterator[Batch]:
        """Read the lines that are not regular."""
        words = {int(n): tokens.fields(self._lines.text(int(n))) for n in numbers if self._short(n)}
        for layout in layouts:
            fitting = [n for n, found in words.items() if len(found) == layout.count]
            if fitting and not layout.missing:
                columns = list(zip(*(words[n] for n in fitting), strict=True))
                texts = {
                    name: pa.array([word.decode() for word in columns[place]], pa.string())
                    for name, place in layout.places.items()
                }
                yield self._batch(texts, np.array(fitting))
                numbers = np.setdiff1d(numbers, fitting)
        rejected = [self._reject(int(n), self._why_not(int(n), layouts)) for n in numbers]
        if rejected:
            yield _nothing(tuple(rejected))

    def _short(self, number: int) -> bool:
        return bool(self._lines.ends[number] - self._lines.starts[number] <= _LINE_LIMIT)

    def _why_not(self, number: int, layouts: tuple[Layout, ...]) -> str:
        if not self._short(number):
            return f"the line is longer than {_LINE_LIMIT} bytes"
        if layouts[0].missing:
            return f"its #Fields line lacks {', '.join(layouts[0].missing)}"
        count = len(tokens.fields(self._lines.text(int(number))))
        wanted = " or ".join(str(layout.count) for layout in layouts)
        return f"the line has {count} fields instead of {wanted}"

    def _reject(self, number: int, reason: str) -> Rejected:
        if self._originals is None:
            self._originals = self._original.split(b"\n")
        raw = self._originals[number].rstrip(b"\r")[:RAW_LIMIT]
        return Rejected(self._first + number, reason, raw)

    def _batch(self, texts: dict[str, Any], numbers: Any) -> Batch:
        """Build rows from the texts of columns; ``numbers`` are the lines that they come from."""
        moment = pc.binary_join_element_wise(texts["p_date"], texts["p_time"], " ")
        shaped = pc.match_substring_regex(moment, r"^[12]\d{3}-\d\d-\d\d \d\d:\d\d:\d\d$")
        moment = pc.if_else(shaped, moment, None)
        times = pc.strptime(moment, "%Y-%m-%d %H:%M:%S", unit="s", error_is_null=True)
        seconds = times.cast(pa.int64())
        values: dict[str, Any] = {}
        good = pc.and_(pc.is_valid(seconds), pc.fill_null(pc.greater_equal(seconds, 0), False))
        faults = [("the line has no valid date and time", pc.invert(good))]
        for name in _NUMBERS:
            if name in texts:
                values[name], fault = _number(texts[name])
                faults.append((f"{name} is not a number", fault))
                good = pc.and_(good, pc.invert(fault))
        columns = _columns({**texts, **values}, len(numbers))
        rows, hours = columns, pc.divide(seconds, 3600)
        if pc.all(good).as_py():
            return Batch(rows, hours)
        rejected = self._faults(faults, numbers)
        return Batch(rows.filter(good), hours.filter(good), rejected)

    def _faults(self, faults: list[tuple[str, Any]], numbers: Any) -> tuple[Rejected, ...]:
        reasons: dict[int, str] = {}
        for reason, flags in faults:
            for number in numbers[flags.to_numpy(zero_copy_only=False)]:
                reasons.setdefault(int(number), reason)
        return tuple(self._reject(number, reason) for number, reason in sorted(reasons.items()))


def _number(texts: Any) -> tuple[Any, Any]:
    """Whole numbers, at most 2147483647, NULL for ``-``; and flags of what is no number."""
    absent = pc.is_in(texts, pa.array(["-", ""]))
    numeric = pc.match_substring_regex(texts, r"^\d{1,18}(\.\d+)?$")
    values = pc.floor(pc.if_else(numeric, texts, None).cast(pa.float64()))
    capped = pc.min_element_wise(values, float(_INT_MAX), skip_nulls=False)
    return capped.cast(pa.int32()), pc.invert(pc.or_(absent, numeric))


def _columns(values: dict[str, Any], count: int) -> pa.RecordBatch:
    """Put the columns in the table's order, with the derived ones; absent ones are empty."""
    schema = _schema()
    empty = pa.array([""] * count, pa.string())
    if "uriport" not in values:
        values["uriport"] = _port(values.get("urischeme", empty))
    path, query = values.get("uripath", empty), values.get("uriquery", empty)
    values["fulluri"] = pc.binary_join_element_wise(values["host"], _long(path), _long(query), "")
    arrays = []
    for field in schema:
        absent = empty if pa.types.is_string(field.type) else pa.nulls(count, field.type)
        arrays.append(values.get(field.name, absent))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _long(texts: Any) -> Any:
    """Texts of more than one character; ``/`` and ``-`` vanish."""
    return pc.if_else(pc.greater(pc.utf8_length(texts), 1), texts, "")


def _port(schemes: Any) -> Any:
    """The usual port of a scheme, for logs that do not say it."""
    place = pc.index_in(schemes, pa.array(list(_PORTS)))
    return pc.fill_null(pa.array(list(_PORTS.values())).take(place), "80")


def _nothing(rejected: tuple[Rejected, ...]) -> Batch:
    rows = pa.RecordBatch.from_pylist([], schema=_schema())
    return Batch(rows, pa.array([], pa.int64()), rejected)
