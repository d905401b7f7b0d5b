"""Files of the job's default file system, through the Hadoop client inside Spark."""

from __future__ import annotations

import posixpath
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from spot_common.errors import DataError, ServiceError, SpotError

_STALE_MS = 24 * 3600 * 1000
_COPY_BYTES = 1 << 20
_UNFINISHED = re.compile(r"\..*\.new\.[0-9a-f]{32}")


def explain(error: Py4JJavaError, what: str) -> ServiceError | DataError:
    """Turn a failure of the Java side into an error that names what it concerns."""
    root = error.java_exception
    while root.getCause() is not None:
        root = root.getCause()
    kind = root.getClass().getSimpleName()
    message = str(root.getMessage() or kind).splitlines()[0]
    if kind in ("ConnectException", "NoRouteToHostException", "UnknownHostException"):
        return ServiceError(
            f"HDFS does not answer: {message}",
            hint="start it with 'spot up', or see 'spot status'",
        )
    if kind == "AccessControlException":
        return DataError(f"no permission for {what}: {message}", hint="check HUSER and its owner")
    return ServiceError(f"{what}: {kind}: {message}", hint="see logs/ml-spark.log in STATE_DIR")


@dataclass(frozen=True)
class Storage:
    """The file system that paths without a scheme belong to."""

    session: SparkSession

    @property
    def _java(self) -> Any:
        return self.session._jvm

    def _path(self, path: str) -> Any:
        return self._java.org.apache.hadoop.fs.Path(path)

    def _system(self, path: str) -> Any:
        return self._path(path).getFileSystem(self.session._jsc.hadoopConfiguration())

    def exists(self, path: str) -> bool:
        """Say whether something is at ``path``."""
        with explained(path):
            return bool(self._system(path).exists(self._path(path)))

    def list(self, path: str) -> list[Any]:
        """Give the Java file status of each entry of a folder, by name."""
        with explained(path):
            found = list(self._system(path).listStatus(self._path(path)))
        return sorted(found, key=entry_name)

    def checksums(self, addresses: Sequence[str]) -> Sequence[str]:
        """Give the checksum of each file with the name of its algorithm.

        It is empty where the file system has none. What the Java side raises is not explained
        here: the caller may be looking at a file that is on its way out.
        """
        found = []
        for address in addresses:
            checksum = self._system(address).getFileChecksum(self._path(address))
            found.append(str(checksum.toString()) if checksum is not None else "")
        return found

    def delete(self, path: str) -> None:
        """Delete a file or a folder with all in it; nothing happens where there is none."""
        with explained(path):
            self._system(path).delete(self._path(path), True)

    def rename(self, path: str, target: str) -> None:
        """Rename a file or folder; ServiceError where that is refused."""
        with explained(path):
            if not self._system(path).rename(self._path(path), self._path(target)):
                raise ServiceError(f"{path} could not be renamed to {target}")

    def read_text(self, path: str) -> str | None:
        """The text of a file (UTF-8, faulty bytes replaced), None where there is none."""
        data = self.read_bytes(path)
        return None if data is None else data.decode("utf-8", errors="replace")

    def read_bytes(self, path: str) -> bytes | None:
        """The content of a file, None where there is none."""
        if not self.exists(path):
            return None
        with explained(path):
            stream = self._system(path).open(self._path(path))
            try:
                data = self._java.org.apache.commons.io.IOUtils.toByteArray(stream)
            finally:
                stream.close()
        return bytes(data)

    def write_text(self, path: str, text: str) -> None:
        """Create or replace a file of text."""
        self.write_bytes(path, text.encode("utf-8"))

    def write_table(self, path: str, table: pa.Table) -> None:
        """Create or replace a Parquet file; the table is a small one."""
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        self.write_bytes(path, sink.getvalue().to_pybytes())

    def write_bytes(self, path: str, data: bytes) -> None:
        """Create or replace a file."""
        with explained(path):
            stream = self._system(path).create(self._path(path), True)
            try:
                stream.write(bytearray(data))
            finally:
                stream.close()

    def upload(self, local: Path, path: str) -> None:
        """Copy a file of this machine, creating or replacing ``path``."""
        source = self._path(local.resolve().as_uri())
        with explained(path):
            self._system(path).copyFromLocalFile(False, True, source, self._path(path))

    def download(self, path: str, local: Path) -> None:
        """Copy a file, or a folder with all in it, to a place on this machine that is free."""
        target = self._path(local.resolve().as_uri())
        with explained(path):
            self._system(path).copyToLocalFile(False, self._path(path), target, True)

    def merge(self, folder: str, target: str) -> None:
        """Join the part files of a folder, in the order of their names, into one file."""
        io = self._java.org.apache.hadoop.io.IOUtils
        with explained(target):
            out = self._system(target).create(self._path(target), True)
            try:
                for entry in self.list(folder):
                    if not entry_name(entry).startswith("part-"):
                        continue
                    part = self._system(folder).open(entry.getPath())
                    try:
                        io.copyBytes(part, out, _COPY_BYTES, False)
                    finally:
                        part.close()
            finally:
                out.close()
        self.delete(folder)

    @contextmanager
    def replaced(self, folder: str) -> Iterator[str]:
        """Give the path of a new folder that takes the place of ``folder`` when the block ends.

        The earlier folder stays complete until then, and for ever where the block fails.
        """
        folder = folder.rstrip("/")
        parent, name = posixpath.dirname(folder) or ".", posixpath.basename(folder)
        self._tidy(parent, name)
        fresh = posixpath.join(parent, f".{name}.new.{uuid.uuid4().hex}")
        former = posixpath.join(parent, f".{name}.old.{uuid.uuid4().hex}")
        try:
            yield fresh
            had_one = self.exists(folder)
            if had_one:
                self.rename(folder, former)
            try:
                self.rename(fresh, folder)
            except Exception:
                if had_one:
                    self.rename(former, folder)
                raise
        except BaseException:
            with suppress(SpotError):
                self.delete(fresh)
            raise
        self.delete(former)

    def sweep(self, folder: str) -> None:
        """Delete what runs that were killed a day ago or earlier began to write into a folder."""
        for entry in self.list(folder) if self.exists(folder) else ():
            if _UNFINISHED.fullmatch(entry_name(entry)) and _stale(entry):
                self.delete(posixpath.join(folder, entry_name(entry)))

    def _tidy(self, parent: str, name: str) -> None:
        """Clean up after runs that were killed: bring a folder back, delete what is a day old."""
        if not self.exists(parent):
            return
        marks = (f".{name}.new.", f".{name}.old.")
        left = [entry for entry in self.list(parent) if entry_name(entry).startswith(marks)]
        former = [entry for entry in left if entry_name(entry).startswith(marks[1])]
        if former and not self.exists(posixpath.join(parent, name)):
            latest = max(former, key=lambda entry: int(entry.getModificationTime()))
            self.rename(posixpath.join(parent, entry_name(latest)), posixpath.join(parent, name))
            left.remove(latest)
        for entry in left:
            if _stale(entry):
                self.delete(posixpath.join(parent, entry_name(entry)))


def entry_name(entry: Any) -> str:
    """Name of a Java file status."""
    return str(entry.getPath().getName())


def _stale(entry: Any) -> bool:
    return time.time() * 1000 - int(entry.getModificationTime()) > _STALE_MS


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Explain failures of the Java side in the block; ``what`` names the path concerned."""
    try:
        yield
    except Py4JJavaError as error:
        raise explain(error, what) from error
