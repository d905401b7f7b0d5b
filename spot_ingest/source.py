"""What ingest must know of a source, and where to find it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from spot_common.registry import part
from spot_ingest.accounting import Batch, Finding


class Listing(Protocol):
    """The text of one file as its reader sees it, and the verdict on the file at its end."""

    stream: IO[bytes]

    def finish(self, received: int) -> Finding:
        """Check the file after its last row; DataError where it must be set aside."""


@dataclass(frozen=True)
class IngestSource:
    """One source.

    ``accepts`` matches the file names that a collector takes; ``prefix`` and ``suffix`` make an
    accepted name of any other. ``first_moment`` gives the UTC time that names the folder of the
    original file in HDFS, None where the file does not tell. ``reader`` is the module that makes
    rows, imported by those who need it (collectors do not). ``staged`` says that the text which
    it reads is a program's output and worth keeping in HDFS until its rows are published.
    """

    name: str
    accepts: re.Pattern[str]
    first_moment: Callable[[Path, str], datetime | None]
    reader: str
    staged: bool
    prefix: str = ""
    suffix: str = ""

    def accepted_name(self, name: str) -> str:
        """Give the name itself where a collector takes it, else one that it takes."""
        return name if self.accepts.search(name) else f"{self.prefix}{name}{self.suffix}"

    def dissect(self, path: Path) -> AbstractContextManager[Listing]:
        """Open a file as text."""
        opened: AbstractContextManager[Listing] = importlib.import_module(self.reader).dissect(path)
        return opened

    def parse(self, stream: IO[bytes]) -> Iterator[Batch]:
        """Make batches of that text."""
        batches: Iterator[Batch] = importlib.import_module(self.reader).parse(stream)
        return batches


def ingest_source(name: str) -> IngestSource:
    """Give a source's description; UsageError for an unknown one."""
    found: IngestSource = part("spot_ingest.sources", name).SOURCE
    return found
