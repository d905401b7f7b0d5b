"""Captures to rows of table ``dns``, through tshark: one row a DNS response.

tshark prints one line a frame, tab separated; it escapes control characters in names, so neither
a comma, a quote, a tab nor a line break in a name can move a value to another column. Where a
frame holds several DNS messages (TCP) each response becomes a row. Times are UTC.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from spot_common import process
from spot_common.registry import check_source
from spot_ingest.accounting import RAW_LIMIT, Batch, Finding, Reading, Rejected
from spot_ingest.errors import UnreadableError

#: tshark's fields in the order in which they are printed.
FIELDS = (
    "frame.time_epoch",
    "frame.len",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "dns.flags.response",
    "dns.qry.name",
    "dns.qry.type",
    "dns.qry.class",
    "dns.flags.rcode",
    "dns.a",
    "dns.aaaa",
)
_BETWEEN = "\x1f"
_FILTER = "dns.flags.response == 1"
_BLOCK = 4 << 20
#: Captures above this size (bytes) are read in sessions of so many frames, to bound the memory.
_LARGE = 64 << 20
_SESSION_FRAMES = 200_000
_LAST_SECOND = 253_402_300_799  # 9999-12-31 23:59:59
_REFUSED = 2
_ENVIRONMENT = {"TZ": "UTC", "LC_ALL": "C.UTF-8"}


@cache
def _schema() -> pa.Schema:
    """The columns of the table."""
    return check_source("dns").raw.arrow()


def argv(path: Path) -> list[str]:
    """Give the tshark call that prints the DNS responses of a capture."""
    large = path.stat().st_size > _LARGE
    session = ["-M", str(_SESSION_FRAMES)] if large else []
    fields = [word for field in FIELDS for word in ("-e", field)]
    style = ("separator=/t", "occurrence=a", f"aggregator={_BETWEEN}", "quote=n", "header=n")
    options = [word for option in style for word in ("-E", option)]
    source = os.fspath(path.absolute())
    return [
        "tshark",
        "-n",
        *session,
        "-r",
        source,
        "-Y",
        _FILTER,
        "-T",
        "fields",
        *options,
        *fields,
    ]


class Listing:
    """tshark's output for one capture, and its verdict on it afterwards."""

    def __init__(self, running: process.Running) -> None:
        self.stream: IO[bytes] = running.stdout
        self._running = running

    def finish(self, received: int) -> Finding:
        """Check how tshark ended: ``received`` is the number of rows read.

        A capture that is cut short or damaged keeps the rows before the damage; the rest counts
        as one row set aside. Raises UnreadableError when there is no row at all, ToolError when
        tshark itself failed.
        """
        done = self._running.finish()
        said = _reason(done.stderr)
        if done.status not in (0, _REFUSED):
            raise process.failure("tshark", done.status, done.stderr)
        if received == 0:
            detail = f": {said}" if said and done.status else ""
            raise UnreadableError(f"it holds no DNS response{detail}")
        if done.status == 0:
            return Finding()
        reason = f"the capture ends in damage after response {received}: {said}"
        return Finding((Rejected(received + 1, reason, b""),), reason)


def _reason(stderr: str) -> str:
    """Give the line of tshark's error text that tells what is wrong with the file."""
    chatter = ("Running as user", "resetting session", " -> ")
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(chatter)]
    text = telling[0].removeprefix("tshark: ") if telling else ""
    return re.sub(r'[Tt]he file ".*?"', "the file", text).rstrip(".")


@contextmanager
def dissect(path: Path) -> Iterator[Listing]:
    """Start tshark on a capture; its text is read from ``stream`` of the listing."""
    with process.stream(argv(path), env=_ENVIRONMENT) as running:
        yield Listing(running)


@contextmanager
def read(path: Path, _scratch: Path) -> Iterator[Reading]:
    """Read a file."""
    with dissect(path) as listing:
        yield Reading(parse(listing.stream), listing.finish)


def parse(stream: IO[bytes]) -> Iterator[Batch]:
    """Turn tshark's text into batches; a line of another shape is set aside."""
    odd: list[Rejected] = []
    seen = 0
    try:
        reader = csv.open_csv(
            stream,
            read_options=csv.ReadOptions(
                column_names=list(FIELDS), block_size=_BLOCK, use_threads=False
            ),
            parse_options=csv.ParseOptions(
                delimiter="\t", quote_char=False, invalid_row_handler=_collector(odd)
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(FIELDS, pa.binary()), strings_can_be_null=False
            ),
        )
        for raw in reader:
            batch = _batch(raw, seen, tuple(odd))
            seen += raw.num_rows + len(odd)
            odd.clear()
            yield batch
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise UnreadableError(f"tshark printed a line that is no row: {error}") from error
    if odd:
        schema = pa.schema([(field, pa.binary()) for field in FIELDS])
        yield _batch(pa.RecordBatch.from_pylist([], schema=schema), seen, tuple(odd))


def _collector(odd: list[Rejected]) -> Any:
    def take(row: Any) -> str:
        reason = f"tshark printed {row.actual_columns} fields instead of {row.expected_columns}"
        odd.append(Rejected(row.number or 0, reason, row.text.encode()[:RAW_LIMIT]))
        return "skip"

    return take


def _batch(raw: pa.RecordBatch, before: int, odd: tuple[Rejected, ...]) -> Batch:
    table = pa.record_batch([_text(column) for column in raw.columns], names=list(FIELDS))
    table = _messages(table)
    times = pc.extract_regex(table["frame.time_epoch"], r"^(?P<s>\d{1,12})\.(?P<n>\d{9})$")
    seconds = pc.struct_field(times, "s").cast(pa.int64())
    good = pc.fill_null(pc.less_equal(seconds, _LAST_SECOND), False)
    rejected = odd
    if not pc.all(good).as_py():
        rejected += _untimed(table.filter(pc.invert(good)), before)
        table, times, seconds = table.filter(good), times.filter(good), seconds.filter(good)
    schema = _schema()
    values = _values(table, times, seconds)
    rows = pa.RecordBatch.from_arrays([values[name] for name in schema.names], schema=schema)
    return Batch(rows, pc.divide(seconds, 60), rejected)


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
    """The outermost IPv4 address, or the IPv6 address where there is none."""
    four, six = _first(table[f"ip.{end}"]), _first(table[f"ipv6.{end}"])
    return pc.if_else(pc.equal(four, ""), six, four)


def _answers(four: Any, six: Any) -> Any:
    """All addresses that the response gives, IPv4 first, joined by ``|``."""
    both = pc.and_(pc.not_equal(four, ""), pc.not_equal(six, ""))
    between = pc.if_else(both, "|", "")
    return pc.replace_substring(pc.binary_join_element_wise(four, six, between), _BETWEEN, "|")


def _untimed(rows: pa.RecordBatch, before: int) -> tuple[Rejected, ...]:
    reason = "the frame's time is not between 1970 and 9999"
    texts = ("\t".join(row.values()).encode()[:RAW_LIMIT] for row in rows.to_pylist())
    return tuple(Rejected(before + n, reason, text) for n, text in enumerate(texts, 1))


def _messages(table: pa.RecordBatch) -> pa.RecordBatch:
    """Make one row of each response where a frame holds several DNS messages."""
    many = pc.match_substring(table["dns.flags.response"], _BETWEEN)
    if not pc.any(many).as_py():
        return table
    rows: list[dict[str, str]] = []
    for row in table.to_pylist():
        rows.extend(_split(row))
    return pa.RecordBatch.from_pylist(rows, schema=table.schema)


def _split(row: dict[str, str]) -> Iterator[dict[str, str]]:
    kinds = row["dns.flags.response"].split(_BETWEEN)
    if len(kinds) == 1:
        yield row
        return
    parts = {}
    for field in ("dns.qry.name", "dns.qry.type", "dns.qry.class", "dns.flags.rcode"):
        values = row[field].split(_BETWEEN)
        parts[field] = values if len(values) == len(kinds) else [values[0]] * len(kinds)
    for index, kind in enumerate(kinds):
        if kind in ("1", "True"):
            yield {**row, **{field: values[index] for field, values in parts.items()}}
