"""What a reader gives: rows that are stored, rows that are set aside, and their counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

#: Most bytes of one row that are kept when it is set aside.
RAW_LIMIT = 64 * 1024
_REASONS_LIMIT = 100
_OTHER = "other reasons"


@dataclass(frozen=True)
class Rejected:
    """A row that was not understood.

    ``number`` counts lines or records of the input from 1, ``reason`` is a sentence without a
    full stop, ``raw`` the bytes as they came (at most ``RAW_LIMIT`` of them).
    """

    number: int
    reason: str
    raw: bytes


@dataclass(frozen=True)
class Batch:
    """Some rows of one file.

    ``rows`` has the columns of the raw table; ``minutes`` has one value a row, the minutes between
    1970-01-01 00:00 UTC and the row's own time, from which its partition follows.
    """

    rows: pa.RecordBatch
    minutes: pa.Int64Array
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a reader says at the end of a file that it accepts.

    ``rejected`` are rows that only the end of the file shows to be missing or damaged; ``note``
    tells the operator about them and is empty when all is well.
    """

    rejected: tuple[Rejected, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Reading:
    """One file while it is read: its batches, and the verdict on it after the last of them.

    ``finish`` takes the number of rows that the batches had, stored or set aside; it raises
    DataError where the file must be set aside as a whole.
    """

    batches: Iterator[Batch]
    finish: Callable[[int], Finding]


def plain(text: str) -> str:
    """Give a text that every store takes: without NUL and lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


@dataclass
class Account:
    """Rows of one file: those stored, and those set aside by reason."""

    stored: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str, rows: int = 1) -> None:
        """Count rows that are set aside; reasons beyond the first hundred are counted together."""
        reason = plain(reason)
        if reason not in self.reasons and len(self.reasons) >= _REASONS_LIMIT:
            reason = _OTHER
        if rows:
            self.reasons[reason] = self.reasons.get(reason, 0) + rows

    @property
    def set_aside(self) -> int:
        """Rows that are not in the table."""
        return sum(self.reasons.values())

    @property
    def received(self) -> int:
        """Every row that the file held."""
        return self.stored + self.set_aside
