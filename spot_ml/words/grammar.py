"""How a source's words break into parts, and which parts foretell which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from spot_ml.words.phrases import Say, as_it_is

#: Takes words apart: the texts of each part by its name, empty ones where a word is of no pattern.
TakeApart = Callable[[pa.Array], Mapping[str, pa.Array]]


def as_they_are(words: pa.Array) -> pa.Array:
    """Let each word mean something else."""
    return words


@dataclass(frozen=True)
class Link:
    """A part of the word, and the contexts it is foretold from: coarse ones before fine ones.

    A context is a tuple of part names; ``()`` is the whole day.
    """

    part: str
    contexts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Grammar:
    """The parts of a source's words.

    ``take_apart`` gives the parts of words by name. ``chain`` has a link per part: their product
    is the back-off's probability of a word. ``kind`` names the parts that make two words of a
    document rows of one group. ``phrases`` say what the values of parts mean. ``clock`` is the
    part that says the time of day, where there is one; ``sizes`` are parts whose values are numbers
    of bins, larger for more, and ``doubling`` is how many bins a doubling is, where not one. Of
    groups of one ``kin``, by these parts of the words that they are shown by, an endpoint has one
    row: they tell of one thing (no parts: of each group). Events whose words have one ``burst``, by
    these parts, come several at once (no parts: one by one). ``server`` is the part that words have
    only on the side of an event that serves. ``meant`` gives for words those that stand for what
    they mean: they have the same parts.
    """

    take_apart: TakeApart
    chain: tuple[Link, ...]
    kind: tuple[str, ...]
    phrases: Mapping[str, Say] = field(default_factory=dict)
    clock: str | None = None
    sizes: tuple[str, ...] = ()
    doubling: Mapping[str, int] = field(default_factory=dict)
    kin: tuple[str, ...] = ()
    burst: tuple[str, ...] = ()
    server: str | None = None
    meant: Callable[[pa.Array], pa.Array] = as_they_are

    def say(self, part: str, value: str) -> str:
        """Give the value of a part in plain terms."""
        return self.phrases.get(part, as_it_is)(value)


#: Words that nothing is known about: one part, and each word a kind of its own.
WHOLE = Grammar(lambda words: {"word": words}, (Link("word", ((),)),), ("word",))


def by_pattern(pattern: str) -> TakeApart:
    """Take words apart by the named groups of a regular expression; no match gives empty texts."""

    def take_apart(words: pa.Array) -> Mapping[str, pa.Array]:
        found = pc.extract_regex(words, pattern)
        names = [field.name for field in found.type]
        return {name: pc.fill_null(pc.struct_field(found, name), "") for name in names}

    return take_apart
