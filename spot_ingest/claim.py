"""Who works on a file: holding a claim while one does, and telling whether another still does.

A holder lets the claim's ``beat`` grow. Nobody compares clocks: a claim is given up when its beat
has not changed for a while of the onlooker's own time.
"""

from __future__ import annotations

import threading
import time

from spot_common.errors import ServiceError
from spot_ingest.entry import Entry
from spot_ingest.errors import ClaimLostError
from spot_ingest.ledger import Ledger

_BEAT_EVERY = 4.0
#: Seconds without a beat after which a file may be taken from its holder.
SILENT_AFTER = 20.0


class Hold:
    """Keeps a claim alive in the background while its block runs."""

    def __init__(self, ledger: Ledger, entry: Entry) -> None:
        self._ledger = ledger
        self._entry = entry
        self._lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="claim", daemon=True)

    def __enter__(self) -> Hold:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        """Raise ClaimLostError where a beat has found the claim gone."""
        if self._lost:
            raise ClaimLostError(self._entry.name)

    def confirm(self) -> None:
        """Ask the ledger now; ClaimLostError where the claim is gone."""
        self._lost = self._lost or not self._ledger.beat(self._entry)
        self.check()

    def _run(self) -> None:
        while not self._lost and not self._over.wait(_BEAT_EVERY):
            try:
                self._lost = not self._ledger.beat(self._entry)
            except ServiceError:
                continue  # whether the claim still holds is asked again before it matters


class Onlooker:
    """Remembers when the beats of others' claims were last seen to change."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._seen: dict[str, tuple[str, int, float]] = {}

    def must_wait(self, entry: Entry) -> bool:
        """Say whether somebody else holds the file and is, as far as we know, alive.

        A claim of this worker's own name was left by the process before this one.
        """
        if not entry.claim or entry.worker == self._worker:
            self._seen.pop(entry.hash, None)
            return False
        now = time.monotonic()
        claim, beat, since = self._seen.get(entry.hash, ("", -1, now))
        if (claim, beat) != (entry.claim, entry.beat):
            since = now
        self._seen[entry.hash] = (entry.claim, entry.beat, since)
        return now - since < SILENT_AFTER
