"""Which addresses are the organisation's own: the ranges of ``ipranges.csv``."""

from __future__ import annotations

import csv
import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from spot_common import log

_logger = log.get("oa.internal")

Range = tuple[int, int]


@dataclass(frozen=True)
class InternalRanges:
    """Ranges of addresses, merged and sorted, per IP version.

    Both ends of a range are inside it. IPv4 and IPv6 never match each other, except that an
    IPv4-mapped IPv6 address (``::ffff:10.0.0.1``) counts as the IPv4 address in it.
    """

    by_version: dict[int, tuple[Range, ...]] = field(default_factory=dict)

    def contains(self, address: str | None) -> bool:
        """Tell whether an address lies within any range; False for what is no address."""
        try:
            parsed = _unmap(ipaddress.ip_address(address or ""))
        except ValueError:
            return False
        ranges = self.by_version.get(parsed.version, ())
        value = int(parsed)
        position = bisect_right(ranges, value, key=lambda one: one[0]) - 1
        return position >= 0 and value <= ranges[position][1]


def read_ranges(path: Path) -> InternalRanges:
    """Read ``first,last[,name]`` lines (no header); a line whose ends are no addresses is left out.

    Without the file nothing is internal, and a warning is logged.
    """
    if not path.is_file():
        log.event(_logger, "internal_ranges_missing", level=30, file=str(path))
        return InternalRanges()
    with path.open(newline="", encoding="utf-8", errors="replace") as lines:
        return parse_ranges(csv.reader(line for line in lines if not line.startswith("#")))


def parse_ranges(rows: Iterable[list[str]]) -> InternalRanges:
    """Make the ranges from the fields of each line."""
    found: dict[int, list[Range]] = {}
    for row in rows:
        ends = _ends(row)
        if ends is not None:
            version, bounds = ends
            found.setdefault(version, []).append(bounds)
    return InternalRanges({version: _merged(ranges) for version, ranges in found.items()})


def _ends(row: list[str]) -> tuple[int, Range] | None:
    try:
        first, last = (_unmap(ipaddress.ip_address(text.strip())) for text in row[:2])
    except ValueError:
        return None
    if first.version != last.version or int(first) > int(last):
        return None
    return first.version, (int(first), int(last))


def _unmap(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return getattr(address, "ipv4_mapped", None) or address


def _merged(ranges: list[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)
