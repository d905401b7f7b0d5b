"""Connections: what they look like from how they went and what they carried."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spot_gen.network.addresses import Addresses
from spot_gen.protocols import ACK, FIN, ICMP, PSH, RST, SYN, TCP, UDP
from spot_gen.recorder.store import Store, ends
from spot_gen.streams import Ints, Keys, integers


class State(IntEnum):
    """How a TCP connection went."""

    DONE = 0  # opened, used, closed
    RESET = 1  # opened, used, then torn down by the destination
    REFUSED = 2  # a reset instead of an answer
    UNANSWERED = 3  # nothing came back
    OPEN = 4  # no end was seen


_FLAGS_UP = np.array([SYN | ACK | PSH | FIN, SYN | ACK | PSH, SYN, SYN, SYN | ACK | PSH], np.uint8)
_FLAGS_DOWN = np.array(
    [SYN | ACK | PSH | FIN, SYN | ACK | PSH | RST, RST | ACK, 0, SYN | ACK | PSH], np.uint8
)
#: Packets besides those with data, from source and from destination.
_EXTRA_UP = np.array([4, 2, 1, 1, 2])
_EXTRA_DOWN = np.array([3, 2, 1, 0, 1])
#: Bytes of payload in a packet, on average.
_SEGMENT = 700
_BIG_SEGMENT = 1_400


class Connections(Store):
    """Records connections."""

    def connections(
        self,
        key: Keys,
        time_us: ArrayLike,
        src: Addresses,
        dst: Addresses,
        dport: ArrayLike,
        *,
        up: ArrayLike = 0,
        down: ArrayLike = 0,
        duration_us: ArrayLike = 0,
        proto: int = TCP,
        state: ArrayLike = State.DONE,
        sport: ArrayLike | None = None,
        flags: ArrayLike | None = None,
        flags_down: ArrayLike | None = None,
        tries: ArrayLike = 1,
        packets: tuple[ArrayLike, ArrayLike] | None = None,
        tos: int = 0,
    ) -> None:
        """Record connections that begin at ``time_us`` and carry ``up`` and ``down`` bytes.

        ``up`` and ``down`` are payload; headers are added. ``tries``: how often an unanswered
        opening is sent. ``flags``, ``flags_down``: other TCP flags than those of ``state``, of the
        source's and the destination's packets. ``packets``: how many packets carry the payload each
        way, if the usual size does not fit. ICMP: ``dport`` is type x 256 + code.
        """
        size = len(key)
        state = np.broadcast_to(np.asarray(state, np.int64), size)
        payload = [np.broadcast_to(np.asarray(value, np.int64), size) for value in (up, down)]
        header = _header(proto, src)
        sent = _packets(payload, packets, proto, state, tries)
        time = np.broadcast_to(np.asarray(time_us, np.int64), size)
        end = time + np.broadcast_to(np.asarray(duration_us, np.int64), size)
        self.add(
            "connections",
            key,
            {
                "time_us": time,
                "end_us": np.where(sent[0] + sent[1] > 1, np.maximum(end, time), time),
                **ends("src", src, size),
                **ends("dst", dst, size),
                "sport": source_port(key, proto) if sport is None else sport,
                "dport": dport,
                "proto": proto,
                "tos": tos,
                "flags_up": _flags(_FLAGS_UP, state, proto, flags),
                "flags_down": _flags(_FLAGS_DOWN, state, proto, flags_down),
                "packets_up": sent[0],
                "bytes_up": payload[0] + header * sent[0],
                "packets_down": sent[1],
                "bytes_down": payload[1] + header * sent[1],
            },
        )


def _header(proto: int, src: Addresses) -> Any:
    """Return the bytes of IP and transport headers in a packet."""
    transport = {TCP: 20, UDP: 8, ICMP: 8}.get(proto, 0)
    return np.where(np.asarray(src)[..., 0] != 0, 40, 20) + transport


def _packets(
    payload: list[Ints],
    packets: tuple[ArrayLike, ArrayLike] | None,
    proto: int,
    state: Ints,
    tries: Any,
) -> tuple[Ints, Ints]:
    """Return the packets each way: with data, acknowledgements, opening and close."""
    if packets is not None:
        data = [np.broadcast_to(np.asarray(n, np.int64), len(state)) for n in packets]
    else:
        data = [-(-p // np.where(p > 1_000_000, _BIG_SEGMENT, _SEGMENT)) for p in payload]
    if proto != TCP:
        return data[0], data[1]
    up = data[0] + data[1] // 2 + _EXTRA_UP[state]
    down = data[1] + data[0] // 2 + _EXTRA_DOWN[state]
    silent = state == State.UNANSWERED
    return np.where(silent, data[0] + np.asarray(tries), up), np.where(silent, 0, down)


def _flags(table: Any, state: Ints, proto: int, given: ArrayLike | None) -> Any:
    if given is not None:
        return given
    return table[state] if proto == TCP else 0


def source_port(key: Keys, proto: int) -> Any:
    """Draw the ports that connections come from; 0 where a protocol has none."""
    return integers(key, 46, 49_152, 65_536) if proto in (TCP, UDP) else 0
