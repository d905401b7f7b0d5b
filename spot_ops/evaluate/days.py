"""A generated day in memory: the rows that ingest makes of its files."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spot_common import progress
from spot_common.errors import NotFoundError
from spot_ingest.source import ingest_source
from spot_ml.words.domain import top_labels
from spot_ml.words.source import SourceWords, WordContext

#: The own domain of every generated organisation, a bare label as in USER_DOMAIN.
_OWN_DOMAIN = "corp"


def rows_of(folder: Path, words: SourceWords, cache: Path | None = None) -> pa.Table:
    """Give the rows of all files of a source; NotFoundError where the data set has none.

    They are kept in the folder ``cache`` and come from there the next time: a day of captures
    takes a minute to read.
    """
    if cache is None:
        return _read(folder, words)
    made_of = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()[:16]
    kept = cache / f"{made_of}-{words.name}.parquet"
    if not kept.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        hidden = kept.with_suffix(".partial")
        pq.write_table(_read(folder, words), hidden, compression="zstd")
        hidden.replace(kept)
    return pq.read_table(kept, partitioning=None)


def _read(folder: Path, words: SourceWords) -> pa.Table:
    paths = sorted((folder / "data" / words.name).glob("*"))
    if not paths:
        raise NotFoundError(
            f"{folder} has no files of {words.name}",
            hint="give a folder that spot gen generate wrote",
        )
    with progress.bar(f"reading {words.name}", len(paths), "files") as shown:
        parts = []
        for path in paths:
            parts += list(_rows(path, words))
            shown.advance()
    return pa.Table.from_batches(parts)


def _rows(path: Path, words: SourceWords) -> Iterator[pa.RecordBatch]:
    """Read one file, the columns that are ranked by or shown."""
    with (
        tempfile.TemporaryDirectory(prefix="spot-evaluate-") as scratch,
        ingest_source(words.name).read(path, Path(scratch)) as reading,
    ):
        for batch in reading.batches:
            yield batch.rows.select(columns(words))


def columns(words: SourceWords) -> list[str]:
    """The columns of the raw table that are needed."""
    return list(dict.fromkeys([*words.select_columns, *(name for name, _ in words.model_schema)]))


def context_of(folder: Path) -> WordContext:
    """What is known of the organisation of a data set: popular names and its own domain."""
    path = folder / "context" / "top-domains.csv"
    if not path.is_file():
        raise NotFoundError(f"{path} does not exist", hint="generate the data set again")
    labels = top_labels(path.read_text(encoding="utf-8").splitlines())
    return WordContext(user_domain=_OWN_DOMAIN, top_domains=labels, amended=True)
