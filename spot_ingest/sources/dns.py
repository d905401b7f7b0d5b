"""DNS: packet captures, read by tshark."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from spot_ingest.readers import capture
from spot_ingest.source import IngestSource


def first_moment(path: Path, _name: str) -> datetime | None:
    """The time of the first packet."""
    return capture.first_packet(path)


SOURCE = IngestSource(
    name="dns",
    accepts=re.compile(r"\.(pcap|pcapng|cap)(\.(gz|xz|zst|lz4|bz2))?$"),
    first_moment=first_moment,
    reader="spot_ingest.readers.tshark",
    suffix=".pcap",
    row_option="--frame",
)
