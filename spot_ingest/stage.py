"""The hand-over between dissector and table: the program's text, kept in HDFS until published.

It appears as ``<HUSER>/<source>/stage/<hash>.csv.zst`` only when the program has ended well, so a
worker that finds it there needs no second dissection.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from spot_common.clients.hdfs import Hdfs
from spot_ingest.accounting import Finding
from spot_ingest.source import Listing

_CODEC = "zstd"


def stage_path(huser: str, source: str, digest: str) -> str:
    """Where the text of a file waits in HDFS."""
    return f"{huser.rstrip('/')}/{source}/stage/{digest}.csv.zst"


class Text:
    """The text of one file, read through and, where ``kept`` is given, written there compressed.

    ``sound`` turns true when the reader has accepted the whole file; only then is what was kept
    worth staging.
    """

    def __init__(self, listing: Listing, kept: Path | None = None) -> None:
        self.sound = False
        self._listing = listing
        self._sink: Any = None
        self.stream: IO[bytes] = listing.stream
        if kept is not None:
            self._sink = pa.CompressedOutputStream(pa.OSFile(str(kept), "wb"), _CODEC)
            self.stream = _Tee(listing.stream, self._sink)  # type: ignore[assignment]

    def __enter__(self) -> Text:
        return self

    def __exit__(self, *_: object) -> None:
        if self._sink is not None:
            self._sink.close()

    def finish(self, received: int) -> Finding:
        """Let the reader check the file after its last row."""
        finding = self._listing.finish(received)
        self.sound = not finding.rejected
        return finding


class _Tee:
    """What Arrow needs of a file, copying all that is read."""

    def __init__(self, stream: IO[bytes], sink: Any) -> None:
        self._stream = stream
        self._sink = sink
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Read and keep."""
        data = self._stream.read(size)
        self._sink.write(data)
        return data

    def readable(self) -> bool:
        """Yes."""
        return True

    def close(self) -> None:
        """Nothing: both ends belong to others."""
        self.closed = True


class _Staged:
    """Text that an earlier attempt has left; it was accepted then."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream

    def finish(self, _received: int) -> Finding:
        """Nothing is left to check."""
        return Finding()


def reopen(hdfs: Hdfs, path: str, local: Path) -> Text | None:
    """Give the text that an earlier attempt has left in HDFS; None where there is none."""
    if not hdfs.exists(path):
        return None
    hdfs.download(path, local)
    stream: IO[bytes] = pa.CompressedInputStream(pa.OSFile(str(local), "rb"), _CODEC)
    return Text(_Staged(stream))
