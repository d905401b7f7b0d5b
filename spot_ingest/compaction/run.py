"""Compacting the closed hours of all raw tables, once or from then on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial

from spot_common import log
from spot_common.config import Config
from spot_common.errors import DataError
from spot_common.registry import sources
from spot_common.warehouse import Warehouse, day_values
from spot_ingest.beat import Heartbeat
from spot_ingest.compaction.hour import Hour, Step
from spot_ingest.entry import State
from spot_ingest.ledger import Ledger
from spot_ingest.patience import Patience, StoppedError

_LOG = log.get("ingest.compaction")
_EVERY = 60.0


@dataclass(frozen=True)
class Settings:
    """How hours are compacted.

    ``target`` is the size of a file in bytes; an hour that got nothing for ``quiet`` seconds is
    closed; a query takes at most ``grace`` seconds.
    """

    target: int
    quiet: float
    grace: float

    @classmethod
    def of(cls, config: Config) -> Settings:
        """Take them from the configuration."""
        return cls(
            target=config.integer("COMPACT_TARGET") << 20,
            quiet=config.number("COMPACT_AFTER"),
            grace=config.number("COMPACT_GRACE"),
        )


@dataclass(frozen=True)
class Outcome:
    """What became of one hour: how many files it had and has, and how far it is."""

    source: str
    hour: str
    before: int
    after: int
    step: Step


class Compactor:
    """Compacts hours."""

    def __init__(self, config: Config, settings: Settings) -> None:
        self._settings = settings
        self.quiet = settings.quiet
        self._ledger = Ledger.of(config)
        self._warehouse = Warehouse(config)

    def hours(self, names: Iterable[str], day: date | None = None) -> list[Hour]:
        """Give the hours of sources that there are, of one day or all."""
        within = None if day is None else day_values(day)
        return [
            self._hour(name, tuple(values.items()))
            for name in names
            for values in self._warehouse.partitions(sources()[name].raw, within)
        ]

    def changed_since(self, moment: float) -> set[Hour]:
        """Give the hours that files were published into since then (seconds since 1970)."""
        found = self._ledger.files(states=(State.PUBLISHED,), since=moment)
        return {
            self._hour(entry.source, tuple((key, part[key]) for key in "ymdh"))
            for entry in found
            for part in entry.partitions
        }

    def compact(self, hour: Hour) -> Outcome | None:
        """Take the steps that are due; None where there were none."""
        under_way = hour.under_way
        if not under_way and not hour.closed(self.quiet):
            return None
        before = len(hour.files())
        step = hour.advance()
        after = len(hour.files())
        if not under_way and step is Step.DONE and before == after:
            return None
        outcome = _outcome(hour, before, after, step)
        log.event(_LOG, "compacted", hour=hour.folder, before=before, after=after, step=step.value)
        return outcome

    def planned(self, hour: Hour) -> Outcome | None:
        """Tell what would become of an hour; None where nothing would."""
        found = hour.due() if hour.closed(self.quiet) else None
        return None if found is None else _outcome(hour, len(hour.files()), len(found), Step.DONE)

    def _hour(self, source: str, values: tuple[tuple[str, int], ...]) -> Hour:
        return Hour(
            warehouse=self._warehouse,
            ledger=self._ledger,
            table=sources()[source].raw,
            partition=values,
            target=self._settings.target,
            grace=self._settings.grace,
        )


def watch(config: Config, stop: threading.Event) -> None:
    """Compact every hour some time after it got its last file, until ``stop`` is set."""
    with Heartbeat(config, "compactor") as beat:
        patience = Patience(_LOG, beat, stop)
        try:
            compactor = patience.until_done(
                lambda: Compactor(config, Settings.of(config)), "opening the ledger"
            )
            log.event(_LOG, "started")
            _Rounds(compactor, patience, stop).run()
        except StoppedError:
            pass
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
        first = self._patience.until_done(
            lambda: self._compactor.hours(sources()), "listing the hours"
        )
        self._open.update(first)
        while True:
            for hour in sorted(self._open, key=lambda one: one.folder):
                if self._stop.is_set():
                    return
                self._look(hour)
            if self._stop.wait(_EVERY):
                return
            began = time.time()
            self._open |= self._patience.until_done(
                partial(self._compactor.changed_since, since), "reading the ledger"
            )
            since = began - _EVERY  # what was published while the ledger was read comes again

    def _look(self, hour: Hour) -> None:
        """Do what is due; an hour that waits for nothing need not be looked at again."""
        try:
            self._patience.until_done(lambda: self._compactor.compact(hour), hour.folder)
        except DataError as error:  # this hour needs a person, the others do not wait for one
            log.event(_LOG, "left_alone", hour=hour.folder, reason=error.message)
            self._open.discard(hour)
            return
        if not hour.under_way and (len(hour.files()) < 2 or hour.closed(self._compactor.quiet)):
            self._open.discard(hour)


def _outcome(hour: Hour, before: int, after: int, step: Step) -> Outcome:
    partition = hour.table.partition_path(hour.values)
    return Outcome(hour.table.source, partition, before, after, step)
