"""Compacting the closed hours of the raw tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from spot_common import log
from spot_common.config import Config
from spot_common.registry import sources
from spot_common.warehouse import Warehouse, day_values
from spot_ingest.compaction.hour import Hour, Step, aside_root
from spot_ingest.entry import State
from spot_ingest.ledger import Ledger

_LOG = log.get("ingest.compaction")


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

    def under_way(self) -> set[Hour]:
        """Give the hours whose compaction has begun and is not done."""
        found = set()
        for name, schema in sources().items():
            root = aside_root(self._warehouse.huser, schema.raw)
            for values in self._warehouse.partitions_below(schema.raw, root):
                found.add(self._hour(name, tuple(values.items())))
        return found

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


def _outcome(hour: Hour, before: int, after: int, step: Step) -> Outcome:
    partition = hour.table.partition_path(hour.values)
    return Outcome(hour.table.source, partition, before, after, step)
