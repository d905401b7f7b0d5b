"""Storage on this machine's disk, with the methods of the Hadoop one: no Spark is needed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spot_ml.storage import Storage


class Entry:
    """As much of a Java file status as is used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def getPath(self) -> Entry:
        return self

    def getName(self) -> str:
        return self._path.name

    def getModificationTime(self) -> int:
        return int(self._path.stat().st_mtime * 1000)


@dataclass(frozen=True)
class Disk(Storage):
    """Paths are paths of this machine."""

    session: Any = None

    def exists(self, path: str) -> bool:
        return Path(path).exists()

    def list(self, path: str) -> list[Any]:
        return [Entry(entry) for entry in sorted(Path(path).iterdir())]

    def delete(self, path: str) -> None:
        if Path(path).is_dir():
            shutil.rmtree(path)
        else:
            Path(path).unlink(missing_ok=True)

    def rename(self, path: str, target: str) -> None:
        Path(path).rename(target)

    def read_text(self, path: str) -> str | None:
        return Path(path).read_text() if Path(path).exists() else None

    def write_bytes(self, path: str, data: bytes) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data)

    def upload(self, local: Path, path: str) -> None:
        self.write_bytes(path, local.read_bytes())

    def download(self, path: str, local: Path) -> None:
        if Path(path).is_dir():
            shutil.copytree(path, local)
        else:
            shutil.copyfile(path, local)
