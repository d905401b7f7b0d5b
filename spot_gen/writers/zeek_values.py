"""What Zeek's logs say of connections, look-ups and requests: values by the names of fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.clock import SECOND_US
from spot_gen.dnswire import connections
from spot_gen.events import numbers
from spot_gen.network.addresses import is_internal
from spot_gen.network.addresses import text as address_text
from spot_gen.protocols import ICMP, ICMP_6, NO_ANSWER, TCP
from spot_gen.streams import Keys, draw
from spot_gen.text import digits, identifiers, joined
from spot_gen.writers import sessions
from spot_gen.writers.answers import answers, rcode_names, type_names

_TXT, _NULL = 16, 10
REASONS = {
    200: "OK", 201: "Created", 204: "No Content", 206: "Partial Content",
    301: "Moved Permanently", 302: "Found", 304: "Not Modified", 307: "Temporary Redirect",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 407: "Proxy Authentication Required", 413: "Payload Too Large",
    429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


def _uids(order: Keys, first: str = "C") -> pa.Array:
    """Return the identifiers that belong to random numbers; others for another first letter."""
    if not len(order):
        return pa.array([], pa.string())
    return identifiers(draw(order, ord(first)), draw(order, 128 + ord(first)), first)


def _addresses(table: pa.Table, near: str, far: str) -> dict[str, pa.Array]:
    return {
        f"id.{side}_h": address_text(numbers(table, f"{name}_hi"), numbers(table, f"{name}_lo"))
        for side, name in (("orig", near), ("resp", far))
    }


def conn_values(conns: pa.Table, of_lookups: bool) -> dict[str, Any]:
    """Return the values of connections, by the names of the log's fields."""
    up, down = sessions.payloads(conns, of_lookups)
    state, history = sessions.states(conns, up, down)
    begun, proto = numbers(conns, "time_us"), numbers(conns, "proto")
    sent, got = (numbers(conns, f"packets_{way}") for way in ("up", "down"))
    alone = sent + got <= 1
    icmp = np.isin(proto, (ICMP, ICMP_6))
    far = numbers(conns, "dport").astype(np.int64)
    service = sessions.services(conns, up, down)
    if of_lookups:
        service = pc.if_else(pa.array(up > 0), "dns", None)
    names = np.array([sessions.PROTOCOLS.get(n, "unknown_transport") for n in range(256)])
    return {
        "ts": begun,
        "uid": _uids(numbers(conns, "order")),
        **_addresses(conns, "src", "dst"),
        "id.orig_p": np.where(icmp, far >> 8, numbers(conns, "sport")),
        "id.resp_p": np.where(icmp, far & 255, far),
        "proto": pa.array(names[proto].tolist(), pa.string()),
        "service": service,
        "duration": pa.array(numbers(conns, "end_us") - begun, mask=alone),
        "orig_bytes": pa.array(up, mask=alone),
        "resp_bytes": pa.array(down, mask=alone),
        "conn_state": state,
        "local_orig": is_internal(numbers(conns, "src_hi"), numbers(conns, "src_lo")),
        "local_resp": is_internal(numbers(conns, "dst_hi"), numbers(conns, "dst_lo")),
        "missed_bytes": np.zeros(conns.num_rows, np.int64),
        "history": history,
        "orig_pkts": sent,
        "orig_ip_bytes": numbers(conns, "bytes_up"),
        "resp_pkts": got,
        "resp_ip_bytes": numbers(conns, "bytes_down"),
        "tunnel_parents": pa.nulls(conns.num_rows, pa.list_(pa.string())),
    }


def dns_values(table: pa.Table) -> dict[str, Any]:
    """Return the values of look-ups."""
    size = table.num_rows
    carried = connections(table)
    code, flags = numbers(table, "rcode"), numbers(table, "flags")
    silent = code == NO_ANSWER
    asked = numbers(table, "qtype").astype(np.int64)
    stream = numbers(table, "proto") == TCP
    return {
        "ts": numbers(table, "time_us"),
        "uid": _uids(numbers(carried, "order")),
        **_addresses(table, "client", "server"),
        "id.orig_p": table["sport"],
        "id.resp_p": carried["dport"],
        "proto": pc.if_else(pa.array(stream), "tcp", "udp"),
        "trans_id": table["txid"],
        "rtt": pa.array(numbers(table, "rtt_us"), mask=silent),
        "query": table["qname"],
        "qclass": np.ones(size, np.int64),
        "qclass_name": pa.repeat("C_INTERNET", size),
        "qtype": asked,
        "qtype_name": type_names(asked),
        "rcode": pa.array(code.astype(np.int64), mask=silent),
        "rcode_name": pc.if_else(pa.array(silent), None, rcode_names(code)),
        **{
            name: (flags & bit != 0) & (~silent | (name == "RD"))
            for name, bit in (("AA", 0x400), ("TC", 0x200), ("RD", 0x100), ("RA", 0x80))
        },
        "Z": np.zeros(size, np.int64),
        **_answer_lists(table),
        "rejected": code == 5,
    }


def _answer_lists(table: pa.Table) -> dict[str, pa.Array]:
    """Return answers and their lives, unset where there are none."""
    found = answers(table)
    # Each string of up to 255 bytes has its length before it.
    lengths = found.size - -(-found.size // 256)
    texts = joined("TXT ", digits(lengths), " ", found.text)
    texts = pc.if_else(pa.array(found.kind == _TXT), texts, found.text)
    texts = pc.if_else(pa.array(found.kind == _NULL), f"<unknown type={_NULL}>", texts)
    lives = numbers(table, "ttl").astype(np.int64)[found.row] * SECOND_US
    any_ = pa.array(np.diff(found.edges) > 0)
    return {
        "answers": pc.if_else(any_, found.grouped(texts), None),
        "TTLs": pc.if_else(any_, found.grouped(pa.array(lives)), None),
    }


def http_values(table: pa.Table, order: Keys, port: Any, depth: Any) -> dict[str, Any]:
    """Return the values of requests; the others are what ``Sensor.read`` found."""
    size = table.num_rows
    host = table["host"].combine_chunks()
    tunnel = pc.equal(table["method"].combine_chunks(), "CONNECT")
    target = joined(host, ":", digits(table["port"].combine_chunks()))
    uri = joined(table["path"].combine_chunks(), table["query"].combine_chunks())
    body = pc.is_in(table["method"].combine_chunks(), pa.array(["POST", "PUT", "PATCH"]))
    kind = pc.replace_substring_regex(table["content_type"].combine_chunks(), r"\s*;.*", "")
    typed = pc.not_equal(kind, "")
    return {
        "ts": numbers(table, "time_us") - numbers(table, "taken_ms") * 1_000,
        "uid": _uids(order),
        **_addresses(table, "client", "proxy"),
        "id.orig_p": table["client_port"],
        "id.resp_p": np.where(port == 0, 8080, port),
        "trans_depth": depth,
        "method": table["method"],
        "host": host,
        "uri": pc.if_else(tunnel, target, uri),
        "referrer": _known(table["referer"]),
        "version": pa.repeat("1.1", size),
        "user_agent": _known(table["agent"]),
        "request_body_len": pc.if_else(body, table["bytes_up"].combine_chunks(), 0),
        "response_body_len": pc.if_else(tunnel, 0, table["bytes_down"].combine_chunks()),
        "status_code": table["status"],
        "status_msg": _reasons(numbers(table, "status")),
        **_unseen(size),
        "resp_fuids": _single(_uids(numbers(table, "order"), "F"), typed),
        "resp_mime_types": _single(kind, typed),
    }


def _unseen(size: int) -> dict[str, pa.Array]:
    """Return the fields that are never set, and the set that is always empty."""
    texts, lists = pa.nulls(size, pa.string()), pa.nulls(size, pa.list_(pa.string()))
    return {
        **dict.fromkeys(("origin", "info_msg", "username", "password"), texts),
        **dict.fromkeys(("proxied", "orig_fuids", "orig_filenames"), lists),
        **dict.fromkeys(("orig_mime_types", "resp_filenames"), lists),
        "info_code": pa.nulls(size, pa.int64()),
        "tags": pc.fill_null(lists, pa.scalar([], lists.type)),
    }


def _known(texts: pa.ChunkedArray) -> pa.Array:
    """Return texts, null for empty ones."""
    array = texts.combine_chunks()
    return pc.if_else(pc.equal(array, ""), None, array)


def _single(texts: pa.Array, there: pa.Array) -> pa.Array:
    """Return lists of one text, null where it is not there."""
    lists = pa.ListArray.from_arrays(pa.array(range(len(texts) + 1), pa.int32()), texts)
    return pc.if_else(there, lists, None)


def _reasons(status: np.ndarray) -> pa.Array:
    """Return the words that go with status codes, null where there are none."""
    place = pc.index_in(pa.array(status.astype(np.int64)), pa.array(list(REASONS)))
    return pa.array(list(REASONS.values())).take(place)
