"""Formats whose lines are JSON objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from spot_ingest.accounting import Batch
from spot_ingest.readers.proxylog import columns
from spot_ingest.readers.proxylog.blocks import Block
from spot_ingest.readers.proxylog.format import Format
from spot_ingest.readers.proxylog.text import unmistakable
from spot_ingest.readers.proxylog.tokens import Ints, Lines, Split

_SAMPLE = 20
#: Types of a field by what it is in the first lines; any other is read as text.
_TYPES = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    list: pa.list_(pa.string()),
}
_LINES = Split(b"\n")


class JsonReader:
    """Reads the blocks of one log.

    A block is read at once where each line is an object with values of the same types as in the
    first lines; otherwise line by line, with the same rows as outcome.
    """

    def __init__(self, log_format: Format) -> None:
        self._format = log_format
        self._names = sorted(log_format.fields)

    def names_fields(self, _block: Block) -> bool:
        """No line says what the fields of others are."""
        return False

    def read(self, block: Block) -> Iterator[Batch]:
        """Turn the lines of a block into rows, or set them aside."""
        lines = Lines(block.text, _LINES)
        told = np.flatnonzero(lines.counts)
        if len(told) == 0:
            return
        texts = self._at_once(lines, told)
        if texts is None:
            found = {int(n): _object(lines.text(int(n))) for n in told}
            bad = [n for n, given in found.items() if given is None]
            if bad:
                reason = "the line is no JSON object"
                yield columns.nothing(block.reject(n, reason) for n in bad)
            good = {n: given for n, given in found.items() if given is not None}
            told = np.array(list(good), np.int64)
            texts = self._one_by_one(list(good.values()))
        if len(told):
            yield columns.rows_of(self._format, texts, len(told)).batch(block, told)

    def _at_once(self, lines: Lines, told: Ints) -> dict[str, Any] | None:
        """Read all lines of a block; None where they are not alike, or not all are objects."""
        if not _enclosed(lines, told) or not _is_utf8(lines.block):
            return None
        schema = self._schema([lines.text(int(n)) for n in told[:_SAMPLE]])
        try:
            table = pj.read_json(
                pa.BufferReader(lines.block),
                read_options=pj.ReadOptions(use_threads=False, block_size=len(lines.block) + 1),
                parse_options=pj.ParseOptions(
                    explicit_schema=schema, unexpected_field_behavior="ignore"
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != len(told):
            return None
        return {name: _texts(table[name].combine_chunks()) for name in self._names}

    def _schema(self, sample: list[bytes]) -> pa.Schema:
        """Guess the types of the fields of interest."""
        kinds: dict[str, pa.DataType] = {}
        for line in sample:
            for name, value in (_object(line, exact=False) or {}).items():
                if value is not None:
                    kinds.setdefault(name, _TYPES.get(type(value), pa.string()))
        return pa.schema([(name, kinds.get(name, pa.string())) for name in self._names])

    def _one_by_one(self, objects: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            name: unmistakable(pa.array([_text(one.get(name)) for one in objects], pa.string()))
            for name in self._names
        }


def _enclosed(lines: Lines, told: Ints) -> bool:
    """Tell whether each line begins and ends as an object does: then none goes over two lines."""
    data = np.frombuffer(lines.block, np.uint8)
    last = lines.ends[told] - 1
    last = last - (data[last] == ord("\r"))
    return bool((lines.initials[told] == ord("{")).all() and (data[last] == ord("}")).all())


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _object(line: bytes, *, exact: bool = True) -> dict[str, Any] | None:
    """Read one line; None where it is no object. With ``exact`` numbers stay as they are written.

    Half of a character, which a string of JSON can name, is no text and makes it none.
    """
    number: dict[str, Any] = {"parse_int": str, "parse_float": str} if exact else {}
    try:
        found = json.loads(line.decode(), **number)
        if rb"\u" in line:
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(value: Any) -> str:
    """Give a value of one line as text."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return json.dumps(value)


def _texts(column: Any) -> Any:
    """Give a column's values as texts."""
    if pa.types.is_list(column.type):
        column = pc.binary_join(column, ",")
    return unmistakable(pc.fill_null(column.cast(pa.string()), "-"))
