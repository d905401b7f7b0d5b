"""nfcapd files to rows of table ``flow``, through nfdump.

nfdump prints one line a flow with the fields below; its text is streamed into Arrow's CSV reader.
Times are UTC. nfdump 1.7 ends with status 0 on cut and corrupt files, so :func:`dissect` also
reads its error text and compares the number of rows with what the file's header promises.
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
from spot_ingest.readers.nfheader import ENVIRONMENT, QUERY_TIMEOUT, header
from spot_ingest.readers.protocols import ICMP, ICMP6, NAMES

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
    ("dp", pa.string()),
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
_ARGUMENTS = ("-q", "-N", "-6", "-o", "fmt:" + "|".join(f"%{tag}" for tag, _ in FIELDS))
_BLOCK = 1 << 20
_HARMLESS = re.compile(r"Skip unknown record type|^\s*$")
_NO_FLOWS = "No matching flows"
_ONE_DAY_MS = 86_400_000
_INT_MAX = 2**31 - 1
_BIGINT_MAX = 2**63 - 1


@cache
def _schema() -> pa.Schema:
    """The columns of the table."""
    return check_source("flow").raw.arrow()


def argv(path: Path) -> list[str]:
    """Give the nfdump call that prints the flows of a file."""
    return ["nfdump", "-r", os.fspath(path.absolute()), *_ARGUMENTS]


class Listing:
    """nfdump's output for one file, and its verdict on the file afterwards."""

    def __init__(self, path: Path, running: process.Running) -> None:
        self.stream: IO[bytes] = running.stdout
        self._path = path
        self._running = running

    def finish(self, received: int) -> Finding:
        """Check that all flows were printed: ``received`` is the number of rows read.

        Raises UnreadableError when nfdump complained, when the file holds no flow, or when it holds
        another number of flows than its header says.
        """
        done = self._running.finish()
        complaints = _complaints(done.stderr)
        promised = header(self._path).get("Flows")
        of = "" if promised is None else f" of {promised}"
        if complaints or done.status != 0:
            said = complaints[0].strip() if complaints else f"status {done.status}"
            raise UnreadableError(
                f"nfdump could read only {received}{of} flows: {said}",
                rows=promised or received,
                hint="the file is cut short or damaged; copy it again from the exporter",
            )
        if promised is None:
            raise UnreadableError("not an nfcapd file: nfdump finds no header in it")
        if received == 0 and promised == 0:
            raise UnreadableError("the file is sound but holds no flow")
        if received != promised and self._counted() != promised:
            raise UnreadableError(
                f"the header promises {promised} flows, nfdump printed {received}",
                rows=max(promised, received),
                hint="the file is damaged; copy it again from the exporter",
            )
        return Finding()

    def _counted(self) -> int:
        """Add up the flows that each record stands for: aggregated files have more than one."""
        call = ["nfdump", "-r", os.fspath(self._path.absolute()), "-q", "-N", "-o", "fmt:%fl"]
        done = process.run(call, timeout=QUERY_TIMEOUT, env=ENVIRONMENT, check=False)
        return sum(int(word) for word in done.stdout.split() if word.isdigit())


def _complaints(text: str) -> list[str]:
    """Give the lines of nfdump's error text that say something is wrong with the file."""
    whole = text[: text.rfind("\n") + 1] or text
    return [line for line in whole.splitlines() if not _HARMLESS.search(line)]


@contextmanager
def dissect(path: Path) -> Iterator[Listing]:
    """Start nfdump on a file; its text is read from ``stream`` of the listing."""
    with process.stream(argv(path), env=ENVIRONMENT) as running:
        yield Listing(path, running)


@contextmanager
def read(path: Path, _scratch: Path) -> Iterator[Reading]:
    """Read a file."""
    with dissect(path) as listing:
        yield Reading(parse(listing.stream), listing.finish)


def parse(stream: IO[bytes]) -> Iterator[Batch]:
    """Turn nfdump's text into batches; a line of another shape is set aside."""
    odd = _OddLines()
    try:
        reader = csv.open_csv(
            stream,
            read_options=csv.ReadOptions(
                column_names=[tag for tag, _ in FIELDS], block_size=_BLOCK, use_threads=False
            ),
            parse_options=csv.ParseOptions(
                delimiter="|", quote_char=False, invalid_row_handler=odd.take
            ),
            convert_options=csv.ConvertOptions(column_types=dict(FIELDS)),
        )
        for batch in reader:
            yield _batch(batch, odd.drain())
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise UnreadableError(f"nfdump printed a line that is no flow: {error}") from error
    if odd.rejected:
        yield _batch(_nothing(), odd.drain())


class _OddLines:
    """Collects lines that do not have the right number of fields."""

    def __init__(self) -> None:
        self.rejected: list[Rejected] = []

    def take(self, row: Any) -> str:
        """Handle one such line for Arrow's reader."""
        if row.text.strip() != _NO_FLOWS:
            reason = f"nfdump printed {row.actual_columns} fields instead of {row.expected_columns}"
            raw = row.text.encode()[:RAW_LIMIT]
            self.rejected.append(Rejected(row.number or 0, reason, raw))
        return "skip"

    def drain(self) -> tuple[Rejected, ...]:
        """Give what was collected since the last call."""
        found, self.rejected = tuple(self.rejected), []
        return found


def _nothing() -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=pa.schema(list(FIELDS)))


def _batch(raw: pa.RecordBatch, rejected: tuple[Rejected, ...]) -> Batch:
    columns: dict[str, Any] = dict(zip(raw.schema.names, raw.columns, strict=True))
    seconds, times = _times(columns)
    protocol = columns["pr"].cast(pa.int32())
    values = {
        **times,
        "tdur": _duration(columns),
        "sip": _trimmed(columns["sa"]),
        "dip": _trimmed(columns["da"]),
        "sport": columns["sp"],
        "dport": _destination_port(columns["dp"], protocol),
        "proto": NAMES.take(protocol),
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
    return Batch(rows, pc.divide(seconds, 3600), rejected)


def _times(columns: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Give epoch seconds and the time columns: received, or first seen where that is unknown."""
    received = columns["tr"]
    unknown = pc.less(received.cast(pa.int64()), _ONE_DAY_MS)
    if pc.any(unknown).as_py():
        received = pc.if_else(unknown, columns["ts"], received)
    moment = pc.floor_temporal(received, unit="second").cast(pa.timestamp("s"))
    seconds = moment.cast(pa.int64())
    parts = {
        "tryear": pc.year,
        "trmonth": pc.month,
        "trday": pc.day,
        "trhour": pc.hour,
        "trminute": pc.minute,
        "trsec": pc.second,
    }
    times = {name: take(moment).cast(pa.int32()) for name, take in parts.items()}
    return seconds, {"treceived": moment.cast(pa.string()), "unix_tstamp": seconds, **times}


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


def _destination_port(texts: Any, protocol: Any) -> Any:
    """The port; for ICMP, printed as ``type.code``, type x 256 + code."""
    texts = pc.utf8_trim_whitespace(texts)
    if not pc.any(pc.is_in(protocol, pa.array([ICMP, ICMP6], pa.int32()))).as_py():
        return texts.cast(pa.int32())
    whole = pc.split_pattern(texts, ".", max_splits=1)
    first = pc.list_element(whole, 0).cast(pa.int32())
    dotted = pc.match_substring(texts, ".")
    code = pc.list_element(pc.split_pattern(pc.if_else(dotted, texts, "0.0"), "."), 1)
    return pc.if_else(dotted, pc.add(pc.multiply(first, 256), code.cast(pa.int32())), first)


def _capped(numbers: Any) -> Any:
    if (pc.max(numbers).as_py() or 0) > _BIGINT_MAX:
        numbers = pc.min_element_wise(numbers, pa.scalar(_BIGINT_MAX, pa.uint64()))
    return numbers.cast(pa.int64())


def _int_or_null(numbers: Any) -> Any:
    """32-bit numbers as INT; those above 2147483647 do not fit and become NULL."""
    if (pc.max(numbers).as_py() or 0) > _INT_MAX:
        numbers = pc.if_else(pc.greater(numbers, _INT_MAX), None, numbers)
    return numbers.cast(pa.int32())
