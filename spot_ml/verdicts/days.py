"""Where the verdicts of a day are: names and paths, for those who start a run."""

from __future__ import annotations

from dataclasses import dataclass

#: File beside a result that says what each of its lines stood for.
STANDING_FILE = "groups.parquet"
#: What a low verdict speaks for: the group of the rated row, or only its word.
GROUP, WORD = "group", "word"


@dataclass(frozen=True)
class DayFiles:
    """The feedback file of a day and the record of its list. ``day`` is ``YYYY-MM-DD``."""

    day: str
    feedback: str
    groups: str

    @classmethod
    def of(cls, day: str, feedback: str, scored: str) -> DayFiles:
        """Name the files of a day whose results are in ``scored``."""
        return cls(day, feedback, f"{scored}/{STANDING_FILE}")
