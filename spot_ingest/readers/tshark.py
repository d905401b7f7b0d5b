"""Captures to rows of table ``dns``, through tshark: one row a DNS response.

Most responses are datagrams that stand for themselves: tshark gets those and nothing else, some
20,000 at a time. What comes in TCP streams, fragments or tunnels is brought into that form first
(:mod:`spot_ingest.readers.messages`). tshark prints one line a frame, tab separated; it escapes
control characters in names, so no name can move a value to another column. Names that its text
does not show exactly are read from the frame itself. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from spot_common.config import load_config
from spot_common.memory import frugal, give_back
from spot_common.registry import check_source
from spot_ingest.accounting import RAW_LIMIT, Batch, Finding, Reading, Rejected
from spot_ingest.errors import UnreadableError
from spot_ingest.readers.capture import Capture, captured
from spot_ingest.readers.datagrams import datagrams
from spot_ingest.readers.dissection import Dissection, DissectionError, ahead, portions
from spot_ingest.readers.frames import Frames, Ints, Portion
from spot_ingest.readers.messages import messages
from spot_ingest.readers.questions import Questions
from spot_ingest.readers.streams import Streams
from spot_ingest.readers.unpacked import Limits

#: tshark's fields in the order in which they are printed.
FIELDS = (
    "frame.number",
    "frame.time_epoch",
    "frame.len",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "dns.qry.name",
    "dns.qry.type",
    "dns.qry.class",
    "dns.flags.rcode",
    "dns.a",
    "dns.aaaa",
)
_BETWEEN = "\x1f"
_BLOCK = 1 << 20
_LAST_SECOND = 253_402_300_799  # 9999-12-31 23:59:59


@cache
def _schema() -> pa.Schema:
    """The columns of the table."""
    return check_source("dns").raw.arrow()


def style() -> list[str]:
    """Give tshark's arguments for one line of fields a frame."""
    fields = [word for field in FIELDS for word in ("-e", field)]
    options = ("separator=/t", "occurrence=a", f"aggregator={_BETWEEN}", "quote=n", "header=n")
    return ["-T", "fields", *(word for option in options for word in ("-E", option)), *fields]


@contextmanager
def read(path: Path, scratch: Path) -> Iterator[Reading]:
    """Read a file."""
    with frugal(), captured(path, scratch, Limits.of(load_config())) as capture:
        yield Reading(_batches(capture, scratch), partial(_finding, capture))


def _batches(capture: Capture, scratch: Path) -> Iterator[Batch]:
    dissection = Dissection(scratch)
    rows = partial(_rows, dissection)
    lost: list[Batch] = []
    for portion in ahead(portions(_responses(capture, scratch, dissection, lost))):
        yield from dissection.halving(portion, rows, _given_up)
        give_back()
    yield from lost


def _responses(
    capture: Capture, scratch: Path, dissection: Dissection, lost: list[Batch]
) -> Iterator[Frames]:
    """Give the frames that are a response each, last those made of what came otherwise.

    Frames that tshark could not bear go to ``lost``.
    """
    streams = Streams(scratch / "streams")
    for frames in capture:
        found = datagrams(frames)
        others = np.flatnonzero(~found.whole)
        if len(others):
            streams.add(frames.take(others), found.pair[others])
        responses = np.flatnonzero(found.response)
        if len(responses):
            yield frames.take(responses)
    for portion, after in streams.portions():
        made: list[Frames | Batch] = dissection.halving(
            portion, partial(messages, dissection, after=after), _given_up
        )
        yield from (one for one in made if isinstance(one, Frames))
        lost += [one for one in made if isinstance(one, Batch)]


def _given_up(portion: Portion, reason: str) -> Batch:
    """Set frames aside that tshark cannot bear."""
    rejected = (
        Rejected(number, reason, portion.packet(place)[:RAW_LIMIT])
        for place, number in enumerate(portion.numbers.tolist())
    )
    nothing = pa.RecordBatch.from_pylist([], schema=_schema())
    return Batch(nothing, pa.array([], pa.int64()), tuple(rejected))


def _finding(capture: Capture, received: int) -> Finding:
    """Conclude on a capture that gave so many rows.

    One that is cut short or damaged keeps the rows before the damage; the rest counts as one row
    set aside. Raises UnreadableError where there is no row at all.
    """
    damage = capture.damage
    if received == 0:
        raise UnreadableError("it holds no DNS response" + (f": {damage.reason}" if damage else ""))
    return Finding((damage,), damage.reason) if damage else Finding()


def _rows(dissection: Dissection, portion: Portion) -> list[Batch]:
    """Give the rows of frames that are a response each. Raises DissectionError."""
    with dissection.printed(portion, style()) as text:
        asked = Questions(portion)  # while tshark starts
        return [_batch(printed, portion, asked) for printed in _tables(text)]


def _tables(text: IO[bytes]) -> Iterator[pa.RecordBatch]:
    """Turn tshark's text into columns of bytes."""
    columns = dict.fromkeys(FIELDS, pa.binary())
    try:
        yield from csv.open_csv(
            text,
            read_options=csv.ReadOptions(
                column_names=list(FIELDS), block_size=_BLOCK, use_threads=False
            ),
            parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=csv.ConvertOptions(column_types=columns, strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise DissectionError(f"tshark printed a line that is no row: {error}") from error


def _batch(printed: pa.RecordBatch, portion: Portion, asked: Questions) -> Batch:
    table = pa.record_batch([_text(column) for column in printed.columns], names=list(FIELDS))
    times = pc.extract_regex(table["frame.time_epoch"], r"^(?P<s>\d{1,12})\.(?P<n>\d{9})$")
    seconds = pc.struct_field(times, "s").cast(pa.int64())
    good = pc.fill_null(pc.less_equal(seconds, _LAST_SECOND), False)
    rejected: tuple[Rejected, ...] = ()
    if not pc.all(good).as_py():
        rejected = _untimed(table.filter(pc.invert(good)), portion)
        table, times, seconds = table.filter(good), times.filter(good), seconds.filter(good)
    schema = _schema()
    values = _values(table, times, seconds)
    values["dns_qry_name"] = asked.exact(values["dns_qry_name"], _places(table))
    rows = pa.RecordBatch.from_arrays([values[name] for name in schema.names], schema=schema)
    return Batch(rows, pc.divide(seconds, 60), rejected)


def _places(table: pa.RecordBatch) -> Ints:
    """Give each row's place among the frames that tshark was given."""
    numbers: Ints = table["frame.number"].cast(pa.int64()).to_numpy()
    return numbers - 1


def _values(table: pa.RecordBatch, times: Any, seconds: Any) -> dict[str, Any]:
    moment = pc.strftime(seconds.cast(pa.timestamp("s")), format="%b %e %Y %H:%M:%S")
    frame_time = pc.binary_join_element_wise(moment, pc.struct_field(times, "n"), ".")
    return {
        "frame_time": pc.binary_join_element_wise(frame_time, "UTC", " "),
        "unix_tstamp": seconds,
        "frame_len": _integer(table["frame.len"]),
        "ip_dst": _address(table, "dst"),
        "ip_src": _address(table, "src"),
        "dns_qry_name": _first(table["dns.qry.name"]),
        "dns_qry_class": _first(table["dns.qry.class"]),
        "dns_qry_type": _integer(table["dns.qry.type"]),
        "dns_qry_rcode": _integer(table["dns.flags.rcode"]),
        "dns_a": _answers(table["dns.a"], table["dns.aaaa"]),
    }


def _text(column: Any) -> Any:
    r"""Bytes as text; what is not UTF-8 is written as ``\xNN``."""
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        texts = [value.decode("utf-8", "backslashreplace") for value in column.to_pylist()]
        return pa.array(texts, pa.string())


def _first(column: Any) -> Any:
    """The first of several occurrences."""
    if not pc.any(pc.match_substring(column, _BETWEEN)).as_py():
        return column
    return pc.list_element(pc.split_pattern(column, _BETWEEN, max_splits=1), 0)


def _integer(column: Any) -> Any:
    first = _first(column)
    return pc.if_else(pc.equal(first, ""), None, first).cast(pa.int32())


def _address(table: pa.RecordBatch, end: str) -> Any:
    """The IPv4 address, or the IPv6 address where there is none."""
    four, six = table[f"ip.{end}"], table[f"ipv6.{end}"]
    return pc.if_else(pc.equal(four, ""), six, four)


def _answers(four: Any, six: Any) -> Any:
    """All addresses that the response gives, IPv4 first, joined by ``|``."""
    both = pc.and_(pc.not_equal(four, ""), pc.not_equal(six, ""))
    between = pc.if_else(both, "|", "")
    return pc.replace_substring(pc.binary_join_element_wise(four, six, between), _BETWEEN, "|")


def _untimed(rows: pa.RecordBatch, portion: Portion) -> tuple[Rejected, ...]:
    reason = "the frame's time is not between 1970 and 9999"
    numbers = portion.numbers
    return tuple(
        Rejected(int(numbers[place]), reason, portion.packet(place)[:RAW_LIMIT])
        for place in _places(rows).tolist()
    )
