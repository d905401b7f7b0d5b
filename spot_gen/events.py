"""What happens on the network, before any sensor has written it down.

Four kinds of event, each an Arrow table of one schema. Activities and attacks make them through
``spot_gen.recorder``; writers turn them into the files of sensors. All times are whole
microseconds since 1970 UTC. An address is two unsigned 64-bit numbers, ``hi`` and ``lo``; of an
IPv4 address ``hi`` is 0 and ``lo`` is below 2^32.

``label`` is 0 for ordinary events, the number of an incident (1, 2, …) or of a look-alike
(-1, -2, …); ``stage`` a number of ``spot_gen.truth.STAGES``. No writer lets them into data.
``order`` is a random number of the event's own stream: it decides between equal times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_TRUTH = [("label", pa.int32()), ("stage", pa.uint8()), ("order", pa.uint64())]


def _pair(name: str) -> list[tuple[str, pa.DataType]]:
    return [(f"{name}_hi", pa.uint64()), (f"{name}_lo", pa.uint64())]


#: One connection (or exchange of datagrams), both directions. ``up`` is from source (who began)
#: to destination. ``flags_*`` are the TCP flags seen in each direction, OR-ed. ICMP: ``dport`` is
#: type x 256 + code, ``sport`` 0. Packets and bytes count the IP layer.
CONNECTIONS = pa.schema(
    [
        ("time_us", pa.int64()),
        ("end_us", pa.int64()),
        *_pair("src"),
        *_pair("dst"),
        ("sport", pa.uint16()),
        ("dport", pa.uint16()),
        ("proto", pa.uint8()),
        ("tos", pa.uint8()),
        ("flags_up", pa.uint8()),
        ("flags_down", pa.uint8()),
        ("packets_up", pa.uint64()),
        ("bytes_up", pa.uint64()),
        ("packets_down", pa.uint64()),
        ("bytes_down", pa.uint64()),
        *_TRUTH,
    ]
)

#: One DNS question and its answer. ``rcode`` 255: no answer came. ``flags`` are the header bits of
#: the answer other than response, opcode and code (0x0400 authoritative, 0x0200 truncated,
#: 0x0100 recursion desired, 0x0080 recursion available). ``cname`` is an alias that comes first in
#: the answer, empty for none; ``answers`` the record data of the others as they are on the wire
#: (names in it uncompressed), all of type ``answer_type`` and life ``ttl`` seconds. ``edns`` says
#: whether the question carries an OPT record. ``proto`` 6: with length prefix over TCP.
LOOKUPS = pa.schema(
    [
        ("time_us", pa.int64()),
        ("rtt_us", pa.int64()),
        *_pair("client"),
        *_pair("server"),
        ("sport", pa.uint16()),
        ("proto", pa.uint8()),
        ("txid", pa.uint16()),
        ("edns", pa.bool_()),
        ("qname", pa.string()),
        ("qtype", pa.uint16()),
        ("rcode", pa.uint8()),
        ("flags", pa.uint16()),
        ("ttl", pa.uint32()),
        ("cname", pa.string()),
        ("answer_type", pa.uint16()),
        ("answers", pa.list_(pa.binary())),
        *_TRUTH,
    ]
)

#: One request as the proxy sees it; the names of columns are those of the log (B10). ``time_us``
#: is when it was complete, ``taken_ms`` how long that took. Empty text means absent. ``query`` has
#: its question mark. ``path`` of a CONNECT is empty. ``client_port`` and ``origin`` are for sensors
#: other than the proxy.
REQUESTS = pa.schema(
    [
        ("time_us", pa.int64()),
        ("taken_ms", pa.int64()),
        *_pair("client"),
        ("client_port", pa.uint16()),
        *_pair("proxy"),
        *_pair("origin"),
        ("user", pa.string()),
        ("method", pa.string()),
        ("scheme", pa.string()),
        ("host", pa.string()),
        ("port", pa.uint16()),
        ("path", pa.string()),
        ("query", pa.string()),
        ("extension", pa.string()),
        ("agent", pa.string()),
        ("referer", pa.string()),
        ("content_type", pa.string()),
        ("status", pa.uint16()),
        ("action", pa.string()),
        ("filter", pa.string()),
        ("categories", pa.string()),
        ("application", pa.string()),
        ("bytes_down", pa.uint64()),
        ("bytes_up", pa.uint64()),
        *_TRUTH,
    ]
)

#: One line of a host's own log. ``kind`` and ``fields``, a JSON object with what the line says, are
#: those of ``spot_gen.log_fields``.
LOG_LINES = pa.schema(
    [
        ("time_us", pa.int64()),
        ("host", pa.string()),
        ("kind", pa.string()),
        ("fields", pa.string()),
        *_TRUTH,
    ]
)


@dataclass(frozen=True)
class Events:
    """The events of a span of time, each table in the order of time."""

    connections: pa.Table
    lookups: pa.Table
    requests: pa.Table
    log_lines: pa.Table

    @classmethod
    def none(cls) -> Events:
        """Return no events at all."""
        return cls(*(SCHEMAS[field.name].empty_table() for field in fields(cls)))

    def tables(self) -> dict[str, pa.Table]:
        """Return the four tables by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def between(self, start_us: int, end_us: int) -> Events:
        """Return the events that begin in [start, end)."""
        return Events(**{n: _between(t, start_us, end_us) for n, t in self.tables().items()})

    def __len__(self) -> int:
        return sum(table.num_rows for table in self.tables().values())


SCHEMAS = {
    "connections": CONNECTIONS,
    "lookups": LOOKUPS,
    "requests": REQUESTS,
    "log_lines": LOG_LINES,
}


def make(schema: pa.Schema, size: int, columns: Mapping[str, Any]) -> pa.Table:
    """Build a table from arrays, lists or single values (repeated ``size`` times).

    Columns that are missing are 0 or empty. KeyError for a column that the schema has not.
    """
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise KeyError(f"no such columns: {sorted(unknown)}")
    arrays = [_column(columns.get(field.name), field.type, size) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _column(value: Any, kind: pa.DataType, size: int) -> pa.Array:
    if isinstance(value, pa.ChunkedArray):
        value = value.combine_chunks()
    if isinstance(value, pa.Array):
        return value if value.type == kind else value.cast(kind)
    if value is None:
        return pa.repeat(_nothing(kind), size)
    if isinstance(value, np.ndarray) and value.ndim and pa.types.is_primitive(kind):
        return pa.array(value.astype(kind.to_pandas_dtype(), copy=False), kind)
    if isinstance(value, (np.ndarray, list)) and not _is_one(value, kind):
        return pa.array(list(value), kind)
    return pa.repeat(pa.scalar(_plain(value), kind), size)


def _nothing(kind: pa.DataType) -> pa.Scalar:
    if pa.types.is_list(kind):
        return pa.scalar([], kind)
    return pa.scalar("", kind) if pa.types.is_string(kind) else pa.scalar(0).cast(kind)


def _is_one(value: Any, kind: pa.DataType) -> bool:
    """Say whether a list is one value of a list column: its items are bytes, not lists."""
    return pa.types.is_list(kind) and (len(value) == 0 or isinstance(value[0], bytes))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def numbers(table: pa.Table, column: str) -> NDArray[Any]:
    """Return a numeric column as a NumPy array."""
    values: NDArray[Any] = table.column(column).to_numpy()
    return values


def in_order(schema: pa.Schema, tables: Iterable[pa.Table]) -> pa.Table:
    """Join tables of a schema and sort them by time, equal times by their random order."""
    joined = pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()
    places = np.lexsort((numbers(joined, "order"), numbers(joined, "time_us")))
    if len(places) and np.any(np.diff(places) != 1):
        joined = joined.take(pa.array(places)).combine_chunks()
    return joined


def _between(table: pa.Table, start_us: int, end_us: int) -> pa.Table:
    """Cut a table that is in order."""
    times = numbers(table, "time_us")
    first, last = np.searchsorted(times, [start_us, end_us])
    return table.slice(first, last - first)


def labelled(table: pa.Table) -> pa.Table:
    """Return the rows that are not ordinary."""
    return table.filter(pc.not_equal(table.column("label"), 0))
