"""NetFlow and IPFIX datagrams, which routers send to a collector: how they are recognised.

They are not read here: a template may be in an earlier datagram than the flows that need it, and
nfcapd knows all that exporters do.
"""

from __future__ import annotations

import struct

#: What to do about datagrams that were kept as they came.
COLLECT = (
    "let nfcapd receive the datagrams (nfcapd -w FOLDER -p 2055), replayed if need be, "
    "and feed the files that it writes"
)

_VERSIONS = {5: "NetFlow 5", 9: "NetFlow 9", 10: "IPFIX"}
_LARGEST = 65_507
_UDP_HEADER = 8


def version(head: bytes, size: int) -> str:
    """Name the kind of datagram that a file of so many bytes begins like; empty for none."""
    if not 20 <= size <= _LARGEST:
        return ""
    return _VERSIONS.get(struct.unpack_from(">H", head)[0], "")


def capture_filter() -> str:
    """Give the pcap filter for packets that carry such a datagram, whatever their port.

    The version alone would be met by chance; so lengths and counts must agree with it.
    """
    four = f"udp and {_carries('udp', 0)}"
    six = f"ip6[6] = 17 and {_carries('ip6', 40)}"
    return f"({four}) or ({six})"


def _carries(layer: str, start: int) -> str:
    """Compare a packet's payload, whose UDP header begins at a byte of a layer."""

    def word(place: int) -> str:
        return f"{layer}[{start + place}:2]"

    size, payload = word(4), _UDP_HEADER
    count = word(payload + 2)
    version_5 = f"({word(payload)} = 5 and {size} = 32 + 48 * {count})"
    version_9 = (
        f"({word(payload)} = 9 and {count} > 0 and {size} > 32"
        f" and ({word(payload + 20)} < 2 or {word(payload + 20)} > 255)"
        f" and {word(payload + 22)} > 4 and {word(payload + 22)} <= {size} - 28)"
    )
    ipfix = f"({word(payload)} = 10 and {count} = {size} - {_UDP_HEADER})"
    return f"({version_5} or {version_9} or {ipfix})"
