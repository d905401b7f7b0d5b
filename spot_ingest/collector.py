"""The collector of one source: from the landing folder to HDFS and onto the topic.

For each complete file: hash, ledger, upload, announce, remove; each step is written down after it
is done, and each may be repeated. A collector that is killed anywhere finds the file in the
landing folder or in the ledger and goes on from there.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from kafka import KafkaProducer
from kafka.errors import KafkaError

from spot_common import log
from spot_common.clients import kafka
from spot_common.clients.hdfs import Hdfs
from spot_common.config import Config
from spot_common.errors import ServiceError
from spot_ingest import names
from spot_ingest.beat import Heartbeat
from spot_ingest.landing import Landing
from spot_ingest.ledger import Entry, Ledger, State
from spot_ingest.patience import Patience, StoppedError
from spot_ingest.source import IngestSource, ingest_source

_LOG = log.get("ingest.collector")
_SEND_TIMEOUT = 30.0
#: A file that has been in conversion this long (seconds) is announced again at a start.
_LOST_AFTER = 600.0


class Announcer:
    """Sends the HDFS path of a file to a topic and waits until it is kept."""

    def __init__(self, config: Config, topic: str) -> None:
        self._config = config
        self._topic = topic
        self._producer: KafkaProducer | None = None

    def send(self, path: str) -> None:
        """Announce a file; ServiceError where the broker does not confirm it."""
        if self._producer is None:
            partitions = self._config.integer("KAFKA_PARTITIONS")
            kafka.ensure_topic(self._config, self._topic, partitions)
            self._producer = kafka.producer(self._config)
        try:
            self._producer.send(self._topic, path.encode()).get(timeout=_SEND_TIMEOUT)
        except KafkaError as error:
            self.close()
            raise ServiceError(
                f"Kafka did not take a message for {self._topic}: {error}",
                hint="spot status shows the broker; KAFKA_BROKERS says where it is",
            ) from error

    def close(self) -> None:
        """Let go of the connection."""
        if self._producer is not None:
            self._producer.close(timeout=1)
            self._producer = None


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
    ) -> None:
        self.source = source
        self.folder = config.path("LANDING_DIR") / source.name
        self._huser = config.text("HUSER")
        self._ledger = ledger or Ledger.of(config)
        self._hdfs = hdfs or Hdfs(config)
        self._announcer = announcer or Announcer(config, kafka.topic_of(source.name))

    def resume(self) -> None:
        """Go on with files that an earlier collector had begun and that have left the folder.

        What waits for a worker is announced again, in case the broker lost it: a worker skips
        what is done already. A file that left the folder before it was stored is forgotten.
        """
        present = {names.shown(path.name) for path in self.folder.iterdir()}
        for entry in self._ledger.files(self.source.name, states=(State.SEEN,)):
            if entry.name not in present:
                self._ledger.forget(entry)
        waiting = self._ledger.files(
            self.source.name, states=(State.STORED, State.QUEUED, State.CONVERTING)
        )
        for entry in waiting:
            lately = time.time() - entry.changed < _LOST_AFTER
            if not (entry.state is State.CONVERTING and lately):
                self._announcer.send(entry.path)
            if entry.state is State.STORED:
                self._ledger.move(entry, State.QUEUED)

    def take(self, path: Path) -> Entry | None:
        """Bring one complete file in; None where it vanished meanwhile.

        A known content is a duplicate and goes no further, unless it was set aside: then it is
        tried again.
        """
        try:
            before = path.stat()
            digest = names.digest_of(path)
        except FileNotFoundError:
            return None
        entry = self._ledger.find(self.source.name, digest)
        if entry is None:
            entry = self._new(path, digest, before.st_size, before.st_mtime_ns)
        elif entry.state is State.SET_ASIDE:
            entry = self._ledger.begin_again(entry)
        elif entry.state is not State.SEEN and entry.mtime_ns != before.st_mtime_ns:
            self._ledger.duplicate(entry, names.shown(path.name))
            log.event(_LOG, "duplicate", file=names.shown(path.name), hash=digest, of=entry.name)
        if entry.state is State.SEEN:
            entry = self._store(entry, path)
        if entry.state is State.STORED:
            self._announcer.send(entry.path)
            entry = self._ledger.move(entry, State.QUEUED)
            log.event(_LOG, "queued", file=entry.name, hash=digest, path=entry.path)
        _remove(path, before)
        return entry

    def _new(self, path: Path, digest: str, size: int, mtime_ns: int) -> Entry:
        """Write a new file down, with its place in HDFS."""
        moment = self.source.first_moment(path, path.name)
        moment = moment or datetime.fromtimestamp(mtime_ns / 1e9, UTC)
        name = names.safe(path.name, digest)
        for candidate in (name, names.distinguished(name, digest)):
            place = names.binary_path(self._huser, self.source.name, moment, candidate)
            if self._foreign(place, digest):
                continue
            entry = self._ledger.add(
                self.source.name,
                digest,
                name=names.shown(path.name),
                size=size,
                mtime_ns=mtime_ns,
                path=place,
            )
            entry = entry or self._ledger.find(self.source.name, digest)
            if entry is not None:
                return entry
        raise ServiceError(f"no free place in HDFS for {names.shown(path.name)}")

    def _foreign(self, place: str, digest: str) -> bool:
        """Say whether another content lies at that place, be it in the ledger or not."""
        if self._ledger.at(self.source.name, place) is not None:
            return True
        return self._hdfs.exists(place) and self._hdfs_digest(place) != digest

    def _hdfs_digest(self, place: str) -> str:
        with self._hdfs.open_read(place) as stream:
            return names.digest_of_stream(stream)

    def _store(self, entry: Entry, path: Path) -> Entry:
        """Upload a file; one that is there already is the same (the ledger owns the place)."""
        self._hdfs.upload(entry.path, path)
        return self._ledger.move(entry, State.STORED)

    def close(self) -> None:
        """Let go of the connections."""
        self._announcer.close()


def run(config: Config, source_name: str, stop: threading.Event, *, topic: str = "") -> None:
    """Collect until ``stop`` is set; ``topic`` stands in for the source's own."""
    source = ingest_source(source_name)
    settle = config.number("COLLECTOR_SETTLE")
    folder = config.path("LANDING_DIR") / source.name
    with (
        Heartbeat(config, f"collector-{source.name}") as beat,
        Landing(folder, source, settle) as landing,
    ):
        announcer = Announcer(config, topic or kafka.topic_of(source.name))
        collector = Collector(config, source, announcer=announcer)
        patience = Patience(_LOG, beat, stop)
        log.event(_LOG, "started", source=source.name, folder=str(folder))
        try:
            patience.until_done(collector.resume, "resuming what was begun")
            while not stop.is_set():
                for path in landing.ready():
                    _take(collector, patience, path)
                landing.wait()
        except StoppedError:
            pass
        finally:
            collector.close()
            log.event(_LOG, "stopped", source=source.name)


def _remove(path: Path, taken: os.stat_result) -> None:
    """Remove a file that was brought in, unless another took its name meanwhile."""
    try:
        now = path.stat()
        if (now.st_ino, now.st_mtime_ns) == (taken.st_ino, taken.st_mtime_ns):
            path.unlink()
    except FileNotFoundError:
        pass


def _take(collector: Collector, patience: Patience, path: Path) -> None:
    try:
        patience.until_done(lambda: collector.take(path), f"storing {names.shown(path.name)}")
    except PermissionError as error:
        log.event(_LOG, "left_alone", file=names.shown(path.name), reason=str(error))
