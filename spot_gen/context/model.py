"""What an incident leaves that others could know it by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Indicator:
    """``kind`` is domain, address, url or hash; ``key`` a random 64-bit number of its own."""

    kind: str
    value: str
    key: int
