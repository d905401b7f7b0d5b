"""The worker: one announced file at a time, from HDFS to rows of the table.

fetch -> convert -> publish -> ledger -> commit. Everything before ``publish`` happens in a folder
of the worker's own; each later step may be repeated without effect. So a worker that is killed
anywhere, or a message that comes twice, leaves the same rows.
"""

from __future__ import annotations

import posixpath
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from spot_common import log
from spot_common.clients.hdfs import Hdfs
from spot_common.config import Config
from spot_common.errors import (
    DataError,
    NotFoundError,
    ServiceError,
    ToolError,
    TransientError,
)
from spot_common.registry import check_source
from spot_common.warehouse import Warehouse
from spot_ingest import names, quarantine
from spot_ingest.accounting import Account
from spot_ingest.errors import UnreadableError
from spot_ingest.ledger import Entry, Ledger, State
from spot_ingest.source import IngestSource
from spot_ingest.split import Part, Splitter

_LOG = log.get("ingest.worker")
#: A file whose conversion was begun this often without an end is set aside.
ATTEMPTS_LIMIT = 5


@dataclass
class Converted:
    """One file's rows, still on this machine."""

    parts: list[Part]
    rejected: quarantine.RejectedRows
    account: Account
    note: str


class Worker:
    """The steps of one worker of one source."""

    def __init__(
        self,
        config: Config,
        source: IngestSource,
        number: int,
        *,
        ledger: Ledger | None = None,
        warehouse: Warehouse | None = None,
    ) -> None:
        self.source = source
        self.name = f"worker-{source.name}-{number}"
        self.table = check_source(source.name).raw
        self.ledger = ledger or Ledger.of(config)
        self.warehouse = warehouse or Warehouse(config)
        self.hdfs: Hdfs = self.warehouse.hdfs
        self._huser = config.text("HUSER")
        self._folder = config.path("WORK_DIR") / self.name

    def handle(self, path: str) -> Entry | None:
        """Bring the file at an HDFS path to its end; None where the message names no file.

        Raises TransientError or ToolError where a later attempt may succeed.
        """
        entry = self._entry(path)
        if entry is None or entry.finished:
            return entry
        entry = self.ledger.take(entry, self.name)
        started = time.monotonic()
        try:
            entry = self._bring_to_end(entry)
        except (TransientError, ToolError, OSError) as error:
            if getattr(error, "status", None) is None:  # not the file's fault: it does not count
                self.ledger.move(entry, State.QUEUED, attempts=entry.attempts - 1)
            if isinstance(error, OSError):
                raise TransientError(f"the worker's folder cannot be used: {error}") from error
            raise
        log.event(
            _LOG,
            entry.state.value.replace(" ", "_"),
            file=entry.name,
            hash=entry.hash,
            rows=entry.rows_stored,
            rows_set_aside=entry.rows_set_aside,
            reason=entry.reason,
            seconds=round(time.monotonic() - started, 2),
        )
        return entry

    def _bring_to_end(self, entry: Entry) -> Entry:
        with self._workplace() as folder:
            try:
                if entry.attempts > ATTEMPTS_LIMIT:
                    raise UnreadableError(f"{ATTEMPTS_LIMIT} attempts to convert it did not end")
                converted = self.convert(entry, self.fetch(entry, folder), folder)
            except DataError as error:
                return self.refuse(entry, error)
            try:
                return self.publish(entry, converted)
            except DataError as error:  # the rows are good: a table or the server is not
                raise ServiceError(error.message, hint=error.hint) from error

    def fetch(self, entry: Entry, folder: Path) -> Path:
        """Copy the file to this machine and check that it is the one that was stored."""
        local = folder / posixpath.basename(entry.path)
        with self.hdfs.open_read(entry.path) as stream, local.open("wb") as copy:
            digest = names.digest_of_stream(stream, copy)
        if digest != entry.hash:
            raise UnreadableError(
                "the file in HDFS is not the one that arrived (its hash differs)",
                hint="it was changed while it was stored; drop it again",
            )
        return local

    def convert(self, entry: Entry, local: Path, folder: Path) -> Converted:
        """Read the file's rows into local Parquet files; UnreadableError where it gives none."""
        splitter = Splitter(self.table, folder)
        rejected = quarantine.RejectedRows(folder / "rows.jsonl", entry.name)
        account = Account()
        scratch = folder / "scratch"
        scratch.mkdir()
        with self.source.read(local, scratch) as reading:
            for batch in reading.batches:
                splitter.write(batch)
                rejected.add(batch.rejected)
                account.stored += batch.rows.num_rows
                account.set_aside += len(batch.rejected)
            finding = reading.finish(account.received)
        rejected.add(finding.rejected)
        account.set_aside += len(finding.rejected)
        if account.stored == 0:
            raise UnreadableError(
                f"none of its {account.received} rows is understood: {rejected.first}",
                rows=account.received,
            )
        return Converted(splitter.close(), rejected, account, finding.note or rejected.first)

    def publish(self, entry: Entry, converted: Converted) -> Entry:
        """Make the rows part of the table and write the file off.

        The table's files are named by the hash of the input: what an earlier attempt has put there
        is found and kept.
        """
        converted.rejected.store(self.hdfs, quarantine.quarantine_folder(self._huser, entry))
        for part in converted.parts:
            self.warehouse.add_file(self.table, part.values, part.path, entry.hash)
        self.warehouse.ensure_partitions(self.table, [part.values for part in converted.parts])
        records = [part.record() for part in converted.parts]
        return self.ledger.publish(entry, converted.account, records, converted.note)

    def refuse(self, entry: Entry, error: DataError) -> Entry:
        """Set the file aside as a whole."""
        folder = quarantine.quarantine_folder(self._huser, entry)
        quarantine.set_file_aside(self.hdfs, folder, entry, error.message, error.hint)
        rows = error.rows if isinstance(error, UnreadableError) else 0
        return self.ledger.set_aside(entry, error.message, rows)

    def _entry(self, path: str) -> Entry | None:
        """Find an announced file in the ledger; one that another program announced is added."""
        entry = self.ledger.at(self.source.name, path)
        if entry is not None:
            return entry
        folder = names.binary_folder(self._huser, self.source.name)
        inside = path.startswith(f"{folder}/") and posixpath.normpath(path) == path
        try:
            found = self.hdfs.status(path) if inside else None
        except NotFoundError:
            found = None
        if found is None or found.is_dir:
            log.event(_LOG, "message_ignored", message=path[:500], reason="no file of this source")
            return None
        with self.hdfs.open_read(path) as stream:
            digest = names.digest_of_stream(stream)
        known = self.ledger.find(self.source.name, digest)
        if known is not None:
            self.ledger.duplicate(known, found.name)
            return known
        mtime_ns = found.mtime_ms * 1_000_000
        size, name = found.size, found.name
        return self.ledger.add(
            self.source.name, digest, name=name, size=size, mtime_ns=mtime_ns, path=path
        )

    @contextmanager
    def _workplace(self) -> Iterator[Path]:
        """An empty folder of this worker's own."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        try:
            yield self._folder
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
