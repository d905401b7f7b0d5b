"""Where the rows of a run are read from."""

from __future__ import annotations

import re

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's users know

from spot_common.errors import NotFoundError, UsageError
from spot_ml import schema
from spot_ml.input_rows import InputRows
from spot_ml.launch import spellings
from spot_ml.request import Folders, Request, TableInput
from spot_ml.storage import Storage
from spot_ml.words.source import SourceWords

_IDENTIFIER = re.compile(r"[A-Za-z0-9_]+")


def read(
    session: SparkSession, storage: Storage, request: Request, words: SourceWords
) -> InputRows:
    """Open the rows of a run and check their columns; nothing is read yet.

    What comes into the folders after that is neither listed nor read.

    Raises NotFoundError where there are no rows, DataError where the columns do not fit.
    """
    if isinstance(request.input, TableInput):
        frame = _table(session, request.input)
    elif isinstance(request.input, Folders):
        frame = _files(session, storage, *request.input.paths)
    else:
        frame = _files(session, storage, request.input)
    found = {field.name: field.dataType.typeName() for field in frame.schema.fields}
    schema.check(found, words.model_schema, words.select_columns, str(request.input))
    return InputRows.of(frame, plain=not isinstance(request.input, TableInput))


def _files(session: SparkSession, storage: Storage, *paths: str) -> DataFrame:
    found = [name for path in paths for name in spellings(path) if storage.exists(name)]
    path = ", ".join(paths)
    if not found:
        raise NotFoundError(f"there are no rows at {path}", hint="see which days have data")
    try:
        return session.read.option("recursiveFileLookup", "true").parquet(*found)
    except AnalysisException as error:
        raise NotFoundError(
            f"there are no rows at {path}: no Parquet file is in it",
            hint="the day may still be written, or its rows may have been moved",
        ) from error


def _table(session: SparkSession, table: TableInput) -> DataFrame:
    for name in (table.database, table.table):
        if not _IDENTIFIER.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a database or table")
    try:
        frame = session.table(f"`{table.database}`.`{table.table}`")
    except AnalysisException as error:
        raise NotFoundError(f"there is no table {table.database}.{table.table}") from error
    wanted = (F.col("y") == table.year) & (F.col("m") == table.month) & (F.col("d") == table.day)
    return frame.where(wanted)
