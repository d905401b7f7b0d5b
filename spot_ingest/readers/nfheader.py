"""The outside of an nfcapd file: its header, its blocks and its statistics, layouts 1 and 2.

Nothing here looks into the blocks, which may be compressed. In layout 1 the statistics follow the
header; in layout 2 they are a record of the appendix, which is compressed as the blocks are.
"""

from __future__ import annotations

import bz2
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from spot_ingest.errors import UnreadableError

#: What to do about a file that is not whole.
COPY_AGAIN = "the file is cut short or damaged; copy it again from the exporter"

_MAGIC = 0xA50C
#: Magic, layout, flags, blocks, identification.
_HEADER_1 = struct.Struct("<HHII128s")
#: The first three of the counters (flows, bytes, packets; 12 more by protocol), then seconds and
#: milliseconds of the first and last packet.
_STATISTICS_1 = struct.Struct("<3Q96xIIHHI")
#: Magic, layout, version of nfcapd, time of creation, compression, encryption, blocks of the
#: appendix, creator, place of the appendix, largest block, blocks.
_HEADER_2 = struct.Struct("<HHIqBBHIqII")
#: The counters as above, then first and last in milliseconds, and sequence failures.
_STATISTICS_2 = struct.Struct("<3Q96x3Q")
#: Records, bytes after this header, type, flags.
_BLOCK = struct.Struct("<IIHH")
_RECORD = struct.Struct("<HH")
_STATISTICS_RECORD = 0x8002
_PLAIN, _BZIP2 = 0, 2
#: Most bytes of an appendix that are looked at, and most flows that a block can hold.
_APPENDIX_LIMIT = 1 << 20
_FLOWS_IN_BLOCK = 1 << 17


@dataclass(frozen=True)
class Statistics:
    """What a file says of its flows: how many they are, and when the first began (epoch ms)."""

    flows: int
    first_ms: int


@dataclass(frozen=True)
class Survey:
    """A file that is sound from outside: its blocks, its statistics unless only nfdump has them."""

    blocks: int
    statistics: Statistics | None

    def believable(self, flows: int) -> int:
        """Cut a number of flows to what the blocks can hold, in case it is damaged."""
        return min(flows, self.blocks * _FLOWS_IN_BLOCK)


@dataclass(frozen=True)
class _Outline:
    """Where the parts of a file are: bytes, from its start."""

    layout: int
    blocks: int
    first_block: int
    end_of_blocks: int
    appendix_blocks: int = 0
    compression: int = _PLAIN
    created: int = 0


def is_nfcapd(head: bytes) -> bool:
    """Say whether a file that begins so is an nfcapd file, whole or not."""
    return head.startswith(struct.pack("<H", _MAGIC))


def first_moment(path: Path) -> datetime | None:
    """Give the time of the first flow, or that of the file's creation; None where it has neither.

    Raises nothing for a file that is no nfcapd file or damaged.
    """
    try:
        with path.open("rb") as file:
            outline = _outline(file)
            found = _statistics(file, outline)
            seconds = found.first_ms // 1000 if found is not None else outline.created
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (UnreadableError, OSError, OverflowError, ValueError):
        return None


def survey(path: Path) -> Survey:
    """Check the outside of a file.

    Raises UnreadableError where it is no nfcapd file, or is not whole: a header or a block that is
    missing or reaches beyond the end, statistics that are not where they should be.
    """
    with path.open("rb") as file:
        outline = _outline(file)
        found = Survey(outline.blocks, _statistics(file, outline))
        flows = found.statistics.flows if found.statistics is not None else 0
        _walk(file, outline, found.believable(flows))
        return found


def _outline(file: IO[bytes]) -> _Outline:
    head = file.read(_HEADER_1.size)
    size = os.fstat(file.fileno()).st_size
    if not head:
        raise UnreadableError("the file is empty")
    if len(head) < _HEADER_2.size:
        raise UnreadableError(f"the file ends within its header, after {len(head)} bytes")
    magic, layout = struct.unpack_from("<HH", head)
    if magic != _MAGIC:
        raise UnreadableError(_foreign(head))
    if layout == 1:
        if size < _HEADER_1.size + _STATISTICS_1.size:
            raise UnreadableError(f"the file ends within its header, after {size} bytes")
        blocks = _HEADER_1.unpack(head)[3]
        return _Outline(1, blocks, _HEADER_1.size + _STATISTICS_1.size, size)
    if layout == 2:
        return _outline_2(head, size)
    raise UnreadableError(
        f"nfcapd layout {layout} is not known", hint="nfdump reads layouts 1 and 2"
    )


def _outline_2(head: bytes, size: int) -> _Outline:
    fields = _HEADER_2.unpack_from(head)
    created, compression, encryption, appendix_blocks, _, appendix, _, blocks = fields[3:]
    if encryption:
        raise UnreadableError("the file is encrypted")
    if appendix_blocks == 0 or appendix == 0:
        raise UnreadableError(
            "nfcapd did not finish this file: its statistics are missing",
            hint="end nfcapd with SIGTERM and feed the file that it leaves then",
        )
    if not _HEADER_2.size <= appendix <= size - _BLOCK.size:
        raise UnreadableError(
            f"it is not whole: its statistics should be at byte {appendix:,}, "
            f"the file ends at {size:,}",
            hint=COPY_AGAIN,
        )
    return _Outline(
        2,
        blocks,
        _HEADER_2.size,
        appendix,
        appendix_blocks,
        compression,
        created,
    )


def _foreign(head: bytes) -> str:
    if struct.unpack_from(">H", head)[0] == _MAGIC:
        return "the nfcapd file was written by a machine of another byte order"
    return "not an nfcapd file: its first bytes are " + head[:8].hex(" ")


def _walk(file: IO[bytes], outline: _Outline, flows: int) -> None:
    """Go from block to block; UnreadableError where they do not end where they should."""
    place = outline.first_block
    for number in range(1, outline.blocks + 1):
        begin, place, wrong = place, _end_of_block(file, place), ""
        if place > outline.end_of_blocks:
            wrong = f"should end at byte {place:,}, there are {outline.end_of_blocks:,}"
        elif place == begin + _BLOCK.size:
            wrong = "is empty"
        if wrong:
            wrong = f"it is not whole: block {number} of {outline.blocks} {wrong}"
            raise UnreadableError(wrong, rows=flows, hint=COPY_AGAIN)
    rest = outline.end_of_blocks - place
    if rest:
        wrong = f"{rest:,} bytes follow the last of its {outline.blocks} blocks"
        raise UnreadableError(wrong, rows=flows, hint=COPY_AGAIN)


def _end_of_block(file: IO[bytes], place: int) -> int:
    file.seek(place)
    head = file.read(_BLOCK.size)
    size = _BLOCK.unpack(head)[1] if len(head) == _BLOCK.size else 0
    return place + _BLOCK.size + int(size)


def _statistics(file: IO[bytes], outline: _Outline) -> Statistics | None:
    """Read the statistics of a file; None where they are packed."""
    if outline.layout == 1:
        file.seek(_HEADER_1.size)
        fields = _STATISTICS_1.unpack(file.read(_STATISTICS_1.size))
        return Statistics(flows=fields[0], first_ms=fields[3] * 1000 + fields[5])
    place = outline.end_of_blocks
    for _ in range(outline.appendix_blocks):
        end = _end_of_block(file, place)
        file.seek(place + _BLOCK.size)
        data = file.read(min(end - place - _BLOCK.size, _APPENDIX_LIMIT))
        place = end
        if outline.compression == _BZIP2:
            data = _unpacked(data)
        elif outline.compression != _PLAIN:
            return None
        for kind, record in _records(data):
            if kind == _STATISTICS_RECORD and len(record) >= _STATISTICS_2.size:
                fields = _STATISTICS_2.unpack_from(record)
                return Statistics(flows=fields[0], first_ms=fields[3])
    raise UnreadableError("the statistics at its end are damaged", hint=COPY_AGAIN)


def _unpacked(data: bytes) -> bytes:
    try:
        return bz2.BZ2Decompressor().decompress(data, _APPENDIX_LIMIT)
    except OSError as error:
        raise UnreadableError("the statistics at its end are damaged", hint=COPY_AGAIN) from error


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give type and content of the records of a block, up to the first that does not fit."""
    place = 0
    while place + _RECORD.size <= len(data):
        kind, size = _RECORD.unpack_from(data, place)
        if not _RECORD.size <= size <= len(data) - place:
            return
        yield kind, data[place + _RECORD.size : place + size]
        place += size
