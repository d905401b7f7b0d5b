"""DNS messages of look-ups (RFC 1035, 6891, 7766), all of a table made at once.

A question is a header, the question and, where ``edns``, an OPT record. An answer repeats these and
has, in between, an optional alias and the answers: their names are pointers to the question's name
or, behind an alias, to the alias. Where a name or its data does not exist (no answers, code 0 or
3), the authority section has the zone's start of authority (RFC 2308); the zone is taken to be the
last two labels of the name.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_common.errors import DataError
from spot_gen.dnswire.names import name_sizes, names, zones
from spot_gen.events import numbers
from spot_gen.protocols import CNAME, NO_ANSWER, TCP
from spot_gen.ragged import Ints, Ragged, Rows

Numbers = NDArray[Any]

PORT = 53

_SOA, _OPT = 6, 41
_INTERNET = 1
_RESPONSE, _TRUNCATED = 0x8000, 0x0200
#: The bits that an answer repeats of its question: recursion desired, checking disabled.
_ASKED = 0x0110
#: Where the question's name begins; a pointer to it.
_NAME_AT, _POINTER = 12, 0xC000
_NEGATIVE_LIFE = 300
_UDP_SIZE = 1232

_HEADER = np.dtype(
    [
        ("id", ">u2"), ("flags", ">u2"),
        ("questions", ">u2"), ("answers", ">u2"), ("authorities", ">u2"), ("others", ">u2"),
    ]
)  # fmt: skip
_QUESTION = np.dtype([("type", ">u2"), ("class", ">u2")])
_RECORD = np.dtype(
    [("name", ">u2"), ("type", ">u2"), ("class", ">u2"), ("ttl", ">u4"), ("length", ">u2")]
)
_OPT_RECORD = np.dtype(
    [("name", "u1"), ("type", ">u2"), ("size", ">u2"), ("ttl", ">u4"), ("length", ">u2")]
)
_START = np.dtype(
    [
        ("record", _RECORD), ("host", "S4"), ("host_zone", ">u2"), ("mail", "S11"),
        ("mail_zone", ">u2"), ("serial", ">u4"), ("refresh", ">u4"), ("retry", ">u4"),
        ("expire", ">u4"), ("minimum", ">u4"),
    ]
)  # fmt: skip
_START_DATA = _START.itemsize - _RECORD.itemsize
_PREFIX = np.dtype([("length", ">u2")])


def queries(lookups: pa.Table, *, framed: bool = False) -> Ragged:
    """Return the questions of LOOKUPS rows; ``framed``: with the length prefix TCP needs.

    DataError for a name with an empty label, a label over 63 bytes, or over 255 bytes in all.
    """
    return _message(lookups, names(lookups.column("qname")), None, framed)


def responses(lookups: pa.Table, *, framed: bool = False) -> Ragged:
    """Return the answers of LOOKUPS rows, an empty row where none came; ``framed`` as above.

    DataError as above, and for an answer that is longer than 65,535 bytes.
    """
    asked = names(lookups.column("qname"))
    return _message(lookups, asked, _Answers(lookups, asked), framed)


def answered(lookups: pa.Table) -> NDArray[np.bool_]:
    """Say which look-ups got an answer."""
    got: NDArray[np.bool_] = numbers(lookups, "rcode") != NO_ANSWER
    return got


def query_sizes(lookups: pa.Table) -> Ints:
    """Return the lengths of ``queries(lookups)`` without making them."""
    size = _HEADER.itemsize + name_sizes(lookups.column("qname")) + _QUESTION.itemsize
    return size + _flag(lookups, "edns") * _OPT_RECORD.itemsize


def response_sizes(lookups: pa.Table) -> Ints:
    """Return the lengths of ``responses(lookups)`` without making them; 0 where none came."""
    size = query_sizes(lookups)
    alias = Ragged.of(lookups.column("cname")).lengths
    size += np.where(alias > 0, _RECORD.itemsize + name_sizes(lookups.column("cname")), 0)
    edges, data = _answer_data(lookups)
    size += np.diff(edges) * _RECORD.itemsize + data.grouped(edges).lengths
    size += _has_start(lookups, alias, edges) * _START.itemsize
    return np.where(answered(lookups), size, 0)


class _Answers:
    """The records of answers, and how many of them each look-up has."""

    def __init__(self, lookups: pa.Table, asked: Ragged) -> None:
        self._lookups, self._asked = lookups, asked
        self.alias = Ragged.of(lookups.column("cname")).lengths > 0
        self._edges, self._data = _answer_data(lookups)
        self.start = _has_start(lookups, self.alias, self._edges)
        self.count = np.diff(self._edges) + self.alias

    def append(self, rows: Rows) -> None:
        ttl = numbers(self._lookups, "ttl")
        at = np.flatnonzero(self.alias)
        aliases = names(self._lookups.column("cname").take(pa.array(at)))
        if len(at):
            record = _records(len(at), _POINTER | _NAME_AT, CNAME, ttl[at], aliases.lengths)
            rows.fixed(record, at)
            rows.ragged(_placed(aliases, at, len(self.alias)))
        rows.ragged(self._records(ttl))
        at = np.flatnonzero(self.start)
        rows.fixed(self._starts(at, ttl[at]), at)

    def _records(self, ttl: Numbers) -> Ragged:
        """Return the answers behind the alias, those of a look-up as one row."""
        row = np.repeat(np.arange(len(self.alias)), np.diff(self._edges))
        after = self._asked.lengths + _QUESTION.itemsize + _RECORD.itemsize
        owner = _POINTER | _NAME_AT + np.where(self.alias, after, 0)
        kind = numbers(self._lookups, "answer_type")
        heads = _records(len(row), owner[row], kind[row], ttl[row], self._data.lengths)
        return Rows(len(row)).fixed(heads).ragged(self._data).build().grouped(self._edges)

    def _starts(self, at: Ints, ttl: Numbers) -> NDArray[np.void]:
        zone = _POINTER | _NAME_AT + zones(self._asked)[at]
        life = np.where(ttl == 0, _NEGATIVE_LIFE, ttl)
        start = np.zeros(len(at), _START)
        start["record"] = _records(len(at), zone, _SOA, life, _START_DATA)
        start["host"], start["mail"] = b"\x03ns1", b"\x0ahostmaster"
        start["host_zone"] = start["mail_zone"] = zone
        start["serial"] = 2_024_030_401
        start["refresh"], start["retry"], start["expire"] = 7_200, 3_600, 1_209_600
        start["minimum"] = life
        return start


def _message(lookups: pa.Table, asked: Ragged, answers: _Answers | None, framed: bool) -> Ragged:
    size = lookups.num_rows
    edns = _flag(lookups, "edns")
    rows = Rows(size)
    if framed:
        _add_prefix(rows, lookups, answers is not None)
    rows.fixed(_header(lookups, edns, answers)).ragged(asked)
    question = np.zeros(size, _QUESTION)
    question["type"], question["class"] = numbers(lookups, "qtype"), _INTERNET
    rows.fixed(question)
    if answers is not None:
        answers.append(rows)
    at = np.flatnonzero(edns)
    extra = np.zeros(len(at), _OPT_RECORD)
    extra["type"], extra["size"] = _OPT, _UDP_SIZE
    built = rows.fixed(extra, at).build()
    return built if answers is None else _only(built, answered(lookups))


def _add_prefix(rows: Rows, lookups: pa.Table, response: bool) -> None:
    sizes = response_sizes(lookups) if response else query_sizes(lookups)
    at = np.flatnonzero(numbers(lookups, "proto") == TCP)
    if len(at) and sizes[at].max() > 0xFFFF:
        raise DataError(f"an answer of {int(sizes[at].max())} bytes does not fit into a message")
    prefix = np.zeros(len(at), _PREFIX)
    prefix["length"] = sizes[at]
    rows.fixed(prefix, at)


def _header(lookups: pa.Table, edns: Ints, answers: _Answers | None) -> NDArray[np.void]:
    header = np.zeros(lookups.num_rows, _HEADER)
    flags = numbers(lookups, "flags")
    header["id"], header["questions"], header["others"] = numbers(lookups, "txid"), 1, edns
    if answers is None:
        header["flags"] = flags & _ASKED
    else:
        header["flags"] = _RESPONSE | flags | numbers(lookups, "rcode") & 15
        header["answers"], header["authorities"] = answers.count, answers.start
    return header


def _records(
    size: int, owner: Ints | int, kind: Numbers | int, ttl: Numbers, length: Ints | int
) -> NDArray[np.void]:
    record = np.zeros(size, _RECORD)
    record["name"], record["type"], record["class"] = owner, kind, _INTERNET
    record["ttl"], record["length"] = ttl, length
    return record


def _answer_data(lookups: pa.Table) -> tuple[Ints, Ragged]:
    """Return the record data of all answers, and which of them each look-up has, as edges."""
    answers = lookups.column("answers").combine_chunks()
    edges = np.asarray(answers.offsets, np.int64)
    return edges - edges[0], Ragged.of(answers.flatten())


def _has_start(lookups: pa.Table, alias: NDArray[np.generic], edges: Ints) -> NDArray[np.bool_]:
    """Say which answers tell that there is nothing: they name the zone's start of authority."""
    rcode, flags = numbers(lookups, "rcode"), numbers(lookups, "flags")
    nothing = (np.diff(edges) == 0) & (alias == 0) & (flags & _TRUNCATED == 0)
    found: NDArray[np.bool_] = nothing & ((rcode == 0) | (rcode == 3))
    return found


def _placed(parts: Ragged, at: Ints, size: int) -> Ragged:
    """Return ``size`` rows, the given ones at positions ``at``, the others empty."""
    lengths = np.zeros(size, np.int64)
    lengths[at] = parts.lengths
    return Ragged(parts.values, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]))


def _only(rows: Ragged, wanted: NDArray[np.bool_]) -> Ragged:
    """Empty the rows that are not wanted."""
    if wanted.all():
        return rows
    at = np.flatnonzero(wanted)
    return _placed(rows.take(at), at, len(rows))


def _flag(lookups: pa.Table, name: str) -> Ints:
    flags: Ints = numbers(lookups, name).astype(np.int64)
    return flags
