"""Words that say of host names, browsers and low ports what the original's cannot.

The original takes a name apart only below the country codes and seven generic endings that it
knows. Of every other name (.info, .online, a company's own ending) its word has class 0 and no
length or entropy. An amended word begins with what the name is by the public suffix list, and has
the original's after that: ``~1_3_7~0_10_11_0_0_1_16_0``.

Of a browser the original says the power of two of its requests, which is another one on a busier
day, or without a hundredth of the records. An amended word says the power of two of its share.

Of a flow between two low ports the original has one word for both addresses. What a thousand
senders do once each makes it usual for the one that receives them all: the amended word of the
destination says that it receives.

Where both say the same there is only the original's word, which never begins with ``~``: it begins
with a class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_ml.words.columns import join_words
from spot_ml.words.grammar import TakeApart
from spot_ml.words.source import ERROR_WORD

_MARK = "~"
_PREFIX = rf"^{_MARK}[^{_MARK}]*{_MARK}"


def amended(
    words: pa.Array, said: Sequence[NDArray[np.int64]], meant: Sequence[NDArray[np.int64]]
) -> pa.Array:
    """Put what is meant before each word that says something else; error words stay."""
    differs = np.logical_or.reduce([a != b for a, b in zip(said, meant, strict=True)])
    differs &= np.asarray(pc.not_equal(words, ERROR_WORD))
    if not differs.any():
        return words
    marked = pc.binary_join_element_wise(_MARK, join_words(*meant), _MARK, words, "")
    return pc.if_else(pa.array(differs), marked, words)


def is_amended(words: pa.Array) -> bool:
    """Say whether any of the words is amended."""
    return bool(pc.any(pc.starts_with(words, _MARK)).as_py())


def plain(words: pa.Array) -> pa.Array:
    """Give the original's word of each word."""
    return pc.replace_substring_regex(words, _PREFIX, "") if is_amended(words) else words


def by_parts(take_apart: TakeApart, names: Sequence[str]) -> TakeApart:
    """Take words apart, the named parts as they are amended: empty where nothing says them."""
    meant = "_".join(f"(?P<{name}>[^_{_MARK}]*)" for name in names)
    pattern = f"^{_MARK}{meant}{_MARK}"

    def with_amendments(words: pa.Array) -> Mapping[str, pa.Array]:
        parts = take_apart(plain(words))
        found = pc.extract_regex(words, pattern)
        amends = pc.is_valid(found)
        over = {
            name: pc.if_else(amends, pc.struct_field(found, name), parts.get(name, ""))
            for name in names
        }
        return {**parts, **over}

    return with_amendments
