"""The stored models as commands see them, through WebHDFS: no Spark is started."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from spot_common.clients.hdfs import Hdfs
from spot_common.config import Config
from spot_common.errors import NotFoundError
from spot_ml.models.facts import FACTS, Facts, is_identity, of_text, source_of
from spot_ml.request import models_folder


def models(hdfs: Hdfs, config: Config, sources: Iterable[str]) -> list[Facts]:
    """Give the models of some sources, the newest of each source first."""
    found = []
    for source in sources:
        folder = models_folder(config, source)
        names = [entry.name for entry in hdfs.list(folder) if is_identity(entry.name)]
        of_source = [model(hdfs, config, name) for name in names]
        found += sorted(of_source, key=lambda facts: facts.created, reverse=True)
    return found


def model(hdfs: Hdfs, config: Config, identity: str) -> Facts:
    """Give one model; NotFoundError where there is none of that ID."""
    path = posixpath.join(_folder(config, identity), FACTS)
    try:
        return of_text(hdfs.read_bytes(path).decode(), identity)
    except NotFoundError as error:
        raise _lacking(identity) from error


def delete(hdfs: Hdfs, config: Config, identity: str) -> None:
    """Delete a model; NotFoundError where there is none of that ID."""
    if not hdfs.delete(_folder(config, identity), recursive=True):
        raise _lacking(identity)


def _folder(config: Config, identity: str) -> str:
    return posixpath.join(models_folder(config, source_of(identity)), identity)


def _lacking(identity: str) -> NotFoundError:
    return NotFoundError(f"there is no model {identity}", hint="see: spot ml models")
