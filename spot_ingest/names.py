"""Names of files: what is shown, what is safe in HDFS, and what a file's hash is."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from datetime import datetime
from pathlib import Path
from typing import IO

_UNSAFE = re.compile(r"[^A-Za-z0-9._+=@-]")
_LONGEST = 160
_SHORT_HASH = 12
_CHUNK = 1 << 20


def shown(name: str) -> str:
    r"""Give a file name as text that can be stored and printed: odd bytes become ``\xNN``."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def safe(name: str, digest: str) -> str:
    """Give a name that is harmless in a path; where it had to be changed it carries the hash."""
    clean = _UNSAFE.sub("_", shown(name))
    if clean == name and len(name) <= _LONGEST and not name.startswith("."):
        return name
    return distinguished(clean.lstrip(".") or "file", digest)


def distinguished(name: str, digest: str) -> str:
    """Give a name that no other content has; its extension stays."""
    stem, extension = posixpath.splitext(name)
    return f"{stem[:_LONGEST]}-{digest[:_SHORT_HASH]}{extension[:20]}"


def binary_folder(huser: str, source: str) -> str:
    """The HDFS folder of a source's original files."""
    return f"{huser.rstrip('/')}/{source}/binary"


def binary_path(huser: str, source: str, moment: datetime, name: str) -> str:
    """Where an original file lies in HDFS: by day and hour."""
    return f"{binary_folder(huser, source)}/{moment:%Y%m%d}/{moment:%H}/{name}"


def digest_of(path: Path) -> str:
    """Give the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of_stream(stream: IO[bytes], copy: IO[bytes] | None = None) -> str:
    """Give the SHA-256 of what a stream holds, in hexadecimal, copying it on the way."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)
    return digest.hexdigest()
