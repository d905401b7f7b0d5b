"""A service over storage in memory, with a small day of each source in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from spot_common.registry import check_source
from spot_common.warehouse import day_values
from spot_oa.api.execution import answer
from spot_oa.api.service import Service
from spot_oa.enrich.internal import parse_ranges
from spot_oa.enrich.steps import Context
from spot_oa.run import run
from spot_oa.store.publish import Publisher
from spot_oa.store.verdicts import VerdictStore
from tests.oa import days
from tests.oa.twin import Twin

DAY = date(2016, 7, 8)
KNOWN = Context(internal=parse_ranges([["10.0.0.0", "10.255.255.255"], ["fd00::", "fd00::ffff"]]))

Ask = Callable[..., dict[str, Any]]


class StillPublisher(Publisher):
    """A publisher without a thread: tests publish when they want to."""

    woken = 0

    def wake(self) -> None:
        self.woken += 1


@pytest.fixture
def twin() -> Twin:
    """Storage with raw records and results of the three sources, not analysed yet."""
    storage = Twin()
    for name, hours in days.RAW.items():
        schema = check_source(name)
        for hour, rows in hours.items():
            storage.put(schema.raw, {**day_values(DAY), "h": hour}, rows)
    for name, lines in days.RESULTS.items():
        storage.put_results(name, DAY, lines)
    return storage


@pytest.fixture
def analysed(twin: Twin) -> Twin:
    """The same after a run of OA over each source."""
    for name in days.RESULTS:
        run(twin, name, DAY, 3000, KNOWN)
    return twin


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VerdictStore]:
    """An empty store of verdicts."""
    engine = create_engine(f"sqlite:///{tmp_path}/spot.db")
    yield VerdictStore(engine)
    engine.dispose()


@pytest.fixture
def service(analysed: Twin, store: VerdictStore) -> Service:
    """A service that publishes only when told to."""
    return Service(analysed, store, StillPublisher(store, analysed))


@pytest.fixture
def ask(service: Service) -> Ask:
    """Ask the API and expect data without errors."""

    def asked(query: str, user: str = "ann", **variables: Any) -> dict[str, Any]:
        request = {"query": query, "variables": variables}
        status, body = answer(service, request, user=user, allow_mutation=True)
        assert (status, body.get("errors")) == (200, None), body
        data: dict[str, Any] = body["data"]
        return data

    return asked


@pytest.fixture
def refused(service: Service) -> Ask:
    """Ask the API and expect errors; gives the body and the status in it."""

    def asked(query: str, *, allow_mutation: bool = True, **variables: Any) -> dict[str, Any]:
        request = {"query": query, "variables": variables}
        status, body = answer(service, request, user="ann", allow_mutation=allow_mutation)
        assert body.get("errors"), body
        return {"status": status, **body}

    return asked
