"""The objects inside lines of Suricata's ``eve.json``: texts of JSON, one per event."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.clock import SECOND_US
from spot_gen.events import numbers
from spot_gen.network.addresses import text as address_text
from spot_gen.protocols import ICMP, ICMP_6, TCP, UDP
from spot_gen.streams import Keys, draw
from spot_gen.text import (
    digits,
    fraction,
    iso_t,
    joined,
    json_objects,
    json_strings,
    moments,
)
from spot_gen.writers import sessions
from spot_gen.writers.alerts import Signature

OTHER_SIDE = {
    "src_ip": "dest_ip", "dest_ip": "src_ip", "src_port": "dest_port", "dest_port": "src_port",
}  # fmt: skip
#: What Suricata calls services that Zeek calls otherwise.
_NAMES = {
    "ssl": "tls", "krb_tcp": "krb5", "krb": "krb5", "ldap_tcp": "ldap", "postgresql": "pgsql",
}  # fmt: skip
_PROTOCOLS = {TCP: "TCP", UDP: "UDP", ICMP: "ICMP", ICMP_6: "IPv6-ICMP"}
_STATES = {"S0": "syn_sent", "S1": "established", "REJ": "closed", "OTH": "closed"}


def timestamps(times_us: np.ndarray) -> pa.Array:
    """Write times as JSON strings."""
    return joined('"', moments(times_us, iso_t), ".", fraction(times_us), '+0000"')


def flow_ids(order: Keys) -> pa.Array:
    """Return numbers of up to 53 bits that belong to random numbers."""
    if not len(order):
        return pa.array([], pa.string())
    return digits((draw(order, 83) >> np.uint64(11)).astype(np.int64))


def ends(table: pa.Table, near: str, far: str, ports: tuple[str, str]) -> dict[str, pa.Array]:
    """Return addresses and ports, by the names that marks have for them."""
    source, target = (
        address_text(numbers(table, f"{name}_hi"), numbers(table, f"{name}_lo"))
        for name in (near, far)
    )
    sport, dport = (pa.array(numbers(table, name).astype(np.int32)) for name in ports)
    return {"src": source, "dst": target, "sport": sport, "dport": dport}


def members(found: dict[str, pa.Array], proto: np.ndarray) -> dict[str, pa.Array]:
    """Write addresses, ports and protocol; ICMP has type and code instead of ports."""
    icmp = pa.array(np.isin(proto, (ICMP, ICMP_6)))
    port, far = digits(found["sport"]), found["dport"].to_numpy().astype(np.int64)
    names = np.array([_PROTOCOLS.get(number, f"{number:03d}") for number in range(256)])
    return {
        "src_ip": json_strings(found["src"]),
        "src_port": pc.if_else(icmp, None, port),
        "dest_ip": json_strings(found["dst"]),
        "dest_port": pc.if_else(icmp, None, digits(found["dport"])),
        "proto": json_strings(pa.array(names[proto.astype(np.int64)].tolist(), pa.string())),
        "icmp_type": pc.if_else(icmp, digits(far >> 8), None),
        "icmp_code": pc.if_else(icmp, digits(far & 255), None),
    }


def flow(conns: pa.Table, service: str | None) -> dict[str, pa.Array]:
    """Write what flow events tell: ``app_proto``, ``flow`` and, of TCP, ``tcp``."""
    up, down = sessions.payloads(conns, service is not None)
    state, _ = sessions.states(conns, up, down)
    begun, end = (numbers(conns, name) for name in ("time_us", "end_us"))
    both = (numbers(conns, "packets_up") > 0) & (numbers(conns, "packets_down") > 0)
    tcp = numbers(conns, "proto") == TCP
    known = pc.index_in(state, pa.array(list(_STATES)))
    tcp_state = pc.fill_null(pa.array(list(_STATES.values())).take(known), "closed")
    simple = pc.if_else(pa.array(both), '"established"', '"new"')
    told = {
        "pkts_toserver": digits(conns["packets_up"].combine_chunks()),
        "pkts_toclient": digits(conns["packets_down"].combine_chunks()),
        "bytes_toserver": digits(conns["bytes_up"].combine_chunks()),
        "bytes_toclient": digits(conns["bytes_down"].combine_chunks()),
        "start": timestamps(begun),
        "end": timestamps(end),
        "age": digits((end - begun) // SECOND_US),
        "state": pc.if_else(pa.array(tcp), _tcp_states(tcp_state), simple),
        "reason": '"timeout"',
    }
    return {
        "app_proto": _service(conns, up, down, service),
        "flow": json_objects(told),
        "tcp": pc.if_else(pa.array(tcp), _tcp(conns, tcp_state), None),
    }


def _tcp_states(states: pa.Array) -> pa.Array:
    """Write the state of a TCP flow: an opening without answer is new."""
    return json_strings(pc.if_else(pc.equal(states, "syn_sent"), "new", states))


def _service(conns: pa.Table, up: Any, down: Any, service: str | None) -> pa.Array:
    """Write what is spoken; ``failed`` where both sides spoke and nothing was recognised."""
    spoken = pa.array((up > 0) & (down > 0))
    if service is not None:
        return pc.if_else(pa.array(up > 0), f'"{service}"', None)
    found = sessions.services(conns, up, down)
    place = pc.index_in(found, pa.array(list(_NAMES)))
    renamed = pc.coalesce(pa.array(list(_NAMES.values())).take(place), found)
    return json_strings(pc.coalesce(renamed, pc.if_else(spoken, "failed", None)))


def _tcp(conns: pa.Table, state: pa.Array) -> pa.Array:
    """Write flags, as hexadecimal numbers and one by one, and state."""
    up, down = (numbers(conns, f"flags_{way}").astype(np.int64) for way in ("up", "down"))
    names = {"syn": 2, "fin": 1, "rst": 4, "psh": 8, "ack": 16, "urg": 32}
    told = {
        "tcp_flags": _HEXADECIMAL.take(pa.array(up | down)),
        "tcp_flags_ts": _HEXADECIMAL.take(pa.array(up)),
        "tcp_flags_tc": _HEXADECIMAL.take(pa.array(down)),
        **{name: if_set((up | down) & bit) for name, bit in names.items()},
        "state": json_strings(state),
    }
    return json_objects(told)


_HEXADECIMAL = pa.array([f'"{number:02x}"' for number in range(256)])


def if_set(values: np.ndarray) -> pa.Array:
    """Write true where a number is not 0; elsewhere the member is left out."""
    return pc.if_else(pa.array(values != 0), "true", None)


def http(table: pa.Table) -> pa.Array:
    """Write ``http`` objects."""
    host, path, query, method = (
        table[name].combine_chunks() for name in ("host", "path", "query", "method")
    )
    tunnel = pc.equal(method, "CONNECT")
    target = joined(host, ":", digits(table["port"].combine_chunks()))
    return json_objects(
        {
            "hostname": json_strings(host),
            "url": json_strings(pc.if_else(tunnel, target, joined(path, query))),
            "http_user_agent": _known(table["agent"]),
            "http_content_type": _known(table["content_type"]),
            "http_refer": _known(table["referer"]),
            "http_method": json_strings(method),
            "protocol": '"HTTP/1.1"',
            "status": digits(table["status"].combine_chunks()),
            "length": pc.if_else(tunnel, "0", digits(table["bytes_down"].combine_chunks())),
        }
    )


def _known(texts: pa.ChunkedArray) -> pa.Array:
    """Write texts; empty ones are left out."""
    array = texts.combine_chunks()
    return json_strings(pc.if_else(pc.equal(array, ""), None, array))


def alert(signature: Signature) -> str:
    """Write the ``alert`` object of a signature."""
    return json.dumps(
        {
            "action": "allowed",
            "gid": 1,
            "signature_id": signature.number,
            "rev": 1,
            "signature": signature.text,
            "category": signature.category,
            "severity": signature.severity,
        }
    )
