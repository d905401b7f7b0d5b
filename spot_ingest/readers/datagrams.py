"""Which frames hold a DNS message that needs no other frame to be understood, and where in them.

Such a message lies in one whole UDP datagram of a DNS port, directly in IP. Everything else (TCP,
fragments, tunnels, other ports) is told apart by the pair of hosts that exchange it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spot_ingest.readers.frames import Frames, Ints

Flags = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]

#: DNS, mDNS, LLMNR.
PORTS = (53, 5353, 5355)

_ETHERNET, _SLL, _SLL2, _NULL, _LOOP = 1, 113, 276, 0, 108
#: A link type whose payload is an IP packet.
RAW_IP = 101
_RAW = (12, 14, RAW_IP, 228, 229)
#: By link type: where the type of the payload stands, and where the payload begins.
_TYPE_AT = {_ETHERNET: (12, 14), _SLL: (14, 16), _SLL2: (0, 20)}
#: Link types whose payload is IP and tells its version itself.
_IP_AT = {_NULL: 4, _LOOP: 4} | dict.fromkeys(_RAW, 0)
_VLAN_TAGS, _MOST_TAGS = (0x8100, 0x88A8, 0x9100), 3
_IPV4, _IPV6 = 0x0800, 0x86DD
_TCP, _UDP = 6, 17
_UDP_HEAD, _IPV6_HEAD, _LEAST_IPV4_HEAD = 8, 40, 20
_FRAGMENT_BITS = 0x3FFF
_RESPONSE = 0x80
_SPREAD = np.uint64(0x9E37_79B9_7F4A_7C15)


@dataclass(frozen=True)
class Datagrams:
    """What is known of each of some frames.

    ``whole`` says that it holds a message as above, ``begins`` and ``stops`` are the places of that
    message in the frames' body, ``response`` says that it is a response. ``pair`` is a number that
    frames between the same two hosts share, in either direction, ``connection`` one for those
    between the same two ports. ``closed`` says of a TCP segment that it is exactly one message.
    """

    whole: Flags
    response: Flags
    begins: Ints
    stops: Ints
    pair: Keys
    connection: Keys
    closed: Flags


def datagrams(frames: Frames) -> Datagrams:
    """Look at the headers of frames."""
    view = _View(frames)
    network, version = _network(view, frames.links)
    transport, stop, protocol = _transport(view, network, version)
    ports = view.short(transport), view.short(transport + 2)
    is_dns = np.isin(np.minimum(*ports), PORTS)
    length = view.short(transport + 4)
    whole = is_dns & (protocol == _UDP) & (length >= _UDP_HEAD)
    begins = transport + _UDP_HEAD
    stops = np.minimum(stop, transport + length)
    response = whole & (begins + 3 < stops) & ((view.byte(begins + 2) & _RESPONSE) != 0)
    data = transport + (view.byte(transport + 12) >> 4) * 4
    closed = is_dns & (protocol == _TCP) & (data + 2 + view.short(data) == stop) & (data + 2 < stop)
    pair = _pair(view, frames.links, network, version)
    both = (ports[0] * ports[1] << 17 | ports[0] + ports[1]).astype(np.uint64)
    connection = _spread(pair + np.where(protocol != 0, _spread(both), np.uint64(0)))
    return Datagrams(whole, response, begins, stops, pair, connection, closed)


def framed(link: int, packet: bytes) -> tuple[int, bytes]:
    """Put an IP packet into a frame of this link type, or of a simpler one; gives that type too."""
    if link != _ETHERNET:
        return RAW_IP, packet
    kind = _IPV4 if packet[0] >> 4 == 4 else _IPV6
    return link, struct.pack(">12xH", kind) + packet


class _View:
    """Numbers in the body of frames; what lies behind the end of the body is read as its end."""

    def __init__(self, frames: Frames) -> None:
        self.begins, self.stops = frames.packets, frames.stops
        self._bytes = np.frombuffer(frames.body, np.uint8)
        self._last = len(self._bytes) - 1

    def byte(self, places: Ints) -> Ints:
        return self._bytes[np.minimum(places, self._last)].astype(np.int64)

    def short(self, places: Ints) -> Ints:
        return self.byte(places) << 8 | self.byte(places + 1)

    def word(self, places: Ints) -> Keys:
        return (self.short(places) << 16 | self.short(places + 2)).astype(np.uint64)


def _network(view: _View, links: Ints) -> tuple[Ints, Ints]:
    """Give where the IP header of each frame begins, and its version; 0 where it has none."""
    network = view.begins.copy()
    kinds = np.zeros_like(network)
    for link in np.unique(links).tolist():
        mine = links == link
        if link in _TYPE_AT:
            at, after = _TYPE_AT[link]
            kinds[mine] = view.short(view.begins[mine] + at)
            network[mine] += after
        elif link in _IP_AT:
            network[mine] += _IP_AT[link]
            nibble = view.byte(network[mine]) >> 4
            kinds[mine] = np.select([nibble == 4, nibble == 6], [_IPV4, _IPV6])
    for _ in range(_MOST_TAGS):
        tagged = np.isin(kinds, _VLAN_TAGS)
        if not tagged.any():
            break
        kinds[tagged] = view.short(network[tagged] + 2)
        network[tagged] += 4
    nibble = view.byte(network) >> 4
    four = (kinds == _IPV4) & (nibble == 4) & (network + _LEAST_IPV4_HEAD <= view.stops)
    six = (kinds == _IPV6) & (nibble == 6) & (network + _IPV6_HEAD <= view.stops)
    return network, np.select([four, six], [4, 6])


def _transport(view: _View, network: Ints, version: Ints) -> tuple[Ints, Ints, Ints]:
    """Give where the UDP or TCP header begins, where the IP packet stops, and the protocol.

    The protocol is 0 where it is another, the header is not all there, or the packet a fragment.
    """
    head = (view.byte(network) & 15) * 4
    total = view.short(network + 2)
    four = (version == 4) & (head >= _LEAST_IPV4_HEAD) & (total >= head + _UDP_HEAD)
    four &= (view.short(network + 6) & _FRAGMENT_BITS) == 0
    payload = view.short(network + 4)
    six = (version == 6) & (payload >= _UDP_HEAD)
    transport = network + np.where(six, _IPV6_HEAD, head)
    stop = np.minimum(view.stops, network + np.where(six, payload + _IPV6_HEAD, total))
    protocol = view.byte(network + np.where(six, 6, 9))
    known = np.isin(protocol, (_TCP, _UDP)) & (transport + _UDP_HEAD <= view.stops)
    return transport, stop, np.where((four | six) & known, protocol, 0)


def _pair(view: _View, links: Ints, network: Ints, version: Ints) -> Keys:
    """Number the pairs of hosts: by IP addresses, else by those of Ethernet; 0 is for the rest."""
    pair = _spread(view.word(view.begins) ^ view.word(view.begins + 2) << np.uint64(16))
    pair += _spread(view.word(view.begins + 6) ^ view.word(view.begins + 8) << np.uint64(16))
    pair[links != _ETHERNET] = 0
    four = _spread(view.word(network + 12)) + _spread(view.word(network + 16))
    ends = [network + 8, network + 24]
    six = np.zeros_like(pair)
    for end in ends:
        parts = [view.word(end + offset) << np.uint64(offset) for offset in (0, 4, 8, 12)]
        six += _spread(parts[0] + parts[1] * _SPREAD + parts[2] ^ parts[3])
    return _spread(np.select([version == 4, version == 6], [four, six], pair))


def _spread(numbers: Keys) -> Keys:
    """Mix the bits of numbers, so that the high ones depend on all."""
    mixed = numbers * _SPREAD
    mixed ^= mixed >> np.uint64(29)
    return mixed * _SPREAD
