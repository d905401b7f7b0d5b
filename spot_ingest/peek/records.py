"""Single flow records of an nfcapd file: all that nfdump knows of each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from spot_common.errors import DataError, NotFoundError
from spot_common.printed import printed
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import nfdump, nfheader

_BEGINS = b"\nFlow Record: \n"
_PIECE = 1 << 20


@dataclass(frozen=True)
class Field:
    """One thing that nfdump tells of a flow."""

    name: str
    value: str


@dataclass(frozen=True)
class Record:
    """One flow: its number in the file, from 1, and its fields as nfdump prints them."""

    number: int
    fields: tuple[Field, ...]


def records_of(path: Path, first: int, last: int) -> tuple[list[Record], str]:
    """Give the flows from ``first`` to ``last``, as far as there are; also how the file is damaged.

    NotFoundError where ``first`` is beyond the end, DataError where nfdump can read no flow.
    """
    with nfdump.everything(path, last) as running:
        before, text = _from(running.stdout, first)
        done = running.finish()
    said = done.stopped or done.stderr.strip().partition("\n")[0]
    if done.status != 0 and not said:
        said = f"nfdump ended with status {done.status}"
    damage = _damage(path) or printed(said)
    if not text:
        if before == 0 and damage:
            raise DataError(f"nfdump can read no flow of it: {damage}", hint=nfheader.COPY_AGAIN)
        raise NotFoundError(f"there is no record {first:,}: nfdump reads {before:,}", hint=damage)
    parts = islice(text.split(_BEGINS), last - first + 1)
    return [Record(number, _fields(part)) for number, part in enumerate(parts, first)], damage


def _damage(path: Path) -> str:
    """Say what is wrong with a file as it looks from outside; empty where nothing is."""
    try:
        nfheader.survey(path)
    except UnreadableError as error:
        return error.message
    return ""


def _from(stream: IO[bytes], number: int) -> tuple[int, bytes]:
    """Skip to a record; give how many were skipped, and the text from this record on.

    The text is empty where there are fewer.
    """
    skipped, rest = 0, b""
    while piece := stream.read(_PIECE):
        data = rest + piece
        found = data.count(_BEGINS)
        if skipped + found >= number:
            *_, text = data.split(_BEGINS, number - skipped)
            return number - 1, text + stream.read()
        skipped += found
        rest = data[1 - len(_BEGINS) :]
    return skipped, b""


def _fields(text: bytes) -> tuple[Field, ...]:
    lines = text.decode("utf-8", "backslashreplace").split("\n")
    pairs = (line.partition("=") for line in lines if line.strip())
    return tuple(Field(name.strip(), value.strip()) for name, _, value in pairs)
