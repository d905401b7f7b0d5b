"""The hand-over between conversion and table: one attempt's rows, in HDFS, not yet in the table.

``<HUSER>/<source>/stage/<hash>/<claim>/`` holds the Parquet files of an attempt, one a partition,
and the rows that it set aside. Publishing renames them into the table. Whoever takes a file over
takes this folder away first, so that a holder who wakes up late has nothing left to rename.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spot_common.clients.hdfs import Hdfs
from spot_common.errors import NotFoundError
from spot_common.schema.types import Table
from spot_common.warehouse import Values, Warehouse
from spot_ingest import quarantine
from spot_ingest.compaction.hour import reopen
from spot_ingest.entry import Entry
from spot_ingest.errors import ClaimLostError
from spot_ingest.split import Part

_ROWS = "rows.jsonl"


def stage_folder(huser: str, source: str) -> str:
    """Where the rows of a source wait."""
    return f"{huser.rstrip('/')}/{source}/stage"


@dataclass(frozen=True)
class Stage:
    """The staged rows of one file under one claim."""

    warehouse: Warehouse
    table: Table
    entry: Entry

    @property
    def _file_folder(self) -> str:
        return f"{stage_folder(self.warehouse.huser, self.entry.source)}/{self.entry.hash}"

    @property
    def _folder(self) -> str:
        return f"{self._file_folder}/{self.entry.claim}"

    @property
    def _hdfs(self) -> Hdfs:
        return self.warehouse.hdfs

    def take_over(self) -> None:
        """Take away what earlier attempts left: from now on it is this attempt's."""
        for left in self._hdfs.list(self._file_folder):
            if left.name == self.entry.claim:
                continue
            place = f"{self._file_folder}/{left.name}"
            if not self._hdfs.rename(place, self._folder):
                self._hdfs.delete(place, recursive=True)

    def holds(self, partitions: Sequence[Values]) -> bool:
        """Say whether the rows of all these partitions are staged or published already."""
        staged = {entry.name for entry in self._hdfs.list(self._folder)}
        return all(
            _name(part) in staged or self.warehouse.holds(self.table, part, self.entry.hash)
            for part in partitions
        )

    def put(self, parts: Sequence[Part], rejected: Path | None) -> None:
        """Stage the parts of a converted file, the rows that it set aside first."""
        if rejected is not None:
            self._hdfs.write_file(f"{self._folder}/{_ROWS}", rejected)
        for part in parts:
            self._hdfs.write_file(self._staged(part.values), part.path)

    def publish(self) -> None:
        """Rename the rows into the table and make them known; what is there already stays.

        Raises ClaimLostError where the staged rows were taken away.
        """
        try:
            self._keep_rejected()
            for part in self.entry.partitions:
                self.warehouse.adopt(self.table, part, self._staged(part), self.entry.hash)
        except NotFoundError as error:
            raise ClaimLostError(self.entry.name) from error
        self.warehouse.ensure_partitions(self.table, self.entry.partitions)
        for part in self.entry.partitions:
            reopen(self.warehouse, self.table, part)

    def clear(self) -> None:
        """Remove what is left of all attempts, once the file is finished."""
        self._hdfs.delete(self._file_folder, recursive=True)

    def abandon(self) -> None:
        """Remove what is left of this attempt, which another one has replaced."""
        self._hdfs.delete(self._folder, recursive=True)

    def _keep_rejected(self) -> None:
        if not self.entry.reasons:
            return
        kept = quarantine.rows_path(self.warehouse.huser, self.entry)
        try:
            self._hdfs.replace(f"{self._folder}/{_ROWS}", kept)
        except NotFoundError:
            if not self._hdfs.exists(kept):  # else this attempt's predecessor put it there
                raise

    def _staged(self, values: Values) -> str:
        return posixpath.join(self._folder, _name(values))


def _name(values: Values) -> str:
    return f"{values['y']:04d}{values['m']:02d}{values['d']:02d}{values['h']:02d}.parquet"
