"""Suricata's ``eve_YYYYMMDDhh.json``: one event a line, in the order in which they were written.

``flow`` comes ``IDLE_US`` after the last packet, with the bytes of the IP layer; ``dns`` is an
event for the question and one for the answer, in layout 2 or 3 (``outputs.eve_dns_version``);
``http`` comes when a request was complete, for those that can be read on their way to the proxy;
``alert`` (``outputs.eve_alerts``) by the signatures of ``alerts``. ``flow_id`` joins them.

Marks have the key of what the event tells: of a flow, a look-up or a request, as with Zeek.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spot_gen.clock import SECOND_US
from spot_gen.dnswire import connections
from spot_gen.events import Events, numbers
from spot_gen.network import World
from spot_gen.protocols import NO_ANSWER
from spot_gen.streams import Keys
from spot_gen.text import joined, json_objects
from spot_gen.writers import eve
from spot_gen.writers.alerts import SIGNATURES, Signature
from spot_gen.writers.eve_dns import LAYOUTS
from spot_gen.writers.lines import HELD, Log, held
from spot_gen.writers.sensor import Sensor

#: How long after its last packet a flow is written.
IDLE_US = 10 * SECOND_US
#: What comes first of what is written at the same time.
_QUERY, _ANSWER, _HTTP, _FLOW, _ALERT = range(5)

Members = Mapping[str, Any]


class Suricata(Sensor):
    """Writes ``eve_YYYYMMDDhh.json``."""

    source = "suricata"

    def __init__(self, out: Path, world: World, rotation_us: int | None = None) -> None:
        self._alerts = world.config.outputs.eve_alerts
        self._layout = LAYOUTS[world.config.outputs.eve_dns_version]
        super().__init__(out, world, rotation_us)

    def kept(self) -> list[Log]:
        """Return the one log."""
        return [Log(self, "eve", "json", self._lines)]

    def _lines(self, events: Events) -> pa.Table:
        requests, order, port, depth = self.read(events)
        carried = connections(events.lookups)
        seen = (
            _Seen.connections(events.connections),
            _Seen.lookups(events.lookups, carried),
            _Seen.requests(requests, order, port),
        )
        parts = [
            _flows(seen[0], None),
            _flows(_Seen.connections(carried), "dns"),
            *self._dns(seen[1]),
            _http(seen[2], depth),
        ]
        if self._alerts:
            for one in seen:
                parts += [one.alerts(signature) for signature in SIGNATURES[one.kind]]
        return pa.concat_tables([HELD.empty_table(), *parts])

    def _dns(self, seen: _Seen) -> list[pa.Table]:
        """Return questions, and the answers that came."""
        table, layout = seen.table, self._layout
        asked = seen.lines("dns", _QUERY, numbers(table, "time_us"), {"dns": layout.query(table)})
        rows = np.flatnonzero(numbers(table, "rcode") != NO_ANSWER)
        came = seen.take(rows)
        when = numbers(came.table, "time_us") + numbers(came.table, "rtt_us")
        if layout.server_first:
            came = came.turned()
        answered = came.lines("dns", _ANSWER, when, {"dns": layout.answer(came.table)})
        return [asked, answered]


class _Seen:
    """Events of one kind with what all lines about them say.

    ``ends`` are members of the lines (addresses, ports, protocol), ``key`` columns of marks.
    """

    def __init__(self, kind: str, table: pa.Table, flow: pa.Array, ends: Members, key: Any) -> None:
        self.kind, self.table, self._flow = kind, table, flow
        self.ends, self._key = dict(ends), dict(key)

    @classmethod
    def connections(cls, table: pa.Table) -> _Seen:
        """Take connections."""
        key = eve.ends(table, "src", "dst", ("sport", "dport"))
        members = eve.members(key, numbers(table, "proto"))
        end = {"end_ms": numbers(table, "end_us") // 1_000}
        proto = numbers(table, "proto").astype(np.int32)
        return cls(
            "connections", table, eve.flow_ids(numbers(table, "order")), members,
            {**key, **end, "proto": proto},
        )  # fmt: skip

    @classmethod
    def lookups(cls, table: pa.Table, carried: pa.Table) -> _Seen:
        """Take look-ups and the connections that carry them."""
        ends = eve.ends(carried, "src", "dst", ("sport", "dport"))
        key = {"src": ends["src"], "name": table["qname"], "type": table["qtype"]}
        members = eve.members(ends, numbers(table, "proto"))
        return cls("lookups", table, eve.flow_ids(numbers(carried, "order")), members, key)

    @classmethod
    def requests(cls, table: pa.Table, order: Keys, port: np.ndarray) -> _Seen:
        """Take requests and the connections that carry them."""
        ends = eve.ends(table, "client", "proxy", ("client_port", "port"))
        ends["dport"] = pa.array(np.where(port == 0, 8080, port))
        same = {name: table[name] for name in ("method", "path", "query")}
        key = {"src": ends["src"], "name": table["host"], **same}
        members = eve.members(ends, np.full(table.num_rows, 6))
        return cls("requests", table, eve.flow_ids(order), members, key)

    def take(self, rows: np.ndarray) -> _Seen:
        """Return some of the events."""
        place = pa.array(rows)
        ends, key = (
            {name: values.take(place) if not isinstance(values, np.ndarray) else values[rows]
             for name, values in columns.items()}
            for columns in (self.ends, self._key)
        )  # fmt: skip
        return _Seen(self.kind, self.table.take(place), self._flow.take(place), ends, key)

    def turned(self) -> _Seen:
        """Return the same, told from the other side."""
        ends = {name: self.ends[eve.OTHER_SIDE.get(name, name)] for name in self.ends}
        return _Seen(self.kind, self.table, self._flow, ends, self._key)

    def lines(self, event: str, rank: int, when: np.ndarray, told: Members) -> pa.Table:
        """Return the lines of a type of event; ``told``: members besides the common ones."""
        members = {
            "timestamp": eve.timestamps(when),
            "flow_id": self._flow,
            "in_iface": '"eth1"',
            "event_type": f'"{event}"',
            **self.ends,
            **told,
        }
        same = {name: self.table[name] for name in ("order", "label", "stage", "time_us")}
        line = joined(json_objects(members), "\n")
        columns = {**self._key, **same, "emit_us": when, "rank": rank, "line": line}
        return held(columns, self.table.num_rows)

    def alerts(self, signature: Signature) -> pa.Table:
        """Return the alerts that a signature raises."""
        hit = self.take(signature.hits(self.table))
        told = {"alert": eve.alert(signature), "direction": '"to_server"'}
        if not hit.table.num_rows:
            return HELD.empty_table()
        rank = _ALERT + signature.number % 100
        return hit.lines("alert", rank, numbers(hit.table, "time_us"), told)


def _flows(seen: _Seen, service: str | None) -> pa.Table:
    table = seen.table
    told = eve.flow(table, service)
    return seen.lines("flow", _FLOW, numbers(table, "end_us") + IDLE_US, told)


def _http(seen: _Seen, depth: np.ndarray) -> pa.Table:
    told = {"tx_id": pa.array(depth - 1).cast(pa.string()), "http": eve.http(seen.table)}
    return seen.lines("http", _HTTP, numbers(seen.table, "time_us"), told)


WRITER = Suricata
