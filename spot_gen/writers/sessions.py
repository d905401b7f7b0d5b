"""Connections as sensors that follow them see them: state, history, payload, service, session."""

from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa

from spot_gen.dnswire import OPENING_OPTIONS
from spot_gen.events import numbers
from spot_gen.protocols import ACK, FIN, ICMP, ICMP_6, RST, SYN, TCP, UDP
from spot_gen.streams import Ints

PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP_6: "icmp"}

#: What a sensor recognises at a port where both sides have sent something.
SERVICES = {
    (TCP, 22): "ssh", (TCP, 25): "smtp", (TCP, 80): "http", (TCP, 88): "krb_tcp",
    (UDP, 88): "krb", (UDP, 123): "ntp", (TCP, 143): "imap", (UDP, 161): "snmp",
    (TCP, 389): "ldap_tcp", (TCP, 443): "ssl", (UDP, 443): "quic", (TCP, 445): "smb",
    (TCP, 587): "smtp", (TCP, 636): "ssl", (TCP, 993): "ssl", (TCP, 3306): "mysql",
    (TCP, 3389): "rdp", (TCP, 5432): "postgresql", (TCP, 8080): "http",
}  # fmt: skip


def payloads(conns: pa.Table, of_lookups: bool) -> tuple[Ints, Ints]:
    """Return the bytes above the transport layer each way; never below 0."""
    proto = numbers(conns, "proto").astype(np.int64)
    network = np.where(numbers(conns, "src_hi") != 0, 40, 20)
    header = network + np.where(proto == TCP, 20, 8)
    sums = []
    for way in ("up", "down"):
        size = numbers(conns, f"bytes_{way}").astype(np.int64)
        size -= header * numbers(conns, f"packets_{way}").astype(np.int64)
        if of_lookups:
            opening = numbers(conns, f"flags_{way}") & SYN
            size -= np.where((proto == TCP) & (opening != 0), 4 * OPENING_OPTIONS, 0)
        sums.append(np.maximum(size, 0))
    return sums[0], sums[1]


def states(conns: pa.Table, up: Ints, down: Ints) -> tuple[pa.Array, pa.Array]:
    """Return state and history of each connection, in Zeek's terms; history null for none."""
    proto = numbers(conns, "proto")
    place = np.zeros(conns.num_rows, np.int64)
    sides = (("up", up), ("down", down))
    for way, payload in sides:
        flags = numbers(conns, f"flags_{way}")
        seen = [(flags & bit) != 0 for bit in (SYN, ACK, FIN, RST)]
        packets = numbers(conns, f"packets_{way}") != 0
        for value in (*seen, payload > 0, packets):
            place = place * 2 + value
    kind = np.select([proto == TCP, proto == UDP], [0, 1], 2)
    rows = pa.array(kind * len(_TCP) + place)
    return _STATES.take(rows), _HISTORIES.take(rows)


_Side = tuple[int, ...]


def _tcp_state(up: _Side, down: _Side) -> str:
    """Return the state of a TCP connection from what each side sent.

    A side: whether SYN, ACK, FIN, RST, payload, anything at all was seen.
    """
    if not up[0]:
        return _half_state(down)
    if not down[5]:
        return "RSTOS0" if up[3] else "SH" if up[2] else "S0"
    if not down[0]:
        return "REJ" if down[3] else "OTH"
    if up[3] or down[3]:
        return "RSTO" if up[3] else "RSTR"
    return {(1, 1): "SF", (1, 0): "S2", (0, 1): "S3"}.get((up[2], down[2]), "S1")


def _half_state(down: _Side) -> str:
    """Return the state where the opening of the source was not seen."""
    if not down[0]:
        return "OTH"
    return "RSTRH" if down[3] else "SHR" if down[2] else "OTH"


def _tcp_history(up: _Side, down: _Side) -> str | None:
    """Return the letters of a TCP connection, in the usual order; upper case is the source."""
    met = up[0] and down[0]
    letters = (
        ("S", up[0]), ("h", down[0]), ("A", up[1]), ("D", up[4]), ("a", met and down[4]),
        ("d", down[4]), ("F", up[2]), ("f", down[2]), ("R", up[3]), ("r", down[3]),
    )  # fmt: skip
    return "".join(letter for letter, there in letters if there) or None


def _udp_state(up: _Side, down: _Side) -> str:
    return {(1, 1): "SF", (1, 0): "S0", (0, 1): "SHR"}.get((up[5], down[5]), "OTH")


def _udp_history(up: _Side, down: _Side) -> str | None:
    return "D" * up[5] + "d" * down[5] or None


_SIDES = list(product((0, 1), repeat=6))
_TCP = list(product(_SIDES, _SIDES))
_STATES = pa.array(
    [_tcp_state(*pair) for pair in _TCP]
    + [_udp_state(*pair) for pair in _TCP]
    + ["OTH"] * len(_TCP)
)
_HISTORIES = pa.array(
    [_tcp_history(*pair) for pair in _TCP]
    + [_udp_history(*pair) for pair in _TCP]
    + [None] * len(_TCP),
    pa.string(),
)


def services(conns: pa.Table, up: Ints, down: Ints) -> pa.Array:
    """Return what is spoken, null where a sensor would not know."""
    both = numbers(conns, "proto").astype(np.int64) << 16 | numbers(conns, "dport")
    known = np.array([proto << 16 | port for proto, port in SERVICES])
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known[order], both), len(known) - 1)
    found = (known[order][place] == both) & (up > 0) & (down > 0)
    return pa.array(list(SERVICES.values())).take(pa.array(order[place], mask=~found))
