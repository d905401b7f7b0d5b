"""What a run of the machine learning costs, Spark's start included, beside MLlib's EM in its place.

    python benchmarks/ml_day.py --rows 1000000 --mllib        P4: at least 10 times faster
    python benchmarks/ml_day.py --rows 1000000 10000000       P5: at most 11 times as long, 8 GB
    python benchmarks/ml_day.py --source dns --rows 1000000
    python benchmarks/ml_day.py --source proxy --rows 1000000

The rows are those of a generated network (--preset), read by ingest's own readers into a folder of
Parquet files; smaller numbers of rows are drawn from the same files. Services are not needed. Both
orders are run: the default one, and the original's, which is what MLlib's fit is put into.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from spot_common import progress
from spot_ingest.source import ingest_source
from spot_ml.batches import source_words

_SPOT = str(Path(sys.executable).with_name("spot"))
_MOST = 3000


def made(given: argparse.Namespace, place: Path) -> Path:
    """Generate a network's days and read them into Parquet, once; give the folder."""
    data, rows = place / f"{given.preset}-data", place / f"{given.preset}-{given.source}"
    if not (data / "data" / given.source).is_dir():
        span = ["--span", given.span] if given.span else []
        command = [
            _SPOT,
            "gen",
            "generate",
            "--preset",
            given.preset,
            "--out",
            str(data),
            "--force",
        ]
        subprocess.run([*command, "--source", given.source, *span], check=True)
    if not rows.is_dir():
        hidden = place / f".{rows.name}"
        hidden.mkdir(exist_ok=True)
        paths = sorted((data / "data" / given.source).iterdir())
        with progress.bar("read files", len(paths), "files") as shown:
            for path in paths:
                _read(path, given.source, hidden)
                shown.advance()
        hidden.rename(rows)
    return rows


def _read(path: Path, source: str, folder: Path) -> None:
    words = source_words(source)
    names = list(dict.fromkeys([*words.select_columns, *(name for name, _ in words.model_schema)]))
    with (
        tempfile.TemporaryDirectory() as scratch,
        ingest_source(source).read(path, Path(scratch)) as reading,
    ):
        batches = [batch.rows.select(names) for batch in reading.batches]
    if batches:
        pq.write_table(pa.Table.from_batches(batches), folder / f"{path.name}.parquet")


def drawn(rows: Path, number: int, place: Path) -> Path:
    """Draw so many rows from all files; give their folder."""
    folder = place / f"{rows.name}-{number}"
    if folder.is_dir():
        return folder
    paths = sorted(rows.iterdir())
    there = sum(pq.read_metadata(path).num_rows for path in paths)
    if there < number:
        raise SystemExit(f"{rows} has {there:,} rows: generate more with --preset or --span")
    draw, hidden = np.random.default_rng(1), place / f".{folder.name}"
    hidden.mkdir(exist_ok=True)
    left, wanted = there, number
    for path in paths:
        table = pq.read_table(path)
        share = min(round(wanted * table.num_rows / left), table.num_rows) if left else 0
        chosen = np.sort(draw.choice(table.num_rows, share, replace=False))
        pq.write_table(table.take(pa.array(chosen)), hidden / path.name)
        left, wanted = left - table.num_rows, wanted - share
    hidden.rename(folder)
    return folder


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds in all and by phase, most memory in bytes, its record."""

    seconds: float
    phases: Sequence[str]
    memory: int
    record: dict[str, object]


def run(source: str, rows: Path, order: str, optimizer: str, memory: str) -> Cost:
    """Run the job in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="spot-ml-day-") as place:
        environment = {
            **os.environ,
            "SPOT_STATE_DIR": place,
            "SPOT_LDA_SCORE": order,
            "SPOT_SPK_DRIVER_MEM": memory,
            "SPOT_USER_DOMAIN": "corp",
            "SPOT_MODELS_KEPT": "0",
        }
        command = [
            sys.executable, "-m", "spot_ml.job", "--analysis", source, "--input", f"file://{rows}",
            "--scored", f"file://{place}/scores", "--ldatopiccount", "20", "--threshold", "1",
            "--maxresults", str(_MOST), "--ldaoptimizer", optimizer,
        ]  # fmt: skip
        began = time.monotonic()
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as job:
            watch = Watch(job.pid)
            watch.start()
            assert job.stderr is not None
            said = [line.rstrip() for line in job.stderr]
        seconds = time.monotonic() - began
        watch.over.set()
        if job.returncode:
            raise SystemExit("\n".join(said))
        record = json.loads((Path(place) / "scores" / "run.json").read_text())
        return Cost(seconds, [line for line in said if line.endswith(" s")], watch.most, record)


class Watch(threading.Thread):
    """Remembers the most memory of a process and its children, what they share counted once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self.most = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Look every second."""
        while not self.over.wait(1.0):
            try:
                family = [self._process, *self._process.children(recursive=True)]
                self.most = max(self.most, sum(p.memory_full_info().pss for p in family))
            except psutil.NoSuchProcess:
                continue


def tell(name: str, cost: Cost) -> None:
    """Print the figures of a run."""
    facts = cost.record
    print(
        f"{name}: {cost.seconds:.1f} s, {cost.memory / 2**30:.2f} GiB; {facts['pairs']:,} pairs, "
        f"{facts['documents']:,} addresses, {facts['words']:,} words; "
        f"log-likelihood {facts['log_likelihood']:.0f}"
    )
    for phase in cost.phases:
        print(f"    {phase}", flush=True)


def main() -> None:
    """Make the rows, run, compare."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--source", default="flow", choices=("flow", "dns", "proxy"))
    arguments.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    arguments.add_argument("--preset", default="medium")
    arguments.add_argument("--span", default="")
    arguments.add_argument("--orders", nargs="+", default=["surprise", "compatible"])
    arguments.add_argument(
        "--mllib", action="store_true", help="MLlib's EM in the fit's place, too"
    )
    arguments.add_argument("--memory", default="2g", help="heap of Spark's process")
    arguments.add_argument("--place", type=Path, default=Path("/tmp/spot-ml-day"))
    given = arguments.parse_args()
    given.place.mkdir(exist_ok=True)
    rows = made(given, given.place)
    for order in given.orders:
        costs = []
        for number in given.rows:
            costs.append(
                run(given.source, drawn(rows, number, given.place), order, "em", given.memory)
            )
            tell(f"{given.source}, {number:,} rows, {order}", costs[-1])
        if len(costs) > 1:
            ratio = costs[-1].seconds / costs[0].seconds
            print(f"{given.rows[-1] / given.rows[0]:g} times the rows: {ratio:.1f} times as long")
    if given.mllib:
        number = given.rows[0]
        theirs = run(
            given.source, drawn(rows, number, given.place), "compatible", "mllib-em", given.memory
        )
        tell(f"{given.source}, {number:,} rows, MLlib's EM", theirs)


if __name__ == "__main__":
    main()
