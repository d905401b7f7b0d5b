"""How ingest is doing, in numbers: what an operator looks at first."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from spot_common.clients import kafka
from spot_common.config import Config
from spot_common.errors import ServiceError
from spot_ingest.entry import Entry, State, Totals
from spot_ingest.ledger import Ledger
from spot_ingest.names import shown

#: Rates are those of the last minute, the share of rows set aside that of the last hour (seconds).
RATE_OVER = 60.0
ASIDE_OVER = 3600.0


@dataclass(frozen=True)
class InHand:
    """A file that a worker converts, since when (seconds ago)."""

    worker: str
    name: str
    hash: str
    attempt: int
    seconds: float


@dataclass(frozen=True)
class Overview:
    """One source.

    ``landing`` and ``waiting`` count files in the landing folder and between there and the table;
    ``oldest`` is the age of the oldest of them in seconds, None where there is none. ``lag`` are
    messages that workers have not done with, None where Kafka does not answer. ``totals`` count
    everything since the beginning.
    """

    source: str
    landing: int
    waiting: int
    oldest: float | None
    lag: int | None
    files_per_second: float
    rows_per_second: float
    set_aside_share: float
    totals: Totals
    in_hand: list[InHand] = field(default_factory=list)


def overview(config: Config, ledger: Ledger, source: str) -> Overview:
    """Look at one source now; ServiceError where the ledger does not answer."""
    now = time.time()
    minute = ledger.totals(source, since=now - RATE_OVER)
    hour = ledger.totals(source, since=now - ASIDE_OVER)
    waiting, oldest = ledger.unfinished(source)
    converting = ledger.files(source, states=(State.CONVERTING,))
    names, arrived = _landing(config, source)
    moments = arrived if oldest is None else [*arrived, oldest]
    return Overview(
        source=source,
        landing=names,
        waiting=waiting,
        oldest=now - min(moments) if moments else None,
        lag=_lag(config, source),
        files_per_second=minute.files / RATE_OVER,
        rows_per_second=minute.stored / RATE_OVER,
        set_aside_share=hour.set_aside / max(1, hour.stored + hour.set_aside),
        totals=ledger.totals(source),
        in_hand=[_in_hand(entry, now) for entry in converting if entry.claim],
    )


def _in_hand(entry: Entry, now: float) -> InHand:
    return InHand(entry.worker, entry.name, entry.hash, entry.attempts, now - entry.taken)


def _landing(config: Config, source: str) -> tuple[int, list[float]]:
    """Count the files of a landing folder; give when each came there."""
    found = []
    try:
        with os.scandir(config.path("LANDING_DIR") / source) as entries:
            for entry in entries:
                if not shown(entry.name).startswith("."):
                    found.append(entry.stat(follow_symlinks=False).st_ctime)
    except FileNotFoundError:
        pass
    return len(found), found


def _lag(config: Config, source: str) -> int | None:
    try:
        lag = kafka.lag(config, kafka.group_of(source), kafka.topic_of(source))
    except ServiceError:
        return None
    return sum(lag.values())
