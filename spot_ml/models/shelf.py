"""The stored models of one source: ``<HUSER>/<source>/models/<ID>/`` in HDFS."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from spot_common.errors import NotFoundError
from spot_ml.lda.model import Matrix
from spot_ml.models import stored
from spot_ml.models.facts import FACTS, Facts, identity_of, is_identity, of_text, source_of
from spot_ml.models.stored import StoredModel
from spot_ml.storage import Storage, entry_name


@dataclass(frozen=True)
class Shelf:
    """The models in one folder, through the Hadoop client inside Spark."""

    storage: Storage
    folder: str

    def save(self, model: StoredModel, facts: Facts) -> str:
        """Save a model and give its ID; the same content has the same ID and is kept once.

        It appears complete, by one rename.
        """
        with tempfile.TemporaryDirectory(prefix="spot-model-") as place:
            local = Path(place)
            stored.write(model, local)
            digest = stored.digest(local, facts.stable())
            identity = identity_of(facts.source, facts.day, digest)
            if self.storage.exists(self._path(identity)):
                return identity
            size = sum(path.stat().st_size for path in local.iterdir())
            with self.storage.replaced(self._path(identity)) as fresh:
                for path in sorted(local.iterdir()):
                    self.storage.upload(path, f"{fresh}/{path.name}")
                done = replace(facts, identity=identity, size=size)
                self.storage.write_text(f"{fresh}/{FACTS}", done.text())
        return identity

    def facts(self, identity: str) -> Facts:
        """Read what a model says about itself; NotFoundError where there is none of that ID."""
        source_of(identity)
        text = self.storage.read_text(f"{self._path(identity)}/{FACTS}")
        if text is None:
            raise NotFoundError(
                f"there is no model {identity}", hint="see which there are: spot ml models"
            )
        return of_text(text, identity)

    def load(self, identity: str) -> tuple[Facts, StoredModel]:
        """Read a model; NotFoundError where there is none, DataError where it is damaged."""
        facts = self.facts(identity)
        with self._copy(identity) as local:
            return facts, stored.read(local, facts.user_domain, facts.compatible)

    def word_topics(self, identity: str, order: str) -> tuple[pa.Array, Matrix]:
        """Give the words of a model and their topic counts (words x topics), to start a fit from.

        ``order`` is ``compatible`` for the original's fit or ``surprise`` for the default order's,
        which is on damped counts; NotFoundError where the model was made without it.
        """
        self.facts(identity)
        name = stored.words_file(order)
        if not self.storage.exists(f"{self._path(identity)}/{name}"):
            raise NotFoundError(
                f"the model {identity} has no fit for the order {order}",
                hint=f"make one of that day: spot ml run --order {order}",
            )
        with self._copy(identity, name) as local:
            return stored.read_words(local, order)

    def prune(self, kept: int, current: str) -> None:
        """Delete the oldest models but ``kept`` of them; ``current`` counts as the newest.

        What killed runs began to write goes, too.
        """
        self.storage.sweep(self.folder)
        made = {
            name: int(entry.getModificationTime())
            for entry in self.storage.list(self.folder)
            if is_identity(name := entry_name(entry))
        }
        newest = sorted(made, key=lambda name: (name == current, made[name]), reverse=True)
        for name in newest[kept:]:
            self.storage.delete(self._path(name))

    def _path(self, identity: str) -> str:
        return posixpath.join(self.folder, identity)

    @contextmanager
    def _copy(self, identity: str, name: str = "") -> Iterator[Path]:
        """A copy of a model, or of one of its files, in a folder on this machine."""
        with tempfile.TemporaryDirectory(prefix="spot-model-") as place:
            local = Path(place) / identity
            if name:
                local.mkdir()
                self.storage.download(f"{self._path(identity)}/{name}", local / name)
            else:
                self.storage.download(self._path(identity), local)
            yield local
