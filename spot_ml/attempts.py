"""Doing a run again when files that it had listed were replaced while it read them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from spot_common import log
from spot_common.errors import DataError, ServiceError, SpotError
from spot_ml.batches import StrayPairError
from spot_ml.storage import explain

T = TypeVar("T")

_LOG = log.get("ml.job")
_ATTEMPTS = 3

#: How Spark says that a file which it had listed is not there any more, or is another.
_GONE = ("FILE_NOT_EXIST", "FileNotFoundException", StrayPairError.__name__)
#: How it says that a file is not whole; the name of the file stands before it.
_BROKEN = re.compile(r"(\S+) is not a Parquet file|Could not read footer for file: (\S+)")
#: How a worker says what is wrong with a file.
_FAULT = re.compile(rf"{DataError.__name__}: (.+)")


class _InputChangedError(Exception):
    """Files that were listed are gone or not whole; ``final`` is what it is if it stays so."""

    def __init__(self, final: SpotError) -> None:
        super().__init__(final.message)
        self.final = final


def repeated(what: str, attempt: Callable[[], T]) -> T:
    """Do ``attempt``, and again while its input, named by ``what``, changes under it.

    Failures of Spark become errors that say what to do.
    """
    final: SpotError | None = None
    for _ in range(_ATTEMPTS):
        try:
            with _explained(what):
                return attempt()
        except _InputChangedError as error:
            final = error.final
            log.event(_LOG, "input_changed", logging.WARNING, input=what)
    assert final is not None
    raise final


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn what Spark raises into errors that say what to do."""
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        changed = _changed(what, str(error))
        if changed is not None:
            raise _InputChangedError(changed) from error
        fault = _FAULT.search(str(error))
        if fault is not None:
            raise DataError(fault[1], hint="move the file away, or write it anew") from error
        if isinstance(error, Py4JJavaError):
            raise explain(error, what) from error
        message = str(error).splitlines()[0][:500]
        raise DataError(
            f"Spark could not work on {what}: {message}", hint="see logs/ml-spark.log in STATE_DIR"
        ) from error


def _changed(what: str, message: str) -> SpotError | None:
    """The error of an input that goes on changing; None where ``message`` tells of none."""
    broken = _BROKEN.search(message)
    if broken is not None:
        return DataError(
            f"{broken[1] or broken[2]} is no whole Parquet file",
            hint="it may still be written: run it again later, or move the file away",
        )
    if any(mark in message for mark in _GONE):
        return ServiceError(
            f"the files of {what} changed {_ATTEMPTS} times while they were read",
            hint="run it again when nothing writes there",
        )
    return None
