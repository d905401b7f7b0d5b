"""Figures of (document, word) pairs for every worker to look up: a file that each maps into memory.

Neither the figures nor the names travel through a join: a worker makes the words of a batch, finds
the place of each pair, and takes the figures from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_ml.corpus import Corpus, found_in

_NAME, _KEY = "name", "key"


@dataclass(frozen=True)
class PairFigures:
    """The pairs of a corpus with any number of figures each.

    ``documents`` and ``words`` are names by id, ``figures`` has a row per pair in the order of the
    corpus: ``key``, which is document id x number of words + word id and ascends, and the figures.
    """

    documents: pa.Array
    words: pa.Array
    figures: pa.Table

    @classmethod
    def of(cls, corpus: Corpus, figures: Mapping[str, NDArray[Any]]) -> PairFigures:
        """Put figures, one value per pair, beside the pairs of a corpus."""
        return cls(corpus.documents, corpus.words, pa.table({_KEY: corpus.keys, **figures}))

    @cached_property
    def _document_index(self) -> pd.Index:
        return _index(self.documents)

    @cached_property
    def _word_index(self) -> pd.Index:
        return _index(self.words)

    @cached_property
    def _columns(self) -> dict[str, NDArray[Any]]:
        return {name: self.figures[name].to_numpy() for name in self.figures.column_names}

    def places(self, documents: pa.Array, words: pa.Array) -> NDArray[np.int64]:
        """Give the place of each pair; -1 where the corpus has none such."""
        document, word = _ids(self._document_index, documents), _ids(self._word_index, words)
        return found_in(self._columns[_KEY], document, word, len(self.words))

    def has(self, name: str) -> bool:
        """Say whether there is such a figure."""
        return name in self.figures.column_names

    def at(self, name: str, places: NDArray[np.int64]) -> NDArray[Any]:
        """The values of a figure at some places, which must not be -1."""
        return self._columns[name][places]

    def write(self, path: Path) -> None:
        """Write all as three streams of Arrow, one after the other."""
        names = [pa.table({_NAME: texts}) for texts in (self.documents, self.words)]
        with pa.OSFile(str(path), "wb") as sink:
            for table in (*names, self.figures):
                with pa.ipc.new_stream(sink, table.schema) as stream:
                    stream.write_table(table)

    @classmethod
    def read(cls, path: Path) -> PairFigures:
        """Map a file that ``write`` wrote."""
        source = pa.memory_map(str(path))
        documents, words, figures = (pa.ipc.open_stream(source).read_all() for _ in range(3))
        return cls(documents[_NAME].combine_chunks(), words[_NAME].combine_chunks(), figures)


def _index(names: pa.Array) -> pd.Index:
    index: pd.Index = pd.Index(names.to_numpy(zero_copy_only=False))
    return index


def _ids(index: pd.Index, names: pa.Array) -> NDArray[np.int64]:
    """Places of names in an index; each distinct name of the batch is looked up once."""
    encoded = names.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    distinct = encoded.dictionary.to_numpy(zero_copy_only=False)
    found = np.append(index.get_indexer(distinct), -1)
    place = pc.fill_null(encoded.indices, len(distinct)).to_numpy(zero_copy_only=False)
    return np.asarray(found[place], np.int64)


@dataclass(frozen=True)
class Sent:
    """Figures that Spark has sent to every executor as a file of that name."""

    name: str

    @property
    def value(self) -> PairFigures:
        """The figures; a process maps the file once."""
        return _sent(self.name)


@lru_cache(maxsize=1)
def _sent(name: str) -> PairFigures:
    from pyspark import SparkFiles  # only where Spark runs

    return PairFigures.read(Path(SparkFiles.get(name)))
