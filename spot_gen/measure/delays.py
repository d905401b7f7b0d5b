"""Time to detection: how long after its first record an incident came among the first results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from spot_common.errors import UsageError
from spot_gen.measure.evaluate import Request
from spot_gen.measure.labels import SourceTruth, Truth, read_truth
from spot_gen.measure.match import match
from spot_gen.measure.measures import Ranked, ranks_of
from spot_gen.measure.results import read_results


def moment(text: str) -> datetime:
    """Read when a step ended: ISO time, UTC where it names no zone; UsageError otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no time", hint="write the end of the step as 2016-07-08T10:00"
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def delays(
    request: Request, steps: Sequence[tuple[datetime, Path]], top: int
) -> list[dict[str, Any]]:
    """Say for each incident when it was first seen.

    A step is the results as they stood at a moment. An incident counts as seen at the first step
    in which one of its records is among the first ``top`` rows. Gives one entry an incident and
    source: ``first_record`` and ``first_result`` (ISO, None: never), ``hours`` between them.
    """
    truth = read_truth(request.labels)
    seen: dict[str, dict[str, datetime]] = {}
    for at, path in sorted(steps):
        results = read_results(path, truth, request.source, larger=request.larger)
        source = truth.of(results.source)
        ranks = Ranked(
            ranks_of(match(results, truth, source).row), results.count, source.total
        ).first(source.incident, len(source.incidents))
        known = seen.setdefault(results.source, {})
        for incident, first in zip(source.incidents, ranks, strict=True):
            if first <= top:
                known.setdefault(incident.id, at)
    return [entry for name, known in seen.items() for entry in _entries(truth, name, known)]


def _entries(truth: Truth, name: str, known: dict[str, datetime]) -> list[dict[str, Any]]:
    source = truth.of(name)
    return [
        {
            "id": incident.id,
            "family": incident.family,
            "stealth": incident.stealth,
            "source": name,
            **_times(_first_record(source, place), known.get(incident.id)),
        }
        for place, incident in enumerate(source.incidents)
    ]


def _first_record(source: SourceTruth, place: int) -> datetime:
    times = source.records["time_us"].to_numpy()[source.incident == place]
    return datetime.fromtimestamp(float(np.nanmin(times)) / 1e6, UTC)


def _times(first: datetime, result: datetime | None) -> dict[str, Any]:
    hours = None if result is None else (result - first).total_seconds() / 3600
    return {
        "first_record": first.isoformat(timespec="seconds"),
        "first_result": None if result is None else result.isoformat(timespec="seconds"),
        "hours": hours,
    }
