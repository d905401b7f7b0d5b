"""The collector of one source: from the landing folder to HDFS and onto the topic.

For complete files: hash, ledger, upload, announce, remove; each step is written down after it is
done, and each may be repeated. A collector that is killed anywhere finds the file in the landing
folder or in the ledger and goes on from there.
"""

from __future__ import annotations

import os
import posixpath
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from spot_common import log
from spot_common.clients.hdfs import Hdfs
from spot_common.config import Config
from spot_common.errors import ServiceError
from spot_ingest import names, quarantine
from spot_ingest.announce import Announcer
from spot_ingest.beat import Heartbeat
from spot_ingest.entry import Arrival, Entry, State
from spot_ingest.landing import Landing
from spot_ingest.ledger import Ledger
from spot_ingest.patience import Patience, StoppedError
from spot_ingest.source import IngestSource, ingest_source

_LOG = log.get("ingest.collector")
#: Files that are announced together, and how many of them are stored side by side.
_BATCH = 64
_HANDS = 5
#: How often (seconds) a collector looks for files that the broker has lost, and how long nothing
#: must have happened to one.
_LOOK_BACK_EVERY = 30.0
_LOST_AFTER = 60.0


@dataclass(frozen=True)
class Found:
    """A complete file of the landing folder, as it was when it was hashed."""

    path: Path
    digest: str
    status: os.stat_result


class Collector:
    """The steps of one source's collector."""

    def __init__(
        self,
        config: Config,
        source: IngestSource,
        *,
        ledger: Ledger | None = None,
        hdfs: Hdfs | None = None,
        announcer: Announcer | None = None,
        topic: str = "",
    ) -> None:
        self.source = source
        self.name = f"{socket.gethostname()}/collector-{source.name}"
        self.folder = config.path("LANDING_DIR") / source.name
        self._huser = config.text("HUSER")
        self._ledger = ledger or Ledger.of(config)
        self._hdfs = hdfs or Hdfs(config)
        self._announcer = announcer or Announcer(config, source.name, topic)
        self._hands = ThreadPoolExecutor(_HANDS, "store")
        self._left_alone: set[Path] = set()

    def resume(self) -> None:
        """Go on with files that an earlier collector had begun and that have left the folder.

        What is stored is announced; a file that left the folder before that is forgotten.
        """
        present = {names.shown(path.name) for path in self.folder.iterdir()}
        for entry in self._ledger.files(self.source.name, states=(State.SEEN,)):
            if entry.name not in present:
                self._ledger.forget(entry)
        self._announce(self._ledger.files(self.source.name, states=(State.STORED,)))

    def look_back(self) -> None:
        """Announce again what the broker has lost: files in line while its line is empty."""
        if self._ledger.unfinished(self.source.name)[0] == 0 or self._announcer.waiting():
            return
        on_the_way = (State.STORED, State.QUEUED, State.CONVERTING)
        until = time.time() - _LOST_AFTER
        lost = self._ledger.files(self.source.name, states=on_the_way, until=until)
        if lost:
            log.event(_LOG, "announced_again", files=len(lost), first=lost[0].hash)
            self._announce(lost)

    def take(self, paths: Sequence[Path]) -> list[Entry]:
        """Bring complete files in; those that vanished or cannot be read are left out.

        A known content is a duplicate and goes no further, unless it was set aside: then it is
        tried again. All steps are taken for all files together, so that many small files cost
        little more than their bytes.
        """
        found = [one for one in self._hands.map(self._look, paths) if one is not None]
        same: dict[str, list[Found]] = {}
        for one in found:
            same.setdefault(one.digest, []).append(one)
        known = {e.hash: e for e in self._ledger.files(self.source.name, digests=list(same))}
        new = self._write_down([files[0] for digest, files in same.items() if digest not in known])
        entries = list(self._hands.map(partial(self._enter, known, new), same.values()))
        self._ledger.advance([e for e in entries if e.state is State.SEEN], State.STORED)
        self._announce([e for e in entries if e.state in (State.SEEN, State.STORED)])
        for one in found:
            _remove(one)
        return self._ledger.files(self.source.name, digests=list(same))

    def _look(self, path: Path) -> Found | None:
        """Hash a file; None where it is gone or must not be read."""
        try:
            status = path.stat()
            return Found(path, names.digest_of(path), status)
        except FileNotFoundError:
            return None
        except OSError as error:
            if path not in self._left_alone:
                self._left_alone.add(path)
                reason = str(error.strerror)
                log.event(_LOG, "left_alone", file=names.shown(path.name), reason=reason)
            return None

    def _write_down(self, ones: Sequence[Found]) -> dict[str, Entry]:
        """Write new contents down, each with a place in HDFS; give them by hash."""
        if not ones:
            return {}
        places = list(self._hands.map(self._places, ones))
        arrivals = [_arrival(one, first) for one, (first, _) in zip(ones, places, strict=True)]
        entries = self._ledger.add(self.source.name, arrivals, self.name)
        if not entries:  # a place is taken, or another collector was faster
            entries = [self._write_one(*each) for each in zip(ones, places, strict=True)]
        return {entry.hash: entry for entry in entries}

    def _write_one(self, one: Found, places: Sequence[str]) -> Entry:
        for place in places:
            added = self._ledger.add(self.source.name, [_arrival(one, place)], self.name)
            entry = added[0] if added else self._ledger.find(self.source.name, one.digest)
            if entry is not None:
                return entry
        raise ServiceError(f"no free place in HDFS for {names.shown(one.path.name)}")

    def _places(self, one: Found) -> tuple[str, str]:
        """Where a new file may lie in HDFS: under its own name, else under one of its own."""
        original = one.path.name
        moment = self.source.first_moment(one.path, original)
        moment = moment or datetime.fromtimestamp(one.status.st_mtime_ns / 1e9, UTC)
        name = names.safe(original, one.digest)
        candidates = (name, names.distinguished(name, one.digest))
        first, other = (
            names.binary_path(self._huser, self.source.name, moment, candidate)
            for candidate in candidates
        )
        return first, other

    def _enter(
        self, known: Mapping[str, Entry], new: Mapping[str, Entry], same: Sequence[Found]
    ) -> Entry:
        """Store a content; all but the first file that has it are duplicates."""
        one, *others = same
        entry = new.get(one.digest) or known[one.digest]
        if entry.state is State.SET_ASIDE:
            entry = self._ledger.begin_again(entry)
        elif entry.state is not State.SEEN and entry.mtime_ns != one.status.st_mtime_ns:
            others = [one, *others]
        for other in others:
            name = names.shown(other.path.name)
            self._ledger.duplicate(entry, name)
            log.event(_LOG, "duplicate", file=name, hash=one.digest, of=entry.name)
        if entry.state is State.SEEN:
            entry = self._store(entry, one)
            if one.digest in known:  # it may have been set aside
                folder = quarantine.quarantine_folder(self._huser, entry)
                self._hdfs.delete(folder, recursive=True)
        return entry

    def _store(self, entry: Entry, one: Found) -> Entry:
        """Upload a file; where another content lies at its place, to one of its own."""
        if self._hdfs.upload(entry.path, one.path) or self._is_stored(entry):
            return entry
        folder, name = posixpath.split(entry.path)
        entry = self._ledger.place(entry, f"{folder}/{names.distinguished(name, entry.hash)}")
        if self._hdfs.upload(entry.path, one.path) or self._is_stored(entry):
            return entry
        raise ServiceError(f"HDFS has something else at {entry.path}", hint="move it away")

    def _is_stored(self, entry: Entry) -> bool:
        with self._hdfs.open_read(entry.path) as stream:
            return names.digest_of_stream(stream) == entry.hash

    def _announce(self, entries: Sequence[Entry]) -> None:
        """Tell the workers, then write that down."""
        if not entries:
            return
        self._announcer.send([entry.path for entry in entries])
        self._ledger.advance(entries, State.QUEUED)
        for entry in entries:
            log.event(_LOG, "queued", file=entry.name, hash=entry.hash, path=entry.path)

    def close(self) -> None:
        """Let go of the connections."""
        self._hands.shutdown()
        self._announcer.close()


def _arrival(one: Found, place: str) -> Arrival:
    size, mtime_ns = one.status.st_size, one.status.st_mtime_ns
    return Arrival(one.digest, names.shown(one.path.name), size, mtime_ns, place)


def run(config: Config, source_name: str, stop: threading.Event, *, topic: str = "") -> None:
    """Collect until ``stop`` is set; ``topic`` stands in for the source's own."""
    source = ingest_source(source_name)
    settle = config.number("COLLECTOR_SETTLE")
    folder = config.path("LANDING_DIR") / source.name
    with (
        Heartbeat(config, f"collector-{source.name}") as beat,
        Landing(folder, source, settle) as landing,
    ):
        patience = Patience(_LOG, beat, stop)
        try:
            collector = patience.until_done(
                lambda: Collector(config, source, topic=topic), "opening the ledger"
            )
            log.event(_LOG, "started", source=source.name, folder=str(folder))
            try:
                _collect(collector, landing, patience, stop)
            finally:
                collector.close()
        except StoppedError:
            pass
        log.event(_LOG, "stopped", source=source.name)


def _collect(
    collector: Collector, landing: Landing, patience: Patience, stop: threading.Event
) -> None:
    patience.until_done(collector.resume, "resuming what was begun")
    looked_back = time.monotonic()
    while not stop.is_set():
        for paths in _batches(landing.ready()):
            if stop.is_set():
                return
            what = f"storing {names.shown(paths[0].name)} and {len(paths) - 1} more"
            patience.until_done(partial(collector.take, paths), what)
        if time.monotonic() - looked_back > _LOOK_BACK_EVERY:
            patience.until_done(collector.look_back, "looking for lost messages")
            looked_back = time.monotonic()
        landing.wait()


def _batches(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    return (paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH))


def _remove(found: Found) -> None:
    """Remove a file that was brought in, unless another took its name meanwhile."""
    try:
        now = found.path.stat()
        taken = found.status
        if (now.st_ino, now.st_mtime_ns) == (taken.st_ino, taken.st_mtime_ns):
            found.path.unlink()
    except FileNotFoundError:
        pass
