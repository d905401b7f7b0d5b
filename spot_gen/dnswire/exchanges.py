"""What travels for a DNS look-up: packet by packet, and as a connection."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from spot_gen.dnswire.messages import PORT, answered, query_sizes, response_sizes
from spot_gen.events import CONNECTIONS, make, numbers
from spot_gen.protocols import ACK, FIN, PSH, SYN, TCP
from spot_gen.streams import Ints, child

#: Purposes of the numbers below a look-up's ``order``: the connection's own order.
_CONNECTION = 1
#: 32-bit words of options with the packets that open a connection.
OPENING_OPTIONS = 3


class Step(NamedTuple):
    """One packet of an exchange: its direction, flags, and time.

    Its time is ``eighths`` / 8 of the time until the answer and ``after_us`` more. ``query`` and
    ``response`` say what it carries; ``if_answered``: there is no such packet without an answer.
    """

    up: bool
    flags: int = 0
    query: bool = False
    response: bool = False
    if_answered: bool = False
    eighths: int = 0
    after_us: int = 0

    def time_us(self, lookups: pa.Table) -> Ints:
        """Return when this packet passes for each look-up."""
        waited = numbers(lookups, "rtt_us") * self.eighths // 8
        time: Ints = numbers(lookups, "time_us") + waited + self.after_us
        return time

    @property
    def options(self) -> int:
        """How many 32-bit words of options it has."""
        return OPENING_OPTIONS if self.flags & SYN else 0


#: The packets of an exchange, in order. The answer comes ``rtt_us`` after the first of them. Each
#: message is one segment, as hosts see it whose network card does the cutting.
DATAGRAMS = (Step(True, query=True), Step(False, response=True, if_answered=True, eighths=8))
STREAM = (
    Step(True, SYN),
    Step(False, SYN | ACK, eighths=3),
    Step(True, ACK, eighths=3, after_us=20),
    Step(True, PSH | ACK, query=True, eighths=4),
    Step(False, ACK, eighths=7),
    Step(False, PSH | ACK, response=True, if_answered=True, eighths=8),
    Step(True, ACK, if_answered=True, eighths=8, after_us=40),
    Step(True, FIN | ACK, eighths=8, after_us=120),
    Step(False, FIN | ACK, eighths=11, after_us=120),
    Step(True, ACK, eighths=11, after_us=150),
)


def connections(lookups: pa.Table) -> pa.Table:
    """Return the connections (CONNECTIONS) that carry look-ups, one a row, in the same order.

    Packets and bytes are those that ``spot_gen.writers.dns`` writes.
    """
    size = lookups.num_rows
    columns = {name: np.zeros(size, np.int64) for name in _COUNTED}
    stream = numbers(lookups, "proto") == TCP
    for steps, rows in ((DATAGRAMS, ~stream), (STREAM, stream)):
        part = lookups.filter(pa.array(rows))
        for name, values in _summed(part, steps).items():
            columns[name][rows] = values
    same = ("time_us", "sport", "proto", "label", "stage")
    ends = {
        f"{new}_{half}": lookups.column(f"{old}_{half}")
        for new, old in (("src", "client"), ("dst", "server"))
        for half in ("hi", "lo")
    }
    given = {name: lookups.column(name) for name in same} | ends | columns
    order = child(numbers(lookups, "order"), _CONNECTION)
    return make(CONNECTIONS, size, {**given, "dport": PORT, "order": order})


_COUNTED = (
    "end_us", "flags_up", "flags_down", "packets_up", "bytes_up", "packets_down", "bytes_down",
)  # fmt: skip


def _summed(lookups: pa.Table, steps: tuple[Step, ...]) -> dict[str, Ints]:
    """Return the packets, bytes, flags and end of exchanges that take these steps."""
    sums = {name: np.zeros(lookups.num_rows, np.int64) for name in _COUNTED}
    got = answered(lookups)
    network = np.where(numbers(lookups, "client_hi") != 0, 40, 20)
    header = network + (20 if steps is STREAM else 8)
    prefix = 2 if steps is STREAM else 0
    messages = (query_sizes(lookups) + prefix, response_sizes(lookups) + prefix)
    for step in steps:
        there = got | (not step.if_answered)
        way = "up" if step.up else "down"
        payload = step.query * messages[0] + step.response * messages[1]
        sums[f"packets_{way}"] += there
        sums[f"bytes_{way}"] += np.where(there, header + 4 * step.options + payload, 0)
        sums[f"flags_{way}"] |= np.where(there, step.flags, 0)
        time = np.where(there, step.time_us(lookups), 0)
        sums["end_us"] = np.maximum(sums["end_us"], time)
    return sums
