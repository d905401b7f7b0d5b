"""Damage that logs suffer on their way: a share of ordinary lines, each known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.events import numbers
from spot_gen.streams import integers, uniform


def _cut(line: bytes, place: int) -> bytes:
    """Lose the end of a line."""
    return line[: 1 + place % max(1, len(line) * 3 // 4)]


def _quote(line: bytes, place: int) -> bytes:
    """Lose a quote, or gain one where there is none."""
    quotes = [i for i, byte in enumerate(line) if byte == ord('"')]
    if not quotes:
        at = place % len(line)
        return line[:at] + b'"' + line[at:]
    at = quotes[place % len(quotes)]
    return line[:at] + line[at + 1 :]


def _encoding(line: bytes, place: int) -> bytes:
    """Gain letters of another encoding."""
    at = place % len(line)
    return line[:at] + b"\xe9\xfc\xf1" + line[at:]


def _nul(line: bytes, place: int) -> bytes:
    """Gain bytes of nothing, as after a power failure."""
    at = place % len(line)
    return line[:at] + b"\0" * (1 + place % 7) + line[at:]


KINDS: dict[str, Callable[[bytes, int], bytes]] = {
    "cut": _cut,
    "quote": _quote,
    "encoding": _encoding,
    "nul": _nul,
}


class Damage:
    """Damages a share of the lines of ordinary events, chosen by their ``order``."""

    def __init__(self, share: float) -> None:
        self.share = share

    def done(self, lines: pa.Array, table: pa.Table) -> tuple[pa.Array, list[tuple[int, str]]]:
        """Return lines, some of them damaged, and which they are (row, kind)."""
        if not self.share:
            return lines, []
        order = numbers(table, "order")
        hit = (uniform(order, 50) < self.share) & (numbers(table, "label") == 0)
        rows = np.flatnonzero(hit)
        kinds = [list(KINDS)[kind] for kind in integers(order[rows], 51, 0, len(KINDS)).tolist()]
        places = integers(order[rows], 52, 0, 1 << 31).tolist()
        whole = lines.cast(pa.binary())
        originals = [line[:-1] for line in whole.take(pa.array(rows)).to_pylist()]
        broken = [
            KINDS[kind](line, place) + b"\n"
            for kind, line, place in zip(kinds, originals, places, strict=True)
        ]
        damaged = pc.replace_with_mask(whole, pa.array(hit), pa.array(broken, pa.binary()))
        return damaged, list(zip(rows.tolist(), kinds, strict=True))
