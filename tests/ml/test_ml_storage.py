"""Putting a new folder in the place of an old one, whatever happens on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from spot_common.errors import ServiceError
from spot_ml.storage import Storage


class _Entry:
    """As much of a Java file status as is used."""

    def __init__(self, name: str, changed_ms: int) -> None:
        self._name, self._changed = name, changed_ms

    def getPath(self) -> _Entry:
        return self

    def getName(self) -> str:
        return self._name

    def getModificationTime(self) -> int:
        return self._changed


@dataclass(frozen=True)
class _Folders(Storage):
    """Folders in memory: path to (content, time of change in ms)."""

    session: Any = None
    paths: dict[str, tuple[str, int]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def put(self, path: str, content: str, age_s: float = 0) -> None:
        self.paths[path] = (content, int((time.time() - age_s) * 1000))

    def exists(self, path: str) -> bool:
        return any(known == path or known.startswith(f"{path}/") for known in self.paths)

    def list(self, path: str) -> list[Any]:
        return list(self._below(path))

    def _below(self, path: str) -> Iterator[_Entry]:
        for known, (_, changed) in sorted(self.paths.items()):
            if known.rpartition("/")[0] == path:
                yield _Entry(known.rpartition("/")[2], changed)

    def delete(self, path: str) -> None:
        self.paths.pop(path, None)

    def rename(self, path: str, target: str) -> None:
        if target in self.refused:
            self.refused.remove(target)
            raise ServiceError("refused")
        self.paths[target] = self.paths.pop(path)

    def contents(self) -> dict[str, str]:
        return {path: content for path, (content, _) in self.paths.items()}


def _interrupted(store: _Folders) -> None:
    with store.replaced("/r/scores") as fresh:
        store.put(fresh, "half")
        raise KeyboardInterrupt


def test_the_new_folder_takes_the_place_of_the_old_one() -> None:
    store = _Folders()
    store.put("/r/scores", "old")
    with store.replaced("/r/scores") as fresh:
        store.put(fresh, "new")
        assert store.contents()["/r/scores"] == "old"
    assert store.contents() == {"/r/scores": "new"}


def test_the_first_folder_of_a_day_needs_no_old_one() -> None:
    store = _Folders()
    with store.replaced("/r/scores/") as fresh:
        store.put(fresh, "new")
    assert store.contents() == {"/r/scores": "new"}


def test_a_failure_leaves_the_old_folder() -> None:
    store = _Folders()
    store.put("/r/scores", "old")
    with pytest.raises(KeyboardInterrupt):
        _interrupted(store)
    assert store.contents() == {"/r/scores": "old"}


def test_a_refused_rename_brings_the_old_folder_back() -> None:
    store = _Folders(refused={"/r/scores"})
    store.put("/r/scores", "old")
    with pytest.raises(ServiceError), store.replaced("/r/scores") as fresh:
        store.put(fresh, "new")
    assert store.contents() == {"/r/scores": "old"}


def test_what_a_killed_run_left_is_put_right() -> None:
    store = _Folders()
    store.put("/r/.scores.old.b", "last", age_s=10)
    store.put("/r/.scores.old.a", "older", age_s=90_000)
    store.put("/r/.scores.new.c", "half", age_s=90_000)
    store.put("/r/.scores.new.d", "another run at work", age_s=5)
    store.put("/r/feedback", "kept", age_s=900_000)
    with store.replaced("/r/scores") as fresh:
        assert store.contents() == {
            "/r/scores": "last", "/r/.scores.new.d": "another run at work", "/r/feedback": "kept",
        }  # fmt: skip
        store.put(fresh, "new")
    assert store.contents()["/r/scores"] == "new"
