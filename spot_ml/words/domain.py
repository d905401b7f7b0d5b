"""Domain and subdomain of a host name, and the features made from them.

A name is split at its dots; one country code and one generic name are taken off its end; the
last part that remains is the domain. Only one label counts: ``www.bbc.co.uk`` has the domain
``co``. An absent domain is the text ``None``. The public suffix list takes names apart below any
ending: ``bbc``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from publicsuffixlist import PublicSuffixList

from spot_common.errors import DataError
from spot_ml.words.entropy import entropies, utf16_lengths

ABSENT = "None"

GENERIC_NAMES = frozenset(["com", "org", "net", "int", "edu", "gov", "mil"])

_CODES = """
    ac ad ae af ag ai al am an ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br
    bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec
    ee eg eh er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy
    hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr krd kw ky kz
    la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my
    mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs
    ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl
    tm tn to tp tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""

#: Two-letter codes, historical ones included, and one of three letters.
COUNTRY_CODES = frozenset(_CODES.split())


#: What is no name of a host below a registered domain: addresses, and look-ups of addresses.
_NO_NAME = re.compile(r"(^|\.)\d+$|:|(^|\.)arpa$")
_PORT = re.compile(r":\d+$")


class Name(NamedTuple):
    """A host name taken apart. ``parts`` is the number of its dot-separated parts."""

    domain: str
    subdomain: str
    parts: int


def split_name(name: str) -> Name:
    """Take a host name apart, as it is written (no lower-casing, no port handling)."""
    labels = _labels(name)
    count = len(labels)
    if count < 2 or not (labels[-1] in COUNTRY_CODES or labels[-1] in GENERIC_NAMES):
        return Name(ABSENT, ABSENT, count)
    if labels[-1] in COUNTRY_CODES:
        labels.pop()
    if labels and labels[-1] in GENERIC_NAMES:
        labels.pop()
    if not labels:
        return Name(ABSENT, ABSENT, count)
    *below, domain = labels
    return Name(domain, ".".join(below) if below else ABSENT, count)


def _labels(name: str) -> list[str]:
    """What is between the dots of a name, without empty ones at its end."""
    labels = name.split(".")
    if name:
        while labels and not labels[-1]:
            labels.pop()
    return labels


@lru_cache
def suffixes() -> PublicSuffixList:
    """The endings under which names are registered; of an unknown one the last label."""
    return PublicSuffixList(only_icann=True)


def registered_name(name: str) -> Name:
    """Take a host name apart by the public suffix list, in lower case and without a port.

    Addresses, reverse look-ups, single labels and bare endings have no domain.
    """
    host = _PORT.sub("", name.lower()).rstrip(".")
    parts = len(_labels(name))
    registered = None if _NO_NAME.search(host) else suffixes().privatesuffix(host)
    if not registered:
        return Name(ABSENT, ABSENT, parts)
    below = host[: -len(registered) - 1]
    return Name(registered.partition(".")[0], below or ABSENT, parts)


def domain_class(domain: str, user_domain: str, top_domains: Collection[str]) -> int:
    """2 for the user's own domain, 1 for one of the top list, 0 for any other."""
    if user_domain and domain == user_domain:
        return 2
    return 1 if domain in top_domains else 0


@dataclass(frozen=True)
class DomainFeatures:
    """Features of one host name per entry.

    ``kind`` is the domain class (0, 1, 2), ``length`` the subdomain's length in UTF-16 units,
    ``entropy`` the subdomain's in bits, ``parts`` the number of parts of the whole name.
    """

    kind: NDArray[np.int64]
    length: NDArray[np.int64]
    entropy: NDArray[np.float64]
    parts: NDArray[np.int64]


def domain_features(
    names: pa.Array,
    user_domain: str,
    top_domains: Collection[str],
    taken_apart: Callable[[str], Name] = split_name,
) -> DomainFeatures:
    """Compute the features of every name, once per distinct one; a missing name counts as ''."""
    encoded = names.fill_null("").dictionary_encode()
    split = [taken_apart(name) for name in encoded.dictionary.to_pylist()]
    below = pa.array(
        ["" if name.subdomain == ABSENT else name.subdomain for name in split], pa.string()
    )
    kinds = [domain_class(name.domain, user_domain, top_domains) for name in split]
    index = encoded.indices.to_numpy()
    return DomainFeatures(
        kind=np.array(kinds, np.int64)[index],
        length=utf16_lengths(below)[index],
        entropy=entropies(below)[index],
        parts=np.array([name.parts for name in split], np.int64)[index],
    )


def top_labels(lines: Iterable[str]) -> frozenset[str]:
    """Build the top list from lines ``rank,name``: of each name the part before its first dot.

    Blank lines are passed over. A line without a comma raises DataError with its number.
    """
    labels = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fields = line.rstrip("\r\n").split(",")
        if len(fields) < 2:
            raise DataError(
                f"line {number} of the top domain list is not 'rank,name': {line.strip()[:80]!r}",
                hint="give one rank and one name per line, separated by a comma",
            )
        labels.add(fields[1].split(".", 1)[0])
    return frozenset(labels)
