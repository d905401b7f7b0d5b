"""Zeek's logs of connections, look-ups and plain web requests.

``conn_``, ``dns_`` and ``http_YYYYMMDDhh.log`` stand side by side. A record is in the file of the
hour in which Zeek would know all of it: a connection when it has ended, a look-up when the answer
came (or ``NO_ANSWER_US`` after the question), a request when it was complete; ``ts`` is always when
it began. Requests are those on the way to the proxy, tunnels (CONNECT) too; ``uri`` is written
without scheme and host, of a tunnel it is host and port. ``uid`` joins the three logs.

Marks: conn as flows (``time_us``, ``end_ms``, addresses, ports, ``proto``; ICMP has type and
code as ports); dns ``time_us``, ``src``, ``name``, ``type``; http ``time_us`` (when it was
complete), ``src``, ``method``, ``name``, ``path``, ``query``.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spot_gen.clock import SECOND_US
from spot_gen.dnswire import connections
from spot_gen.events import Events, numbers
from spot_gen.network import World
from spot_gen.protocols import NO_ANSWER
from spot_gen.writers.lines import Log, held
from spot_gen.writers.sensor import Sensor
from spot_gen.writers.zeek_format import FORMATS, Fields, Values, header
from spot_gen.writers.zeek_values import conn_values, dns_values, http_values

#: How long after a question Zeek gives up.
NO_ANSWER_US = 10 * SECOND_US

_TUPLE = (
    ("ts", "time"), ("uid", "string"), ("id.orig_h", "addr"), ("id.orig_p", "port"),
    ("id.resp_h", "addr"), ("id.resp_p", "port"),
)  # fmt: skip
CONN: Fields = (
    *_TUPLE, ("proto", "enum"), ("service", "string"), ("duration", "interval"),
    ("orig_bytes", "count"), ("resp_bytes", "count"), ("conn_state", "string"),
    ("local_orig", "bool"), ("local_resp", "bool"), ("missed_bytes", "count"),
    ("history", "string"), ("orig_pkts", "count"), ("orig_ip_bytes", "count"),
    ("resp_pkts", "count"), ("resp_ip_bytes", "count"), ("tunnel_parents", "set[string]"),
)  # fmt: skip
DNS: Fields = (
    *_TUPLE, ("proto", "enum"), ("trans_id", "count"), ("rtt", "interval"), ("query", "string"),
    ("qclass", "count"), ("qclass_name", "string"), ("qtype", "count"), ("qtype_name", "string"),
    ("rcode", "count"), ("rcode_name", "string"), ("AA", "bool"), ("TC", "bool"), ("RD", "bool"),
    ("RA", "bool"), ("Z", "count"), ("answers", "vector[string]"), ("TTLs", "vector[interval]"),
    ("rejected", "bool"),
)  # fmt: skip
HTTP: Fields = (
    *_TUPLE, ("trans_depth", "count"), ("method", "string"), ("host", "string"),
    ("uri", "string"), ("referrer", "string"), ("version", "string"), ("user_agent", "string"),
    ("origin", "string"), ("request_body_len", "count"), ("response_body_len", "count"),
    ("status_code", "count"), ("status_msg", "string"), ("info_code", "count"),
    ("info_msg", "string"), ("tags", "set[enum]"), ("username", "string"),
    ("password", "string"), ("proxied", "set[string]"), ("orig_fuids", "vector[string]"),
    ("orig_filenames", "vector[string]"), ("orig_mime_types", "vector[string]"),
    ("resp_fuids", "vector[string]"), ("resp_filenames", "vector[string]"),
    ("resp_mime_types", "vector[string]"),
)  # fmt: skip


class Zeek(Sensor):
    """Writes ``conn``, ``dns`` and ``http`` logs."""

    source = "zeek"

    def __init__(self, out: Path, world: World, rotation_us: int | None = None) -> None:
        self._format = FORMATS[world.config.outputs.zeek_format]
        self._headed = world.config.outputs.zeek_format == "tsv"
        super().__init__(out, world, rotation_us)

    def kept(self) -> list[Log]:
        """Return the three logs."""
        kinds = (("conn", CONN, self._conn), ("dns", DNS, self._dns), ("http", HTTP, self._http))
        return [
            Log(self, name, "log", make, partial(header, name, fields))
            if self._headed
            else Log(self, name, "log", make)
            for name, fields, make in kinds
        ]

    def _conn(self, events: Events) -> pa.Table:
        parts = ((events.connections, False), (connections(events.lookups), True))
        return pa.concat_tables([self._conn_lines(*part) for part in parts])

    def _conn_lines(self, conns: pa.Table, of_lookups: bool) -> pa.Table:
        values = conn_values(conns, of_lookups)
        end = numbers(conns, "end_us")
        key = {
            **_ends(values),
            "end_ms": end // 1_000,
            "proto": numbers(conns, "proto").astype(np.int32),
        }
        return self._held(conns, end, self._format(CONN, values), key)

    def _dns(self, events: Events) -> pa.Table:
        table = events.lookups
        values = dns_values(table)
        came = numbers(table, "rcode") != NO_ANSWER
        wait = np.where(came, numbers(table, "rtt_us"), NO_ANSWER_US)
        key = {"src": values["id.orig_h"], "name": table["qname"], "type": values["qtype"]}
        lines = self._format(DNS, values)
        return self._held(table, numbers(table, "time_us") + wait, lines, key)

    def _http(self, events: Events) -> pa.Table:
        table, order, port, depth = self.read(events)
        values = http_values(table, order, port, depth)
        same = {name: table[name] for name in ("method", "path", "query")}
        key = {**same, "src": values["id.orig_h"], "name": table["host"]}
        lines = self._format(HTTP, values)
        return self._held(table, numbers(table, "time_us"), lines, key)

    def _held(self, table: pa.Table, emit_us: np.ndarray, lines: Any, key: Values) -> pa.Table:
        same = {name: table[name] for name in ("order", "label", "stage", "time_us")}
        columns = {**key, **same, "emit_us": emit_us, "rank": 0, "line": lines}
        return held(columns, table.num_rows)


def _ends(values: Values) -> dict[str, Any]:
    """Return addresses and ports as marks have them."""
    names = {"src": "id.orig_h", "dst": "id.resp_h", "sport": "id.orig_p", "dport": "id.resp_p"}
    return {mark: values[name] for mark, name in names.items()}


WRITER = Zeek
