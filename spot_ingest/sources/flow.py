"""Netflow: nfcapd files, and captures of the traffic itself, read by nfdump's tools."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from spot_ingest.readers import capture, nfheader
from spot_ingest.source import IngestSource

_NAMED = re.compile(r"^nfcapd\.(\d{10})")


def first_moment(path: Path, name: str) -> datetime | None:
    """The time in the name (``nfcapd.YYYYMMDDHHmm``), else the first flow's or packet's."""
    named = _NAMED.match(name)
    if named is not None:
        try:
            return datetime.strptime(named.group(1), "%Y%m%d%H").replace(tzinfo=UTC)
        except ValueError:
            pass
    return nfheader.first_moment(path) or capture.first_packet(path)


SOURCE = IngestSource(
    name="flow",
    accepts=re.compile(r"^nfcapd|\.(nfcapd|nfdump|pcap|pcapng|cap)(\.(gz|xz|zst|bz2|lz4))?$"),
    first_moment=first_moment,
    reader="spot_ingest.readers.flowfile",
    prefix="nfcapd.",
)
