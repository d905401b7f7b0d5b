"""A landing folder: which of its files are complete and may be taken."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import time
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from spot_common import log
from spot_ingest.names import shown
from spot_ingest.source import IngestSource

_LOG = log.get("ingest.landing")
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", "~")
_LOOK_EVERY = 1.0


class Landing(FileSystemEventHandler):
    """The files of one folder (not of folders below it).

    A file is complete when nobody has it open for writing and its size and times have not changed
    for ``settle`` seconds; one that was moved in is complete at once. Hidden files, names with
    ``.current`` or the ending of an unfinished copy, links and other special files are left alone.
    """

    def __init__(self, folder: Path, source: IngestSource, settle: float) -> None:
        self.folder = folder
        self._source = source
        self._settle = settle
        self._seen: dict[str, tuple[tuple[int, ...], float]] = {}
        self._refused: set[str] = set()
        self._moved: set[str] = set()
        self._woken = threading.Event()
        self._observer = Observer()

    def __enter__(self) -> Landing:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._observer.schedule(self, str(self.folder), recursive=False)
        self._observer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._observer.stop()
        self._observer.join()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Look again; trust a file that was moved in from elsewhere or from a hidden name."""
        if event.event_type == "moved" and event.dest_path:
            self._moved.add(Path(os.fsdecode(event.dest_path)).name)
        if event.event_type in ("created", "moved", "closed"):
            self._woken.set()

    def wait(self) -> None:
        """Sleep until something happens in the folder, or for a second."""
        if self._woken.wait(min(_LOOK_EVERY, max(self._settle / 2, 0.05))):
            self._woken.clear()

    def ready(self) -> list[Path]:
        """Give the complete files, oldest first."""
        found: list[tuple[int, str]] = []
        present: set[str] = set()
        with os.scandir(self.folder) as entries:
            for entry in entries:
                present.add(entry.name)
                status = self._status(entry)
                if status is not None and self._complete(entry.name, status):
                    found.append((status.st_mtime_ns, entry.name))
        self._seen = {name: seen for name, seen in self._seen.items() if name in present}
        self._moved &= present
        self._refused &= present
        return [self.folder / name for _, name in sorted(found)]

    def _status(self, entry: os.DirEntry[str]) -> os.stat_result | None:
        """Give the state of a file that we may take; None for one that we leave alone."""
        if entry.name.startswith(".") or ".current" in entry.name:
            return None
        if entry.name.endswith(_UNFINISHED):
            return None
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(status.st_mode):
            self._refuse(entry.name, "not a regular file")
            return None
        if not self._source.accepts.search(entry.name):
            self._refuse(entry.name, f"not a file name that {self._source.name} takes")
            return None
        return status

    def _refuse(self, name: str, reason: str) -> None:
        if name not in self._refused:
            self._refused.add(name)
            log.event(_LOG, "left_alone", file=shown(name), reason=reason)

    def _complete(self, name: str, status: os.stat_result) -> bool:
        signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        now = time.monotonic()
        before, since = self._seen.get(name, (None, now))
        if before != signature:
            self._seen[name] = (signature, now)
            since = now
        if name not in self._moved and now - since < self._settle:
            return False
        return not _open_for_writing(self.folder / name)


def _open_for_writing(path: Path) -> bool:
    """Ask the kernel whether a process can still write to the file.

    A read lease is refused while one can. Where leases are not possible (a foreign owner, a
    network file system) the answer is no, and only the settle time counts.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
