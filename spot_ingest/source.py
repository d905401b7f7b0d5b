"""What ingest must know of a source, and where to find it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from spot_common.registry import part
from spot_ingest.accounting import Reading


@dataclass(frozen=True)
class IngestSource:
    """One source.

    ``accepts`` matches the file names that a collector takes; ``prefix`` and ``suffix`` make an
    accepted name of any other. ``first_moment`` gives the UTC time that names the folder of the
    original file in HDFS, None where the file does not tell. ``reader`` is the module that makes
    rows, imported by those who need it (collectors do not). ``check`` looks at the files of conf/
    that the source takes and gives a line for those that are good; ConfigError for one that is not.
    ``row_option`` is the option of ``spot peek`` that takes the number of a row that was set aside,
    empty where that is no number of a frame or line.
    """

    name: str
    accepts: re.Pattern[str]
    first_moment: Callable[[Path, str], datetime | None]
    reader: str
    prefix: str = ""
    suffix: str = ""
    check: Callable[[], Sequence[str]] = tuple
    row_option: str = ""

    def accepted_name(self, name: str) -> str:
        """Give the name itself where a collector takes it, else one that it takes."""
        return name if self.accepts.search(name) else f"{self.prefix}{name}{self.suffix}"

    def read(self, path: Path, scratch: Path) -> AbstractContextManager[Reading]:
        """Read a file; ``scratch`` is an empty folder for what the reader must put down meanwhile.

        UnreadableError where the file gives no rows, then or while its batches are read.
        """
        module = importlib.import_module(self.reader)
        reading: AbstractContextManager[Reading] = module.read(path, scratch)
        return reading


def ingest_source(name: str) -> IngestSource:
    """Give a source's description; UsageError for an unknown one."""
    found: IngestSource = part("spot_ingest.sources", name).SOURCE
    return found
