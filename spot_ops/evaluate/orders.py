"""Every order of a day's records, and the list of groups that each of them gives.

The list of an order is made by the product's own rule: one row a group (a document and a kind of
its words), the first record of it, and few rows an endpoint. A record of two documents belongs to
the group of the one that decided, the source's where the order does not look at documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_gen.measure import baselines
from spot_gen.measure.lists import Listed
from spot_gen.measure.measures import Order, Ranked, Shuffled, ranks_of
from spot_gen.measure.results import draws, results_of
from spot_ml import pipeline
from spot_ml.corpus import Corpus
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking.groups import DOCUMENT, KIND, NATS, best_of_groups
from spot_ml.ranking.listing import kin_of, limited, list_of
from spot_ml.ranking.parts import Parts
from spot_ml.records import word_columns
from spot_ml.request import COMPATIBLE, SURPRISE
from spot_ml.words.source import SourceWords, WordContext

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

#: The column that numbers the rows of a day.
ROW = "row"


@dataclass(frozen=True)
class Scored:
    """The clean rows of a day with all that orders are made of.

    ``rows`` as ``pipeline.surprising`` gives them, and their numbers. ``pair`` has the place of
    each row's pair in the corpus, ``document`` and ``group`` the numbers of its document and
    group: a row of numbers for each side. ``parts`` are those of the corpus' words, ``pair_score``
    is the original's score of each pair.
    """

    source: SourceWords
    rows: pa.Table
    corpus: Corpus
    parts: Parts
    pair: Places
    pair_score: Floats

    @property
    def document(self) -> Places:
        """The number of each row's document, a row of numbers a side."""
        return self.corpus.document[self.pair].astype(np.int64)

    @property
    def group(self) -> Places:
        """The number of each row's group, a row of numbers a side."""
        return self.group_of(self.document, self.parts.kinds[self.corpus.word[self.pair]])

    def group_of(self, document: Places, kind: NDArray[np.int32]) -> Places:
        """Number groups by document and kind."""
        return document * (int(self.parts.kinds.max(initial=0)) + 1) + kind

    @property
    def decided(self) -> Places:
        """The group that the surprise puts each row in."""
        names = self.rows[DOCUMENT].combine_chunks()
        document = pc.index_in(names, value_set=self.corpus.documents).to_numpy()
        return self.group_of(document.astype(np.int64), self.rows[KIND].to_numpy())

    def top(self, most: int) -> pa.Table:
        """The first rows of the list that the product shows."""
        return list_of(best_of_groups(self.rows, self.source), self.source, most)


def scored(
    source: SourceWords, rows: pa.Table, context: WordContext, parameters: Parameters
) -> Scored:
    """Analyse the rows of a day as the job does."""
    analysis = pipeline.analyse(source, rows, context, parameters)
    found = pipeline.surprising(source, analysis, parameters)
    found = found.append_column(ROW, pa.array(np.arange(found.num_rows)))
    corpus = analysis.corpus
    names = zip(source.documents, word_columns(source), strict=True)
    pair = [
        corpus.places(found[document].combine_chunks(), found[word].combine_chunks())
        for document, word in names
    ]
    parts = Parts(source.grammar, corpus.words)
    return Scored(source, found, corpus, parts, np.stack(pair), analysis.trained.of(corpus))


@dataclass(frozen=True)
class Orders:
    """One way to rank, looked at in three ways.

    ``shown``: the list by the record that each row shows; ``groups``: the same list by all records
    of a row's group; ``records``: all records, without groups.
    """

    shown: Listed
    groups: Listed
    records: Order


@dataclass(frozen=True)
class Way:
    """A way to rank and what it gives; ``reason`` says why that is nothing."""

    name: str
    orders: Orders | None
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
        chosen = self.day.top(self.most)[ROW].to_numpy()
        records = self._records(-rows[NATS].to_numpy())
        return Way(SURPRISE, self._orders(chosen, self.day.decided, records))

    def compatible(self) -> Way:
        """The original's score."""
        return Way(COMPATIBLE, self._of(self.day.pair_score[self.day.pair]))

    def comparisons(self) -> Iterator[Way]:
        """The comparison rows, random first."""
        count = self.day.rows.num_rows
        drawn = draws(count, "random list").astype(np.float64)[None, :]
        yield Way(baselines.RANDOM, replace(self._of(drawn), records=Shuffled(self.total)))
        found = results_of(self.day.rows, self.day.source.name, self.day.source.name)
        for baseline in baselines.baselines(found.layout):
            try:
                yield Way(baseline.name, self._of(baseline.sides(found.rows, found.layout)))
            except baselines.NotAvailableError as error:
                yield Way(baseline.name, None, str(error))

    def _of(self, sides: Floats) -> Orders:
        """The orders by a number for each side, small for suspicious."""
        suspicion = sides.min(axis=0)
        order = np.argsort(baselines.positions(suspicion), kind="stable")
        decided = np.argmin(sides, axis=0)
        group = np.choose(decided, self.day.group)
        first = order[np.sort(np.unique(group[order], return_index=True)[1])]
        document = self.day.document[:, first]
        owners = np.choose(decided[first], document).tolist()
        shown = np.choose(decided[first], self.day.corpus.word[self.day.pair[:, first]])
        kin = kin_of(self.day.source.grammar, self.day.corpus.words.take(pa.array(shown)))
        listed = limited(owners, zip(*document.tolist(), strict=True), kin)
        chosen = first[np.fromiter(islice(listed, self.most), np.int64)]
        return self._orders(chosen, group, self._records(suspicion))

    def _records(self, suspicion: Floats) -> Ranked:
        ranks = ranks_of(self.labelled, baselines.positions(suspicion))
        return Ranked(ranks, len(suspicion), self.total)

    def _orders(self, chosen: Places, group: Places, records: Order) -> Orders:
        """Look at the list of some rows, one of each listed group, in all ways."""
        count = len(group)
        shown = self._listed(chosen, np.arange(count), self.total)
        groups = self._listed(group[chosen], group, len(np.unique(group)))
        return Orders(shown, groups, records)

    def _listed(self, rows: Places, number: Places, total: int) -> Listed:
        """The ranks of labelled records in a list; ``number`` is the row that each counts for."""
        mine = np.where(self.labelled >= 0, number[self.labelled], -1)
        order = np.argsort(rows)
        row = np.append(order, -1)[np.searchsorted(rows, mine, sorter=order)]
        found = (mine >= 0) & (np.append(rows, -2)[row] == mine)
        ranks = np.where(found, row + 1.0, np.inf)
        return Listed(ranks, len(rows), total, mine)
