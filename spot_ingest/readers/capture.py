"""The time of a capture's first packet, from its first bytes (pcap and pcapng, plain or gzip)."""

from __future__ import annotations

import gzip
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

_HEAD = 256 * 1024
_PCAP = {b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
_PCAP |= {magic[::-1]: "<" for magic in _PCAP}
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_ORDER = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_RESOLUTION_OPTION = 9


def first_packet(path: Path) -> datetime | None:
    """Give the UTC time of the first packet; None where the file shows none."""
    try:
        head = _head(path)
        seconds = _pcap(head) if head[:4] in _PCAP else _pcapng(head)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (struct.error, ValueError, IndexError, OverflowError, OSError, EOFError, zlib.error):
        return None


def _head(path: Path) -> bytes:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw
        return stream.read(_HEAD)


def _pcap(head: bytes) -> int | None:
    order = _PCAP[head[:4]]
    return int(struct.unpack_from(f"{order}I", head, 24)[0]) if len(head) >= 40 else None


def _pcapng(head: bytes) -> int | None:
    if len(head) < 12 or struct.unpack_from("<I", head)[0] != _SECTION:
        return None
    order = _ORDER.get(head[8:12])
    if order is None:
        return None
    units: list[int] = []
    place = 0
    while place + 12 <= len(head):
        kind, length = struct.unpack_from(f"{order}II", head, place)
        if kind == _INTERFACE:
            units.append(_resolution(head[place + 16 : place + length - 4], order))
        elif kind == _PACKET:
            interface, high, low = struct.unpack_from(f"{order}III", head, place + 8)
            return int((high << 32 | low) // units[interface])
        if length < 12:
            return None
        place += length
    return None


def _resolution(options: bytes, order: str) -> int:
    """Units a second of an interface's time stamps."""
    place = 0
    while place + 4 <= len(options):
        code, length = struct.unpack_from(f"{order}HH", options, place)
        if code == _RESOLUTION_OPTION and length >= 1:
            value = options[place + 4]
            return int(2 ** (value & 0x7F) if value & 0x80 else 10**value)
        if code == 0:
            break
        place += 4 + (length + 3) // 4 * 4
    return 1_000_000
