"""How much of the top of the list stays when the records change a little."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spot_gen.measure.results import draws
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking.groups import DOCUMENT, WORD
from spot_ml.words.source import SourceWords, WordContext
from spot_ops.evaluate.orders import Scored, scored

#: So many first rows are compared; so much of the records is left out.
FIRST, LEFT_OUT = 100, 0.01

_ALL = float(2**64)


def stability(
    source: SourceWords,
    rows: pa.Table,
    context: WordContext,
    parameters: Parameters,
    day: Scored,
) -> dict[str, float]:
    """Give the share of the first rows of a day's list that stay.

    ``again``: the same records in a drawn order; ``left_out``: without a drawn 1 % of them.
    """
    before = _keys(day)
    kept = np.flatnonzero(draws(rows.num_rows, "left out") >= LEFT_OUT * _ALL)
    shuffled = np.argsort(draws(rows.num_rows, "shuffled"), kind="stable")
    shares = {}
    for name, chosen in (("again", shuffled), ("left_out", kept)):
        other = scored(source, rows.take(pa.array(chosen)), context, parameters)
        shares[name] = len(before & _keys(other)) / len(before) if before else 1.0
    return shares


def _keys(day: Scored) -> set[tuple[str, ...]]:
    """The groups of the first rows: a document and the parts that make the kind of its word."""
    top = day.top(FIRST)
    parts = day.source.grammar.take_apart(top[WORD].combine_chunks())
    texts = [top[DOCUMENT], *(parts[name] for name in day.source.grammar.kind)]
    return set(zip(*(column.to_pylist() for column in texts), strict=True))
