"""Addresses as pairs of 64-bit numbers: all of them from ranges that are reserved.

An array of n addresses has the shape (n, 2): ``hi`` and ``lo``; of IPv4 ``hi`` is 0.
"""

from __future__ import annotations

import ipaddress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

Addresses = NDArray[np.uint64]

INTERNAL = ipaddress.ip_network("10.20.0.0/16")
INTERNAL_6 = ipaddress.ip_network("fd00:20::/32")
#: RFC 2544, for benchmarks: the ordinary outside world.
OUTSIDE = ipaddress.ip_network("198.18.0.0/15")
OUTSIDE_6 = ipaddress.ip_network("2001:db8::/32")
#: RFC 5737, for documentation: a part of the malicious world.
MALICIOUS = tuple(
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)
RESERVED = (INTERNAL, INTERNAL_6, OUTSIDE, OUTSIDE_6, *MALICIOUS)

_LOW = (1 << 64) - 1
_OCTETS = pa.array([str(i) for i in range(256)])


def address(text: str) -> Addresses:
    """Read one address: shape (2,). ValueError for anything else."""
    number = int(ipaddress.ip_address(text))
    return np.array([number >> 64, number & _LOW], np.uint64)


def addresses(texts: list[str]) -> Addresses:
    """Read several addresses."""
    return np.array([address(text) for text in texts], np.uint64).reshape(-1, 2)


def four(numbers: ArrayLike) -> Addresses:
    """Make IPv4 addresses of their numbers."""
    low = np.atleast_1d(np.asarray(numbers)).astype(np.uint64)
    return np.stack([np.zeros_like(low), low], axis=-1)


def is_six(hi: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Say which addresses are IPv6, from their upper halves."""
    six: NDArray[np.bool_] = hi != 0
    return six


def is_internal(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Say which addresses are the organisation's own."""
    own: NDArray[np.bool_] = (hi == 0) & (lo >> np.uint64(16) == np.uint64(int(INTERNAL[0]) >> 16))
    own |= hi >> np.uint64(32) == np.uint64(int(INTERNAL_6[0]) >> 96)
    return own


def text(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> pa.StringArray:
    """Write addresses as text, IPv6 in its short form."""
    octets = [((lo >> np.uint64(8 * i)) & np.uint64(255)).astype(np.int64) for i in (3, 2, 1, 0)]
    written = pc.binary_join_element_wise(*(_OCTETS.take(pa.array(o)) for o in octets), ".")
    six = is_six(hi)
    if not six.any():
        return written
    pairs, inverse = np.unique(np.stack([hi[six], lo[six]], axis=-1), axis=0, return_inverse=True)
    long = pa.array([str(ipaddress.IPv6Address(int(h) << 64 | int(low))) for h, low in pairs])
    return pc.replace_with_mask(
        written, pa.array(six), long.take(pa.array(inverse.reshape(-1))).cast(written.type)
    )


def packed(pairs: Addresses) -> list[bytes]:
    """Return addresses as the 4 or 16 bytes that stand in packets and DNS answers."""
    return [
        int(lo).to_bytes(4, "big") if hi == 0 else int(hi).to_bytes(8, "big") + int(lo).to_bytes(8)
        for hi, lo in pairs
    ]
