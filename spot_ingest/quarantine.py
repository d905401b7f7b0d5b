"""Input that was not understood, kept in HDFS with its reason.

``<HUSER>/<source>/quarantine/<hash>/`` holds, of a file that is set aside as a whole, the file and
``reason.json``; of a file with some rows set aside, ``rows.jsonl``: one object a row with ``file``,
``number`` (line or record, from 1), ``reason`` and ``bytes`` (base64).
"""

from __future__ import annotations

import base64
import contextlib
import json
import posixpath
import time
from collections.abc import Sequence
from pathlib import Path

from spot_common.clients.hdfs import Hdfs
from spot_common.errors import NotFoundError
from spot_ingest.accounting import Rejected
from spot_ingest.ledger import Entry


def quarantine_folder(huser: str, entry: Entry) -> str:
    """Where what is left of a file lies."""
    return f"{huser.rstrip('/')}/{entry.source}/quarantine/{entry.hash}"


class RejectedRows:
    """Collects the rows of one file that are set aside, in a local file."""

    def __init__(self, local: Path, name: str) -> None:
        self.count = 0
        self.first = ""
        self._local = local
        self._name = name

    def add(self, rows: Sequence[Rejected]) -> None:
        """Keep these rows."""
        if not rows:
            return
        self.first = self.first or rows[0].reason
        self.count += len(rows)
        with self._local.open("a", encoding="ascii") as lines:
            for row in rows:
                lines.write(json.dumps(self._record(row)) + "\n")

    def store(self, hdfs: Hdfs, folder: str) -> None:
        """Put them into HDFS in place of what an earlier attempt left there."""
        hdfs.delete(folder, recursive=True)
        if self.count:
            hdfs.upload(f"{folder}/rows.jsonl", self._local)

    def _record(self, row: Rejected) -> dict[str, object]:
        return {
            "file": self._name,
            "number": row.number,
            "reason": row.reason,
            "bytes": base64.b64encode(row.raw).decode(),
        }


def set_file_aside(hdfs: Hdfs, folder: str, entry: Entry, reason: str, hint: str) -> None:
    """Move a file from the originals into quarantine and write down why; safe to repeat."""
    record = {
        "source": entry.source,
        "file": entry.name,
        "hash": entry.hash,
        "size": entry.size,
        "reason": reason,
        "hint": hint,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    hdfs.write_bytes(f"{folder}/reason.json", json.dumps(record, indent=2).encode())
    with contextlib.suppress(NotFoundError):  # an earlier attempt may have moved it
        hdfs.rename(entry.path, f"{folder}/{posixpath.basename(entry.path)}")
