"""What is done for the tables all the time.

Records are summed up by minute soon after they came, the small files of closed hours are merged,
and figures are told to Prometheus.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from datetime import date
from functools import partial

from spot_common import log
from spot_common.config import Config
from spot_common.errors import DataError
from spot_common.warehouse import Warehouse
from spot_ingest import metrics
from spot_ingest.beat import Heartbeat
from spot_ingest.compaction.hour import Hour
from spot_ingest.compaction.run import Compactor, Settings
from spot_ingest.ledger import Ledger
from spot_ingest.patience import Patience, StoppedError
from spot_ingest.summary import summarise

_LOG = log.get("ingest.upkeep")
#: Seconds between two rounds. What was published shortly before a round began is looked at twice,
#: since its last write to the ledger may have come late.
_EVERY = 30.0
_OVERLAP = 60.0
_MARK = "upkeep"


def run(config: Config, stop: threading.Event) -> None:
    """Keep the tables up until ``stop`` is set."""
    with Heartbeat(config, "upkeep") as beat:
        patience = Patience(_LOG, beat, stop)
        server, thread = metrics.serve(config)
        try:
            rounds = patience.until_done(
                lambda: _Rounds(config, patience, stop), "opening the ledger"
            )
            log.event(_LOG, "started")
            rounds.run()
        except StoppedError:
            pass
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        log.event(_LOG, "stopped")


class _Rounds:
    """Looks again and again at what changed; the ledger keeps how far that has come."""

    def __init__(self, config: Config, patience: Patience, stop: threading.Event) -> None:
        self._settings = Settings.of(config)
        self._compactor = Compactor(config, self._settings)
        self._warehouse = Warehouse(config)
        self._ledger = Ledger.of(config)
        self._patience = patience
        self._stop = stop
        self._open: set[Hour] = set()

    def run(self) -> None:
        """Go round until told to stop."""
        mark = self._patience.until_done(lambda: self._ledger.mark(_MARK), "reading the ledger")
        not_closed = mark - self._settings.quiet - _OVERLAP
        self._open |= self._patience.until_done(self._compactor.under_way, "listing hours")
        self._open |= self._changed(not_closed)
        while not self._stop.is_set():
            began = time.time()
            changed = self._changed(mark - _OVERLAP)
            self._sum_up(changed)
            self._open |= changed
            for hour in sorted(self._open, key=lambda one: one.folder):
                if self._stop.is_set():
                    return
                self._compact(hour)
            mark = began
            self._patience.until_done(partial(self._ledger.set_mark, _MARK, mark), "the ledger")
            self._stop.wait(_EVERY)

    def _changed(self, since: float) -> set[Hour]:
        return self._patience.until_done(
            partial(self._compactor.changed_since, since), "reading the ledger"
        )

    def _sum_up(self, hours: Iterable[Hour]) -> None:
        """Count the minutes of the days that these hours are of."""
        days = {(hour.table.source, date(*(hour.values[k] for k in "ymd"))) for hour in hours}
        for source, day in sorted(days):
            if self._stop.is_set():
                return
            done = self._patience.until_done(
                partial(summarise, self._warehouse, source, day), f"summing up {source} of {day}"
            )
            log.event(_LOG, "summed_up" if done else "left_to_oa", source=source, day=str(day))

    def _compact(self, hour: Hour) -> None:
        """Do what is due; an hour that waits for nothing need not be looked at again."""
        try:
            self._patience.until_done(partial(self._compactor.compact, hour), hour.folder)
            if self._patience.until_done(partial(self._settled, hour), hour.folder):
                self._open.discard(hour)
        except DataError as error:  # this hour needs a person, the others do not wait for one
            log.event(_LOG, "left_alone", hour=hour.folder, reason=error.message)
            self._open.discard(hour)

    def _settled(self, hour: Hour) -> bool:
        if hour.under_way:
            return False
        return len(hour.files()) < 2 or hour.closed(self._settings.quiet)
