"""What our machines answer at ports where nobody should knock."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spot_gen.network import World
from spot_gen.network.hosts import Host
from spot_gen.recorder import State
from spot_gen.streams import Ints, Keys, Stream, child, stream_keys, uniform

#: The ports that programs listen at, by role.
OPEN: dict[str, tuple[int, ...]] = {
    "resolver": (22, 53),
    "proxy": (22, 3128, 8080),
    "mail": (22, 25, 143, 443, 587, 993),
    "directory": (53, 88, 135, 139, 389, 445, 464, 593, 636, 3268, 3389, 9389),
    "files": (135, 139, 445, 3389, 5985),
    "backup": (22, 445, 6106, 9443),
    "database": (22, 135, 445, 1433, 5432),
    "time": (22,),
    "application": (22, 80, 443, 8009, 8080),
    "monitoring": (22, 443, 3000),
    "scanner": (22, 8834),
    "index": (22, 9200),
    "web": (80, 443),
    "relay": (25,),
    "gateway": (22,),
    "router": (22, 179),
    "admin": (22, 3389),
    "printer": (80, 443, 515, 631, 9100),
    "camera": (80, 554),
    "workstation": (135, 139, 445, 3389),
}

#: Ports that those who scan try first.
COMMON = (
    21, 22, 23, 25, 53, 80, 81, 88, 110, 111, 113, 119, 135, 139, 143, 179, 199, 389, 443, 445, 465,
    514, 515, 548, 554, 587, 631, 636, 873, 990, 993, 995, 1025, 1080, 1433, 1521, 1720, 1723, 2049,
    2121, 3128, 3306, 3389, 5060, 5432, 5555, 5900, 5985, 6000, 6379, 8000, 8008, 8009, 8080, 8081,
    8443, 8888, 9100, 9200, 10000,
)  # fmt: skip
_PRIVILEGED = 1_024
#: How many workstations let others in at a port where Windows listens.
_SHARED = 0.55
#: How many machines answer at closed ports; the others stay silent. Few answers get lost.
_POLITE = 0.5
_LOST = 0.03


def ports(stream: Stream, count: int) -> Ints:
    """Draw different ports: the common ones first, then those below 1024, then any; shuffled."""
    low = np.setdiff1d(np.arange(1, _PRIVILEGED + 1), COMMON)
    high = np.setdiff1d(np.arange(_PRIVILEGED + 1, 65_536), COMMON)
    chosen = np.array(COMMON, np.int64)
    if count > len(chosen):
        chosen = np.concatenate([chosen, low[stream.order(len(low))]])
    if count > len(chosen):
        chosen = np.concatenate([chosen, high[stream.order(len(high))]])
    return chosen[:count][stream.order(min(count, len(chosen)))]


def answers(
    world: World, keys: Keys, hosts: Sequence[Host | None], tried: Ints, *, outside: bool = False
) -> Ints:
    """Return how each probe of a host at a port goes: State DONE (open), REFUSED or UNANSWERED.

    None: no machine has the address. Which ports of a machine are open or refuse is a property of
    the machine. ``outside``: the border lets nothing through but what the DMZ offers.
    """
    known = list(dict.fromkeys(host for host in hosts if host is not None))
    number = {host: row for row, host in enumerate(known)}
    row = np.array([-1 if host is None else number[host] for host in hosts])
    own = stream_keys(world.seed, (host.stream for host in known))
    own = np.append(own, np.uint64(0))
    listens = np.zeros(len(row), bool)
    for role in {host.role for host in known}:
        of_role = np.array([host.role == role for host in known] + [False])
        listens |= of_role[row] & np.isin(tried, OPEN.get(role, ()))
    lets_in = np.array([host.role != "workstation" for host in known] + [False])[row]
    lets_in |= uniform(child(own[row], tried), 60) < _SHARED
    polite = (uniform(own, 61) < _POLITE)[row] & (row >= 0) & (not outside)
    polite &= uniform(keys, 62) >= _LOST
    closed = np.where(polite, State.REFUSED, State.UNANSWERED)
    return np.where(listens & lets_in, State.DONE, closed)
