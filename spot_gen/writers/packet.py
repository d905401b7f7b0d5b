"""A packet as one item of an array, before it is framed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spot_gen.ragged import Ints

Packets = NDArray[np.void]

#: One packet. ``order`` and ``step`` decide between equal times. ``zeros`` is how many bytes of
#: zeros follow the payload. ICMP: ``dport`` is type x 256 + code, ``seq`` identifier x 65,536 +
#: number. TCP: ``options`` is how many 32-bit words of options follow the header (0 to 10).
#: ``kind`` and ``mark`` are the writer's own.
PACKET = np.dtype(
    [
        ("time_us", "i8"), ("order", "u8"), ("step", "u4"),
        ("src_hi", "u8"), ("src_lo", "u8"), ("dst_hi", "u8"), ("dst_lo", "u8"),
        ("sport", "u2"), ("dport", "u2"), ("proto", "u1"), ("tos", "u1"), ("ip_id", "u2"),
        ("flags", "u1"), ("options", "u1"), ("window", "u2"), ("seq", "u4"), ("ack", "u4"),
        ("zeros", "u4"), ("kind", "u1"), ("mark", "i4"),
    ]
)  # fmt: skip


def blank(size: int, **columns: ArrayLike) -> Packets:
    """Return packets with the columns that are given; what is missing is 0."""
    packets = np.zeros(size, PACKET)
    for name, values in columns.items():
        packets[name] = values
    return packets


def in_time(packets: Packets) -> Ints:
    """Return the order of packets by time, then ``order``, then ``step``."""
    time_us = packets["time_us"]
    places = np.argsort(time_us, kind="stable")
    equal = np.diff(time_us[places]) == 0
    if equal.any():
        # Few times are equal: only those places are sorted again, which keeps times where they are.
        tied = np.flatnonzero(np.append(equal, False) | np.insert(equal, 0, False))
        rows = places[tied]
        again = np.lexsort((packets["step"][rows], packets["order"][rows], time_us[rows]))
        places[tied] = rows[again]
    return places
