"""Web proxies: logs in the formats that ``conf/proxy/`` describes."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from spot_common.errors import SpotError
from spot_ingest.readers.proxylog.mapping import FOLDER, formats
from spot_ingest.readers.unpacked import Limits, unpacked
from spot_ingest.source import IngestSource

_LOOK_AT = 64 * 1024
_LIMITS = Limits(size=_LOOK_AT, ratio=_LOOK_AT)
#: ``.log`` and ``access_log``, perhaps with a number or date of their rotation, perhaps compressed.
_NAMES = re.compile(
    r"(?:\.log|(?:^|[._-])access_log)(?:[.-]\d[\dT:_.-]*)?(?:\.(?:gz|xz|zst|bz2|lz4))?\Z"
)


def first_moment(path: Path, _name: str) -> datetime | None:
    """The time of the first line that has one in any of the forms that we know."""
    try:
        with unpacked(path, _LIMITS) as log:
            head = (log.read(_LOOK_AT) or b"").decode("latin-1")
        forms = {time.form for known in formats() for time in known.times}
    except (OSError, SpotError):
        return None
    for line in head.split("\n"):
        if not line.startswith("#"):
            found = [match for form in forms if (match := form.find(line))]
            if found:
                return min(found)[1]
    return None


def check() -> list[str]:
    """Check the formats; ConfigError naming file and line for what is wrong."""
    names = [known.name for known in formats()]
    return [f"{FOLDER}: {len(names)} formats ({', '.join(names)}), all good"]


SOURCE = IngestSource(
    name="proxy",
    accepts=_NAMES,
    first_moment=first_moment,
    reader="spot_ingest.readers.proxylog.reader",
    suffix=".log",
    row_option="--line",
    check=check,
)
