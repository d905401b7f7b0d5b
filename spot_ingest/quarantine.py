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
from typing import Any

from spot_common.clients.hdfs import Hdfs
from spot_common.errors import DataError, NotFoundError
from spot_ingest.accounting import Account, Rejected
from spot_ingest.entry import Entry
from spot_ingest.errors import UnreadableError

#: How the time is written down at which a file was set aside (UTC).
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def quarantine_root(huser: str, source: str) -> str:
    """Where what was not understood of a source lies."""
    return f"{huser.rstrip('/')}/{source}/quarantine"


def quarantine_folder(huser: str, entry: Entry) -> str:
    """Where what is left of a file lies."""
    return f"{quarantine_root(huser, entry.source)}/{entry.hash}"


def original_path(huser: str, entry: Entry) -> str:
    """Where a file lies that is set aside as a whole."""
    return f"{quarantine_folder(huser, entry)}/{posixpath.basename(entry.path)}"


def rows_path(huser: str, entry: Entry) -> str:
    """Where the rows of a published file lie that were set aside."""
    return f"{quarantine_folder(huser, entry)}/rows.jsonl"


class RejectedRows:
    """Collects the rows of one file that are set aside, in a local file."""

    def __init__(self, local: Path, name: str) -> None:
        self.first = ""
        self._local = local
        self._name = name

    @property
    def local(self) -> Path | None:
        """The file; None while there is no row."""
        return self._local if self.first else None

    def add(self, rows: Sequence[Rejected], account: Account) -> None:
        """Keep these rows and count them."""
        if not rows:
            return
        self.first = self.first or rows[0].reason
        with self._local.open("a", encoding="ascii") as lines:
            for row in rows:
                lines.write(json.dumps(self._record(row)) + "\n")
                account.reject(row.reason)

    def _record(self, row: Rejected) -> dict[str, object]:
        return {
            "file": self._name,
            "number": row.number,
            "reason": row.reason,
            "bytes": base64.b64encode(row.raw).decode(),
        }


def set_file_aside(hdfs: Hdfs, huser: str, entry: Entry, error: DataError) -> None:
    """Move a file from the originals into quarantine and write down why; safe to repeat."""
    folder = quarantine_folder(huser, entry)
    record = {
        "source": entry.source,
        "file": entry.name,
        "hash": entry.hash,
        "size": entry.size,
        "path": entry.path,
        "reason": error.message,
        "hint": error.hint,
        "rows": error.rows if isinstance(error, UnreadableError) else 0,
        "time": time.strftime(TIME_FORMAT, time.gmtime()),
    }
    hdfs.write_bytes(f"{folder}/reason.json", json.dumps(record, indent=2).encode())
    with contextlib.suppress(NotFoundError):  # an earlier attempt may have moved it
        hdfs.rename(entry.path, original_path(huser, entry))


def why_aside(hdfs: Hdfs, folder: str) -> UnreadableError | None:
    """Give the reason that is written down for a file; None where it is not set aside."""
    try:
        record = record_of(hdfs, folder)
    except NotFoundError:
        return None
    return UnreadableError(record["reason"], rows=record["rows"], hint=record["hint"])


def record_of(hdfs: Hdfs, folder: str) -> dict[str, Any]:
    """Give what is written down for a file that is set aside; NotFoundError where it is not."""
    record: dict[str, Any] = json.loads(hdfs.read_bytes(f"{folder}/reason.json"))
    return {"path": f"{folder}/{record['file']}", "rows": 0, "hint": "", **record}


def rows_of(hdfs: Hdfs, huser: str, entry: Entry) -> list[dict[str, Any]]:
    """Give the rows of a published file that are set aside, as they were written down."""
    try:
        text = hdfs.read_bytes(rows_path(huser, entry))
    except NotFoundError:
        return []
    return [json.loads(line) for line in text.splitlines()]
