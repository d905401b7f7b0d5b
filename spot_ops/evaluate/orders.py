"""Every order of a day's records, and the list of groups that each of them gives.

The list of an order is made by the product's own rule: one row a group (a document and a kind of
its words), the first record of it, and few rows an endpoint. A record of two documents belongs to
the group of the one that decided, the source's where the order does not look at documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_gen.measure import baselines
from spot_gen.measure.lists import Listed
from spot_gen.measure.measures import Order, Ranked, Shuffled, ranks_of
from spot_gen.measure.results import Results, draws, results_of
from spot_ml import pipeline
from spot_ml.corpus import Corpus
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking.batches import COMPATIBLE
from spot_ml.ranking.groups import DOCUMENT, KIND, NATS, best_of_groups
from spot_ml.ranking.listing import limited, list_of
from spot_ml.ranking.parts import Parts
from spot_ml.records import word_columns
from spot_ml.words.source import SourceWords, WordContext

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

SURPRISE, COMPATIBLE_ORDER = "surprise", "compatible"


@dataclass(frozen=True)
class Scored:
    """The clean rows of a day with all that orders are made of.

    ``rows`` as ``pipeline.surprising`` gives them. ``pair`` has the place of each row's pair in
    the corpus, ``document`` and ``group`` the numbers of its document and group: a row of numbers
    for each side. ``pair_score`` is the original's score of each pair.
    """

    source: SourceWords
    rows: pa.Table
    corpus: Corpus
    kinds: NDArray[np.int32]
    pair: Places
    pair_score: Floats

    @property
    def document(self) -> Places:
        """The number of each row's document, a row of numbers a side."""
        return self.corpus.document[self.pair].astype(np.int64)

    @property
    def group(self) -> Places:
        """The number of each row's group, a row of numbers a side."""
        return self.group_of(self.document, self.kinds[self.corpus.word[self.pair]])

    def group_of(self, document: Places, kind: NDArray[np.int32]) -> Places:
        """Number groups by document and kind."""
        return document * (int(self.kinds.max(initial=0)) + 1) + kind

    def decided(self, rows: pa.Table) -> Places:
        """The group that the surprise puts rows in."""
        names = rows[DOCUMENT].combine_chunks()
        document = pc.index_in(names, value_set=self.corpus.documents).to_numpy()
        return self.group_of(document.astype(np.int64), rows[KIND].to_numpy())

    def top(self, most: int) -> pa.Table:
        """The first rows of the list that the product shows."""
        return list_of(best_of_groups(self.rows, self.source), self.source, most)


def scored(
    source: SourceWords, rows: pa.Table, context: WordContext, parameters: Parameters
) -> Scored:
    """Analyse the rows of a day as the job does."""
    analysis = pipeline.analyse(source, rows, context, parameters)
    found = pipeline.surprising(source, analysis, parameters)
    trained = analysis.trained
    names = zip(source.documents, word_columns(source), strict=True)
    pair = [
        trained.corpus.places(found[document].combine_chunks(), found[word].combine_chunks())
        for document, word in names
    ]
    kinds = Parts(source.grammar, trained.corpus.words).kinds
    return Scored(source, found, trained.corpus, kinds, np.stack(pair), trained.score)


@dataclass(frozen=True)
class Way:
    """A way to rank: its name, the records by suspicion, and the list of groups.

    ``reason`` says why there is none.
    """

    name: str
    records: Order | None = None
    listed: Listed | None = None
    reason: str = ""


@dataclass(frozen=True)
class Ranker:
    """Ranks the records of a day; ``labelled`` has the row of each labelled record (-1: none).

    ``total`` is the number of records, those without a word too; ``most`` the rows of a list.
    """

    day: Scored
    labelled: Places
    total: int
    most: int

    def surprise(self) -> Way:
        """The default order: its own list."""
        rows = self.day.rows
        group = self.day.decided(rows)
        listed = self._listed(self.day.decided(self.day.top(self.most)), group)
        return Way(SURPRISE, self._records(-rows[NATS].to_numpy()), listed)

    def compatible(self) -> Way:
        """The original's score."""
        sides = self.day.pair_score[self.day.pair]
        score = self.day.rows[COMPATIBLE].to_numpy()
        return Way(COMPATIBLE_ORDER, self._records(score), self._list(sides))

    def comparisons(self) -> Iterator[Way]:
        """The comparison rows, random first."""
        count = self.day.rows.num_rows
        drawn = draws(count, "random list").astype(np.float64)[None, :]
        yield Way(baselines.RANDOM, Shuffled(self.total), self._list(drawn))
        found = results_of(self.day.rows, self.day.source.name, self.day.source.name)
        for baseline in baselines.baselines(found.layout):
            yield self._baseline(baseline, found)

    def _baseline(self, baseline: baselines.Baseline, found: Results) -> Way:
        try:
            sides = baseline.sides(found.rows, found.layout)
        except baselines.NotAvailableError as error:
            return Way(baseline.name, reason=str(error))
        return Way(baseline.name, self._records(sides.min(axis=0)), self._list(sides))

    def _records(self, suspicion: Floats) -> Ranked:
        ranks = ranks_of(self.labelled, baselines.positions(suspicion))
        return Ranked(ranks, len(suspicion), self.total)

    def _list(self, sides: Floats) -> Listed:
        """The list of an order with a number for each side, small for suspicious."""
        order = np.argsort(baselines.positions(sides.min(axis=0)), kind="stable")
        group = np.take_along_axis(self.day.group, np.argmin(sides, axis=0)[None, :], 0)[0]
        first = order[np.sort(np.unique(group[order], return_index=True)[1])]
        ends = zip(*self.day.document[:, first].tolist(), strict=True)
        chosen = np.fromiter(islice(limited(ends), self.most), np.int64)
        return self._listed(group[first[chosen]], group)

    def _listed(self, groups: Places, group: Places) -> Listed:
        """The ranks of labelled records in a list of groups; ``group`` is that of each row."""
        mine = np.where(self.labelled >= 0, group[self.labelled], -1)
        order = np.argsort(groups)
        row = np.append(order, -1)[np.searchsorted(groups, mine, sorter=order)]
        found = np.append(groups, -2)[row] == mine
        ranks = np.where(found, row + 1.0, np.inf)
        return Listed(ranks, len(groups), len(np.unique(group)), mine)
