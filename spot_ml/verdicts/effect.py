"""What verdicts do to the default order of a day.

A verdict is about a group: an address and a kind of word, which is what a row of the list stands
for. Low says that the group is normal as it was, and so is what the event's other end did: words
no larger than it had, by one doubling, count as expected as often as it showed them. With G the
group's count on the rated day and C today's, a pair of count c has

    mu' = max(mu, c G / C)

for its expected count, so nothing is left of its surprise while C <= G, and 20 G is odd again.
High and medium add ``BONUS`` nats to each event of the group.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spot_ml.ranking.order import Surprises
from spot_ml.ranking.parts import grammar_sizes
from spot_ml.ranking.surprise import nats
from spot_ml.verdicts.caps import capped
from spot_ml.verdicts.days import GROUP, WORD
from spot_ml.verdicts.lines import HIGH, MEDIUM
from spot_ml.verdicts.memory import Memory
from spot_ml.verdicts.named import Effect, Verdict, verdicts_on
from spot_ml.words.grammar import Grammar
from spot_ml.words.source import SourceWords, WordContext

Found = TypeVar("Found", bound=Surprises)

#: Nats that a severity adds: what is called strong in flows, and in the other sources.
BONUS = {HIGH: 50.0, MEDIUM: 20.0}


def apply(
    order: Found,
    source: SourceWords,
    context: WordContext,
    memory: Memory,
    like: str = GROUP,
) -> tuple[Found, list[Verdict]]:
    """Give the order with what was said of its groups, and what became of each verdict."""
    verdicts = _within_caps(order, verdicts_on(order, source, context, memory))
    eased, bonus = order.eased.copy(), order.bonus.copy()
    for place, verdict in enumerate(verdicts):
        if verdict.effect is Effect.RAISED:
            bonus[order.groups.pairs(verdict.group)] = BONUS[verdict.said.severity]
        elif verdict.effect is Effect.LOWERED:
            pairs, allowed = _vouched_for(order, verdict, like)
            eased[pairs] = _eased(order, pairs, allowed)
            verdicts[place] = replace(verdict, effect=_became(order, verdict, pairs, allowed, like))
    return replace(order, eased=eased, bonus=bonus), verdicts


def _within_caps(order: Surprises, verdicts: list[Verdict]) -> list[Verdict]:
    """Mark verdicts that would lower too much: the oldest come first."""
    lowered = [verdict for verdict in verdicts if verdict.effect is Effect.LOWERED]
    lowered.sort(key=lambda verdict: (verdict.said.day, not verdict.own, verdict.said.line))
    over = capped(order.groups, [verdict.group for verdict in lowered])
    return [
        replace(v, effect=Effect.CAPPED) if v.effect is Effect.LOWERED and v.group in over else v
        for v in verdicts
    ]


def _vouched_for(order: Surprises, verdict: Verdict, like: str) -> tuple[NDArray[np.int64], int]:
    """The pairs that a low verdict speaks for, and how often all of them may be seen."""
    corpus, side = order.corpus, verdict.side
    if like == WORD:
        place = order.meant.places(pa.array([verdict.document]), pa.array([verdict.word]))
        return place[place >= 0], side.word_count
    pairs = order.groups.pairs(verdict.group)
    sizes = order.parts.sizes[:, corpus.word[pairs]]
    largest = _largest(order, verdict)[:, None]
    return pairs[(sizes <= largest + _doublings(order.parts.grammar)).all(axis=0)], side.group_count


def _doublings(grammar: Grammar) -> NDArray[np.int64]:
    """How many bins a doubling of each size is, a row each."""
    bins = [grammar.doubling.get(name, 1) for name in grammar.sizes]
    return np.array(bins, np.int64).reshape(-1, 1)


def _largest(order: Surprises, verdict: Verdict) -> NDArray[np.int64]:
    """The largest sizes of the rated day, or where they are not known those of the rated word."""
    grammar = order.parts.grammar
    if len(verdict.side.largest) == len(grammar.sizes):
        return np.array(verdict.side.largest, np.int64)
    own: NDArray[np.int64] = grammar_sizes(grammar, pa.array([verdict.word]))[:, 0]
    return own


def _eased(order: Surprises, pairs: NDArray[np.int64], allowed: int) -> NDArray[np.float64]:
    """The surprise that is left where so many of the pairs' events are normal."""
    count = order.corpus.count[pairs]
    share = allowed / max(count.sum(), 1.0)
    found = order.surprise
    expected = np.maximum(found.expected[pairs], count * share)
    left: NDArray[np.float64] = nats(count, np.log(expected), found.shape, found.burst[pairs])
    return np.minimum(left, found.nats[pairs])


def _became(
    order: Surprises, verdict: Verdict, pairs: NDArray[np.int64], allowed: int, like: str
) -> Effect:
    """Say whether all that a low verdict is about is lowered, or there is more of it."""
    if like == WORD and not len(pairs):
        return Effect.NOT_SEEN
    larger = like == GROUP and len(pairs) < len(order.groups.pairs(verdict.group))
    more = bool(order.corpus.count[pairs].sum() > 2 * allowed)
    return Effect.OUTGROWN if larger or more else Effect.LOWERED
