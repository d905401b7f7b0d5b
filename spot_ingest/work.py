"""The worker: one announced file at a time, from HDFS to rows of the table.

claim -> fetch -> convert -> stage -> publish -> ledger -> commit. Everything before ``publish``
happens in folders of the attempt's own; each later step may be repeated without effect. So a
worker that is killed or frozen anywhere, or a message that comes twice, leaves the same rows.
"""

from __future__ import annotations

import logging
import posixpath
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    UsageError,
)
from spot_common.registry import check_source
from spot_common.warehouse import Warehouse
from spot_ingest import names, quarantine
from spot_ingest.accounting import Account
from spot_ingest.claim import Hold, Onlooker
from spot_ingest.entry import Arrival, Entry
from spot_ingest.errors import ClaimLostError, UnreadableError
from spot_ingest.ledger import Ledger
from spot_ingest.receipt import receipt_of, to_metadata
from spot_ingest.source import IngestSource
from spot_ingest.split import Splitter
from spot_ingest.stage import Stage

_LOG = log.get("ingest.worker")
#: A file whose conversion was begun this often without an end is set aside.
ATTEMPTS_LIMIT = 10
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,200}")


def worker_name(source: str, number: int, topic: str = "") -> str:
    """Give the name of a worker on its machine; those of a topic of their own say so."""
    if topic and not _TOPIC.fullmatch(topic):
        raise UsageError(f"{topic!r} is no name of a topic", hint="letters, digits, . _ and -")
    return f"worker-{source}-{number}{'@' + topic if topic else ''}"


class Worker:
    """The steps of one worker of one source."""

    def __init__(
        self,
        config: Config,
        source: IngestSource,
        number: int,
        *,
        topic: str = "",
        ledger: Ledger | None = None,
        warehouse: Warehouse | None = None,
    ) -> None:
        self.source = source
        own = worker_name(source.name, number, topic)
        self.name = f"{socket.gethostname()}/{own}"
        schema = check_source(source.name)
        self.table, self._counted = schema.raw, schema.counted
        self.ledger = ledger or Ledger.of(config)
        self.warehouse = warehouse or Warehouse(config)
        self.hdfs: Hdfs = self.warehouse.hdfs
        self._huser = config.text("HUSER")
        self._folder = config.path("WORK_DIR") / own
        self._onlooker = Onlooker(self.name)

    def handle(self, path: str) -> Entry | None:
        """Bring the file at an HDFS path to its end; None where the message names no file.

        The entry is not finished where another worker has the file in hand: ask again later.
        Raises TransientError or ToolError where a later attempt may succeed.
        """
        entry = self._entry(path)
        if entry is not None and entry.finished:
            self._stage(entry).clear()  # its worker may have died just before it did
            return entry
        if entry is None or self._onlooker.must_wait(entry):
            return entry
        taken = self.ledger.take(entry, self.name)
        if taken is None:
            return self.ledger.find(entry.source, entry.hash)
        try:
            return self._attempt(taken, first=not entry.worker)
        except ClaimLostError:
            self._stage(taken).abandon()
            log.event(_LOG, "taken_over", logging.WARNING, file=taken.name, hash=taken.hash)
            return self.ledger.find(entry.source, entry.hash)

    def _attempt(self, entry: Entry, *, first: bool) -> Entry:
        """Work on a claimed file; where that fails, give it back to the line."""
        started = time.monotonic()
        try:
            with Hold(self.ledger, entry) as hold:
                done = self._bring_to_end(entry, hold, first=first)
        except ClaimLostError:
            raise
        except (TransientError, ToolError, OSError) as error:
            # Only what ends a program that reads the file may be the file's fault.
            self.ledger.let_go(entry, counts=getattr(error, "status", None) is not None)
            if isinstance(error, OSError):
                raise TransientError(f"the worker's folder cannot be used: {error}") from error
            raise
        self._tell(done, time.monotonic() - started)
        return done

    def _bring_to_end(self, entry: Entry, hold: Hold, *, first: bool) -> Entry:
        if not first:
            self._stage(entry).take_over()
        if not (entry.partitions and self._stage(entry).holds(entry.partitions)):
            try:
                entry = self._convert(entry, hold)
            except DataError as error:
                hold.confirm()
                return self.refuse(entry, error)
        else:
            hold.confirm()
        stage = self._stage(entry)
        try:
            stage.publish()
        except DataError as error:  # the rows are good: a table or the server is not
            raise ServiceError(error.message, hint=error.hint) from error
        done = self.ledger.publish(entry)
        stage.clear()
        return done

    def _convert(self, entry: Entry, hold: Hold) -> Entry:
        """Turn a file into staged rows."""
        if entry.attempts > ATTEMPTS_LIMIT:
            raise UnreadableError(
                f"{ATTEMPTS_LIMIT} attempts to convert it did not end",
                hint="spot logs of the workers tell why; then: spot quarantine retry",
            )
        with self._workplace() as folder:
            return self.convert(entry, self.fetch(entry, folder), folder, hold)

    def fetch(self, entry: Entry, folder: Path) -> Path:
        """Copy the file to this machine and check that it is the one that was stored."""
        local = folder / posixpath.basename(entry.path)
        try:
            with self.hdfs.open_read(entry.path) as stream, local.open("wb") as copy:
                digest = names.digest_of_stream(stream, copy)
        except NotFoundError as error:  # an earlier attempt may have set it aside and then died
            kept = quarantine.quarantine_folder(self._huser, entry)
            aside = quarantine.why_aside(self.hdfs, kept)
            raise aside or UnreadableError("the file is gone from HDFS") from error
        if digest != entry.hash:
            raise UnreadableError(
                "the file in HDFS is not the one that arrived (its hash differs)",
                hint="it was changed while it was stored; drop it again",
            )
        return local

    def convert(self, entry: Entry, local: Path, folder: Path, hold: Hold) -> Entry:
        """Read the file's rows and stage them; UnreadableError where it gives none."""
        splitter = Splitter(self.table, folder, self._counted)
        rejected = quarantine.RejectedRows(folder / "rows.jsonl", entry.name)
        account = Account()
        scratch = folder / "scratch"
        scratch.mkdir()
        with self.source.read(local, scratch) as reading:
            for batch in reading.batches:
                hold.check()
                splitter.write(batch)
                rejected.add(batch.rejected, account)
                account.stored += batch.rows.num_rows
            finding = reading.finish(account.received)
        rejected.add(finding.rejected, account)
        if account.stored == 0:
            raise UnreadableError(
                f"none of its {account.received} rows is understood: {rejected.first}",
                rows=account.received,
            )
        note = finding.note or rejected.first
        partitions = [part.record() for part in splitter.parts]
        receipt = receipt_of(entry, 0, account, partitions, note)
        parts = splitter.close(
            lambda part: to_metadata([replace(receipt, rows=part.rows, minutes=part.minutes)])
        )
        self._stage(entry).put(parts, rejected.local)
        return self.ledger.staged(entry, account, partitions, note)

    def refuse(self, entry: Entry, error: DataError) -> Entry:
        """Set the file aside as a whole."""
        quarantine.set_file_aside(self.hdfs, self._huser, entry, error)
        rows = error.rows if isinstance(error, UnreadableError) else 0
        done = self.ledger.set_aside(entry, error.message, rows)
        self._stage(entry).clear()
        return done

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
        arrival = Arrival(digest, found.name, found.size, mtime_ns, path)
        added = self.ledger.add(self.source.name, [arrival])
        return added[0] if added else None

    def _stage(self, entry: Entry) -> Stage:
        return Stage(self.warehouse, self.table, entry)

    def _tell(self, entry: Entry, seconds: float) -> None:
        log.event(
            _LOG,
            entry.state.value.replace(" ", "_"),
            file=entry.name,
            hash=entry.hash,
            attempt=entry.attempts,
            rows=entry.rows_stored,
            rows_set_aside=entry.rows_set_aside,
            reason=entry.reason,
            seconds=round(seconds, 2),
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
