"""How Zeek writes a log: tab-separated with a header that tells all, or JSON.

A log is a tuple of fields, each a name and a type of Zeek's. Values are an Arrow array per field:
times and intervals are whole microseconds, lists are lists of texts. Null means unset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.clock import moment
from spot_gen.text import digits, joined, json_objects, json_strings, seconds

Fields = tuple[tuple[str, str], ...]
Values = Mapping[str, Any]

_SPECIAL = r"[\x00-\x1f\\\x7f]|^-$|^\(empty\)$"
_SPECIAL_ITEM = r"[\x00-\x1f\\,\x7f]|^-$|^\(empty\)$"


def header(path: str, fields: Fields, window_us: int) -> bytes:
    """Return the lines before the first record."""
    lines = (
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        f"#path\t{path}",
        f"#open\t{moment(window_us):%Y-%m-%d-%H-%M-%S}",
        "#fields\t" + "\t".join(name for name, _ in fields),
        "#types\t" + "\t".join(kind for _, kind in fields),
    )
    return "".join(line + "\n" for line in lines).encode()


def tsv(fields: Fields, values: Values) -> pa.Array:
    """Return tab-separated lines."""
    columns = [pc.fill_null(_TSV[kind](_array(values[name])), "-") for name, kind in fields]
    return joined(pc.binary_join_element_wise(*columns, "\t"), "\n")


def json(fields: Fields, values: Values) -> pa.Array:
    """Return lines of JSON; what is unset is left out."""
    members = {name: _JSON[kind](_array(values[name])) for name, kind in fields}
    return joined(json_objects(members), "\n")


FORMATS: dict[str, Callable[[Fields, Values], pa.Array]] = {"tsv": tsv, "json": json}


def _array(values: Any) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    return values if isinstance(values, pa.Array) else pa.array(values)


def _seconds(values: pa.Array) -> pa.Array:
    """Write microseconds as seconds."""
    texts = seconds(pc.fill_null(values, 0).cast(pa.int64()).to_numpy())
    return pc.if_else(pc.is_valid(values), texts, None) if values.null_count else texts


def _flags(yes: str, no: str) -> Callable[[pa.Array], pa.Array]:
    return lambda values: pc.if_else(values.cast(pa.bool_()), yes, no)


def _text(values: pa.Array) -> pa.Array:
    return _escaped(values.cast(pa.string()), _SPECIAL)


def _escaped(texts: pa.Array, pattern: str) -> pa.Array:
    r"""Write what would be misread as ``\xNN``."""
    special = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    if not pc.any(special).as_py():
        return texts
    written = [_escape(text, "," in pattern) for text in texts.filter(special).to_pylist()]
    return pc.replace_with_mask(texts, special, pa.array(written, pa.string()))


def _escape(text: str, item: bool) -> str:
    if text in ("-", "(empty)"):
        return f"\\x{ord(text[0]):02x}{text[1:]}"
    odd = "\\," if item else "\\"
    return "".join(f"\\x{ord(c):02x}" if c < " " or c == "\x7f" or c in odd else c for c in text)


def _listed(item: Callable[[pa.Array], pa.Array]) -> Callable[[pa.Array], pa.Array]:
    """Return what writes lists; an empty one is told from one that is unset."""

    def write(values: pa.Array) -> pa.Array:
        texts = _joined_items(values, item)
        return pc.if_else(pc.equal(pc.list_value_length(values), 0), "(empty)", texts)

    return write


def _json_list(item: Callable[[pa.Array], pa.Array]) -> Callable[[pa.Array], pa.Array]:
    return lambda values: joined("[", _joined_items(values, item), "]")


def _joined_items(values: pa.Array, item: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Write the items of lists with commas between them; null for null."""
    if pa.types.is_null(values.type):
        return values.cast(pa.string())
    counts = pc.fill_null(pc.list_value_length(values), 0)
    edges = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(counts)])
    lists = pa.ListArray.from_arrays(edges, item(values.flatten()))
    return pc.if_else(pc.is_valid(values), pc.binary_join(lists, ","), None)


def _same(texts: pa.Array) -> pa.Array:
    return texts.cast(pa.string())


def _quoted(texts: pa.Array) -> pa.Array:
    return json_strings(texts.cast(pa.string()))


def _item(texts: pa.Array) -> pa.Array:
    return _escaped(texts, _SPECIAL_ITEM)


_TSV: dict[str, Callable[[pa.Array], pa.Array]] = {
    "time": _seconds,
    "interval": _seconds,
    "count": digits,
    "port": digits,
    "bool": _flags("T", "F"),
    "string": _text,
    "enum": _same,
    "addr": _same,
    "set[string]": _listed(_item),
    "set[enum]": _listed(_item),
    "vector[string]": _listed(_item),
    "vector[interval]": _listed(_seconds),
}
_JSON: dict[str, Callable[[pa.Array], pa.Array]] = {
    "time": _seconds,
    "interval": _seconds,
    "count": digits,
    "port": digits,
    "bool": _flags("true", "false"),
    "string": _quoted,
    "enum": _quoted,
    "addr": _quoted,
    "set[string]": _json_list(_quoted),
    "set[enum]": _json_list(_quoted),
    "vector[string]": _json_list(_quoted),
    "vector[interval]": _json_list(_seconds),
}
#: How values of each type are written, by format.
CONVERSIONS = {"tsv": _TSV, "json": _JSON}
