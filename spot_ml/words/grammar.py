"""How a source's words break into parts, and which parts foretell which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


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
    document rows of one group.
    """

    take_apart: Callable[[pa.Array], Mapping[str, pa.Array]]
    chain: tuple[Link, ...]
    kind: tuple[str, ...]


#: Words that nothing is known about: one part, and each word a kind of its own.
WHOLE = Grammar(lambda words: {"word": words}, (Link("word", ((),)),), ("word",))


def by_pattern(pattern: str) -> Callable[[pa.Array], Mapping[str, pa.Array]]:
    """Take words apart by the named groups of a regular expression; no match gives empty texts."""

    def take_apart(words: pa.Array) -> Mapping[str, pa.Array]:
        found = pc.extract_regex(words, pattern)
        names = [field.name for field in found.type]
        return {name: pc.fill_null(pc.struct_field(found, name), "") for name in names}

    return take_apart
