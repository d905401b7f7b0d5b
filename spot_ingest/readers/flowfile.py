"""A file of the flow source, told by its first bytes: nfcapd file, capture, or something else."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from spot_ingest.accounting import Reading
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import netflow, nfdump, nfpcapd

#: pcap in microseconds, in nanoseconds, as patched; in both byte orders; pcapng.
_PCAP = [bytes.fromhex(magic) for magic in ("a1b2c3d4", "a1b23c4d", "a1b2cd34")]
_CAPTURES = {*_PCAP, *(magic[::-1] for magic in _PCAP), bytes.fromhex("0a0d0d0a")}


def is_capture(path: Path) -> bool:
    """Say whether a file begins as captures of packets do."""
    return _head(path) in _CAPTURES


def read(path: Path, scratch: Path) -> AbstractContextManager[Reading]:
    """Read a file; UnreadableError for one that is neither nfcapd file nor capture."""
    if is_capture(path):
        return nfpcapd.read(path, scratch)
    kind = netflow.version(_head(path), path.stat().st_size)
    if kind:
        raise UnreadableError(
            f"a single {kind} datagram, not a file of flows", hint=netflow.COLLECT
        )
    return nfdump.read(path)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)
