"""What the ingest benchmarks share: a place of their own on the running stack, and a stopwatch.

Nothing here touches the tables of the installation: rows go to a database ``spot_bench`` and to
folders below ``<HUSER>/bench``; tables and folders are removed at the end.
"""

from __future__ import annotations

import importlib
import os
import posixpath
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from spot_common.config import Config, load_config
from spot_common.registry import sources
from spot_common.warehouse import Warehouse
from spot_ingest.collector import Collector
from spot_ingest.source import ingest_source
from spot_ingest.work import Worker

_DATABASE = "spot_bench"


@dataclass(frozen=True)
class Timed:
    """Seconds of wall clock and of CPU (children included), and the most memory (MiB) used."""

    wall: float
    cpu: float
    peak: float = 0.0


@contextmanager
def bench_place() -> Iterator[Config]:
    """Give a configuration whose tables and folders exist and are empty."""
    base = load_config()
    huser = posixpath.join(base.text("HUSER"), "bench", posixpath.basename(base.text("HUSER")))
    with tempfile.TemporaryDirectory(prefix="spot-bench-") as folder:
        overrides = {
            "HUSER": huser,
            "DBNAME": _DATABASE,
            "STATE_DB": f"sqlite:///{folder}/bench.db",
            "LANDING_DIR": f"{folder}/landing",
            "WORK_DIR": f"{folder}/work",
        }
        config = load_config(overrides=overrides)
        warehouse = Warehouse(config)
        _clear(warehouse, huser)
        warehouse.hdfs.mkdirs(posixpath.dirname(huser))  # ours, so that we may remove it
        environment = {**os.environ, **config.environ()}
        spot = Path(sys.executable).with_name("spot")
        subprocess.run([spot, "setup", "hdfs"], env=environment, check=True)
        try:
            yield config
        finally:
            _clear(warehouse, huser)


def _clear(warehouse: Warehouse, huser: str) -> None:
    for schema in sources().values():
        for table in schema.tables:
            warehouse.sql.execute(f"DROP TABLE IF EXISTS `{_DATABASE}`.`{table.name}`")
    warehouse.hdfs.delete(posixpath.dirname(huser), recursive=True)


class _Quiet:
    """Stands for the topic: the worker is called directly, so that only its own time counts."""

    def send(self, paths: Sequence[str]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def stored(config: Config, source: str, file: Path) -> str:
    """Bring a file into HDFS as the collector does; give its place there."""
    landing = config.path("LANDING_DIR") / source
    landing.mkdir(parents=True, exist_ok=True)
    spec = ingest_source(source)
    link = landing / spec.accepted_name(file.name)
    link.write_bytes(file.read_bytes())
    (entry,) = Collector(config, spec, announcer=_Quiet()).take([link])  # type: ignore[arg-type]
    return entry.path


def warm_worker(config: Config, source: str) -> Worker:
    """A worker as it is after its first file: connections open, libraries loaded."""
    worker = Worker(config, ingest_source(source), 0)
    worker.warehouse.sql.query("SELECT 1")
    importlib.import_module(worker.source.reader)
    return worker


def committed(worker: Worker, path: str, message: Callable[[], None] = lambda: None) -> Timed:
    """Time a worker from message to committed rows.

    The rows are those of a file that was committed before, if need be: it is taken back first.
    ``message`` is called before the file is handled, within the time.
    """
    _take_back(worker, path)
    with _peak_memory() as peak:
        wall, cpu = time.monotonic(), _cpu()
        message()
        entry = worker.handle(path)
        timed = Timed(time.monotonic() - wall, _cpu() - cpu)
    assert entry is not None
    assert entry.rows_stored, entry.reason
    return Timed(timed.wall, timed.cpu, peak[0])


def _take_back(worker: Worker, path: str) -> None:
    entry = worker.ledger.at(worker.source.name, path)
    assert entry is not None
    for part in entry.partitions:
        folder = worker.warehouse.partition_folder(worker.table, part)
        worker.hdfs.delete(f"{folder}/{entry.hash}.parquet")
    again = "UPDATE ingest_files SET state = 'queued', attempts = 0"
    worker.ledger.write(lambda connection: connection.exec_driver_sql(again))


def piped(argv: Sequence[str], environment: dict[str, str]) -> Timed:
    """Time a program that prints into a pipe whose reader throws everything away."""
    wall, cpu = time.monotonic(), _cpu()
    with subprocess.Popen(
        argv,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pipesize=1 << 20,
    ) as child:
        assert child.stdout is not None
        while child.stdout.read(1 << 20):
            pass
    return Timed(time.monotonic() - wall, _cpu() - cpu)


def bare(argv: Sequence[str], environment: dict[str, str]) -> Timed:
    """Time a program that prints to /dev/null."""
    wall, cpu = time.monotonic(), _cpu()
    subprocess.run(
        argv,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return Timed(time.monotonic() - wall, _cpu() - cpu)


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@contextmanager
def _peak_memory() -> Iterator[list[float]]:
    """Watch the resident memory of this process and its children (MiB), ten times a second."""
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            peak[0] = max(peak[0], _resident() / 2**20)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _resident() -> int:
    """Resident bytes of this process and the programs that it runs.

    A child that has not begun its program yet shares this process's memory, and is not counted.
    """
    mine = str(os.getpid())
    total = _pages(Path("/proc") / mine)
    for thread in (Path("/proc") / mine / "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            for pid in (thread / "children").read_text().split():
                total += _pages_of_program(Path("/proc") / pid)
    return total * os.sysconf("SC_PAGE_SIZE")


def _pages_of_program(folder: Path) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        if not (folder / "exe").samefile(sys.executable):
            return _pages(folder)
    return 0


def _pages(folder: Path) -> int:
    return int((folder / "statm").read_text().split()[1])


def ratio(ours: Sequence[Timed], theirs: Sequence[Timed]) -> float:
    """How fast we are compared with the bare tool: the best run of each, 1 is the same speed."""
    return min(run.wall for run in theirs) / min(run.wall for run in ours)


def report(name: str, runs: Sequence[Timed], events: int) -> None:
    """Print the best run of one side."""
    best = min(runs, key=lambda run: run.wall)
    rate = events / best.wall
    memory = f", {best.peak:.0f} MiB" if best.peak else ""
    print(f"{name:<34} {best.wall:7.2f} s  {best.cpu:7.2f} s CPU  {rate:>12,.0f} /s{memory}")


def verdict(number: str, what: str, value: float, bar: float, *, at_most: bool = False) -> None:
    """Print whether a bar of the performance page is met."""
    met = value <= bar if at_most else value >= bar
    word = "at most" if at_most else "at least"
    print(f"{number}: {what} {value:,.2f}, bar {word} {bar:,.2f}: {'met' if met else 'NOT met'}")
