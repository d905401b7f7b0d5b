"""What words mean to the default order, which needs to tell fewer of them apart than there are.

Some parts are told in steps, as hours in twos, and some not at all. Words that differ in nothing
else mean one thing: they are counted together, by one word that is spelled like all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from spot_ml.words.columns import join_words

#: Takes words apart: the texts of each part by its name, empty ones where a word is of no pattern.
TakeApart = Callable[[pa.Array], Mapping[str, pa.Array]]


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


def spelled(
    take_apart: TakeApart, names: Sequence[str], *, first: str = "", clock: str = "hour"
) -> Callable[[pa.Array], pa.Array]:
    """Give for each word the one that stands for its meaning: its parts, in an order, with ``_``.

    ``first`` is a part that comes before these in words that have it. A word of no pattern, which
    has no hour, stands for itself.
    """

    def of(words: pa.Array) -> pa.Array:
        parts = take_apart(words)
        meaning = join_words(*(parts[name] for name in names))
        if first:
            led = join_words(parts[first], meaning)
            meaning = pc.if_else(pc.equal(parts[first], ""), meaning, led)
        return pc.if_else(pc.equal(parts[clock], ""), words, meaning)

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
