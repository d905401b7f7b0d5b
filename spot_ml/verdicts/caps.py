"""How much verdicts may lower: nobody hides an address or a port by volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from spot_ml.ranking.pair_groups import PairGroups

#: Of an address's groups, and of the addresses that show a kind, at most this share is lowered,
SHARE = 0.5
#: or so many where that is more: an address gets as many rows a day at most, and what few machines
#: do is what a list shows.
LEAST_OF_ADDRESS = 3
LEAST_OF_KIND = 20


def capped(groups: PairGroups, wanted: Iterable[int]) -> set[int]:
    """Give the groups that stay as they are, of those wanted to be lowered; first come, first."""
    of_address = np.maximum(SHARE * np.bincount(groups.document), LEAST_OF_ADDRESS)
    of_kind = np.maximum(SHARE * np.bincount(groups.kind), LEAST_OF_KIND)
    addresses: Counter[int] = Counter()
    kinds: Counter[int] = Counter()
    over: set[int] = set()
    for group in wanted:
        address, kind = int(groups.document[group]), int(groups.kind[group])
        if addresses[address] + 1 > of_address[address] or kinds[kind] + 1 > of_kind[kind]:
            over.add(group)
            continue
        addresses[address] += 1
        kinds[kind] += 1
    return over
