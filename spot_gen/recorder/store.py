"""Where events are put: tables of each kind, with label and stage of what is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from spot_gen import events, truth
from spot_gen.network.addresses import Addresses
from spot_gen.network.world import World
from spot_gen.streams import Keys, draw


class Store:
    """Collects events. ``label`` marks everything recorded, until ``finish`` hands it over."""

    def __init__(self, world: World, label: int = 0) -> None:
        self.world = world
        self.label = label
        self.tables: dict[str, list[pa.Table]] = {name: [] for name in events.SCHEMAS}
        self.uses: list[pa.Table] = []
        self._stage = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Mark what is recorded in the block as a stage of an incident (``truth.STAGES``)."""
        before, self._stage = self._stage, truth.stage_number(name)
        yield
        self._stage = before

    @contextmanager
    def labelled(self, label: int) -> Iterator[None]:
        """Mark what is recorded in the block with another label."""
        before, self.label = self.label, label
        yield
        self.label = before

    def finish(self) -> events.Events:
        """Return all events in the order of time."""
        return events.Events(
            **{n: events.in_order(events.SCHEMAS[n], t) for n, t in self.tables.items()}
        )

    def log_lines(self, key: Keys, time_us: ArrayLike, host: Any, kind: str, fields: Any) -> None:
        """Record lines of hosts' own logs; ``fields``: a JSON object as text, per line."""
        self.add(
            "log_lines", key, {"time_us": time_us, "host": host, "kind": kind, "fields": fields}
        )

    def marked(self, key: Keys) -> dict[str, Any]:
        """Return the columns that all events have: label, stage and order."""
        return {"label": self.label, "stage": self._stage, "order": draw(key, 44)}

    def add(self, name: str, key: Keys, columns: Mapping[str, Any]) -> None:
        """Add events to a table, one for each key."""
        if len(key):
            given = {**columns, **self.marked(key)}
            self.tables[name].append(events.make(events.SCHEMAS[name], len(key), given))


def ends(name: str, address: Addresses, size: int) -> dict[str, Any]:
    """Return the two columns of an address: ``name_hi`` and ``name_lo``."""
    pairs = np.broadcast_to(address, (size, 2))
    return {f"{name}_hi": pairs[:, 0], f"{name}_lo": pairs[:, 1]}
