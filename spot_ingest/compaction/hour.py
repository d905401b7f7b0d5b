"""Compacting one hour of a table while others read it.

Two kinds of readers must never see rows twice or not at all. Those who ask the SQL server follow
the partition's location; those who read the files list the hour's own folder.

1. *prepared*: the merged files lie in a folder of their own, ``<HUSER>/<source>/compact/<hour>/``.
2. *moved*: the partition's location is that folder. Queries that began before go on reading the
   small files, which are all still there.
3. *swapped*, when those queries have ended: in the hour's own folder merged files take the place of
   small ones, each group in one step; the location is the hour's folder again.
4. *done*, when the queries that read the other folder have ended: it is deleted.

Each step may be repeated, and what has been done can be seen in HDFS, so a compaction that was
killed is taken up by the next. An hour that gets new files meanwhile goes back to its own folder at
once and is compacted later.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from spot_common.clients.hdfs import Hdfs
from spot_common.errors import DataError
from spot_common.schema.types import Table
from spot_common.warehouse import Values, Warehouse, data_files
from spot_ingest.compaction import plan
from spot_ingest.compaction.merge import beginning, ending, merge
from spot_ingest.compaction.plan import Group, Member
from spot_ingest.entry import State
from spot_ingest.ledger import Ledger
from spot_ingest.receipt import from_metadata

_PLAN = "_plan.json"
_MOVED = "_moved"
_SWAPPED = "_swapped"


class Step(StrEnum):
    """How far an hour is."""

    DONE = "done"
    MOVED = "waiting for queries that read the small files"
    SWAPPED = "waiting for queries that read the merged files at their first place"


def aside_root(huser: str, table: Table) -> str:
    """Where merged files of a table lie until they are in their hours."""
    return f"{huser.rstrip('/')}/{table.source}/compact"


def aside_folder(warehouse: Warehouse, table: Table, values: Values) -> str:
    """Where the merged files of an hour lie until they are in it."""
    return f"{aside_root(warehouse.huser, table)}/{table.partition_path(values)}"


@dataclass(frozen=True)
class Hour:
    """One partition of a raw table: its columns' values by name.

    ``target`` is the size of a merged file in bytes, ``grace`` how long (seconds) a query may take.
    """

    warehouse: Warehouse
    ledger: Ledger
    table: Table
    partition: tuple[tuple[str, int], ...]
    target: int
    grace: float

    @property
    def values(self) -> Values:
        """The partition as the warehouse takes it."""
        return dict(self.partition)

    @property
    def folder(self) -> str:
        """The hour's own folder."""
        return self.warehouse.partition_folder(self.table, self.values)

    @property
    def aside(self) -> str:
        """The folder of the merged files."""
        return aside_folder(self.warehouse, self.table, self.values)

    @property
    def _hdfs(self) -> Hdfs:
        return self.warehouse.hdfs

    @property
    def under_way(self) -> bool:
        """Whether a compaction of the hour has begun and is not done."""
        return self._hdfs.exists(self.aside)

    def files(self) -> list[Member]:
        """The files with rows, by name."""
        found = data_files(self._hdfs.list(self.folder))
        return [Member(entry.name, entry.size) for entry in found]

    def closed(self, quiet: float) -> bool:
        """Say whether there are several files, and none that is younger than ``quiet`` seconds."""
        found = data_files(self._hdfs.list(self.folder))
        newest = max((entry.mtime_ms for entry in found), default=0)
        return len(found) > 1 and time.time() - newest / 1000 >= quiet

    def advance(self) -> Step:
        """Take the steps that are due; tell how far the hour is then."""
        if not self.under_way:
            found = self.due()
            if found is None:
                return Step.DONE
            self._prepare(found)
        if self._hdfs.exists(f"{self.aside}/{_SWAPPED}"):
            return self._finish()
        if self._hdfs.exists(f"{self.aside}/{_MOVED}"):
            return self._swap()
        return self._move()

    def due(self) -> list[Group] | None:
        """Give the plan for files that may be merged; None where that is not worth while."""
        members = self.files()
        found = plan.groups(members, self.target)
        if not plan.worth_while(found):
            return None
        hashes: list[str] = []
        for member in members:
            receipts = from_metadata(self.warehouse.footer(f"{self.folder}/{member.name}").metadata)
            if not receipts:
                return None  # another program's file: we do not know what is in it
            hashes += [receipt.hash for receipt in receipts]
        return found if self._finished(hashes) else None

    def _finished(self, hashes: Sequence[str]) -> bool:
        """Say whether all inputs are published: no worker will look for their files by name."""
        wanted = set(hashes)
        states = (State.PUBLISHED,)
        found = self.ledger.files(self.table.source, states=states, digests=sorted(wanted))
        return len(found) == len(wanted)

    def _prepare(self, found: Sequence[Group]) -> None:
        """Write the merged files; their folder appears when it is complete."""
        fresh = f"{self.aside}.new"
        self._hdfs.delete(fresh, recursive=True)
        with tempfile.TemporaryDirectory(prefix="spot-compact-") as scratch:
            for group in found:
                local = Path(scratch) / group.name
                self._build(group, local)
                self._hdfs.write_file(f"{fresh}/{group.name}", local)
                local.unlink()
        self._hdfs.write_bytes(f"{fresh}/{_PLAN}", plan.to_json(found))
        self._hdfs.rename(fresh, self.aside)

    def _build(self, group: Group, local: Path) -> None:
        """Make the file of a group on this machine."""
        paths = [f"{self.folder}/{member.name}" for member in group.members]
        if len(paths) == 1:
            self._hdfs.download(paths[0], local)
            return
        reads = [partial(self._hdfs.read_bytes, path) for path in paths]
        merge(reads, self.table.arrow(), local)

    def _move(self) -> Step:
        found = self._plan()
        if not self._unchanged(found):
            return self._give_up()
        self.warehouse.relocate(self.table, self.values, self.aside)
        self._hdfs.write_bytes(f"{self.aside}/{_MOVED}", b"")
        return self._swap()

    def _swap(self) -> Step:
        found = self._plan()
        if not self._unchanged(found):
            return self._give_up()
        if self._age(_MOVED) < self.grace:
            return Step.MOVED
        for group in found:
            if len(group.members) > 1:
                self._put_in_place(group)
        self.warehouse.relocate(self.table, self.values, self.folder)
        self._hdfs.write_bytes(f"{self.aside}/{_SWAPPED}", b"")
        return self._finish()

    def _finish(self) -> Step:
        if self._age(_SWAPPED) < self.grace:
            return Step.SWAPPED
        self._hdfs.delete(self.aside, recursive=True)
        return Step.DONE

    def _give_up(self) -> Step:
        """Go back to the small files: something came in while queries read the merged ones."""
        self.warehouse.relocate(self.table, self.values, self.folder)
        self._hdfs.write_bytes(f"{self.aside}/{_SWAPPED}", b"")
        return self._finish()

    def _put_in_place(self, group: Group) -> None:
        """Let the merged file take the place of its members in the hour's folder, in one step.

        First it appears without rows, but with all its data; then HDFS joins members and footer to
        it, which removes them and gives it its rows; at last it is replaced by a copy that is
        rid of what the members left in it.
        """
        target = f"{self.folder}/{group.name}"
        hidden = f"{self.folder}/.{group.name}"
        with tempfile.TemporaryDirectory(prefix="spot-compact-") as scratch:
            whole, empty = Path(scratch) / "whole", Path(scratch) / "empty"
            self._hdfs.download(f"{self.aside}/{group.name}", whole)
            if set(self.files()) >= set(group.members):
                beginning(whole, empty)
                self._hdfs.delete(target)
                self._hdfs.upload(target, empty)
                self._hdfs.write_bytes(f"{hidden}.footer", ending(whole))
                names = [f"{self.folder}/{member.name}" for member in group.members]
                self._hdfs.concat(target, [*names, f"{hidden}.footer"])
            self._hdfs.write_file(f"{hidden}.whole", whole)
            self._hdfs.replace(f"{hidden}.whole", target)

    def _plan(self) -> list[Group]:
        try:
            return plan.from_json(self._hdfs.read_bytes(f"{self.aside}/{_PLAN}"))
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{self.aside}/{_PLAN} is damaged: {error}",
                hint="delete the folder after a look at the table's location",
            ) from error

    def _unchanged(self, found: Sequence[Group]) -> bool:
        """Say whether the hour has the planned files, or what they became, and no others."""
        present = set(self.files())
        for group in found:
            members = set(group.members)
            swapped = {member for member in present if member.name == group.name} - members
            if not (members <= present or (swapped and not members & present)):
                return False
            present -= members | swapped
        return not present

    def _age(self, mark: str) -> float:
        """Seconds since a step was taken."""
        written = self._hdfs.status(f"{self.aside}/{mark}").mtime_ms / 1000
        return time.time() - written


def reopen(warehouse: Warehouse, table: Table, values: Values) -> None:
    """Let the SQL server read an hour's own folder, where its location is another now.

    For whoever has just put a file there.
    """
    if warehouse.hdfs.exists(f"{aside_folder(warehouse, table, values)}/{_PLAN}"):
        warehouse.relocate(table, values, warehouse.partition_folder(table, values))
