"""The ``dns`` objects of Suricata's ``eve.json``, in the layouts of versions 2 and 3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.events import numbers
from spot_gen.text import digits, joined, json_objects, json_strings
from spot_gen.writers.answers import Answers, answers, rcode_names, type_names
from spot_gen.writers.eve import if_set


@dataclass(frozen=True)
class Layout:
    """How ``dns`` objects look. ``server_first``: answers are told from the server's side."""

    query: Callable[[pa.Table], pa.Array]
    answer: Callable[[pa.Table], pa.Array]
    server_first: bool


def _query_2(table: pa.Table) -> pa.Array:
    told = {"id": _number(table, "txid"), "type": '"query"', **_question(table), "tx_id": "0"}
    return json_objects({**told, "opcode": "0"})


def _answer_2(table: pa.Table) -> pa.Array:
    told = {"id": _number(table, "txid"), "version": "2", "type": '"answer"'}
    return json_objects({**told, **_flags(table), **_question(table), **_result(table)})


def _query_3(table: pa.Table) -> pa.Array:
    asked = numbers(table, "flags").astype(np.int64) & 0x0110
    told = {
        "id": _number(table, "txid"),
        "version": "3",
        "type": '"request"',
        "tx_id": "0",
        "flags": joined('"', _hexadecimal(asked), '"'),
        "rd": if_set(asked & 0x0100),
        "opcode": "0",
        "rcode": '"NOERROR"',
        "queries": _questions(table),
    }
    return json_objects(told)


def _answer_3(table: pa.Table) -> pa.Array:
    told = {"id": _number(table, "txid"), "version": "3", "type": '"response"', "tx_id": "1"}
    return json_objects({**told, **_flags(table), "queries": _questions(table), **_result(table)})


LAYOUTS = {2: Layout(_query_2, _answer_2, False), 3: Layout(_query_3, _answer_3, True)}


def _number(table: pa.Table, name: str) -> pa.Array:
    return digits(table[name].combine_chunks())


def _question(table: pa.Table) -> dict[str, pa.Array]:
    return {
        "rrname": json_strings(table["qname"]),
        "rrtype": json_strings(type_names(numbers(table, "qtype"))),
    }


def _questions(table: pa.Table) -> pa.Array:
    return joined("[", json_objects(_question(table)), "]")


def _flags(table: pa.Table) -> dict[str, Any]:
    """Write the header bits of answers."""
    bits = numbers(table, "flags").astype(np.int64)
    whole = bits | 0x8000 | numbers(table, "rcode").astype(np.int64)
    return {
        "flags": joined('"', _hexadecimal(whole), '"'),
        "qr": "true",
        **{
            name: if_set(bits & bit)
            for name, bit in (("aa", 0x400), ("tc", 0x200), ("rd", 0x100), ("ra", 0x80))
        },
        "opcode": "0",
    }


def _hexadecimal(values: np.ndarray) -> pa.Array:
    """Write 16-bit numbers as hexadecimal ones, with leading zeros."""
    return joined(*(_PAIRS.take(pa.array(part)) for part in (values >> 8, values & 255)))


_PAIRS = pa.array([f"{number:02x}" for number in range(256)])


def _result(table: pa.Table) -> dict[str, pa.Array]:
    """Write code and answers, the latter also grouped by type."""
    found = answers(table)
    one = json_objects(
        {
            "rrname": json_strings(found.owner),
            "rrtype": json_strings(type_names(found.kind)),
            "ttl": digits(numbers(table, "ttl").astype(np.int64)[found.row]),
            "rdata": json_strings(found.text),
        }
    )
    there = pa.array(np.diff(found.edges) > 0)
    listed = joined("[", pc.binary_join(found.grouped(one), ","), "]")
    return {
        "rcode": json_strings(rcode_names(numbers(table, "rcode"))),
        "answers": pc.if_else(there, listed, None),
        "grouped": pc.if_else(there, _grouped(found, table.num_rows), None),
    }


def _grouped(found: Answers, size: int) -> pa.Array:
    """Write the texts of the answers by type: ``{"A":["…","…"]}``."""
    texts, parts = json_strings(found.text), []
    for kind in np.unique(found.kind).tolist():
        rows = np.flatnonzero(found.kind == kind)
        counts = np.bincount(found.row[rows], minlength=size)
        edges = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        lists = pa.ListArray.from_arrays(pa.array(edges), texts.take(pa.array(rows)))
        name = type_names(np.array([kind]))[0].as_py()
        text = joined(f',"{name}":[', pc.binary_join(lists, ","), "]")
        parts.append(pc.if_else(pa.array(counts > 0), text, ""))
    if not parts:
        return pa.repeat("{}", size)
    return joined("{", pc.utf8_slice_codeunits(joined(*parts), 1), "}")
