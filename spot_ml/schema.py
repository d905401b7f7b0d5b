"""Check that the columns which the model reads exist with exactly the types it expects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from spot_common.errors import DataError
from spot_ml.words.source import Fields


class Problem(NamedTuple):
    """One column that does not fit; ``found`` is its type, None where the column is missing."""

    column: str
    expected: str
    found: str | None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.column} is missing (expected {self.expected})"
        return f"{self.column} is {self.found}, expected {self.expected}"


def problems(found: Mapping[str, str], required: Fields) -> list[Problem]:
    """Compare column types (Spark type names) with the required ones; further columns are fine."""
    return [
        Problem(name, kind, found.get(name)) for name, kind in required if found.get(name) != kind
    ]


def check(found: Mapping[str, str], required: Fields, selected: tuple[str, ...], path: str) -> None:
    """Raise DataError naming every column of ``path`` that does not fit or is missing."""
    wrong = [str(problem) for problem in problems(found, required)]
    model = {name for name, _ in required}
    wrong += [f"{name} is missing" for name in selected if name not in found and name not in model]
    if wrong:
        raise DataError(
            f"the rows of {path} do not have the columns that are needed: {'; '.join(wrong)}",
            hint="the rows may be of another source, or written by another program",
        )
