"""Signatures of an intrusion detection system: each fires on what the sensor sees, never on labels.

A share of the matches raises an alert, as a rate limit would have it; so ordinary events raise
alerts too, and many incidents raise none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.events import numbers
from spot_gen.network.addresses import is_internal
from spot_gen.protocols import FIN, SYN, TCP
from spot_gen.streams import uniform
from spot_gen.writers.sessions import SERVICES

_SERVED = (21, 22, 23, 445, 1433, 3306, 3389, 5900)
_REMOTE = (22, 3389)
_LONG_NAME, _LONG_REQUEST = 60, 400
_PROGRAMS = ("exe", "msi", "dll", "scr", "zip", "iso")


@dataclass(frozen=True)
class Signature:
    """A rule: ``matches`` says of each event whether it fires, ``share`` how often that counts."""

    number: int
    text: str
    category: str
    severity: int
    share: float
    matches: Callable[[pa.Table], np.ndarray]

    def hits(self, table: pa.Table) -> np.ndarray:
        """Return the rows that raise an alert."""
        chosen = uniform(numbers(table, "order"), 100 + self.number % 100) < self.share
        return np.flatnonzero(self.matches(table) & chosen) if table.num_rows else _NONE


_NONE = np.zeros(0, np.int64)


def _tcp_flags(table: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return whether it is TCP, and the flags each way."""
    up, down = (numbers(table, f"flags_{way}").astype(np.int64) for way in ("up", "down"))
    return numbers(table, "proto") == TCP, up, down


def _refused(table: pa.Table) -> np.ndarray:
    tcp, up, down = _tcp_flags(table)
    served = np.isin(numbers(table, "dport"), _SERVED)
    hit: np.ndarray = tcp & (up & SYN != 0) & (down & SYN == 0) & served
    return hit


def _odd_flags(table: pa.Table) -> np.ndarray:
    tcp, up, _ = _tcp_flags(table)
    hit: np.ndarray = tcp & (up & SYN == 0) & ((up == 0) | (up & FIN != 0))
    return hit


def _remote(table: pa.Table) -> np.ndarray:
    tcp, _, down = _tcp_flags(table)
    outside = ~is_internal(numbers(table, "src_hi"), numbers(table, "src_lo"))
    hit: np.ndarray = tcp & outside & (down & SYN != 0)
    return hit & np.isin(numbers(table, "dport"), _REMOTE)


def _uncommon(table: pa.Table) -> np.ndarray:
    tcp, _, down = _tcp_flags(table)
    port = numbers(table, "dport")
    known = np.isin(port, [number for _, number in SERVICES])
    hit: np.ndarray = tcp & (down & SYN != 0) & (port > 1_024) & ~known
    return hit


def _markup(table: pa.Table) -> np.ndarray:
    return _flags(pc.match_substring_regex(table["query"], r"(?i)(<|%3c)script"))


def _program(table: pa.Table) -> np.ndarray:
    return _flags(pc.is_in(pc.utf8_lower(table["extension"]), pa.array(_PROGRAMS)))


def _long_request(table: pa.Table) -> np.ndarray:
    length = pc.add(pc.utf8_length(table["path"]), pc.utf8_length(table["query"]))
    return _flags(pc.greater(length, _LONG_REQUEST))


def _long_name(table: pa.Table) -> np.ndarray:
    return _flags(pc.greater(pc.utf8_length(table["qname"]), _LONG_NAME))


def _flags(values: pa.ChunkedArray) -> np.ndarray:
    flags: np.ndarray = values.to_numpy().astype(bool)
    return flags


_LEAK, _POLICY = "Attempted Information Leak", "Potential Corporate Privacy Violation"
#: The signatures by the kind of event that they read.
SIGNATURES: dict[str, tuple[Signature, ...]] = {
    "connections": (
        Signature(9000001, "SCAN probe of a service without answer", _LEAK, 2, 0.05, _refused),
        Signature(9000002, "SCAN odd combination of flags", _LEAK, 2, 0.30, _odd_flags),
        Signature(9000003, "POLICY remote log-on from outside", _POLICY, 1, 0.20, _remote),
        Signature(9000004, "INFO session on an uncommon port", "Misc activity", 3, 0.02, _uncommon),
    ),
    "requests": (
        Signature(9000005, "WEB markup in a query", "Web Application Attack", 1, 0.30, _markup),
        Signature(9000006, "POLICY program or archive fetched", _POLICY, 2, 0.20, _program),
        Signature(9000007, "INFO very long request", "Misc activity", 3, 0.05, _long_request),
    ),
    "lookups": (
        Signature(9000008, "INFO long name looked up", "Misc activity", 3, 0.01, _long_name),
    ),
}
