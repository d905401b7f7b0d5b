"""Small corpora, written out: a document, a word and a count per pair."""

from __future__ import annotations

import pyarrow as pa

from spot_ml.corpus import Corpus, build


def corpus_of(triples: list[tuple[str, str, int]]) -> Corpus:
    """The corpus of so many triples."""
    documents, words, counts = zip(*triples, strict=True)
    return build(pa.array(documents), pa.array(words), list(counts))
