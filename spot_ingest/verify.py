"""Proving that nothing is missing: counting a day again from the original files and the tables.

Four accounts of the same rows are laid side by side: what the ledger says, what the original files
hold when they are read again, what the table files hold by their receipts, and what the SQL server
answers. Every place where two of them differ is told.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow.compute as pc

from spot_common.errors import DataError, NotFoundError, ServiceError
from spot_common.registry import check_source
from spot_common.warehouse import Warehouse, data_files, day_values
from spot_ingest import names, quarantine
from spot_ingest.accounting import Account
from spot_ingest.entry import Entry, State
from spot_ingest.errors import UnreadableError
from spot_ingest.ledger import Ledger
from spot_ingest.rebuild import Partition, TableContents, partition_of, read_table
from spot_ingest.source import IngestSource
from spot_ingest.split import partition_of_hour
from spot_ingest.stage import stage_folder


@dataclass(frozen=True)
class Difference:
    """Two accounts of the same thing that do not agree."""

    source: str
    what: str
    expected: str
    found: str


@dataclass
class Verified:
    """What was counted of one source, and the differences."""

    files: int = 0
    rows: int = 0
    set_aside: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass
class Counted:
    """The rows of a file by partition, and the account of all of them."""

    rows: Counter[Partition] = field(default_factory=Counter)
    account: Account = field(default_factory=Account)


class Verifier:
    """Verifies one day of one source."""

    def __init__(
        self, warehouse: Warehouse, ledger: Ledger, source: IngestSource, day: date
    ) -> None:
        self.done = Verified()
        self._warehouse = warehouse
        self._ledger = ledger
        self._source = source
        self._day = day

    def entries(self) -> list[Entry]:
        """Give the files that have rows of the day or lie in its folder."""
        text = self._day.isoformat()
        folder = f"{names.binary_folder(self._warehouse.huser, self._source.name)}/"
        folder += f"{self._day:%Y%m%d}/"
        found = self._ledger.files(self._source.name)
        return [one for one in found if text in one.days or one.path.startswith(folder)]

    def check_files(self, entries: list[Entry]) -> Iterator[Entry]:
        """Read every original file again and hold it against the ledger; gives each when done."""
        for entry in entries:
            self._check_file(entry)
            yield entry

    def check_table(self, entries: list[Entry]) -> None:
        """Hold the day's partitions against the ledger, and the SQL server against them."""
        table = check_source(self._source.name).raw
        hours = self._warehouse.partitions(table, day_values(self._day))
        contents = read_table(self._warehouse, self._source.name, hours)
        for path, reason in contents.damaged.items():
            self._differ(path, "a whole Parquet file", reason)
        for path in contents.foreign:
            self._differ(path, "a file that Spot wrote", "a file without receipts")
        self._check_receipts(entries, contents)
        self._check_answers(contents)

    def check_places(self, entries: list[Entry]) -> None:
        """Look for originals that the ledger does not know, and for rows left in the stage."""
        known = {entry.path for entry in self._ledger.files(self._source.name)}
        root = names.binary_folder(self._warehouse.huser, self._source.name)
        day = f"{root}/{self._day:%Y%m%d}"
        for hour in self._warehouse.hdfs.list(day):
            for one in data_files(self._warehouse.hdfs.list(f"{day}/{hour.name}")):
                path = f"{day}/{hour.name}/{one.name}"
                if path not in known:
                    self._differ(path, "an entry in the ledger", "none")
        finished = {entry.hash for entry in entries if entry.finished}
        stage = stage_folder(self._warehouse.huser, self._source.name)
        for left in self._warehouse.hdfs.list(stage):
            if left.name in finished:
                self._differ(f"{stage}/{left.name}", "nothing left in the stage", "rows")

    def _check_file(self, entry: Entry) -> None:
        self.done.files += 1
        self.done.rows += entry.rows_stored
        self.done.set_aside += entry.rows_set_aside
        if not entry.finished:
            self._differ(entry.name, "published or set aside", entry.state.value)
            return
        if entry.state is State.SET_ASIDE and entry.dropped:
            return
        with tempfile.TemporaryDirectory(prefix="spot-verify-") as folder:
            try:
                local = self._fetch(entry, Path(folder))
            except NotFoundError as error:
                self._differ(entry.name, "the original file", error.message)
                return
            if local is None:
                return
            if entry.state is State.PUBLISHED:
                self._check_published(entry, local)
            else:
                self._check_set_aside(entry, local)

    def _fetch(self, entry: Entry, folder: Path) -> Path | None:
        """Copy an original file to this machine; None where it is not what arrived."""
        path = entry.path
        if entry.state is State.SET_ASIDE:
            path = quarantine.original_path(self._warehouse.huser, entry)
        local = folder / Path(path).name
        digest = hashlib.sha256()
        with self._warehouse.hdfs.open_read(path) as stream, local.open("wb") as copy:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
                copy.write(chunk)
        if digest.hexdigest() == entry.hash:
            return local
        self._differ(path, f"content {entry.hash}", f"content {digest.hexdigest()}")
        return None

    def _check_published(self, entry: Entry, local: Path) -> None:
        try:
            counted = count(self._source, local)
        except UnreadableError as error:
            self._differ(entry.name, f"{entry.rows_stored} rows", error.message)
            return
        said = {partition_of(part): part["rows"] for part in entry.partitions}
        self._compare_rows(f"{entry.name}, read again", said, counted.rows)
        self._compare(f"{entry.name}, reasons", dict(entry.reasons), counted.account.reasons)
        if not entry.dropped:
            kept = quarantine.rows_of(self._warehouse.hdfs, self._warehouse.huser, entry)
            self._compare(f"{entry.name}, rows kept", entry.rows_set_aside, len(kept))

    def _check_set_aside(self, entry: Entry, local: Path) -> None:
        try:
            counted = count(self._source, local)
        except UnreadableError:
            return
        if counted.account.stored:
            rows = f"{counted.account.stored} rows (spot quarantine retry {entry.hash[:12]})"
            self._differ(entry.name, f"set aside: {entry.reason}", rows)

    def _check_receipts(self, entries: list[Entry], contents: TableContents) -> None:
        day = day_values(self._day)
        known = {entry.hash: entry for entry in entries}
        for digest, receipt in contents.receipts.items():
            if digest not in known:
                self._differ(f"{receipt.name} in the table", "an entry in the ledger", "none")
        for entry in entries:
            said = {
                partition_of(part): part["rows"]
                for part in entry.partitions
                if entry.state is State.PUBLISHED and all(part[k] == v for k, v in day.items())
            }
            rows = contents.rows.get(entry.hash, {})
            self._compare_rows(f"{entry.name} in the table", said, rows)

    def _check_answers(self, contents: TableContents) -> None:
        held: Counter[int] = Counter()
        for rows in contents.rows.values():
            for partition, number in rows.items():
                held[dict(partition)["h"]] += number
        table = f"`{self._warehouse.database}`.`{check_source(self._source.name).raw.name}`"
        where = "WHERE y = ? AND m = ? AND d = ? GROUP BY h"
        query = " ".join(["SELECT h, count(*) AS n FROM", table, where])
        try:
            answer = self._warehouse.sql.query(query, list(day_values(self._day).values()))
        except (DataError, ServiceError) as error:  # it cannot read the table, as we may not
            self._differ(f"table {table}", "an answer of the SQL server", error.message)
            return
        answered = {int(row["h"]): int(row["n"]) for row in answer}
        for hour in sorted(held.keys() | answered.keys()):
            what = f"hour {hour:02d}, answer of the SQL server"
            self._compare(what, held.get(hour, 0), answered.get(hour, 0))

    def _compare_rows(
        self, what: str, expected: Mapping[Partition, int], found: Mapping[Partition, int]
    ) -> None:
        for partition in sorted(expected.keys() | found.keys()):
            place = "/".join(f"{name}={value}" for name, value in partition)
            rows = expected.get(partition, 0), found.get(partition, 0)
            self._compare(f"{what}, rows of {place}", *rows)

    def _compare(self, what: str, expected: object, found: object) -> None:
        if expected != found:
            self._differ(what, str(expected), str(found))

    def _differ(self, what: str, expected: str, found: str) -> None:
        self.done.differences.append(Difference(self._source.name, what, expected, found))


def count(source: IngestSource, local: Path) -> Counted:
    """Read a file and count its rows; UnreadableError where it cannot be read."""
    counted = Counted()
    with (
        tempfile.TemporaryDirectory(prefix="spot-verify-") as scratch,
        source.read(local, Path(scratch)) as reading,
    ):
        for batch in reading.batches:
            for pair in pc.value_counts(pc.divide(batch.minutes, 60)).to_pylist():
                partition = partition_of(partition_of_hour(pair["values"]))
                counted.rows[partition] += pair["counts"]
            counted.account.stored += batch.rows.num_rows
            for row in batch.rejected:
                counted.account.reject(row.reason)
        finding = reading.finish(counted.account.received)
    for row in finding.rejected:
        counted.account.reject(row.reason)
    return counted
