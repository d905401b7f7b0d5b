"""Web proxies: log files in W3C extended format."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from spot_ingest.source import IngestSource

_MOMENT = re.compile(rb"^(?!#).*?\b(\d{4}-\d\d-\d\d)[ \t]+(\d\d):\d\d:\d\d", re.MULTILINE)
_LOOK_AT = 64 * 1024


def first_moment(path: Path, _name: str) -> datetime | None:
    """The time of the first line that has one."""
    with path.open("rb") as log:
        found = _MOMENT.search(log.read(_LOOK_AT))
    if found is None:
        return None
    try:
        text = b" ".join(found.groups()).decode()
        return datetime.strptime(text, "%Y-%m-%d %H").replace(tzinfo=UTC)
    except ValueError:
        return None


SOURCE = IngestSource(
    name="proxy",
    accepts=re.compile(r"\.log$"),
    first_moment=first_moment,
    reader="spot_ingest.readers.elff",
    suffix=".log",
)
