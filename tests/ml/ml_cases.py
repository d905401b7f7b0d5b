"""The machine-readable cases of the algorithm's specification, and help to run them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from spot_common import registry
from spot_ml.words.source import ARROW_TYPES, SourceWords, WordContext

FILE = Path(__file__).resolve().parents[1] / "data" / "ml-cases.json"

#: Types of the selected columns that the model schema does not give.
_OTHER_TYPES = {
    "flow": {
        "tryear": "integer", "trmonth": "integer", "trday": "integer", "trminute": "integer",
        "trsec": "integer", "tdur": "double", "opkt": "long", "obyt": "long",
    },
    "proxy": {"duration": "integer", "scbytes": "integer", "csbytes": "integer"},
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One case with the group that it belongs to; a case's own entries win over the group's."""

    group: dict[str, Any]
    case: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.case[name] if name in self.case else self.group[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.case.get(name, self.group.get(name, default))

    @property
    def id(self) -> str:
        return str(self.case["id"])

    @property
    def name(self) -> str:
        return str(self.group["name"])

    @property
    def tolerance(self) -> float:
        return float(self.get("tolerance", 0.0))


#: The function that runs the cases of each group.
HANDLERS: dict[str, Callable[[Case], None]] = {}


def handles(*names: str) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """Register a function for the cases of these groups."""

    def register(function: Callable[[Case], None]) -> Callable[[Case], None]:
        for name in names:
            assert name not in HANDLERS
            HANDLERS[name] = function
        return function

    return register


@cache
def document() -> dict[str, Any]:
    """The whole file."""
    loaded: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


def fixture(name: str) -> Any:
    """One entry of the file's fixtures."""
    return document()["fixtures"][name]


def all_cases() -> list[Case]:
    """Every case, in the order of the file."""
    return [Case(group, case) for group in document()["groups"] for case in group["cases"]]


def source(name: str) -> SourceWords:
    """The word module of a source, found as the job finds it."""
    found = registry.part("spot_ml.words", name).WORDS
    assert isinstance(found, SourceWords)
    return found


def top_domains(case: Case) -> frozenset[str]:
    """The top list that a case wants."""
    labels = set(case.get("top_domains", fixture("top_domain_labels")))
    labels |= set(case.get("top_domains_contain", ()))
    return frozenset(labels - set(case.get("top_domains_lack", ())))


def rows(words: SourceWords, records: list[dict[str, Any]]) -> pa.Table:
    """Records as a table with all selected columns; absent ones are null."""
    types = {**_OTHER_TYPES.get(words.name, {}), **dict(words.model_schema)}
    names = list(dict.fromkeys([*words.select_columns, *(n for n, _ in words.model_schema)]))
    schema = pa.schema([(name, ARROW_TYPES[types.get(name, "string")]) for name in names])
    full = [
        {name: _stored(record.get(name), schema.field(name).type) for name in names}
        for record in records
    ]
    return pa.Table.from_pylist(full, schema=schema)


def _stored(value: Any, kind: pa.DataType) -> Any:
    """A value as the table holds it (the file has some text columns as numbers)."""
    return str(value) if kind == pa.string() and isinstance(value, int) else value


def batch(words: SourceWords, records: list[dict[str, Any]]) -> pa.RecordBatch:
    """Records as one batch."""
    return rows(words, records).combine_chunks().to_batches()[0]


def context(case: Case, **changes: Any) -> WordContext:
    """The context of a case: as the original behaves."""
    values: dict[str, Any] = {
        "user_domain": case.get("user_domain", ""),
        "top_domains": top_domains(case),
        "counts": case.get("agent_counts", {}),
        "compatible": True,
    }
    return WordContext(**{**values, **changes})


def number(value: Any) -> float:
    """A number of the file; ``inf`` and ``NaN`` are texts there."""
    return float(value)


def same(expected: Any, found: Any, tolerance: float) -> bool:
    """Compare nested values; numbers may differ by the tolerance."""
    if isinstance(expected, dict):
        keys = set(expected) == set(found)
        return keys and all(same(expected[key], found[key], tolerance) for key in expected)
    if isinstance(expected, list):
        if len(expected) != len(found):
            return False
        return all(same(a, b, tolerance) for a, b in zip(expected, found, strict=True))
    if isinstance(expected, float) and not isinstance(found, str):
        return math.isclose(expected, float(found), rel_tol=0, abs_tol=tolerance)
    return bool(expected == found)
