"""A file of the flow source, told by its first bytes: nfcapd file, capture, or something else."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from spot_common.config import load_config
from spot_ingest.accounting import Reading
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import netflow, nfdump, nfheader, nfpcapd
from spot_ingest.readers.unpacked import Limits, unpacked

#: pcap in microseconds, in nanoseconds, as patched; in both byte orders; pcapng.
_PCAP = [bytes.fromhex(magic) for magic in ("a1b2c3d4", "a1b23c4d", "a1b2cd34")]
_CAPTURES = {*_PCAP, *(magic[::-1] for magic in _PCAP), bytes.fromhex("0a0d0d0a")}
_PIECE = 1 << 20


def read(path: Path, scratch: Path) -> AbstractContextManager[Reading]:
    """Read a file, compressed or not.

    UnreadableError for one that is neither nfcapd file nor capture.
    """
    plain, trouble = _plain(path, scratch)
    with plain.open("rb") as file:
        head = file.read(4)
    if head in _CAPTURES:
        return nfpcapd.read(plain, scratch, trouble)
    if trouble:
        raise UnreadableError(trouble, hint=nfheader.COPY_AGAIN)
    kind = netflow.version(head, plain.stat().st_size)
    if kind:
        message = f"a single {kind} datagram, not a file of flows"
        raise UnreadableError(message, hint=netflow.COLLECT)
    return nfdump.read(plain)


def _plain(path: Path, scratch: Path) -> tuple[Path, str]:
    """Unpack a file that is compressed; also give what is wrong with it, if anything."""
    with unpacked(path, Limits.of(load_config())) as stream:
        if not stream.kind:
            return path, ""
        plain = scratch / "unpacked"
        with plain.open("wb") as copy:
            shutil.copyfileobj(stream, copy, _PIECE)
        return plain, stream.damage
