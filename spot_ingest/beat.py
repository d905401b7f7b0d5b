"""Heartbeats: a file touched every two seconds while a collector or worker is well.

A name is had by one process of a machine at a time.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from pathlib import Path

from spot_common.config import Config
from spot_common.errors import UsageError

#: Older than this (seconds) means: it does not run or cannot reach what it needs.
SILENT_AFTER = 15.0
_EVERY = 2.0


def beat_file(config: Config, name: str) -> Path:
    """The heartbeat file of that name, e.g. ``worker-flow-0``."""
    return config.path("STATE_DIR") / "run" / f"{name}.heartbeat"


def silence(config: Config, pattern: str) -> float | None:
    """Give the seconds since the last beat of any that matches; None where there never was one."""
    folder = config.path("STATE_DIR") / "run"
    times = [path.stat().st_mtime for path in folder.glob(f"{pattern}.heartbeat")]
    return max(0.0, time.time() - max(times)) if times else None


class Heartbeat:
    """Beats in the background until it is stopped; pauses while ``well`` is False.

    To enter it is a UsageError where another process has that name.
    """

    def __init__(self, config: Config, name: str) -> None:
        self.well = True
        self._name = name
        self._file = beat_file(config, name)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._lock = self._file.with_suffix(".lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise UsageError(
                f"{self._name} runs on this machine already",
                hint="a worker beside it needs another number: spot work --worker N",
            ) from error
        self._file.write_text(json.dumps({"pid": os.getpid(), "since": time.time()}))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._file.unlink(missing_ok=True)
        self._lock.close()

    def _run(self) -> None:
        while not self._stopped.wait(_EVERY):
            if self.well:
                self._file.touch()
