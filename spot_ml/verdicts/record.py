"""The record of a run: which verdicts it used and what they moved, and lines it set aside."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from spot_ml.ranking.groups import DOCUMENT, KIND
from spot_ml.ranking.listing import Lists
from spot_ml.ranking.order import Surprises
from spot_ml.verdicts.lines import Aside
from spot_ml.verdicts.named import Effect, Verdict

#: File beside a result: lines of feedback that were set aside.
ASIDE_FILE = "feedback_aside.jsonl"

#: A row per verdict and group: the rated day and the line of its feedback file, the severity, the
#: group by its address and a word, whether the rated row was its ``own`` or that of the event's
#: other end, what became of it, and the group's row in the list without verdicts and with them
#: (from 1; null: it has none).
SCHEMA = pa.schema(
    [
        ("day", pa.string()),
        ("line", pa.int64()),
        ("severity", pa.int64()),
        ("document", pa.string()),
        ("word", pa.string()),
        ("own", pa.bool_()),
        ("effect", pa.string()),
        ("before", pa.int64()),
        ("after", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Heard:
    """What became of the verdicts of a run, in numbers: by effect, and rows that moved."""

    effects: dict[str, int] = field(default_factory=dict)
    moved: int = 0

    def text(self) -> str:
        """Say it in a line for a person."""
        shown = [f"{self.effects[effect]} {effect}" for effect in Effect if effect in self.effects]
        return f"verdicts: {', '.join(shown) or 'none'}; {self.moved} rows of the list moved"


def table(order: Surprises, verdicts: Sequence[Verdict], lists: Lists) -> pa.Table:
    """Say what became of each verdict, and where its group stands in both lists."""
    ranks = [_ranks(listed) for listed in (lists.unheard, lists.heard)]
    names, groups = order.corpus.documents, order.groups
    rows = []
    for verdict in verdicts:
        places: list[int | None] = [None, None]
        if verdict.group >= 0:
            document = names[int(groups.document[verdict.group])].as_py()
            places = [rank.get((document, int(groups.kind[verdict.group]))) for rank in ranks]
        said = verdict.said
        named = (said.day, said.line, said.severity, verdict.document, verdict.word, verdict.own)
        rows.append(dict(zip(SCHEMA.names, (*named, verdict.effect.value, *places), strict=True)))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _ranks(listed: pa.Table) -> dict[tuple[str, int], int]:
    groups = zip(listed[DOCUMENT].to_pylist(), listed[KIND].to_pylist(), strict=True)
    return {group: rank for rank, group in enumerate(groups, start=1)}


def heard(verdicts: pa.Table) -> Heard:
    """Count what ``table`` says of the groups whose rows were rated."""
    rows = [row for row in verdicts.to_pylist() if row["own"]]
    used = [
        row for row in rows if row["effect"] in (Effect.LOWERED, Effect.OUTGROWN, Effect.RAISED)
    ]
    moved = sum(row["before"] != row["after"] for row in used)
    return Heard(dict(Counter(row["effect"] for row in rows)), moved)


def aside_lines(aside: Iterable[tuple[str, Aside]]) -> str:
    """Write lines that were set aside, an object a line: their file, number, reason and text."""
    found = [
        {"file": path, "line": line.line, "reason": line.reason, "text": line.text}
        for path, line in aside
    ]
    return "".join(json.dumps(entry) + "\n" for entry in found)
