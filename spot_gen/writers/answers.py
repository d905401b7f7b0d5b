"""Answers of look-ups as text, one row for each: what sensors that read DNS write down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.events import numbers
from spot_gen.network.addresses import text as address_text
from spot_gen.protocols import AAAA, CNAME, NO_ANSWER, TXT, A
from spot_gen.ragged import Bytes, Ragged
from spot_gen.streams import Ints

#: Where the name begins in the data of types that have one.
_NAMES = {2: 0, 5: 0, 6: 0, 12: 0, 15: 2, 33: 6, 39: 0}
#: How the data of one type becomes text.
_Reader = Callable[[Ragged], pa.Array]

#: Names of the types that occur; others are ``TYPEn``.
TYPES = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA",
    33: "SRV", 35: "NAPTR", 39: "DNAME", 43: "DS", 46: "RRSIG", 48: "DNSKEY", 64: "SVCB",
    65: "HTTPS", 252: "AXFR", 255: "ANY",
}  # fmt: skip
RCODES = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
    6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE",
}  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """All answers, those of look-up i from ``edges[i]`` to ``edges[i + 1]``; an alias comes first.

    ``row``: which look-up; ``kind``: record type; ``text``; ``owner``: the name it is of;
    ``size``: bytes of record data, 0 of an alias.
    """

    edges: Ints
    row: Ints
    kind: Ints
    text: pa.Array
    owner: pa.Array
    size: Ints

    def grouped(self, texts: pa.Array) -> pa.ListArray:
        """Return one list per look-up of texts, one per answer."""
        return pa.ListArray.from_arrays(pa.array(self.edges.astype(np.int32)), texts)


def answers(lookups: pa.Table) -> Answers:
    """Read the answers of look-ups; those to which none came have none."""
    came = numbers(lookups, "rcode") != NO_ANSWER
    listed = lookups.column("answers").combine_chunks()
    counts = pc.list_value_length(listed).to_numpy() * came
    data = Ragged.of(listed.filter(pa.array(came)).flatten())
    alias = lookups.column("cname").combine_chunks()
    aliased = pc.not_equal(alias, "").to_numpy(zero_copy_only=False) & came
    edges = np.concatenate([[0], np.cumsum(counts + aliased)])
    row = np.repeat(np.arange(len(counts)), counts + aliased)
    first = np.zeros(len(row), bool)
    first[edges[:-1][aliased]] = True
    kind = np.where(first, CNAME, numbers(lookups, "answer_type")[row]).astype(np.int64)
    texts = pa.concat_arrays([alias.filter(pa.array(aliased)), _texts(data, kind[~first])])
    place = np.where(first, np.cumsum(first) - 1, aliased.sum() + np.cumsum(~first) - 1)
    names = lookups.column("qname").combine_chunks().take(pa.array(row))
    behind = pa.array(aliased[row] & ~first)
    owner = pc.if_else(behind, alias.take(pa.array(row)), names)
    size = np.zeros(len(row), np.int64)
    size[~first] = data.lengths
    return Answers(edges, row, kind, texts.take(pa.array(place)), owner, size)


def _texts(data: Ragged, kind: Ints) -> pa.Array:
    """Write record data of several types as text."""
    parts, places = [pa.array([], pa.string())], [np.zeros(0, np.int64)]
    for number in np.unique(kind).tolist():
        rows = np.flatnonzero(kind == number)
        parts.append(_READERS.get(number, _printable)(data.take(rows)))
        places.append(rows)
    return pa.concat_arrays(parts).take(pa.array(np.argsort(np.concatenate(places))))


def _four(data: Ragged) -> pa.Array:
    if not (data.lengths == 4).all():
        return _printable(data)
    low = data.values.reshape(-1, 4).copy().view(">u4").reshape(-1).astype(np.uint64)
    return address_text(np.zeros_like(low), low)


def _six(data: Ragged) -> pa.Array:
    if not (data.lengths == 16).all():
        return _printable(data)
    halves = data.values.reshape(-1, 16).copy().view(">u8").astype(np.uint64)
    return address_text(halves[:, 0], halves[:, 1])


def _name_at(skip: int) -> _Reader:
    """Return what reads the name that begins after ``skip`` bytes."""

    def read(data: Ragged) -> pa.Array:
        values = data.values.copy()
        start = data.offsets[:-1] + skip
        place, stop = start.copy(), data.offsets[1:]
        going = np.flatnonzero(place < stop)
        while len(going):
            length = values[place[going]].astype(np.int64)
            values[place[going]] = ord(".")
            going, length = going[length > 0], length[length > 0]
            place[going] += length + 1
            going = going[place[going] < stop[going]]
        lengths = np.maximum(place - start - 1, 0)
        return _printable(_cut(values, start + 1, lengths))

    return read


def _cut(values: Bytes, starts: Ints, lengths: Ints) -> Ragged:
    """Return the rows of bytes that begin at ``starts``."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    inside = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    return Ragged(values[np.repeat(starts, lengths) + inside], offsets)


def _strings(data: Ragged) -> pa.Array:
    """Read text records: strings with a length byte before each, joined."""
    kept = np.ones(len(data.values), bool)
    place, stop = data.offsets[:-1].copy(), data.offsets[1:]
    lost = np.zeros(len(data), np.int64)
    going = np.flatnonzero(place < stop)
    while len(going):
        at = place[going]
        kept[at] = False
        lost[going] += 1
        place[going] = at + data.values[at] + 1
        going = going[place[going] < stop[going]]
    offsets = np.concatenate([[0], np.cumsum(data.lengths - lost)])
    return _printable(Ragged(data.values[kept], offsets))


def _printable(data: Ragged) -> pa.Array:
    r"""Write bytes as text: those that are no ASCII as ``\xNN``."""
    if not (data.values > 0x7F).any():
        buffers = [pa.py_buffer(data.offsets.astype(np.int32)), pa.py_buffer(data.values.tobytes())]
        return pa.StringArray.from_buffers(len(data), *buffers)
    pieces = _PIECES.take(pa.array(data.values))
    return pc.binary_join(pa.ListArray.from_arrays(data.offsets.astype(np.int32), pieces), "")


#: How each byte is written.
_PIECES = pa.array([chr(b) if b <= 0x7F else f"\\x{b:02x}" for b in range(256)])

_READERS: dict[int, _Reader] = {
    A: _four,
    AAAA: _six,
    TXT: _strings,
    **{kind: _name_at(skip) for kind, skip in _NAMES.items()},
}


def type_names(kinds: np.ndarray) -> pa.Array:
    """Return the names of record types."""
    return _named(kinds, TYPES, "TYPE")


def rcode_names(codes: np.ndarray) -> pa.Array:
    """Return the names of response codes."""
    return _named(codes, RCODES, "RCODE")


def _named(values: np.ndarray, names: dict[int, str], rest: str) -> pa.Array:
    found, place = np.unique(values, return_inverse=True)
    texts = [names.get(int(value), f"{rest}{value}") for value in found.tolist()]
    return pa.array(texts, pa.string()).take(pa.array(place))
