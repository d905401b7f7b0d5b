"""A proxy's log, in whatever format it is, to batches of rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from spot_ingest.accounting import Batch, Finding, Reading
from spot_ingest.errors import UnreadableError
from spot_ingest.readers.proxylog import columns
from spot_ingest.readers.proxylog.blocks import LINE_LIMIT, blocks
from spot_ingest.readers.proxylog.recognition import recognised


@contextmanager
def read(path: Path, _scratch: Path) -> Iterator[Reading]:
    """Read a log."""
    with path.open("rb") as stream:
        yield Reading(parse(stream, path.name), _finish)


def _finish(received: int) -> Finding:
    """Raise UnreadableError when the log held no line at all."""
    if received == 0:
        raise UnreadableError("it holds no log line")
    return Finding()


def parse(stream: IO[bytes], name: str = "") -> Iterator[Batch]:
    """Turn a log into batches; a line that is not understood is set aside with its reason.

    ``name`` is the file's. UnreadableError where no format fits the first lines.
    """
    reader = None
    parts = blocks(stream)
    for block in parts:
        if block.too_long:
            reason = f"the line is longer than {LINE_LIMIT} bytes"
            yield columns.nothing([block.reject(0, reason)])
        elif reader is not None:
            yield from reader.read(block)
        elif block.says():
            try:
                reader = recognised(block, name)
            except UnreadableError as error:
                error.rows = block.says() + sum(rest.says() for rest in parts)
                raise
            yield from reader.read(block)
