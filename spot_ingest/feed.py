"""What an operator does: drop files into the landing folder, and wait for their rows."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spot_common import progress
from spot_common.config import Config
from spot_common.errors import NotFoundError, ServiceError, UsageError
from spot_ingest import beat, names
from spot_ingest.entry import Entry, State
from spot_ingest.ledger import Ledger
from spot_ingest.source import IngestSource

_LOOK_EVERY = 0.25
#: How long (seconds) a collector or worker may be silent while its work waits.
_DEAD_AFTER = 45.0


@dataclass(frozen=True)
class Fed:
    """One file that was handed over; ``known`` where its content had been ingested before."""

    path: Path
    hash: str
    known: bool


def feed(config: Config, source: IngestSource, files: Sequence[Path]) -> list[Fed]:
    """Copy files into the landing folder, each appearing whole.

    Known contents are skipped, except those that were set aside: they are tried again.
    UsageError where one is missing or no regular file; nothing is copied then.
    """
    for path in files:
        if not path.is_file():
            kind = "is not a file" if path.exists() else "does not exist"
            raise UsageError(f"{names.shown(str(path))} {kind}")
    ledger = Ledger.of(config)
    landing = config.path("LANDING_DIR") / source.name
    landing.mkdir(parents=True, exist_ok=True)
    fed = []
    with progress.bar(f"feeding {source.name}", len(files), "files") as bar:
        for path in files:
            digest = names.digest_of(path)
            entry = ledger.find(source.name, digest)
            known = entry is not None and entry.state is not State.SET_ASIDE
            if entry is not None and not known:
                ledger.begin_again(entry)
            if not known:
                _drop(path, landing, source.accepted_name(path.name))
            fed.append(Fed(path, digest, known))
            bar.advance()
    return fed


def _drop(path: Path, landing: Path, name: str) -> None:
    """Copy a file under a hidden name, then let it appear whole under a name that is free."""
    hidden = landing / f".{uuid.uuid4().hex}"
    try:
        shutil.copyfile(path, hidden)
        for candidate in (name, names.distinguished(name, names.digest_of(hidden))):
            try:
                os.link(hidden, landing / candidate)  # unlike a rename, never replaces a file
                return
            except FileExistsError:
                continue
    finally:
        hidden.unlink(missing_ok=True)


@dataclass
class Outcome:
    """What became of the files waited for."""

    entries: list[Entry] = field(default_factory=list)

    @property
    def days(self) -> dict[str, int]:
        """Rows by day, oldest first."""
        found: dict[str, int] = {}
        for entry in self.entries:
            for day, rows in entry.days.items():
                found[day] = found.get(day, 0) + rows
        return dict(sorted(found.items()))

    @property
    def set_aside(self) -> list[Entry]:
        """The files that gave no rows."""
        return [entry for entry in self.entries if entry.state is State.SET_ASIDE]


def wait(config: Config, source: IngestSource, hashes: Sequence[str], timeout: float) -> Outcome:
    """Wait until all files of these hashes are published or set aside.

    Raises ServiceError when the collector or all workers of the source are silent while work
    waits for them, or when ``timeout`` (seconds) has passed.
    """
    wanted = list(dict.fromkeys(hashes))
    ledger = Ledger.of(config)
    watch = _Watch(config, source.name)
    ends = time.monotonic() + timeout
    with progress.bar(f"ingesting {source.name}", len(wanted), "files") as bar:
        while True:
            entries = ledger.files(source.name, digests=wanted)
            done = [entry for entry in entries if entry.finished]
            bar.advance(len(done) - bar.done)
            if len(done) == len(wanted):
                return Outcome(done)
            collected = [e for e in entries if e.state not in (State.SEEN, State.STORED)]
            watch.check(len(collected) < len(wanted), len(done) < len(collected))
            if time.monotonic() > ends:
                raise ServiceError(
                    f"{len(wanted) - len(done)} of {len(wanted)} files are not ingested yet",
                    hint=f"they stay in line; look with: spot ledger --source {source.name}",
                )
            time.sleep(_LOOK_EVERY)


class _Watch:
    """Notices that nobody is there to do the work."""

    def __init__(self, config: Config, source: str) -> None:
        self._config = config
        self._source = source
        self._started = time.monotonic()

    def check(self, for_collector: bool, for_worker: bool) -> None:
        """Raise ServiceError when the one that work waits for has been silent for too long."""
        if for_collector:
            self._alive(f"collector-{self._source}", f"the collector of {self._source}")
        if for_worker:
            self._alive(f"worker-{self._source}-*", f"every worker of {self._source}")

    def _alive(self, pattern: str, who: str) -> None:
        waited = time.monotonic() - self._started
        silence = beat.silence(self._config, pattern)
        silent = waited if silence is None else min(silence, waited)
        if silent > _DEAD_AFTER:
            raise ServiceError(
                f"{who} is silent for {silent:.0f} s",
                hint=f"see spot status and spot logs {pattern.replace('*', '0')}",
            )


def hashes_of(config: Config, source: IngestSource, words: Sequence[str]) -> list[str]:
    """Give the hashes that files or (beginnings of) hashes stand for; NotFoundError for others."""
    ledger = Ledger.of(config)
    found = []
    for word in words:
        path = Path(word)
        if path.is_file():
            found.append(names.digest_of(path))
            continue
        matches = [e for e in ledger.beginning_with(word.lower()) if e.source == source.name]
        if len(matches) != 1:
            many = "more than one file" if matches else "no file"
            raise NotFoundError(f"{names.shown(word)} is {many} of {source.name} in the ledger")
        found.append(matches[0].hash)
    return found
