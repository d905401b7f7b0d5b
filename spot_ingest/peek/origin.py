"""Where a file is that somebody wants to look at: on disk, in HDFS, or known by its hash."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spot_common import progress
from spot_common.clients.hdfs import Hdfs
from spot_common.config import Config
from spot_common.errors import NotFoundError, UsageError
from spot_ingest import names, quarantine
from spot_ingest.commands.ledger import one_file
from spot_ingest.entry import State
from spot_ingest.ledger import Ledger

_HDFS = "hdfs:"
_DIGITS = re.compile(r"[0-9A-Fa-f]{4,64}")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Origin:
    """A file to look at: its name as it may be printed, and where it is on this machine."""

    name: str
    path: Path


def origin_of(config: Config, word: str, scratch: Path) -> Origin:
    """Find the file that a word means, and bring it to ``scratch`` where it lies in HDFS.

    A file on disk comes before a hash that begins alike. NotFoundError where there is none.
    """
    if word.startswith(_HDFS):
        path = _hdfs_path(word)
        return _fetched(Hdfs(config), [path], scratch)
    local = Path(word)
    if local.is_file():
        return Origin(names.shown(local.name), local.absolute())
    if local.exists():
        raise UsageError(f"{names.shown(word)} is not a file", hint="name one file")
    if not _DIGITS.fullmatch(word):
        raise NotFoundError(
            f"there is no file {names.shown(word)}",
            hint="give a path, an hdfs: path, or the beginning of a hash (spot ledger lists them)",
        )
    entry = one_file(Ledger.of(config), word)
    if entry.dropped and entry.state is State.SET_ASIDE:
        raise NotFoundError(f"{entry.name} is not kept any more: {entry.reason}")
    kept = quarantine.original_path(config.text("HUSER"), entry)
    return _fetched(Hdfs(config), [entry.path, kept], scratch)


def _hdfs_path(word: str) -> str:
    path = word.removeprefix(_HDFS)
    if path.startswith("//") and not path.startswith("///"):
        raise UsageError(
            f"{names.shown(word)} names a host",
            hint="leave it out (hdfs:/folder/file): NAME_NODE says where HDFS is",
        )
    if not path.startswith("/"):
        raise UsageError(f"{names.shown(word)} is no path in HDFS", hint="hdfs:/folder/file")
    return posixpath.normpath("/" + path.lstrip("/"))


def _fetched(hdfs: Hdfs, paths: Sequence[str], scratch: Path) -> Origin:
    """Copy the first of these files that exists."""
    for path in paths:
        try:
            found = hdfs.status(path)
        except NotFoundError:
            continue
        if found.is_dir:
            raise UsageError(f"{names.shown(path)} is a folder", hint="name one file")
        local = scratch / "fetched"
        with (
            progress.bar("fetching it from HDFS", -(-found.size // _CHUNK), "MB") as bar,
            hdfs.open_read(path) as stream,
            local.open("wb") as copy,
        ):
            while chunk := stream.read(_CHUNK):
                copy.write(chunk)
                bar.advance()
        return Origin(names.shown(posixpath.basename(path)), local)
    raise NotFoundError(
        f"HDFS has no {names.shown(paths[0])}",
        hint="spot ledger show HASH tells where a file is and what became of it",
    )
