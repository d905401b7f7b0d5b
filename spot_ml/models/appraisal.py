"""The pairs of new rows beside a stored model, in either order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from spot_common.errors import UsageError
from spot_ml.batches import PAIR_SCORE
from spot_ml.corpus import Corpus, ids_of
from spot_ml.figures import PairFigures
from spot_ml.models.explain import ForecastExplainer
from spot_ml.models.facts import Facts
from spot_ml.models.forecast import forecast
from spot_ml.models.original import original_scores
from spot_ml.models.stored import StoredModel
from spot_ml.ranking.order import Surprises
from spot_ml.records import by_value
from spot_ml.request import COMPATIBLE, SURPRISE
from spot_ml.verdicts.days import GROUP
from spot_ml.verdicts.effect import apply
from spot_ml.verdicts.memory import Memory
from spot_ml.verdicts.named import Verdict
from spot_ml.words.grammar import Grammar
from spot_ml.words.source import SourceWords, WordContext


@dataclass(frozen=True)
class Appraisal:
    """New pairs with the figures that a result needs.

    By surprise also why they have them, and the surprises that have heard verdicts, with what
    became of these.
    """

    figures: PairFigures
    explainer: ForecastExplainer | None = None
    heard: Surprises | None = None
    verdicts: Sequence[Verdict] = ()


def appraise(
    words: SourceWords,
    facts: Facts,
    model: StoredModel,
    fresh: Corpus,
    order: str,
    memory: Memory | None = None,
    like: str = GROUP,
) -> Appraisal:
    """Hold the pairs of new rows to a model; UsageError where it was made without the order."""
    original = {PAIR_SCORE: original_scores(model.compatible, fresh, facts.precision)}
    if order == COMPATIBLE:
        return Appraisal(PairFigures.of(fresh, original))
    if model.surprise is None:
        raise UsageError(
            f"the model {facts.identity} has no fit for the order {SURPRISE}",
            hint=f"take --order {COMPATIBLE}, or make one: spot ml run --order {SURPRISE}",
        )
    found = forecast(model.surprise, fresh, words.grammar)
    heard, verdicts = found.surprises(), list[Verdict]()
    if memory is not None:
        heard, verdicts = apply(heard, words, model.context, memory, like)
    return Appraisal(heard.pair_figures(original), ForecastExplainer(found), heard, verdicts)


def unknown(model: StoredModel, fresh: Corpus, grammar: Grammar) -> tuple[int, int]:
    """Count the addresses and the words of new rows that a model knows nothing of.

    The default order knows words by what they mean.
    """
    known, words = (model.surprise or model.compatible).corpus, fresh.words
    if model.surprise is not None:
        words = grammar.meant(words)
    return _lacking(fresh.documents, known.documents), _lacking(words, known.words)


def _lacking(names: pa.Array, known: pa.Array) -> int:
    """How many names are not among the known ones."""
    return int(np.count_nonzero(ids_of(names, known) < 0))


def context_for(model: StoredModel, words: SourceWords, counts: pa.Table | None) -> WordContext:
    """What the words of new rows are made with: the model's own context.

    A value that its day did not have counts as often as the new rows have it (``counts``).
    """
    if words.counted is None or counts is None:
        return model.context
    known = model.context
    return replace(known, counts={**by_value(counts), **known.counts}, total=known.records)
