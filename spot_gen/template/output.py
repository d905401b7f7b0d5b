"""Writing lines to a file that appears whole, with the labels beside it, or to a stream."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from spot_common.errors import DataError, NotFoundError, UsageError
from spot_gen.template.lines import Block

_HEADER = b"ordinal,label\n"


class Tally:
    """What was written: ``lines``, ``labelled``, ``size`` in bytes, first and last time, digest."""

    def __init__(self) -> None:
        self.lines = self.labelled = self.size = 0
        self.first_us: int | None = None
        self.last_us: int | None = None
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The digest of the lines."""
        return self._digest.hexdigest()

    def add(self, block: Block, data: bytes) -> None:
        """Count a block and the bytes that it became."""
        self._digest.update(data)
        self.size += len(data)
        self.lines += len(block.lines)
        self.labelled += int((block.labels != "").sum())
        if len(block.lines):
            low, high = int(block.time_us.min()), int(block.time_us.max())
            self.first_us = low if self.first_us is None else min(self.first_us, low)
            self.last_us = high if self.last_us is None else max(self.last_us, high)


def write(blocks: Iterable[Block], lines: BinaryIO, labels: BinaryIO | None, ending: str) -> Tally:
    """Write lines as UTF-8, each with its ending, and the labels of those that have one."""
    tally = Tally()
    if labels is not None:
        labels.write(_HEADER)
    for block in blocks:
        data = "".join(f"{line}{ending}" for line in block.lines.tolist()).encode()
        if labels is not None:
            labels.write(_labels(block, tally.lines))
        lines.write(data)
        tally.add(block, data)
    lines.flush()
    return tally


def _labels(block: Block, before: int) -> bytes:
    places = np.flatnonzero(block.labels != "")
    text = io.StringIO()
    rows = zip((places + before + 1).tolist(), block.labels[places].tolist(), strict=True)
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def labels_path(target: Path) -> Path:
    """Return where the labels of an output stand."""
    return target.with_name(f"{target.name}.labels.csv")


@contextmanager
def staged(target: Path, labelled: bool) -> Iterator[tuple[BinaryIO, BinaryIO | None]]:
    """Open an output and, where there are labels, the file beside it.

    Both get their names when the block is left, labels first; when it fails nothing is left of
    them. Labels of a former output of this name go away. What is no regular file (a pipe, a
    device) is written to as it is, without labels.
    """
    if target.is_dir():
        raise UsageError(f"{target} is a folder")
    if not target.parent.is_dir():
        raise NotFoundError(f"there is no folder {target.parent}")
    labelled = labelled and not _is_device(target)
    try:
        with ExitStack() as stack:
            lines = stack.enter_context(_appearing(target))
            # What is entered last is left first: the labels are there before the lines are.
            yield lines, stack.enter_context(_labelling(target, labelled))
        if not labelled:
            _forget(labels_path(target))
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror}") from error


def _is_device(target: Path) -> bool:
    return target.exists() and not target.is_file()


@contextmanager
def _labelling(target: Path, labelled: bool) -> Iterator[BinaryIO | None]:
    if not labelled:
        yield None
        return
    with _appearing(labels_path(target)) as file:
        yield file


@contextmanager
def _appearing(target: Path) -> Iterator[BinaryIO]:
    if _is_device(target):
        with target.open("wb") as device:
            yield device
        return
    real = target.resolve()
    hidden = real.with_name(f".{real.name}.{os.getpid()}.partial")
    try:
        with hidden.open("wb") as file:
            yield file
        hidden.replace(real)
    finally:
        hidden.unlink(missing_ok=True)


def _forget(labels: Path) -> None:
    """Remove labels that were written beside a former output, and no other file."""
    if labels.is_file():
        with labels.open("rb") as file:
            ours = file.read(len(_HEADER)) == _HEADER
        if ours:
            labels.unlink()
