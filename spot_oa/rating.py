"""What an analyst rates in a source, and what follows from it.

A verdict is about an exact thing on one day: a connection (flow), a client or a query name (dns),
a URI (proxy). Severities: 1 high, 2 medium, 3 low; 0 is not rated. Every rated row leaves the
suspicious list of that day; a row that only resembles it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, object]
Severities = Mapping[str, int]

SEVERITIES = (1, 2, 3)
UNRATED = 0


@dataclass(frozen=True)
class Kind:
    """A kind of thing that can be rated: ``columns`` of the suspicious row say which one it is."""

    name: str
    columns: tuple[str, ...]

    def key(self, row: Row) -> tuple[object, ...]:
        """Name the thing of this kind that a row is about."""
        return tuple(row[column] for column in self.columns)


@dataclass(frozen=True)
class RatedRow:
    """A suspicious row as it was when rated, with the severity of each kind it was rated by.

    ``author`` and ``at`` (UTC, ``YYYY-MM-DD HH:MM:SS``) are those of its latest verdict.
    """

    row: Row
    severities: Severities
    author: str
    at: str


@dataclass(frozen=True)
class Rating:
    """Rating in one source.

    ``identity`` are the columns that tell two events apart, whatever score they got. ``threat``
    makes the row of ``<source>_threat_investigation``; ``feedback`` the values of one line of
    the model's feedback file, whose columns are ``feedback_columns``.
    """

    kinds: tuple[Kind, ...]
    identity: tuple[str, ...]
    threat: Callable[[Row, Severities], dict[str, object]]
    feedback_columns: Sequence[str]
    feedback: Callable[[Row, Severities], list[object]]

    def kind(self, name: str) -> Kind:
        """Give a kind by name."""
        return next(kind for kind in self.kinds if kind.name == name)


def feedback_file(rating: Rating, rows: Sequence[RatedRow]) -> bytes:
    """Give the feedback file: a header, then one line a row; tabs between, none inside values."""
    lines: list[Sequence[object]] = [rating.feedback_columns]
    lines += [rating.feedback(rated.row, rated.severities) for rated in rows]
    return "".join("\t".join(map(_plain, line)) + "\n" for line in lines).encode()


def _plain(value: object) -> str:
    """Give a value as one word of a line: what separates values or lines becomes a blank."""
    text = "" if value is None else str(value)
    return "".join(" " if char in _SEPARATORS else char for char in text)


#: All that some reader takes for the end of a value or of a line.
_SEPARATORS = frozenset("\t\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
