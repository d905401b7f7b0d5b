"""What a file holds, told by its first bytes, and the file as tools can read it."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from spot_common.errors import DataError
from spot_ingest.readers import netflow
from spot_ingest.readers.nfheader import is_nfcapd
from spot_ingest.readers.unpacked import Limits, unpacked

_HEAD = 64 * 1024
_CHUNK = 1 << 20
_NO_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r"))
#: Of so many bytes of text at most one is a control character.
_TEXT_BYTES = 20


class Kind(StrEnum):
    """What a file holds."""

    CAPTURE = "capture"
    FLOWS = "flows"
    LINES = "lines"


@dataclass(frozen=True)
class Contents:
    """What a file holds, and how it is compressed (empty where it is not)."""

    kind: Kind
    packing: str


def contents_of(path: Path, limits: Limits) -> Contents:
    """Look at the beginning of a file, compressed or not.

    What is neither nfcapd file nor text is taken for a capture, of which tshark knows many kinds.
    DataError for an empty file and for a single datagram.
    """
    with unpacked(path, limits) as stream:
        head = stream.read(_HEAD) or b""
        packing, damage = stream.kind, stream.damage
    if not head:
        raise DataError(damage or "the file is empty")
    datagram = netflow.version(head, len(head))
    if is_nfcapd(head):
        kind = Kind.FLOWS
    elif _is_text(head):
        kind = Kind.LINES
    elif datagram:
        raise DataError(f"a single {datagram} datagram, not a file of flows", hint=netflow.COLLECT)
    else:
        kind = Kind.CAPTURE
    return Contents(kind, packing)


def _is_text(head: bytes) -> bool:
    controls = len(head) - len(head.translate(None, _NO_CONTROLS))
    return head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or controls * _TEXT_BYTES <= len(head)


def plain(path: Path, scratch: Path, limits: Limits, most: int | None = None) -> tuple[Path, str]:
    """Unpack a file that is compressed, at least ``most`` bytes of it; also say how it is damaged.

    What is not compressed stays where it is.
    """
    with unpacked(path, limits) as stream:
        if not stream.kind:
            return path, ""
        target = scratch / "unpacked"
        size = 0
        with target.open("wb") as copy:
            while (most is None or size < most) and (data := stream.read(_CHUNK)):
                size += copy.write(data)
        return target, stream.damage
