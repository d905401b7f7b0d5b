"""Proxy logs: W3C extended log files of two layouts, and Squid's native log (B10).

A line's time is when the request was complete. A value with a blank, or one that begins with a
quote, stands between double quotes, inside which a quote is written twice; ``-`` means absent.
Requests that did not go through the proxy are not in its log.

The natural key of a record is (second, client, method, host, path, query), ``number`` counts the
records of the file with an equal key from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.clock import HOUR_US, SECOND_US
from spot_gen.events import Events, numbers
from spot_gen.network import World
from spot_gen.network.addresses import text as address_text
from spot_gen.text import digits, iso, joined, moments, padded
from spot_gen.writers.damage import Damage
from spot_gen.writers.equals import Equals
from spot_gen.writers.lines import LineWriter, stamped

#: The product's layout.
MAIN = (
    "date time time-taken c-ip cs-username cs-auth-group x-exception-id sc-filter-result "
    "cs-categories cs(Referer) sc-status s-action cs-method rs(Content-Type) cs-uri-scheme "
    "cs-host cs-uri-port cs-uri-path cs-uri-query cs-uri-extension cs(User-Agent) s-ip sc-bytes "
    "cs-bytes x-virus-id x-bluecoat-application-name x-bluecoat-application-operation"
)
#: The older layout with the server that answered and the results of content checks.
REPORTER = (
    "date time time-taken c-ip sc-status s-action sc-bytes cs-bytes cs-method cs-uri-scheme "
    "cs-host cs-uri-path cs-uri-query cs-username s-hierarchy s-supplier-name rs(Content-Type) "
    "cs(User-Agent) sc-filter-result sc-filter-category x-virus-id s-ip s-sitename "
    "x-virus-details x-icap-error-code x-icap-error-details"
)
#: What Squid calls results that others call otherwise.
_SQUID_RESULTS = {"TCP_TUNNELED": "TCP_TUNNEL", "TCP_NC_MISS": "TCP_MISS"}
#: What must not stand in a field as it is.
_SPECIAL = r'[\x00-\x20"\x7f]|^-$'
_CONTROL = r"[\x00-\x1f\x7f]"
#: Lines made at once.
_AT_ONCE = 100_000

Column = Callable[[pa.Table], Any]


def _field(texts: Any, quoted: bool = False) -> pa.Array:
    """Write a column of texts as fields; few different texts are worked on once each."""
    folded = pc.dictionary_encode(texts.combine_chunks())
    values = folded.dictionary
    special = pc.match_substring_regex(values, _SPECIAL)
    if quoted or pc.any(special).as_py():
        values = _quoted(values, pa.scalar(True) if quoted else special)
    return pc.if_else(pc.equal(folded.dictionary, ""), "-", values).take(folded.indices)


def _quoted(values: pa.Array, chosen: Any) -> pa.Array:
    """Put quotes around chosen values; control characters, which a line cannot hold, go."""
    values = pc.replace_substring_regex(values, _CONTROL, " ")
    inside = joined('"', pc.replace_substring(values, '"', '""'), '"')
    return pc.if_else(chosen, inside, values)


def _text(name: str, quoted: bool = False) -> Column:
    return lambda table: _field(table.column(name), quoted)


def _number(name: str) -> Column:
    return lambda table: digits(table.column(name)).combine_chunks()


def _address(name: str) -> Column:
    return lambda table: address_text(numbers(table, f"{name}_hi"), numbers(table, f"{name}_lo"))


def _constant(text: str) -> Column:
    return lambda _: text


def _when(table: pa.Table) -> pa.Array:
    """Write date and time, a blank between them."""
    return moments(numbers(table, "time_us"), iso)


def _choice(name: str, values: tuple[str, ...], yes: str, no: str) -> Column:
    """Write ``yes`` where the column holds one of the values."""
    return lambda table: pc.if_else(_among(table, name, values), yes, no)


def _among(table: pa.Table, name: str, values: tuple[str, ...]) -> pa.Array:
    return pc.is_in(table.column(name).combine_chunks(), pa.array(values))


def _supplier(table: pa.Table) -> pa.Array:
    """Write the server that the answer came from, ``-`` where none was asked."""
    known = pc.and_(
        pa.array(numbers(table, "origin_lo") != 0), pc.invert(_among(table, "action", _UNASKED))
    )
    return pc.if_else(known, _address("origin")(table), "-")


#: Results for which the proxy asked nobody.
_UNASKED = ("TCP_HIT", "TCP_DENIED", "TCP_MEM_HIT")

#: How each field is written; ``time`` comes with ``date``.
_FIELDS: dict[str, Column] = {
    "date": _when,
    "time-taken": _number("taken_ms"),
    "c-ip": _address("client"),
    "cs-username": _text("user"),
    "x-exception-id": _choice("filter", ("DENIED",), "policy_denied", "-"),
    "sc-filter-result": _text("filter"),
    "cs-categories": _text("categories", quoted=True),
    "sc-filter-category": _text("categories", quoted=True),
    "cs(Referer)": _text("referer"),
    "sc-status": _number("status"),
    "s-action": _text("action"),
    "cs-method": _text("method"),
    "rs(Content-Type)": _text("content_type"),
    "cs-uri-scheme": _text("scheme"),
    "cs-host": _text("host"),
    "cs-uri-port": _number("port"),
    "cs-uri-path": _text("path"),
    "cs-uri-query": _text("query"),
    "cs-uri-extension": _text("extension"),
    "cs(User-Agent)": _text("agent", quoted=True),
    "s-ip": _address("proxy"),
    "sc-bytes": _number("bytes_down"),
    "cs-bytes": _number("bytes_up"),
    "x-bluecoat-application-name": _text("application"),
    "s-hierarchy": _choice("action", _UNASKED, "NONE", "DIRECT"),
    "s-supplier-name": _supplier,
    "s-sitename": _constant("SG-HTTP-Service"),
    "x-icap-error-code": _constant("none"),
}


def _extended(names: str, table: pa.Table) -> pa.Array:
    """Write lines of an extended log; fields that nobody fills are ``-``."""
    absent = _constant("-")
    columns = [_FIELDS.get(name, absent)(table) for name in names.split() if name != "time"]
    return joined(pc.binary_join_element_wise(*columns, " "), "\n")


def _squid(table: pa.Table) -> pa.Array:
    """Write lines of Squid's native log."""
    times = numbers(table, "time_us")
    action = pc.coalesce(
        pa.array(list(_SQUID_RESULTS.values())).take(
            pc.index_in(table.column("action").combine_chunks(), pa.array(list(_SQUID_RESULTS)))
        ),
        _field(table.column("action")),
    )
    fields = (
        joined(digits(times // SECOND_US), ".", padded(times // 1_000 % 1_000, 3)),
        pc.utf8_lpad(_number("taken_ms")(table), 6, " "),
        _address("client")(table),
        joined(action, "/", padded(table.column("status").combine_chunks(), 3)),
        _number("bytes_down")(table),
        _field(table.column("method")),
        _squid_url(table),
        _escaped(table.column("user")),
        joined(_squid_peer(table), "/", _supplier(table)),
        _escaped(table.column("content_type")),
    )
    return joined(pc.binary_join_element_wise(*fields, " "), "\n")


def _squid_url(table: pa.Table) -> pa.Array:
    """Write the URL: host and port of a tunnel, otherwise all of it."""
    path, query, host = (_escaped(table.column(n), "") for n in ("path", "query", "host"))
    scheme, port = _escaped(table.column("scheme"), ""), digits(table.column("port"))
    usual = pc.is_in(joined(scheme, port.combine_chunks()), pa.array(["http80", "https443"]))
    port = pc.if_else(usual, "", joined(":", port.combine_chunks()))
    tunnel = _among(table, "method", ("CONNECT",))
    return pc.if_else(tunnel, joined(host, port), joined(scheme, "://", host, port, path, query))


def _squid_peer(table: pa.Table) -> pa.Array:
    return pc.if_else(_among(table, "action", _UNASKED), "HIER_NONE", "HIER_DIRECT")


def _escaped(texts: Any, absent: str = "-") -> pa.Array:
    """Write texts without blanks, as Squid does: percent-encoded."""
    folded = pc.dictionary_encode(texts.combine_chunks())
    values = pc.replace_substring(folded.dictionary, " ", "%20")
    values = pc.replace_substring_regex(values, _CONTROL, "%7F")
    return pc.if_else(pc.equal(values, ""), absent, values).take(folded.indices)


#: Lines of each layout, and the fields that its header names.
_LAYOUTS: dict[str, tuple[Callable[[pa.Table], pa.Array], str]] = {
    "main": (partial(_extended, MAIN), MAIN),
    "reporter": (partial(_extended, REPORTER), REPORTER),
    "squid": (_squid, ""),
}


class Proxy(LineWriter):
    """Writes ``proxy_YYYYMMDDhh.log``."""

    source = "proxy"
    rotation_us = HOUR_US

    def __init__(self, out: Any, world: World, rotation_us: int | None = None) -> None:
        super().__init__(out, world, rotation_us)
        outputs = world.config.outputs
        self._lines, self._names = _LAYOUTS[outputs.proxy_layout]
        self._damage = Damage(outputs.noise_share if outputs.noise else 0.0)
        self._equal = Equals()

    def file_name(self, window_us: int) -> str:
        """Return the name of an hour's file; of shorter windows with the minute."""
        return stamped("proxy", window_us, self.rotation, "log")

    def header(self, window_us: int) -> bytes:
        """Return the lines that tell the layout; Squid has none."""
        if not self._names:
            return b""
        start = iso(datetime.fromtimestamp(window_us // SECOND_US, UTC))
        lines = ("#Software: SGOS 6.7.5", "#Version: 1.0", f"#Start-Date: {start}")
        return "\n".join((*lines, f"#Fields: {self._names}", "")).encode()

    def write(self, events: Events, start_us: int, end_us: int) -> None:
        """Write the requests of a batch."""
        seen = numbers(events.requests, "proxy_lo") != 0
        table = events.requests
        if not seen.all():
            table = table.filter(pa.array(seen))
        for window, rows in self.windows(numbers(table, "time_us")):
            for start in range(rows.start, rows.stop, _AT_ONCE):
                size = min(_AT_ONCE, rows.stop - start)
                self._append(window, table.slice(start, size).combine_chunks())

    def _append(self, window: int, table: pa.Table) -> None:
        file = self.file(window)
        times = numbers(table, "time_us")
        lines, damaged = self._damage.done(self._lines(table), table)
        first = self.append(file, times, lines)
        name = self.name(file.path.name)
        self.output.noise += [
            {"source": self.source, "file": name, "ordinal": first + row, "kind": kind}
            for row, kind in damaged
        ]
        rows = np.flatnonzero(numbers(table, "label"))
        number = self._equal.numbers(table, rows)
        self.mark(file, first + rows, _marked(table.take(pa.array(rows)), number))


def _marked(table: pa.Table, number: np.ndarray) -> pa.Table:
    """Return label, stage and natural key of requests."""
    columns: Mapping[str, Any] = {
        **{name: table.column(name) for name in ("label", "stage", "time_us", "method")},
        "src": _address("client")(table),
        "name": table.column("host"),
        "path": table.column("path"),
        "query": table.column("query"),
        "number": pa.array(number),
    }
    return pa.table(columns)


WRITER = Proxy
