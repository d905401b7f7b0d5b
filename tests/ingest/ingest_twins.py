"""What the ingest tests share: twins of the services in memory, and captures made on the spot."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import create_engine

from spot_common.clients.hdfs import Entry
from spot_common.config import Config, load_config
from spot_common.errors import DataError, NotFoundError, ServiceError
from spot_common.registry import check_source
from spot_common.schema.types import Table
from spot_ingest.collector import Collector
from spot_ingest.ledger import Ledger
from spot_ingest.source import ingest_source
from spot_ingest.work import Worker

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
FLOW_SAMPLE = SAMPLES / "flow/2023-01-25/nfcapd.202301251836"
DNS_SAMPLE = SAMPLES / "dns/2016-10-06/knot-live.pcap"
PROXY_SAMPLE = SAMPLES / "proxy/2005-05-04/sampleBluecoat.log"


class Killed(BaseException):
    """The process dies here: nothing may catch it."""


class Fate:
    """Counts what is done to the outside and dies before the step of that number (from 1)."""

    def __init__(self, at: int = 0, down: bool = False) -> None:
        self.at, self.down, self.steps = at, down, 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Killed
        if self.down:
            raise ServiceError("the service is down")


class Files(dict[str, bytes]):
    """Contents by path, and the times (ms since 1970) when they were put there."""

    def __init__(self) -> None:
        super().__init__()
        self.times: dict[str, int] = {}

    def __setitem__(self, path: str, data: bytes) -> None:
        super().__setitem__(path, data)
        self.times[path] = int(time.time() * 1000)


class HdfsTwin:
    """Files by path."""

    def __init__(self) -> None:
        self.files = Files()
        self.fate = Fate()

    def exists(self, path: str) -> bool:
        return path in self.files or any(name.startswith(f"{path}/") for name in self.files)

    def status(self, path: str) -> Entry:
        if path not in self.files:
            raise NotFoundError(f"HDFS has no {path}")
        return self._entry(path.rpartition("/")[2], path)

    def _entry(self, name: str, path: str) -> Entry:
        if path not in self.files:
            return Entry(name, True, 0, 0)
        return Entry(name, False, len(self.files[path]), self.files.times[path])

    @contextmanager
    def open_read(self, path: str) -> Iterator[IO[bytes]]:
        self.fate.step()
        self.status(path)
        yield io.BytesIO(self.files[path])

    def read_bytes(self, path: str) -> bytes:
        self.status(path)
        return self.files[path]

    def list(self, path: str) -> list[Entry]:
        inside = [name for name in self.files if name.startswith(f"{path}/")]
        names = sorted({name.removeprefix(f"{path}/").partition("/")[0] for name in inside})
        return [self._entry(name, f"{path}/{name}") for name in names]

    def download(self, path: str, local: Path) -> None:
        local.write_bytes(self.read_bytes(path))

    def concat(self, path: str, others: Sequence[str]) -> None:
        self.fate.step()
        self.files[path] += b"".join([self.files.pop(other) for other in others])

    def write_file(self, path: str, local: Path) -> None:
        self.fate.step()
        self.files[path] = local.read_bytes()

    def write_bytes(self, path: str, data: bytes) -> None:
        self.fate.step()
        self.files[path] = data

    def upload(self, path: str, local: Path) -> bool:
        self.fate.step()
        if path in self.files:
            return False
        self.files[path] = local.read_bytes()
        return True

    def rename(self, path: str, target: str) -> bool:
        self.fate.step()
        if self.exists(target):
            return False
        moved = [name for name in self.files if name == path or name.startswith(f"{path}/")]
        if not moved:
            raise NotFoundError(f"HDFS has no {path}")
        for name in moved:
            self.files[target + name.removeprefix(path)] = self.files.pop(name)
        return True

    def replace(self, path: str, target: str) -> None:
        self.fate.step()
        if path not in self.files:
            raise NotFoundError(f"HDFS has no {path}")
        self.files[target] = self.files.pop(path)

    def delete(self, path: str, *, recursive: bool = False) -> bool:
        self.fate.step()
        gone = [name for name in self.files if name == path or name.startswith(f"{path}/")]
        for name in gone:
            del self.files[name]
        return bool(gone)


class WarehouseTwin:
    """Tables over the twin of HDFS; remembers which partitions were made known."""

    huser = "/user/spot"
    database = "spot"

    def __init__(self, hdfs: HdfsTwin) -> None:
        self.hdfs = hdfs
        self.known: set[str] = set()
        self.moved: dict[str, str] = {}

    def partition_folder(self, table: Table, values: Mapping[str, int]) -> str:
        return f"{table.location(self.huser)}/{table.partition_path(values)}"

    def partitions(
        self, table: Table, within: Mapping[str, int] | None = None
    ) -> list[dict[str, int]]:
        root = f"{table.location(self.huser)}/"
        paths = {
            name.removeprefix(root).rpartition("/")[0]
            for name in self.hdfs.files
            if name.startswith(root)
        }
        found = [
            {key: int(value) for key, _, value in (part.partition("=") for part in path.split("/"))}
            for path in sorted(paths)
        ]
        return [one for one in found if (within or {}).items() <= one.items()]

    @property
    def sql(self) -> SqlTwin:
        return SqlTwin(self)

    def relocate(self, table: Table, values: Mapping[str, int], folder: str) -> None:
        self.hdfs.fate.step()
        self.moved[table.partition_path(values)] = folder

    def adopt(self, table: Table, values: Mapping[str, int], staged: str, name: str) -> bool:
        return self.hdfs.rename(staged, self._file(table, values, name))

    def holds(self, table: Table, values: Mapping[str, int], name: str) -> bool:
        return self.hdfs.exists(self._file(table, values, name))

    def footer(self, path: str) -> pq.FileMetaData:
        try:
            return pq.read_metadata(io.BytesIO(self.hdfs.files[path]))
        except pa.ArrowException as error:
            raise DataError(str(error)) from error

    def _file(self, table: Table, values: Mapping[str, int], name: str) -> str:
        return f"{self.partition_folder(table, values)}/{name}.parquet"

    def ensure_partitions(self, table: Table, partitions: list[Mapping[str, int]]) -> None:
        self.hdfs.fate.step()
        self.known.update(table.partition_path(values) for values in partitions)

    def rows(self, table: Table) -> pa.Table:
        """The rows of all files below the table's folder, as who reads files sees them."""
        return self._rows(table, [table.location(self.huser)])

    def answered(self, table: Table) -> pa.Table:
        """The rows of all known partitions, as who asks the SQL server sees them."""
        return pa.concat_tables(
            [table.arrow().empty_table(), *(self.rows_of(table, p) for p in sorted(self.known))]
        )

    def rows_of(self, table: Table, partition: str) -> pa.Table:
        """The rows of one partition, as the SQL server sees them."""
        folder = f"{table.location(self.huser)}/{partition}"
        return self._rows(table, [self.moved.get(partition, folder)])

    def _rows(self, table: Table, folders: Sequence[str]) -> pa.Table:
        parts = [
            pq.read_table(io.BytesIO(data), partitioning=None)
            for folder in folders
            for name, data in sorted(self.hdfs.files.items())
            if name.startswith(f"{folder}/") and not name.rpartition("/")[2].startswith((".", "_"))
        ]
        return pa.concat_tables(parts) if parts else table.arrow().empty_table()


class SqlTwin:
    """Answers the one question that verification asks: rows by hour of a day."""

    def __init__(self, warehouse: WarehouseTwin) -> None:
        self.warehouse = warehouse

    def query(self, sql: str, params: Sequence[int]) -> list[dict[str, int]]:
        name = sql.partition("`.`")[2].partition("`")[0]
        table = check_source(name).raw
        year, month, day = params
        found = []
        for path in sorted(self.warehouse.known):
            values = dict(part.split("=") for part in path.split("/"))
            if (int(values["y"]), int(values["m"]), int(values["d"])) == (year, month, day):
                try:
                    rows = self.warehouse.rows_of(table, path).num_rows
                except pa.ArrowInvalid as error:
                    raise ServiceError(f"the SQL server failed: {error}") from error
                found.append({"h": int(values["h"]), "n": rows})
        return found


class AnnouncerTwin:
    """The topic: a list of paths."""

    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self.sent: list[str] = []
        self.lag = 0

    def send(self, paths: Sequence[str]) -> None:
        self.fate.step()
        self.sent += paths

    def waiting(self) -> int:
        return self.lag

    def close(self) -> None:
        pass


class LedgerOnTheWay(Ledger):
    """The real ledger, whose every change is a step at which the process may die."""

    fate = Fate()

    def write(self, change):  # type: ignore[no-untyped-def]
        self.fate.step()
        return super().write(change)


class Place:
    """One source's collector and worker with everything they touch, in a folder of the test."""

    def __init__(self, folder: Path, source: str) -> None:
        self.config: Config = load_config(
            environ={"HOME": str(folder), "SPOT_CONF": str(ROOT / "conf/spot.conf")},
            overrides={"STATE_DIR": str(folder / "state")},
        )
        folder.mkdir(exist_ok=True)
        self.source = ingest_source(source)
        self.ledger = LedgerOnTheWay(create_engine(f"sqlite:///{folder}/ledger.db"))
        self.hdfs = HdfsTwin()
        self.warehouse = WarehouseTwin(self.hdfs)
        self.announcer = AnnouncerTwin(Fate())
        self.landing = self.config.path("LANDING_DIR") / source
        self.landing.mkdir(parents=True)

    def fated(self, fate: Fate) -> None:
        """Let one fate rule over all that happens from now on."""
        self.hdfs.fate = self.announcer.fate = self.ledger.fate = fate

    def collector(self) -> Collector:
        """A collector that was just started."""
        return Collector(
            self.config,
            self.source,
            ledger=self.ledger,
            hdfs=self.hdfs,  # type: ignore[arg-type]
            announcer=self.announcer,  # type: ignore[arg-type]
        )

    def worker(self, number: int = 0) -> Worker:
        """A worker that was just started."""
        return Worker(
            self.config,
            self.source,
            number,
            ledger=self.ledger,
            warehouse=self.warehouse,  # type: ignore[arg-type]
        )

    def drop(self, name: str, data: bytes) -> Path:
        """Put a file into the landing folder."""
        path = self.landing / name
        path.write_bytes(data)
        return path

    def through(self, name: str, data: bytes):  # type: ignore[no-untyped-def]
        """Bring one file the whole way; give its entry in the ledger."""
        return self.worker().handle(self.collected(name, data).path)

    def collected(self, name: str, data: bytes):  # type: ignore[no-untyped-def]
        """Let a collector bring one file in; give its entry in the ledger."""
        (entry,) = self.collector().take([self.drop(name, data)])
        return entry

    @property
    def rows(self) -> pa.Table:
        """The rows of the source's table."""
        return self.warehouse.rows(self.worker().table)


def dns_message(name: bytes, *, response: bool = True, answers: int = 1) -> bytes:
    """A DNS message; ``name`` is its labels with lengths, without the final zero."""
    head = struct.pack(">HHHHHH", 7, 0x8180 if response else 0x0100, 1, answers, 0, 0)
    question = name + b"\0" + struct.pack(">HH", 1, 1)
    answer = b"\xc0\x0c" + struct.pack(">HHIH4s", 1, 1, 60, 4, bytes([192, 0, 2, 1]))
    return head + question + answer * answers


def labels(*parts: bytes) -> bytes:
    """Labels with their lengths."""
    return b"".join(bytes([len(part)]) + part for part in parts)
