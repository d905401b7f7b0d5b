"""The loop of verdicts in memory: rank a day, rate rows of its list, rank the next day.

The same functions that the job runs, on Arrow tables; a rated row goes through the feedback file
that the pages publish.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spot_ml import pipeline
from spot_ml.lda.parameters import Parameters
from spot_ml.pipeline import Analysis
from spot_ml.ranking.groups import DOCUMENT, KIND
from spot_ml.ranking.listing import Lists
from spot_ml.ranking.order import Order, order
from spot_ml.verdicts.days import GROUP, DayFiles
from spot_ml.verdicts.effect import apply
from spot_ml.verdicts.memory import recall
from spot_ml.verdicts.named import Verdict
from spot_ml.verdicts.standing import standing
from spot_ml.words.source import SourceWords, WordContext
from spot_oa.rating import RatedRow, feedback_file
from spot_oa.source import oa_source

Group = tuple[str, str]


@dataclass
class Files:
    """Files in memory."""

    content: dict[str, bytes] = field(default_factory=dict)

    def read_bytes(self, path: str) -> bytes | None:
        """The content of a file, None where there is none."""
        return self.content.get(path)


@dataclass(frozen=True)
class RankedDay:
    """A day that was ranked with the verdicts of some days."""

    source: SourceWords
    order: Order
    lists: Lists
    verdicts: list[Verdict]

    def groups(self, listed: pa.Table) -> list[Group]:
        """The groups of a list by the texts of their documents and kinds of word."""
        texts = self._kinds
        rows = zip(listed[DOCUMENT].to_pylist(), listed[KIND].to_pylist(), strict=True)
        return [(document, texts[kind]) for document, kind in rows]

    def rated(self) -> set[Group]:
        """The groups of the day whose rows were rated."""
        groups, names = self.order.groups, self.order.corpus.documents
        found = {verdict.group for verdict in self.verdicts if verdict.own} - {-1}
        return {
            (names[int(groups.document[one])].as_py(), self._kinds[int(groups.kind[one])])
            for one in found
        }

    @property
    def _kinds(self) -> dict[int, str]:
        """The texts of kinds by their numbers."""
        parts = self.order.parts
        texts: dict[int, str] = {}
        for place, kind in enumerate(parts.kinds.tolist()):
            if kind not in texts:
                texts[kind] = " ".join(parts.texts[n][place].as_py() for n in parts.grammar.kind)
        return texts


@dataclass
class Network:
    """Days of one network, each ranked with what was said of the days before it."""

    source: SourceWords
    context: WordContext
    parameters: Parameters = field(default_factory=Parameters)
    threshold: float = 1.0
    files: Files = field(default_factory=Files)

    def analysed(self, rows: pa.Table) -> Analysis:
        """Make words of rows and count them; without the fit of the original's order."""
        return pipeline.analyse(
            self.source, rows, self.context, Parameters(topics=self.parameters.topics, iterations=0)
        )

    def rank(
        self, day: str, analysis: Analysis, remembered: Sequence[str] = (), like: str = GROUP
    ) -> RankedDay:
        """Rank a day, hearing the verdicts of other days, and keep the record of its list."""
        found = order(analysis.corpus, self.source.grammar, self.parameters)
        memory = recall(self.source, [_files(other) for other in remembered], self.files)
        context = self._context(analysis)
        heard, verdicts = apply(found, self.source, context, memory, like)
        lists = pipeline.lists(self.source, analysis, heard, threshold=self.threshold)
        sink = pa.BufferOutputStream()
        pq.write_table(standing(heard, self.source, lists.heard), sink)
        self.files.content[_files(day).groups] = sink.getvalue().to_pybytes()
        return RankedDay(self.source, heard, lists, verdicts)

    def rate(self, day: str, listed: pa.Table, severity: int) -> None:
        """Rate rows of a day's list: they go into the day's feedback file."""
        oa = oa_source(self.source.name)
        kind = oa.rating.kinds[-1].name
        names = {name: oa.scores.get(name, name) for name in self.source.select_columns}
        empty = dict.fromkeys([*oa.rating.feedback_columns, "ml_score"], "")
        rows = [
            RatedRow(
                {**empty, **{names[name]: value for name, value in row.items()}},
                {kind: severity},
                "ana",
                "2017-01-12 12:00:00",
            )
            for row in listed.select(list(names)).to_pylist()
        ]
        self.files.content[_files(day).feedback] = feedback_file(oa.rating, rows)

    def _context(self, analysis: Analysis) -> WordContext:
        if self.source.counted is None:
            return self.context
        values = analysis.rows.filter(pc.equal(analysis.rows["record_state"], "clean"))
        counts = values[self.source.counted].value_counts()
        table = pa.table({"value": counts.field("values"), "count": counts.field("counts")})
        nothing = pipeline.Feedback(self.source.model_arrow().empty_table(), 0)
        return pipeline.with_counts(self.context, self.source, table, nothing, 0)


def _files(day: str) -> DayFiles:
    return DayFiles.of(day, f"{day}/feedback/ml_feedback.csv", f"{day}/scores")
