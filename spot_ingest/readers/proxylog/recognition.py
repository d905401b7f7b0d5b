"""Which format a log is in: the one that makes rows of most of its first lines."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TypeAlias

from spot_common.errors import ConfigError, TransientError
from spot_ingest.accounting import Rejected
from spot_ingest.errors import UnreadableError
from spot_ingest.readers.proxylog.blocks import Block
from spot_ingest.readers.proxylog.format import Format
from spot_ingest.readers.proxylog.jsonlines import JsonReader
from spot_ingest.readers.proxylog.lined import LinedReader
from spot_ingest.readers.proxylog.mapping import formats

LogReader: TypeAlias = LinedReader | JsonReader

_HEAD = 50


def recognised(block: Block, name: str) -> LogReader | None:
    """Give a reader of the format that the first lines of a log are in.

    A line that names the fields decides; else the format that understands most lines, and of
    equal ones that which expects such a file name. None where the lines say nothing yet.
    UnreadableError where no format fits; it says how far each came. TransientError where a file
    of the formats is wrong.
    """
    _check_encoding(block.data)
    known = _known()
    trials: list[_Trial] = []
    for part in (block.head(_HEAD), block):
        for log_format in known:
            if _reader(log_format).names_fields(part):
                return _reader(log_format)
        if not block.says():
            continue
        trials = [_tried(log_format, part) for log_format in known]
        best = max(trials, key=lambda one: (one.stored, fnmatch(name, one.log_format.files)))
        if best.stored:
            return _reader(best.log_format)
    if not trials:
        return None
    reasons = "; ".join(f"{one.log_format.name}: {one.reason}" for one in trials)
    raise UnreadableError(
        f"no format fits its first lines ({reasons})",
        hint="docs/admin.md says how to describe a format in conf/proxy/",
    )


def _known() -> tuple[Format, ...]:
    """Give the formats; one that an admin is just writing is no fault of the log."""
    try:
        return formats()
    except ConfigError as error:
        raise TransientError(error.message, hint=error.hint) from error


@dataclass(frozen=True)
class _Trial:
    """What a format makes of some lines: how many rows, and why the first other line is none."""

    log_format: Format
    stored: int
    reason: str


def _tried(log_format: Format, block: Block) -> _Trial:
    stored = 0
    rejected: list[Rejected] = []
    for batch in _reader(log_format).read(block):
        stored += batch.rows.num_rows
        rejected += batch.rejected
    first = min(rejected, key=lambda row: row.number, default=None)
    return _Trial(log_format, stored, first.reason if first else "")


def _reader(log_format: Format) -> LogReader:
    split = log_format.split
    return JsonReader(log_format) if split is None else LinedReader(log_format, split)


def _check_encoding(data: bytes) -> None:
    """Raise UnreadableError for text of two bytes a character."""
    head = data[:1024]
    few, many = sorted((head[0::2].count(0), head[1::2].count(0)))
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or (many > len(head) / 4 > 8 * few):
        raise UnreadableError(
            "it is UTF-16 text, not UTF-8", hint="convert it, for example with iconv -f UTF-16"
        )
