"""What words mean to the default order, which needs to tell fewer of them apart than there are.

Some parts are told in steps, as hours in twos, and some not at all. Words that differ in nothing
else mean one thing: they are counted together, by one word that is spelled like all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from spot_ml.words.columns import join_words
from spot_ml.words.grammar import TakeApart

#: So many hours mean one thing.
HOURS = 2


def in_steps(
    take_apart: TakeApart, steps: Mapping[str, int], untold: Sequence[str] = ()
) -> TakeApart:
    """Take words apart, numbers of some parts as the first of their step, ``untold`` ones empty."""

    def in_few_parts(words: pa.Array) -> Mapping[str, pa.Array]:
        parts = dict(take_apart(words))
        parts.update({name: _first_of_step(parts[name], step) for name, step in steps.items()})
        parts.update({name: pa.array([""] * len(words), pa.string()) for name in untold})
        return parts

    return in_few_parts


def spelled(take_apart: TakeApart) -> Callable[[pa.Array], pa.Array]:
    """Give for each word the one that stands for its meaning: its parts in order, with ``_``.

    A word of no pattern, which has no hour, stands for itself.
    """

    def of(words: pa.Array) -> pa.Array:
        parts = take_apart(words)
        return pc.if_else(pc.equal(parts["hour"], ""), words, join_words(*parts.values()))

    return of


def _first_of_step(texts: pa.Array | pa.ChunkedArray, step: int) -> pa.Array:
    """Each number rounded down to a multiple of the step; other texts stay."""
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    encoded = whole.dictionary_encode()
    rounded = [
        str(int(text) // step * step) if text.isdecimal() else text
        for text in encoded.dictionary.to_pylist()
    ]
    return pa.array(rounded, pa.string()).take(encoded.indices)
