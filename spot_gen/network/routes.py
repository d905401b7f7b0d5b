"""What the router knows of addresses: interfaces, AS numbers, masks, and the next router."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spot_gen.network.addresses import OUTSIDE, is_internal, is_six
from spot_gen.network.names import autonomous_systems
from spot_gen.streams import Keys

#: Interface by the third octet of an internal address; workstations are behind number 2.
_OUTSIDE_INTERFACE = 1
_INTERFACES = np.full(256, 2, np.uint16)
_INTERFACES[1:5] = (3, 4, 5, 6)
#: The provider's router.
_PROVIDER = np.uint32(int(OUTSIDE[1]))


def routes(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Look up both ends of flows: columns ``src_*`` and ``dst_*`` of ``spot_gen.export.RECORDS``.

    Returns ``input``, ``output``, ``*_as``, ``*_mask`` and ``next_hop`` (IPv4; 0 where the
    destination is inside or IPv6).
    """
    src, dst = (_end(columns[f"{end}_hi"], columns[f"{end}_lo"]) for end in ("src", "dst"))
    outward = (dst["interface"] == _OUTSIDE_INTERFACE) & ~is_six(columns["dst_hi"])
    return {
        "input": src["interface"],
        "output": dst["interface"],
        "src_as": src["as"],
        "dst_as": dst["as"],
        "src_mask": src["mask"],
        "dst_mask": dst["mask"],
        "next_hop": np.where(outward, _PROVIDER, np.uint32(0)),
    }


def _end(hi: Keys, lo: Keys) -> dict[str, Any]:
    six, inside = is_six(hi), is_internal(hi, lo)
    third = np.where(six, hi, lo >> np.uint64(8)) & np.uint64(255)
    return {
        "interface": np.where(inside, _INTERFACES[third.astype(np.intp)], _OUTSIDE_INTERFACE),
        "as": autonomous_systems(hi, lo),
        "mask": np.where(six, np.where(inside, 64, 32), np.where(inside, 24, 23)),
    }
