"""Publishing verdicts where other parts look for them: a Hive table and the model's feedback.

The store is the truth; what is published is made from it, whole, and may be made again at any
time. A change of verdicts notes its day in ``oa_publication`` in the same transaction; the note
goes when the day is published. So an analyst never waits for the SQL server, and a crash, or a
service that is down, loses nothing: a thread of this process, the next one, or
``spot oa publish`` does what is left.
"""

from __future__ import annotations

import atexit
import time
from datetime import date
from threading import Event, Lock, Thread

import pyarrow as pa
from sqlalchemy import delete, select, update

from spot_common import log
from spot_common.config import Config
from spot_common.errors import SpotError
from spot_common.registry import check_source
from spot_common.state import engine
from spot_common.warehouse import day_values
from spot_oa.ports import Storage
from spot_oa.rating import RatedRow, feedback_file
from spot_oa.results import results_folder
from spot_oa.source import oa_source
from spot_oa.store.models import PUBLICATIONS
from spot_oa.store.verdicts import VerdictStore
from spot_oa.tables import fitted

_logger = log.get("oa.publish")

#: A publisher that died is given up after this time, in seconds; publishing takes less.
_CLAIM_S = 60.0
#: The longest pause between attempts, in seconds.
_LONGEST_PAUSE_S = 60.0

#: The longest that the end of the process waits for a publication, in seconds; most take one.
_LAST_S = 10.0

Day = tuple[str, date]


class Publisher:
    """Publishes days whose verdicts changed, in the background or on demand."""

    def __init__(self, store: VerdictStore, where: Storage) -> None:
        self.store = store
        self.where = where
        self._wake = Event()
        self._start = Lock()
        self._thread: Thread | None = None
        self._over = Event()

    @classmethod
    def of(cls, config: Config, where: Storage) -> Publisher:
        """Make the publisher of this installation."""
        return cls(VerdictStore(engine(config)), where)

    def wake(self) -> None:
        """Have pending days published soon, without waiting for it."""
        with self._start:
            alive = self._thread is not None and self._thread.is_alive()
            if not alive and not self._over.is_set():
                self._thread = Thread(target=self._work, name="oa-publish", daemon=True)
                self._thread.start()
                atexit.register(self.end)
        self._wake.set()

    def end(self) -> None:
        """Let a publication that runs come to its end, and begin no other; they stay pending.

        A thread that Python's own end takes out of C++ code aborts the process.
        """
        self._over.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_LAST_S)

    def pending(self) -> list[Day]:
        """Give the days that are not published as they are."""
        with self.store.engine.connect() as connection:
            found = connection.execute(select(PUBLICATIONS.c.source, PUBLICATIONS.c.day))
            return [(row.source, row.day) for row in found]

    def publish_pending(self) -> list[Day]:
        """Publish every pending day that nobody else works on; gives those published.

        The first error ends it; that day and those after it stay pending.
        """
        done = []
        for source, day in self.pending():
            if self._over.is_set():
                break
            version = self._claim(source, day)
            if version is None:
                continue
            try:
                self.publish(source, day)
            except SpotError as error:
                self._release(source, day, error.message)
                raise
            except BaseException:
                self._release(source, day, "stopped")
                raise
            self._settle(source, day, version)
            done.append((source, day))
        return done

    def publish(self, source: str, day: date) -> None:
        """Write a day's verdicts to its table and its feedback file, replacing what is there."""
        rating = oa_source(source).rating
        rows = self.store.rated_rows(source, rating, day)
        table = check_source(source).table(f"{source}_threat_investigation")
        threats = [rating.threat(rated.row, rated.severities) for rated in rows]
        found = pa.Table.from_pylist(threats, schema=_wide(table.arrow()))
        self.where.tables.replace_partition(table, day_values(day), fitted(found, table))
        self._write_feedback(source, day, rows)
        log.event(_logger, "verdicts_published", source=source, day=day, rows=len(rows))

    def _write_feedback(self, source: str, day: date, rows: list[RatedRow]) -> None:
        path = feedback_path(self.where.huser, source, day)
        if rows:
            content = feedback_file(oa_source(source).rating, rows)
            self.where.files.write_bytes(path, content)
        else:
            self.where.files.delete(path)

    def _claim(self, source: str, day: date) -> int | None:
        now = time.time()
        where = (PUBLICATIONS.c.source == source, PUBLICATIONS.c.day == day)
        with self.store.engine.begin() as connection:
            free = update(PUBLICATIONS).where(*where, PUBLICATIONS.c.claimed_until < now)
            if not connection.execute(free.values(claimed_until=now + _CLAIM_S)).rowcount:
                return None
            return connection.scalar(select(PUBLICATIONS.c.version).where(*where))

    def _settle(self, source: str, day: date, version: int) -> None:
        """Forget a published day, unless its verdicts changed meanwhile: then it stays pending."""
        where = (PUBLICATIONS.c.source == source, PUBLICATIONS.c.day == day)
        with self.store.engine.begin() as connection:
            same = delete(PUBLICATIONS).where(*where, PUBLICATIONS.c.version == version)
            if not connection.execute(same).rowcount:
                connection.execute(update(PUBLICATIONS).where(*where).values(claimed_until=0.0))

    def _release(self, source: str, day: date, error: str) -> None:
        where = (PUBLICATIONS.c.source == source, PUBLICATIONS.c.day == day)
        values = {"claimed_until": 0.0, "attempts": PUBLICATIONS.c.attempts + 1, "error": error}
        with self.store.engine.begin() as connection:
            connection.execute(update(PUBLICATIONS).where(*where).values(values))

    def _work(self) -> None:
        """Publish whenever woken; after a failure try again, each time after a longer pause."""
        pause: float | None = None
        while True:
            self._wake.wait(pause)
            self._wake.clear()
            if self._over.is_set():
                return
            try:
                self.publish_pending()
                pause = _CLAIM_S if self.pending() else None
            except Exception as error:  # noqa: BLE001 - whatever it is, the day stays pending
                pause = min(_LONGEST_PAUSE_S, (pause or 0.5) * 2)
                log.event(
                    _logger, "publish_failed", level=40, error=str(error), next_attempt_s=pause
                )


def feedback_path(huser: str, source: str, day: date) -> str:
    """The feedback file that the next scoring run of a day reads."""
    return f"{results_folder(huser, source)}/{day:%Y%m%d}/feedback/ml_feedback.csv"


def _wide(schema: pa.Schema) -> pa.Schema:
    """The schema with every whole number 64 bits wide, as Python's numbers come."""
    return pa.schema(
        [(f.name, pa.int64() if pa.types.is_integer(f.type) else f.type) for f in schema]
    )
