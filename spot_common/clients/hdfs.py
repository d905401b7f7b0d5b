"""Files in HDFS, through WebHDFS or HttpFS.

A file that a reader may look for appears whole: it is written under a temporary name in the same
folder (``._<name>.<random>``, which Spark and Hive do not read) and renamed.
"""

from __future__ import annotations

import posixpath
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import IO, Any, ParamSpec, TypeVar, cast

import requests
from hdfs import InsecureClient
from hdfs.client import _Request
from hdfs.util import HdfsError

from spot_common.config import Config
from spot_common.errors import NotFoundError, ServiceError

P = ParamSpec("P")
R = TypeVar("R")

_TIMEOUT_S = (5.0, 120.0)
_CHUNK = 1 << 20
#: An operation of WebHDFS that the library lacks.
_CONCAT = _Request("POST").to_method("CONCAT")


@dataclass(frozen=True)
class Entry:
    """One entry of a folder: size in bytes, time of the last change in ms since 1970."""

    name: str
    is_dir: bool
    size: int
    mtime_ms: int


def _explained(method: Callable[P, R]) -> Callable[P, R]:
    """Turn what the library raises into our errors, naming the path (the first argument)."""

    @wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except (HdfsError, requests.RequestException) as error:
            client, path = cast("tuple[Hdfs, str]", args[:2])
            raise client.explain(path, error) from error

    return wrapper


class Hdfs:
    """The file system that ``NAME_NODE`` and ``WEB_PORT`` name, as the user of ``HUSER``.

    ``user`` acts as another HDFS user, for what only an administrator may do.
    """

    def __init__(self, config: Config, *, user: str = "") -> None:
        self.address = _address(config)
        self.user = user or posixpath.basename(config.text("HUSER").rstrip("/"))
        session = requests.Session()
        session.trust_env = False
        self._client = InsecureClient(
            self.address, user=self.user, timeout=_TIMEOUT_S, session=session
        )

    @_explained
    def exists(self, path: str) -> bool:
        """Say whether something is at ``path``."""
        return self._client.status(path, strict=False) is not None

    @_explained
    def status(self, path: str) -> Entry:
        """Give name, size and time of one path; NotFoundError where nothing is."""
        return _entry(posixpath.basename(path), self._client.status(path))

    @_explained
    def list(self, path: str) -> list[Entry]:
        """Give the entries of a folder by name; nothing where the folder is missing."""
        if self._client.status(path, strict=False) is None:
            return []
        found = [_entry(name, status) for name, status in self._client.list(path, status=True)]
        return sorted(found, key=lambda entry: entry.name)

    @_explained
    def mkdirs(self, path: str, *, mode: str | None = None) -> None:
        """Make a folder and its parents; an existing one is kept."""
        self._client.makedirs(path, permission=mode)

    @_explained
    def set_mode(self, path: str, mode: str) -> None:
        """Set the octal permissions of a path, e.g. ``775``."""
        self._client.set_permission(path, mode)

    @_explained
    def set_owner(self, path: str, owner: str, group: str) -> None:
        """Set owner and group of a path; only an administrator of HDFS may."""
        self._client.set_owner(path, owner=owner, group=group)

    @_explained
    def allow(self, path: str, acl: str) -> None:
        """Add access rights to a path, e.g. ``user:hive:rwx,default:user:hive:rwx``."""
        self._client.set_acl(path, acl, clear=False)

    @_explained
    def read_bytes(self, path: str) -> bytes:
        """Give the content of a file."""
        with self._client.read(path) as reader:
            return bytes(reader.read())

    @contextmanager
    def open_read(self, path: str) -> Iterator[IO[bytes]]:
        """Open a file for reading as a stream."""
        try:
            with self._client.read(path) as reader:
                yield reader
        except (HdfsError, requests.RequestException) as error:
            raise self.explain(path, error) from error

    @_explained
    def read_end(self, path: str, size: int, length: int) -> bytes:
        """Give the last ``length`` bytes of a file of ``size`` bytes."""
        with self._client.read(path, offset=max(0, size - length)) as reader:
            return bytes(reader.read())

    @_explained
    def download(self, path: str, local: Path) -> None:
        """Copy a file from HDFS to this machine."""
        with self._client.read(path, chunk_size=_CHUNK) as chunks, local.open("wb") as target:
            for chunk in chunks:
                target.write(chunk)

    @_explained
    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a whole file; one that is there is replaced."""
        temporary = self._temporary(path)
        self._client.write(temporary, data=data, overwrite=True)
        if not self.rename(temporary, path):
            self._client.delete(path)
            self._client.rename(temporary, path)

    @_explained
    def write_file(self, path: str, local: Path) -> None:
        """Copy a file of this machine to a place where no reader looks; one there is replaced."""
        with local.open("rb") as source:
            self._client.write(path, data=source, overwrite=True)

    @_explained
    def upload(self, path: str, local: Path) -> bool:
        """Copy a file of this machine to ``path``; False where something is there already."""
        temporary = self._temporary(path)
        with local.open("rb") as source:
            self._client.write(temporary, data=source, overwrite=True)
        if self.rename(temporary, path):
            return True
        self._client.delete(temporary)
        return False

    @_explained
    def rename(self, path: str, target: str) -> bool:
        """Rename; False where ``target`` exists already (HDFS never overwrites).

        Raises NotFoundError where ``path`` does not exist.
        """
        if self._renamed(path, target, "NONE"):
            return True
        if self._client.status(target, strict=False) is not None:
            return False
        self._client.status(path)
        self._client.makedirs(posixpath.dirname(target))
        return self._renamed(path, target, "NONE")

    @_explained
    def replace(self, path: str, target: str) -> None:
        """Rename a file in place of what is at ``target``, in one step.

        Raises NotFoundError where ``path`` does not exist.
        """
        if self._renamed(path, target, "OVERWRITE"):
            return
        self._client.status(path)
        self._client.makedirs(posixpath.dirname(target))
        if not self._renamed(path, target, "OVERWRITE"):  # HttpFS knows no overwriting
            self._client.delete(target)
            self._client.rename(path, target)

    def _renamed(self, path: str, target: str, options: str) -> bool:
        """Ask for a rename; False where something stands in its way."""
        try:
            answer = self._client._rename(path, destination=target, renameoptions=options)
        except HdfsError as error:
            if error.exception in ("FileAlreadyExistsException", "FileNotFoundException"):
                return False
            raise
        return not answer.content or bool(answer.json().get("boolean", True))

    @_explained
    def concat(self, path: str, others: Sequence[str]) -> None:
        """Append files of the same folder to the file at ``path`` and remove them, in one step."""
        _CONCAT(self._client, path, sources=",".join(others)).close()

    @_explained
    def delete(self, path: str, *, recursive: bool = False) -> bool:
        """Delete a file or folder; False where nothing was."""
        return bool(self._client.delete(path, recursive=recursive))

    def explain(self, path: str, error: Exception) -> NotFoundError | ServiceError:
        """Say in our words why an operation on ``path`` failed."""
        kind = getattr(error, "exception", "") or ""
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        if kind == "FileNotFoundException" or "does not exist" in first:
            return NotFoundError(f"HDFS has no {path}")
        if isinstance(error, requests.RequestException):
            return ServiceError(
                f"HDFS does not answer at {self.address} ({path})",
                hint="spot status shows the name node; NAME_NODE and WEB_PORT say where it is",
            )
        hints = {
            "SafeModeException": "the name node is in safe mode; it leaves it by itself",
            "AccessControlException": f"the HDFS user {self.user} may not do this there",
            "RetriableException": "try again in a moment",
        }
        return ServiceError(f"HDFS refuses {path}: {first}", hint=hints.get(kind, ""))

    @staticmethod
    def _temporary(path: str) -> str:
        folder, name = posixpath.split(path)
        return f"{folder}/._{name[:100]}.{uuid.uuid4().hex}"


def _address(config: Config) -> str:
    host = config.text("NAME_NODE").rstrip("/")
    if "://" not in host:
        host = f"{'https' if config.flag('SSL') else 'http'}://{host}"
    return f"{host}:{config.integer('WEB_PORT')}"


def _entry(name: str, status: dict[str, Any]) -> Entry:
    return Entry(
        name=name,
        is_dir=status["type"] == "DIRECTORY",
        size=int(status["length"]),
        mtime_ms=int(status["modificationTime"]),
    )
