"""Which groups of a day verdicts are about, and which verdict on a group is in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_ml.ranking.order import Surprises
from spot_ml.verdicts.lines import LOW
from spot_ml.verdicts.memory import Memory, Said, Side
from spot_ml.words.source import ERROR_WORD, SourceWords, WordContext


class Effect(StrEnum):
    """What became of a verdict.

    ``outgrown``: lowered as far as it was vouched for, but the group has more than twice that;
    ``capped``: too much of an address or a kind would be lowered; ``replaced``: a later or more
    severe one on the same group is in force; ``not seen``: the day has no such group;
    ``unknown``: no list of its day has the rated row, and it does not say enough by itself.
    """

    LOWERED = "lowered"
    OUTGROWN = "outgrown"
    RAISED = "raised"
    CAPPED = "capped"
    REPLACED = "replaced"
    NOT_SEEN = "not seen"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """A verdict on a group of the day (-1: it has none), named by an address and a word.

    ``own``: the rated row was of this group; else it is that of the event's other end, for which
    a low verdict vouches as well. ``side`` is what that end stood for when it was rated.
    """

    said: Said
    side: Side
    own: bool
    document: str
    word: str
    group: int
    effect: Effect


def verdicts_on(
    order: Surprises, source: SourceWords, context: WordContext, memory: Memory
) -> list[Verdict]:
    """Say which groups of the day the rated events name, and which verdicts are replaced.

    Verdicts on rows of a group come before those that it is the other end of; of these the latest
    day's, and of one day's the most severe.
    """
    found = [*_nameless(source, memory), *_named(order, source, context, memory)]
    found.sort(key=lambda verdict: (verdict.said.severity, verdict.said.line))
    found.sort(key=lambda verdict: (verdict.own, verdict.said.day), reverse=True)
    taken: set[int] = set()
    verdicts = []
    for verdict in _added_up(found):
        if verdict.group in taken:
            verdict = replace(verdict, effect=Effect.REPLACED)
        elif verdict.group >= 0:
            taken.add(verdict.group)
        verdicts.append(verdict)
    return verdicts


def _complete(source: SourceWords, memory: Memory) -> pa.Array:
    """Mark the events that words can be made of."""
    column = source.feedback.matched
    if column is None:
        return pa.array(np.ones(len(memory.said), bool))
    return pc.is_valid(memory.events[column]).combine_chunks()


def _nameless(source: SourceWords, memory: Memory) -> Iterator[Verdict]:
    """The verdicts on events that no words can be made of."""
    for said, complete in zip(memory.said, _complete(source, memory).to_pylist(), strict=True):
        if not complete:
            yield Verdict(said, Side(), True, "", "", -1, Effect.UNKNOWN)


def _named(
    order: Surprises, source: SourceWords, context: WordContext, memory: Memory
) -> Iterator[Verdict]:
    """The group of each end of the other events: only its row's, where one is rated a threat."""
    complete = _complete(source, memory)
    said_of = [memory.said[place] for place in np.flatnonzero(complete)]
    if not said_of:
        return
    events = memory.events.filter(complete).combine_chunks()
    made = source.words(events.to_batches()[0], context)
    for end, (name, words) in enumerate(zip(source.documents, made, strict=True)):
        documents, words = events[name].combine_chunks(), pc.fill_null(words, ERROR_WORD)
        groups = order.groups.find(documents, words).tolist()
        rows = zip(said_of, documents.to_pylist(), words.to_pylist(), groups, strict=True)
        for said, document, word, group in rows:
            own = said.document in (None, document)
            if said.severity != LOW and not own:
                continue
            side = said.sides[end] if said.sides else Side()
            effect = Effect.LOWERED if said.severity == LOW else Effect.RAISED
            if group < 0 or word == ERROR_WORD:
                group, effect = -1, Effect.NOT_SEEN
            yield Verdict(said, side, own, document, word, group, effect)


def _added_up(verdicts: list[Verdict]) -> Iterator[Verdict]:
    """Let events that no list has vouch for one event each: those of a day are added up."""

    def key(verdict: Verdict) -> tuple[int, str]:
        return verdict.group, verdict.said.day

    alone = Counter(key(v) for v in verdicts if not v.said.sides and v.effect is Effect.LOWERED)
    for verdict in verdicts:
        if verdict.said.sides:
            yield verdict
        else:
            count = max(alone[key(verdict)], 1)
            yield replace(verdict, side=Side(count, count))
