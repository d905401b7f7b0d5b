"""The ordinary outside world: sites with pronounceable names, their hosts, networks and addresses.

A *site* is a registrable domain below ``.example``, number 0 the most visited. A *host* is a full
name below a site: each site has ``ROLES`` of them, host number ``site * len(ROLES) + role``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.network.addresses import OUTSIDE, OUTSIDE_6, Addresses, four, is_internal, packed
from spot_gen.streams import Floats, Ints, child, integers, pick, stream_key, uniform

#: What a host of a site serves: pages, pictures and scripts, an interface, its name without "www".
ROLES = ("www.", "static.", "api.", "")

CATEGORIES = (
    "News/Media", "Business/Economy", "Technology/Internet", "Shopping", "Search Engines/Portals",
    "Social Networking", "Web Ads/Analytics", "Content Servers", "Reference", "Travel",
    "Education", "Health", "Sports/Recreation", "Financial Services", "Streaming Media",
    "Government/Legal", "Software Downloads", "File Storage/Sharing", "Web Hosting", "Productivity",
)  # fmt: skip
COUNTRIES = ("DE", "FR", "NL", "SE", "US", "US", "US", "GB", "IE", "CA", "JP", "SG", "BR", "ZA")
#: Seconds that an answer may be kept. None exceeds the memory of ``lookups.Memory``.
TTLS = (20, 60, 60, 120, 300, 300, 600, 900)

_ONSETS = [
    "b",
    "c",
    "d",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "w",
    "z",
    "br",
    "cl",
    "dr",
    "fl",
    "gr",
    "kr",
    "pl",
    "pr",
    "sl",
    "st",
    "tr",
]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ou"]
_CODAS = ["", "", "", "l", "n", "r", "s", "m", "x"]
_WORDS = ("", "", "", "", "media", "shop", "lab", "works", "news", "cloud", "soft", "world")
OUTSIDE_BLOCKS = 256
_FIRST_ASN = 64_512


@dataclass(frozen=True)
class Names:
    """All ordinary names.

    Arrays by site: ``site``, ``category``, ``network``, ``listed``; by host: ``host``, ``ttl``
    (seconds), ``address`` (n, 2), ``address_6`` (n, 2; 0 for none), ``records`` and ``records_6``
    (lists of record data), ``alias`` (CNAME, empty for none).
    """

    site: pa.StringArray
    popularity: Floats
    category: Ints
    network: Ints
    listed: np.ndarray
    host: pa.StringArray
    ttl: Ints
    address: Addresses
    address_6: Addresses
    records: pa.ListArray
    records_6: pa.ListArray
    alias: pa.StringArray

    def visited(self, place: Floats) -> Ints:
        """Return the sites at places in [0, 1) of the Zipf distribution of visits."""
        edges = self.popularity
        found: Ints = np.searchsorted(edges, place * edges[-1], side="right")
        return np.minimum(found, len(edges) - 1)

    def authority(self, site: Ints) -> Addresses:
        """Return the name server that answers for each site, in the site's network."""
        return four(int(OUTSIDE[0]) + self.network[site] * 512 + 53)


def make_names(seed: int, count: int, unlisted: float, six: float) -> Names:
    """Make ``count`` sites; ``unlisted`` of them miss in the top list, ``six`` have IPv6."""
    keys = child(stream_key(seed, "names"), np.arange(count))
    sites = _sites(keys)
    network = integers(keys, 1, 0, OUTSIDE_BLOCKS)
    hosts = np.repeat(np.arange(count), len(ROLES))
    role = np.tile(np.arange(len(ROLES)), count)
    host_keys = child(keys[hosts], role)
    address = _addresses(host_keys, network[hosts])
    address_6 = _addresses_6(address, uniform(keys, 2)[hosts] < six)
    names = pc.binary_join_element_wise(
        pa.array(ROLES).take(pa.array(role)), pa.array(sites).take(pa.array(hosts)), ""
    )
    return Names(
        site=pa.array(sites),
        popularity=np.cumsum(1.0 / np.arange(3, count + 3)),
        category=pick(keys, 3, np.ones(len(CATEGORIES))),
        network=network,
        listed=uniform(keys, 4) >= unlisted,
        host=names,
        ttl=np.array(TTLS)[integers(host_keys, 1, 0, len(TTLS))],
        address=address,
        address_6=address_6,
        records=_records(address, integers(host_keys, 2, 1, 5)),
        records_6=_records(address_6, (address_6[:, 0] != 0).astype(np.int64)),
        alias=_aliases(host_keys, role),
    )


def _sites(keys: np.ndarray) -> list[str]:
    """Make pronounceable names, all different: a repeated one is given another syllable."""
    used: dict[str, int] = {}
    parts = [
        (table, integers(keys, 20 + place, 0, len(table)).tolist())
        for place, table in enumerate(
            (_ONSETS, _VOWELS, _ONSETS, _VOWELS, _CODAS, _WORDS, _ONSETS, _VOWELS, _CODAS)
        )
    ]
    long = (uniform(keys, 19) < 0.4).tolist()
    sites = []
    for row in range(len(keys)):
        syllables = [table[numbers[row]] for table, numbers in parts]
        name = "".join(syllables[:5] + (syllables[6:] if long[row] else [])) + syllables[5]
        number = used.get(name, 0)
        used[name] = number + 1
        while number:
            number, digit = divmod(number, len(_VOWELS))
            name = f"{name}{_ONSETS[digit]}{_VOWELS[digit]}"
            if name not in used:
                used[name] = 1
                break
        sites.append(f"{name}.example")
    return sites


def _addresses(keys: np.ndarray, network: Ints) -> Addresses:
    """Give each host an address of its network, a block of 512 of the outside range."""
    return four(int(OUTSIDE[0]) + network * 512 + integers(keys, 0, 64, 500))


def _addresses_6(four_addresses: Addresses, has: np.ndarray) -> Addresses:
    high = np.uint64(int(OUTSIDE_6[0]) >> 64)
    low = four_addresses[:, 1]
    six = np.stack([np.full(len(low), high) + (low >> np.uint64(9)) % np.uint64(256), low], axis=-1)
    return np.where(has[:, None], six, np.uint64(0))


def _records(address: Addresses, counts: Ints) -> pa.ListArray:
    """Return ``counts`` records per host: its own address and those beside it."""
    rows = np.repeat(np.arange(len(address)), counts)
    starts = np.cumsum(counts) - counts
    beside = (np.arange(len(rows)) - starts[rows]).astype(np.uint64)
    spread = address[rows].copy()
    spread[:, 1] += beside
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, pa.array(packed(spread), pa.binary()))


def _aliases(keys: np.ndarray, role: Ints) -> pa.StringArray:
    """Give a third of the hosts for pictures an alias in a content network."""
    aliased = (role == ROLES.index("static.")) & (uniform(keys, 3) < 0.33)
    numbers = pa.array(integers(keys, 4, 10_000, 99_999)).cast(pa.string())
    edge = pc.binary_join_element_wise("e", numbers, ".edge.cachenet.example", "")
    return pc.if_else(pa.array(aliased), edge, "")


def autonomous_systems(hi: np.ndarray, lo: np.ndarray) -> Ints:
    """Return the AS number of each address, 0 inside the organisation."""
    block = ((lo - np.uint64(int(OUTSIDE[0]))) >> np.uint64(9)).astype(np.int64) % OUTSIDE_BLOCKS
    return np.where(is_internal(hi, lo), 0, _FIRST_ASN + block)
