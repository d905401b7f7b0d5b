"""Deriving the ledger again from what lies in HDFS.

Table files carry the receipts of their inputs, quarantined files their reasons, and an original
file is known by its content. That is all it takes to let nothing in twice and to lose nothing; who
did what and when is gone with the old ledger.
"""

from __future__ import annotations

import posixpath
import time
from calendar import timegm
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from spot_common.clients.hdfs import Hdfs
from spot_common.errors import DataError, NotFoundError
from spot_common.registry import check_source
from spot_common.warehouse import Values, Warehouse, data_files
from spot_ingest import names, quarantine
from spot_ingest.accounting import Account
from spot_ingest.entry import Arrival, Entry, State
from spot_ingest.receipt import Receipt, from_metadata

Partition = tuple[tuple[str, int], ...]


@dataclass
class TableContents:
    """What the files of a raw table tell of their inputs.

    ``receipts`` has one receipt an input, ``rows`` its rows by partition; ``minutes`` counts all
    rows of a partition by minute; ``foreign`` are files without receipts, ``damaged`` files that
    cannot be read, with the reason.
    """

    receipts: dict[str, Receipt] = field(default_factory=dict)
    rows: dict[str, dict[Partition, int]] = field(default_factory=dict)
    minutes: dict[Partition, list[int]] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)

    def complete(self, digest: str) -> bool:
        """Say whether all rows of an input are in the table."""
        promised = {partition_of(part): part["rows"] for part in self.receipts[digest].partitions}
        return promised == self.rows[digest]


def partition_of(values: Values) -> Partition:
    """The values of a partition's columns, without anything else that stands beside them."""
    return tuple((name, int(values[name])) for name in "ymdh")


def read_table(warehouse: Warehouse, source: str, partitions: Iterable[Values]) -> TableContents:
    """Read the footers of all files of some partitions of the raw table."""
    contents = TableContents()
    table = check_source(source).raw
    for values in partitions:
        folder = warehouse.partition_folder(table, values)
        for entry in data_files(warehouse.hdfs.list(folder)):
            _read_file(warehouse, f"{folder}/{entry.name}", partition_of(values), contents)
    return contents


def _read_file(
    warehouse: Warehouse, path: str, partition: Partition, contents: TableContents
) -> None:
    try:
        receipts = from_metadata(warehouse.footer(path).metadata)
    except DataError as error:
        contents.damaged[path] = error.message
        return
    if not receipts:
        contents.foreign.append(path)
    for receipt in receipts:
        contents.receipts[receipt.hash] = receipt
        rows = contents.rows.setdefault(receipt.hash, {})
        rows[partition] = rows.get(partition, 0) + receipt.rows
        minutes = contents.minutes.setdefault(partition, [0] * 60)
        for minute, more in enumerate(receipt.minutes):
            minutes[minute] += more


def entries(
    warehouse: Warehouse,
    source: str,
    contents: TableContents,
    hash_of: Callable[[Hdfs, str], str],
) -> Iterator[Entry]:
    """Give a ledger entry for every file of a source that HDFS knows.

    ``hash_of`` gives the hash of an original file's content, for those that no receipt names.
    """
    found: set[str] = set()
    originals = _originals(warehouse, source)
    for digest, receipt in contents.receipts.items():
        found.add(digest)
        changed = originals.pop(receipt.path, 0)
        state = State.PUBLISHED if contents.complete(digest) else State.STORED
        yield _of_receipt(source, receipt, state, changed / 1000)
    for entry in _set_aside(warehouse, source):
        if entry.hash not in found:
            found.add(entry.hash)
            yield entry
    for path, changed in originals.items():
        digest = hash_of(warehouse.hdfs, path)
        if digest not in found:
            found.add(digest)
            size = warehouse.hdfs.status(path).size
            arrival = Arrival(digest, posixpath.basename(path), size, 0, path)
            yield _entry(source, arrival, State.STORED, arrived=changed / 1000)


def _originals(warehouse: Warehouse, source: str) -> dict[str, int]:
    """The original files and when they were stored (ms since 1970)."""
    root = names.binary_folder(warehouse.huser, source)
    found: dict[str, int] = {}
    for day in warehouse.hdfs.list(root):
        for hour in warehouse.hdfs.list(f"{root}/{day.name}"):
            folder = f"{root}/{day.name}/{hour.name}"
            for entry in data_files(warehouse.hdfs.list(folder)):
                found[f"{folder}/{entry.name}"] = entry.mtime_ms
    return found


def _set_aside(warehouse: Warehouse, source: str) -> Iterator[Entry]:
    root = quarantine.quarantine_root(warehouse.huser, source)
    for folder in warehouse.hdfs.list(root):
        try:
            record = quarantine.record_of(warehouse.hdfs, f"{root}/{folder.name}")
        except NotFoundError:  # only rows of a published file
            continue
        account = Account()
        account.reject(record["reason"], record["rows"])
        yield _entry(
            source,
            Arrival(record["hash"], record["file"], record["size"], 0, record["path"]),
            State.SET_ASIDE,
            arrived=timegm(time.strptime(record["time"], quarantine.TIME_FORMAT)),
            account=account,
            reason=record["reason"],
        )


def _of_receipt(source: str, receipt: Receipt, state: State, arrived: float) -> Entry:
    arrival = Arrival(receipt.hash, receipt.name, receipt.size, 0, receipt.path)
    if state is not State.PUBLISHED:
        return _entry(source, arrival, state, arrived=arrived)
    return _entry(
        source,
        arrival,
        state,
        arrived=arrived,
        account=Account(receipt.stored, dict(receipt.reasons)),
        partitions=receipt.partitions,
        reason=receipt.note,
    )


def _entry(
    source: str,
    arrival: Arrival,
    state: State,
    *,
    arrived: float = 0.0,
    account: Account | None = None,
    partitions: Sequence[Values] = (),
    reason: str = "",
) -> Entry:
    account = account or Account()
    return Entry(
        source=source,
        **vars(arrival),
        state=state,
        collector="",
        attempts=0,
        worker="",
        claim="",
        beat=0,
        taken=0.0,
        rows_received=account.received,
        rows_stored=account.stored,
        rows_set_aside=account.set_aside,
        reasons=account.reasons,
        dropped=False,
        partitions=list(partitions),
        reason=reason,
        arrived=arrived,
        changed=arrived,
    )
