"""Toy: files of opened doors."""

import re

from spot_ingest.source import IngestSource

SOURCE = IngestSource(
    name="toy",
    accepts=re.compile(r"\.toy$"),
    first_moment=lambda path, name: None,
    reader="spot_ingest.readers.toy",
    suffix=".toy",
)
