"""Words for the two sentences that tell an incident to a person."""

from __future__ import annotations

from collections.abc import Sequence

from spot_gen.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US, moment
from spot_gen.network.hosts import Host

_SIZES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_SPANS = ((2 * DAY_US, DAY_US, "day"), (HOUR_US, HOUR_US, "hour"), (MINUTE_US, MINUTE_US, "minute"))


def when(time_us: int) -> str:
    """Return a time to the minute: ``2016-07-08 09:30 UTC``."""
    return f"{moment(time_us):%Y-%m-%d %H:%M} UTC"


def many(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 port``, ``1,000 ports``."""
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}{ending}"


def size(count: int) -> str:
    """Return bytes in the unit that suits them: ``2.1 GB``."""
    for unit, name in _SIZES:
        if count >= unit:
            return (
                f"{count / unit:.3g} {name}" if count < 1000 * unit else f"{count // unit} {name}"
            )
    return many(count, "byte")


def span(length_us: int) -> str:
    """Return a length of time in the unit that suits it: ``10 minutes``."""
    for least, unit, name in _SPANS:
        if length_us >= least:
            return many(round(length_us / unit), name)
    return many(max(round(length_us / SECOND_US), 1), "second")


def named(hosts: Sequence[Host], most: int = 3) -> str:
    """Name machines, the first few of many: ``ws-0001, ws-0002 and 48 others``."""
    return listed([host.name for host in hosts], most)


def listed(texts: Sequence[str], most: int = 3) -> str:
    """Join texts to a list in words, the first few of many."""
    if len(texts) > most + 1:
        return f"{', '.join(texts[:most])} and {len(texts) - most:,} others"
    if len(texts) > 1:
        return f"{', '.join(texts[:-1])} and {texts[-1]}"
    return texts[0] if texts else "nobody"
