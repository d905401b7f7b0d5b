"""What is done for the tables all the time: closed hours are compacted, figures are told."""

from __future__ import annotations

import threading
import time
from functools import partial

from spot_common import log
from spot_common.config import Config
from spot_common.errors import DataError
from spot_common.registry import sources
from spot_ingest import metrics
from spot_ingest.beat import Heartbeat
from spot_ingest.compaction.hour import Hour
from spot_ingest.compaction.run import Compactor, Settings
from spot_ingest.patience import Patience, StoppedError

_LOG = log.get("ingest.upkeep")
_EVERY = 60.0


def run(config: Config, stop: threading.Event) -> None:
    """Keep the tables up until ``stop`` is set."""
    with Heartbeat(config, "upkeep") as beat:
        patience = Patience(_LOG, beat, stop)
        server, thread = metrics.serve(config)
        try:
            compactor = patience.until_done(
                lambda: Compactor(config, Settings.of(config)), "opening the ledger"
            )
            log.event(_LOG, "started")
            _Rounds(compactor, patience, stop).run()
        except StoppedError:
            pass
        finally:
            server.shutdown()
            thread.join()
        log.event(_LOG, "stopped")


class _Rounds:
    """Goes through the hours that may have something to do, again and again."""

    def __init__(self, compactor: Compactor, patience: Patience, stop: threading.Event) -> None:
        self._compactor = compactor
        self._patience = patience
        self._stop = stop
        self._open: set[Hour] = set()

    def run(self) -> None:
        """Go round until told to stop; the first round looks at all hours that there are."""
        since = time.time()
        first = partial(self._compactor.hours, sources())
        self._open.update(self._patience.until_done(first, "listing the hours"))
        while True:
            for hour in sorted(self._open, key=lambda one: one.folder):
                if self._stop.is_set():
                    return
                self._look(hour)
            if self._stop.wait(_EVERY):
                return
            began = time.time()
            changed = partial(self._compactor.changed_since, since)
            self._open |= self._patience.until_done(changed, "reading the ledger")
            since = began - _EVERY  # what was published while the ledger was read comes again

    def _look(self, hour: Hour) -> None:
        """Do what is due; an hour that waits for nothing need not be looked at again."""
        try:
            self._patience.until_done(partial(self._compactor.compact, hour), hour.folder)
            settled = partial(self._settled, hour)
            if self._patience.until_done(settled, hour.folder):
                self._open.discard(hour)
        except DataError as error:  # this hour needs a person, the others do not wait for one
            log.event(_LOG, "left_alone", hour=hour.folder, reason=error.message)
            self._open.discard(hour)

    def _settled(self, hour: Hour) -> bool:
        if hour.under_way:
            return False
        return len(hour.files()) < 2 or hour.closed(self._compactor.quiet)
