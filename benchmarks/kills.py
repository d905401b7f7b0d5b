"""Killing the processes of a running stack by a seeded plan, and what must be true afterwards."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from spot_common.config import Config
from spot_common.errors import SpotError
from spot_common.registry import check_source
from spot_common.schema.types import Table
from spot_common.warehouse import Warehouse
from spot_ingest.entry import Entry
from spot_ingest.ledger import Ledger
from spot_ingest.names import digest_of
from spot_ingest.stage import stage_folder
from spot_ops import stack, supervisor

#: How often each kind of process is chosen, by the beginning of its name, however many there are.
WEIGHTS: Mapping[str, float] = {
    "worker-": 10.0,
    "collector-": 5.0,
    "upkeep": 1.5,
    "kafka": 1.5,
    "data-node": 1.5,
    "name-node": 1.0,
    "metastore": 1.5,
    "sql": 1.5,
}

Sums = dict[str, tuple[int, int]]


class Killer(threading.Thread):
    """Kills one process after the other, at random moments, until there were ``number``.

    The same seed gives the same order of targets and pauses; one that does not run at its moment
    is passed over, and the next in the order is taken.
    """

    def __init__(self, config: Config, number: int, seed: int, pause: float) -> None:
        super().__init__(name="killer", daemon=True)
        self.killed: Counter[str] = Counter()
        self._config = config
        self._number = number
        self._seed = seed
        self._pause = pause

    def run(self) -> None:
        """Kill."""
        chance = random.Random(self._seed)
        while self.killed.total() < self._number:
            time.sleep(chance.expovariate(1 / self._pause))
            for name in self._order(chance):
                if self._kill(name):
                    self.killed[name] += 1
                    break

    def _order(self, chance: random.Random) -> Iterator[str]:
        names = sorted(self._processes())
        kinds = [next(kind for kind in WEIGHTS if name.startswith(kind)) for name in names]
        number = Counter(kinds)
        weights = [WEIGHTS[kind] / number[kind] for kind in kinds]
        while names:
            (at,) = chance.choices(range(len(names)), weights)
            yield names.pop(at)
            weights.pop(at)

    def _processes(self) -> dict[str, int]:
        remote = supervisor.connect(self._config)
        assert remote is not None, "the supervisor is gone"
        found = remote.processes()
        remote.close()
        return {
            name: info["pid"]
            for name, info in found.items()
            if any(name.startswith(kind) for kind in WEIGHTS)
        }

    def _kill(self, name: str) -> bool:
        pid = self._processes().get(name, 0)
        try:
            if pid:
                os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return bool(pid)


def drop_slowly(config: Config, files: Mapping[str, Sequence[Path]], seconds: float) -> None:
    """Let the files of each source appear in their landing folders, spread over a time."""
    waiting = [(source, path) for source, paths in files.items() for path in paths]
    random.Random(0).shuffle(waiting)
    began = time.monotonic()
    for number, (source, path) in enumerate(waiting):
        time.sleep(max(0.0, began + seconds * number / len(waiting) - time.monotonic()))
        landing = config.path("LANDING_DIR") / source
        landing.mkdir(parents=True, exist_ok=True)
        hidden = landing / f".{uuid.uuid4().hex}"
        shutil.copyfile(path, hidden)
        hidden.rename(landing / path.name)


def finished(config: Config, files: Mapping[str, Sequence[Path]], timeout: float) -> list[Entry]:
    """Wait until all files are published or set aside and all services are well."""
    hashes = {source: [digest_of(path) for path in paths] for source, paths in files.items()}
    ends = time.monotonic() + timeout
    while True:
        try:
            ledger = Ledger.of(config)
            entries = [e for s, found in hashes.items() for e in ledger.files(s, digests=found)]
            done = [entry for entry in entries if entry.finished]
            wanted = sum(len(set(found)) for found in hashes.values())
            if len(done) == wanted and all(one.healthy for one in stack.status(config)):
                return done
        except SpotError:
            pass
        if time.monotonic() > ends:
            open_ = [f"{e.source} {e.name} {e.state}" for e in entries if not e.finished]
            raise TimeoutError(
                f"{len(done)} of {wanted} files are finished: {open_[:10]}\n{_troubles(config)}"
            )
        time.sleep(1)


def _troubles(config: Config) -> str:
    """What is not well, and what the workers said last."""
    said = [f"{one.name}: {one.state} {one.problem}" for one in stack.status(config)]
    for path in sorted((config.path("STATE_DIR") / "logs").glob("worker-*.log")):
        said += [f"-- {path.name}", *path.read_text(errors="replace").splitlines()[-8:]]
    return "\n".join(said)


def sums(config: Config, days: Sequence[Mapping[str, int]]) -> Sums:
    """Count the rows of each partition of some days and add up a hash of each row."""
    warehouse = Warehouse(config)
    found: Sums = {}
    for source in ("flow", "dns", "proxy"):
        table = check_source(source).raw
        for day in days:
            for values in warehouse.partitions(table, day):
                rows = warehouse.read_partition(table, values, keep=False)
                found[f"{source}/{table.partition_path(values)}"] = checksum(table, rows)
    return found


def checksum(table: Table, rows: pa.Table) -> tuple[int, int]:
    """Give the number of rows and the sum of their hashes: the same for any order of rows."""
    frame: pd.DataFrame = rows.select(table.column_names).to_pandas()
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return len(frame), int(np.sum(hashes, dtype=np.uint64))


def left_over(config: Config, timeout: float = 120) -> list[str]:
    """What lies in the stage and in the landing folders, and stays there.

    A worker that dies after the last step of a file leaves its folder; that is removed when the
    message comes again, some seconds after the file counts as finished.
    """
    ends = time.monotonic() + timeout
    while (found := _lying(config)) and time.monotonic() < ends:
        time.sleep(1)
    return found


def _lying(config: Config) -> list[str]:
    warehouse = Warehouse(config)
    found = []
    for source in ("flow", "dns", "proxy"):
        folder = stage_folder(warehouse.huser, source)
        found += [f"{folder}/{entry.name}" for entry in warehouse.hdfs.list(folder)]
        landing = config.path("LANDING_DIR") / source
        found += [str(path) for path in landing.glob("*")]
    return found
