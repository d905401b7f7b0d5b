"""Lines of several sources put in order of time, without holding more than a block of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from spot_gen.template.lines import Block

_NEVER = (1 << 63) - 1


def in_order(sources: list[Iterator[Block]]) -> Iterator[Block]:
    """Yield the lines of all sources by time; equal times by source, then as they came.

    A line is held back until every source has told (``until_us``) that nothing earlier follows.
    """
    told = dict.fromkeys(range(len(sources)), -1)
    held, whose = Block.joined([]), np.empty(0, np.int64)
    released = -1
    while told:
        behind = min(told, key=lambda number: told[number])
        block = next(sources[behind], None)
        if block is None:
            del told[behind]
        else:
            told[behind] = block.until_us
            held = Block.joined([held, block], share=held.share + block.share)
            whose = np.append(whose, np.full(len(block.lines), behind))
        safe = min(told.values(), default=_NEVER)
        if safe > released:
            released = safe
            ready = held.time_us < safe
            order = np.lexsort((whose[ready], held.time_us[ready]))
            yield held.take(np.flatnonzero(ready)[order])
            held, whose = replace(held.take(~ready), share=0.0), whose[~ready]
