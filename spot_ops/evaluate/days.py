"""A generated day in memory: the rows that ingest makes of its files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from spot_common import progress
from spot_common.errors import NotFoundError
from spot_ingest.source import ingest_source
from spot_ml.words.domain import top_labels
from spot_ml.words.source import SourceWords, WordContext

#: The own domain of every generated organisation, a bare label as in USER_DOMAIN.
_OWN_DOMAIN = "corp"


def rows_of(folder: Path, words: SourceWords) -> pa.Table:
    """Read all files of a source; NotFoundError where the data set has none."""
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
    names = list(dict.fromkeys([*words.select_columns, *(name for name, _ in words.model_schema)]))
    with (
        tempfile.TemporaryDirectory(prefix="spot-evaluate-") as scratch,
        ingest_source(words.name).read(path, Path(scratch)) as reading,
    ):
        for batch in reading.batches:
            yield batch.rows.select(names)


def context_of(folder: Path) -> WordContext:
    """What is known of the organisation of a data set: popular names and its own domain."""
    path = folder / "context" / "top-domains.csv"
    if not path.is_file():
        raise NotFoundError(f"{path} does not exist", hint="generate the data set again")
    labels = top_labels(path.read_text(encoding="utf-8").splitlines())
    return WordContext(user_domain=_OWN_DOMAIN, top_domains=labels)
