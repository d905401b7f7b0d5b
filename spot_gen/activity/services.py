"""People and machines at the organisation's own servers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from spot_gen.network.addresses import Addresses, text
from spot_gen.network.hosts import Fleet
from spot_gen.recorder import Recorder
from spot_gen.streams import Floats, Ints, Keys, integers


def connect(
    recorder: Recorder,
    key: Keys,
    time_us: Ints,
    client: Addresses,
    server: str,
    dport: Any,
    **columns: Any,
) -> Ints:
    """Record connections to a server by its name, asked for first; return when they begin.

    ``columns``: as for ``Recorder.connections``. Draws with purpose 37.
    """
    world = recorder.world
    known = recorder.uses_of(key, time_us, client, world.inside(server))
    begun: Ints = known + integers(key, 37, 300, 20_000)
    recorder.connections(key, begun, client, world.servers[server].address, dport, **columns)
    return begun


def users(fleet: Fleet) -> pa.StringArray:
    """Return the accounts of people, in the order of their machines."""
    return pa.array([host.user for host in fleet.hosts], pa.string())


def machines(fleet: Fleet) -> pa.StringArray:
    """Return the names of machines."""
    return pa.array([host.name for host in fleet.hosts], pa.string())


def written(addresses: Addresses) -> pa.StringArray:
    """Write addresses as text."""
    return text(addresses[:, 0], addresses[:, 1])


def whole(values: Floats, most: float | None = None) -> Ints:
    """Return numbers without their fractions, none above ``most``."""
    return (values if most is None else np.minimum(values, most)).astype(np.int64)
