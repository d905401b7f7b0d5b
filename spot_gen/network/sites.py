"""What ordinary sites are used for: which ones encrypt, and those of a kind by popularity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spot_gen.network.names import CATEGORIES, ROLES, Names
from spot_gen.streams import Floats, Ints

#: Of sixteen sites in the order of popularity these encrypt. What they load from others is
#: encrypted too, so this makes about half of all requests.
_SECURE = (1, 3, 5, 8, 10, 12, 15)
#: Kinds of sites that are visited for what they are, and not only for being popular.
_VISITED_AS_SUCH = (
    "Web Ads/Analytics", "Content Servers", "Streaming Media", "Software Downloads",
    "File Storage/Sharing",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sites:
    """Kinds of ordinary sites; places in [0, 1) choose among them by their popularity."""

    names: Names

    @cached_property
    def secure(self) -> np.ndarray:
        """Say of each site whether it is reached by HTTPS."""
        secure = np.zeros(len(self.names.site), bool)
        kinds = [CATEGORIES.index(name) for name in _VISITED_AS_SUCH]
        rest = ~np.isin(self.names.category, kinds)
        for inside in (rest, *(self.names.category == kind for kind in kinds)):
            rows = np.flatnonzero(inside)
            secure[rows] = np.isin(np.arange(len(rows)) % 16, _SECURE)
        return secure

    @cached_property
    def _pools(self) -> dict[str, Ints]:
        everything = np.arange(len(self.names.site))
        pools = {
            name: np.flatnonzero(self.names.category == number)
            for number, name in enumerate(CATEGORIES)
        }
        return {name: pool if len(pool) else everything for name, pool in pools.items()}

    def of_kind(self, category: str, place: Floats) -> Ints:
        """Return sites of a category; KeyError for one that does not exist."""
        pool = self._pools[category]
        edges = np.cumsum(1.0 / np.arange(3, len(pool) + 3))
        found = np.searchsorted(edges, place * edges[-1], side="right")
        chosen: Ints = pool[np.minimum(found, len(pool) - 1)]
        return chosen

    def host(self, site: Ints, role: str) -> Ints:
        """Return the host number of a role of each site; ValueError for an unknown role."""
        return site * len(ROLES) + ROLES.index(role)
