"""The content of a stored model: what is needed to score rows that come after its own.

Its tables are Parquet files in one folder, the same bytes for the same content.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from spot_common.errors import DataError
from spot_ml.corpus import Corpus
from spot_ml.lda.model import Matrix, TopicCounts
from spot_ml.words.source import WordContext

_COMPATIBLE, _SURPRISE = "compatible", "surprise"
_COUNTS, _TOP = "counts.parquet", "top-domains.parquet"


@dataclass(frozen=True)
class Learned:
    """A corpus and the topic counts of a fit to it."""

    corpus: Corpus
    counts: TopicCounts


@dataclass(frozen=True)
class StoredModel:
    """The original's fit (with feedback), the default order's where it was asked for, and context.

    ``context`` is what the words of the model's day were made with.
    """

    compatible: Learned
    surprise: Learned | None
    context: WordContext


def write(model: StoredModel, folder: Path) -> None:
    """Write the tables of a model into a folder that is there."""
    for name, learned in ((_COMPATIBLE, model.compatible), (_SURPRISE, model.surprise)):
        if learned is not None:
            _write_learned(learned, folder, name)
    counts = sorted(model.context.counts.items())
    _put(folder / _COUNTS, {
        "value": pa.array([value for value, _ in counts], pa.string()),
        "count": pa.array([count for _, count in counts], pa.int64()),
    })  # fmt: skip
    _put(folder / _TOP, {"label": pa.array(sorted(model.context.top_domains), pa.string())})


def read(folder: Path, user_domain: str, compatible: bool) -> StoredModel:
    """Read what ``write`` wrote; DataError where a table is missing or damaged."""
    try:
        counts = _take(folder / _COUNTS)
        has_surprise = (folder / f"{_SURPRISE}-pairs.parquet").exists()
        context = WordContext(
            user_domain=user_domain,
            top_domains=frozenset(_take(folder / _TOP)["label"].to_pylist()),
            counts=dict(zip(*(column.to_pylist() for column in counts.columns), strict=True)),
            compatible=compatible,
            amended=has_surprise,
        )
        return StoredModel(
            compatible=_read_learned(folder, _COMPATIBLE),
            surprise=_read_learned(folder, _SURPRISE) if has_surprise else None,
            context=context,
        )
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DataError(
            f"the tables of the stored model {folder.name} cannot be read: {error}",
            hint=f"delete it: spot ml models delete {folder.name}",
        ) from error


def read_words(folder: Path, order: str) -> tuple[pa.Array, Matrix]:
    """Read only the words of one order's fit and their topic counts (words x topics)."""
    return _read_topics(folder / words_file(order))


def words_file(order: str) -> str:
    """Name of the file that ``read_words`` reads."""
    return f"{order}-words.parquet"


def digest(folder: Path, more: str) -> str:
    """Hash all files of a folder with their names, and a text (SHA-256, hexadecimal)."""
    found = hashlib.sha256(more.encode())
    for path in sorted(folder.iterdir()):
        with path.open("rb") as data:
            content = hashlib.file_digest(data, "sha256").hexdigest()
        found.update(f"\n{path.name} {content}".encode())
    return found.hexdigest()


def _write_learned(learned: Learned, folder: Path, name: str) -> None:
    corpus, counts = learned.corpus, learned.counts
    _put_topics(folder / f"{name}-documents.parquet", corpus.documents, counts.document)
    _put_topics(folder / words_file(name), corpus.words, counts.word)
    _put(folder / f"{name}-pairs.parquet", {
        "document": pa.array(corpus.document),
        "word": pa.array(corpus.word),
        "count": pa.array(corpus.count),
    })  # fmt: skip


def _read_learned(folder: Path, name: str) -> Learned:
    documents, of_document = _read_topics(folder / f"{name}-documents.parquet")
    words, of_word = _read_topics(folder / words_file(name))
    pairs = _take(folder / f"{name}-pairs.parquet")
    ids = (pairs[column].to_numpy() for column in ("document", "word", "count"))
    return Learned(Corpus(documents, words, *ids), TopicCounts(of_document, of_word))


def _put_topics(path: Path, names: pa.Array, topics: Matrix) -> None:
    """Write a name and a list of topic counts per row."""
    values = pa.array(np.ascontiguousarray(topics, np.float64).reshape(-1))
    width = topics.shape[1]
    _put(path, {"name": names, "topics": pa.FixedSizeListArray.from_arrays(values, width)})


def _read_topics(path: Path) -> tuple[pa.Array, Matrix]:
    table = _take(path)
    topics = table["topics"].combine_chunks()
    width = table.schema.field("topics").type.list_size
    return table["name"].combine_chunks(), topics.flatten().to_numpy().reshape(-1, width)


def _put(path: Path, columns: dict[str, pa.Array]) -> None:
    pq.write_table(pa.table(columns), path, compression="zstd", use_dictionary=False)


def _take(path: Path) -> pa.Table:
    return pq.read_table(path, use_threads=False, partitioning=None)
