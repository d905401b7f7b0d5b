"""Many small files at once: none is lost, and the memory of collector and workers stays bounded.

    python benchmarks/ingest_burst.py [--files 100000] [--workers 4]

Starts a stack of its own and moves that many logs of one line into the landing folder of proxy in
one go. Prints how fast they are stored and published, and the most memory of a collector or worker.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from spot_common.config import Config
from spot_common.warehouse import Warehouse
from spot_ingest.ledger import Ledger
from spot_ops import stack
from tests.own_stack import ROOT, configuration

_SPOT = str(Path(sys.executable).with_name("spot"))
_SAMPLE = ROOT / "samples/proxy/2005-05-04/sampleBluecoat.log"


class Watch(threading.Thread):
    """Remembers the most memory (bytes, resident) that one process of the ingest ever had."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most: dict[str, int] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """Look every second."""
        while not self.over.wait(1.0):
            for name in ("collect", "work"):
                sizes = [p.memory_info().rss for p in _processes(name)]
                self.most[name] = max(self.most.get(name, 0), *sizes, 0)


def _processes(name: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if name in words and "proxy" in words and "spot_ops" in words:
            found.append(process)
    return found


def main() -> None:
    """Start, drop, wait, count, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--files", type=int, default=100_000)
    arguments.add_argument("--workers", type=int, default=4)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="spot-burst-") as place:
        settings = {"WORKERS": str(given.workers), "KAFKA_PARTITIONS": str(given.workers)}
        config = configuration(Path(place) / "stack", **settings)
        stack.up(config, progress=False)
        try:
            environment = {**os.environ, **config.environ()}
            subprocess.run([_SPOT, "setup", "hdfs"], check=True, env=environment)
            passed = _burst(config, given.files, Path(place))
        finally:
            stack.down(config)
            shutil.rmtree(Path(place) / "stack", ignore_errors=True)
    sys.exit(not passed)


def _burst(config: Config, number: int, place: Path) -> bool:
    landing = config.path("LANDING_DIR") / "proxy"
    landing.mkdir(parents=True, exist_ok=True)
    waiting = _logs(place / "logs", number)
    watch = Watch()
    watch.start()
    began = time.monotonic()
    for log in waiting:
        log.rename(landing / log.name)
    while next(os.scandir(landing), None) is not None:
        time.sleep(0.5)
    stored = time.monotonic() - began
    ledger = Ledger.of(config)
    while ledger.unfinished("proxy")[0]:
        time.sleep(2)
    seconds = time.monotonic() - began
    watch.over.set()
    rows = Warehouse(config).sql.query(
        f"SELECT count(*) AS n FROM `{config.text('DBNAME')}`.`proxy`"
    )[0]["n"]
    print(f"{number:,} files stored in {stored:.0f} s, {number / stored:.0f} a second")
    print(f"published {seconds:.0f} s after the first came, {number / seconds:.0f} a second")
    print("most memory: " + ", ".join(f"{n} {b / 2**20:.0f} MiB" for n, b in watch.most.items()))
    published = ledger.totals("proxy").published
    print(f"{published:,} files published, {rows:,} rows in the table")
    return published == number == rows


def _logs(folder: Path, number: int) -> list[Path]:
    folder.mkdir()
    lines = _SAMPLE.read_bytes().splitlines(keepends=True)
    head = b"".join(line for line in lines if line.startswith(b"#"))
    line = next(line for line in lines if not line.startswith(b"#"))
    logs = [folder / f"burst-{place}.log" for place in range(number)]
    for place, log in enumerate(logs):
        log.write_bytes(head + b"#%d\n" % place + line)
    return logs


if __name__ == "__main__":
    main()
