"""Which format a log is in: the one that makes rows of most of its first lines."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from fnmatch import fnmatch
from typing import TypeAlias

from spot_common.errors import ConfigError, TransientError
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
    tried: list[_Trial] = []
    for part in (block.head(_HEAD), block):
        for form in known:
            if _reader(form).names_fields(part):
                return _reader(form)
        if not block.says():
            continue
        tried = [_Trial(form, part) for form in known]
        best = max(tried, key=lambda one: (one.stored, fnmatch(name, one.form.files)))
        if best.stored:
            return _reader(best.form)
    if not tried:
        return None
    reasons = "; ".join(f"{one.form.name}: {one.reason}" for one in tried)
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


class _Trial:
    """What a format makes of some lines: how many rows, and why not of the first that is none."""

    def __init__(self, form: Format, block: Block) -> None:
        self.form = form
        self.stored = 0
        self.reason = ""
        for batch in _reader(form).read(block):
            self.stored += batch.rows.num_rows
            if batch.rejected:
                first = min(batch.rejected, key=lambda row: row.number)
                self.reason = self.reason or first.reason


def _reader(form: Format) -> LogReader:
    return JsonReader(form) if form.split is None else LinedReader(form, form.split)


def _check_encoding(data: bytes) -> None:
    """Raise UnreadableError for text of two bytes a character."""
    head = data[:1024]
    zeros = max(head[0::2].count(0), head[1::2].count(0))
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or zeros > len(head) / 4:
        raise UnreadableError(
            "it is UTF-16 text, not UTF-8", hint="convert it, for example with iconv -f UTF-16"
        )
