"""What a run of the machine learning costs, Spark's start included, beside MLlib's EM in its place.

    python benchmarks/ml_day.py --preset random --mllib       P4: at least 10 times faster
    python benchmarks/ml_day.py --rows 1000000 10000000       P5: at most 11 times as long, 8 GB
    python benchmarks/ml_day.py --rows 1000000 --mllib
    python benchmarks/ml_day.py --source dns --rows 1000000
    python benchmarks/ml_day.py --source proxy --rows 1000000

The rows are those of a generated network (--preset), read by ingest's own readers into a folder of
Parquet files; smaller numbers of rows are drawn from the same files. Services are not needed. Both
orders are run: the default one, and the original's, which is what MLlib's fit is put into.

``--preset random`` is no network: flows between 20,000 addresses, all values drawn at random, so
that nearly every flow is a pair of its own. It is the most that a number of flows can ask of a fit,
and what the original's engine was measured on.
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
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spot_common import progress
from spot_common.registry import check_source
from spot_ingest.source import ingest_source
from spot_ml.batches import source_words

_SPOT = str(Path(sys.executable).with_name("spot"))
_MOST = 3000
_RANDOM = "random"
_ADDRESSES = 20_000
_FILES_AN_HOUR = 12


def made(given: argparse.Namespace, place: Path) -> Path:
    """Generate a network's days and read them into Parquet, once; give the folder."""
    data, rows = place / f"{given.preset}-data", place / f"{given.preset}-{given.source}"
    if rows.is_dir():
        return rows
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
    hidden = place / f".{rows.name}"
    hidden.mkdir(exist_ok=True)
    paths = sorted((data / "data" / given.source).iterdir())
    with progress.bar("read files", len(paths), "files") as shown:
        for path in paths:
            _read(path, given.source, hidden)
            shown.advance()
    hidden.rename(rows)
    return rows


def drawn_at_random(number: int, place: Path) -> Path:
    """Make so many flows that have nothing in common, an hour a file; give their folder."""
    folder = place / f"{_RANDOM}-flow-{number}"
    if folder.is_dir():
        return folder
    hidden = place / f".{folder.name}"
    hidden.mkdir(exist_ok=True)
    draw = np.random.default_rng(1)
    schema = check_source("flow").raw.arrow()
    rows = _random_flows(draw, number)
    names = [field.name for field in schema if field.name in rows]
    table = pa.table({name: pa.array(rows[name], schema.field(name).type) for name in names})
    for hour in range(24):
        pq.write_table(
            table.filter(pc.equal(table["trhour"], hour)), hidden / f"{hour:02d}.parquet"
        )
    hidden.rename(folder)
    return folder


def _random_flows(draw: np.random.Generator, number: int) -> dict[str, pa.Array]:
    addresses = pa.array([f"10.{n >> 8}.{n & 255}.7" for n in range(_ADDRESSES)])
    ends = [addresses.take(pa.array(draw.integers(0, _ADDRESSES, number))) for _ in "sd"]
    hour, minute, second = (draw.integers(0, most, number) for most in (24, 60, 60))
    day = np.datetime64("2016-07-08", "s") + hour * 3600 + minute * 60 + second
    ports = np.array([22, 25, 53, 80, 110, 123, 143, 389, 443, 445, 993, 3306, 3389, 8080])
    packets = 1 + draw.geometric(0.05, number)
    constant = {"tryear": 2016, "trmonth": 7, "trday": 8, "tdur": 1, "opkt": 0, "obyt": 0}
    return {
        "treceived": pc.strftime(pa.array(day), "%Y-%m-%d %H:%M:%S"),
        "trhour": hour,
        "trminute": minute,
        "trsec": second,
        "sip": ends[0],
        "dip": ends[1],
        "sport": draw.integers(1025, 65536, number),
        "dport": ports[draw.integers(0, len(ports), number)],
        "proto": np.array(["TCP", "UDP"])[draw.integers(0, 2, number)],
        "ipkt": packets,
        "ibyt": packets * draw.integers(40, 1500, number),
        **{name: np.full(number, value) for name, value in constant.items()},
    }


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
    """Draw so many rows from all files; give their folder.

    Where there are fewer, they are flows, and further networks like the first give the others; then
    an hour is in one file, as after compaction.
    """
    folder = place / f"{rows.name}-{number}"
    if folder.is_dir():
        return folder
    there = sum(pq.read_metadata(path).num_rows for path in rows.iterdir())
    if there < number and not rows.name.endswith("-flow"):
        raise SystemExit(f"{rows} has {there:,} rows: generate more with --preset or --span")
    hidden = place / f".{folder.name}"
    hidden.mkdir(exist_ok=True)
    networks = -(-number // there)
    draw, left, wanted = np.random.default_rng(1), there * networks, number
    paths, together = sorted(rows.iterdir()), _FILES_AN_HOUR if networks > 1 else 1
    for network in range(networks):
        for start in range(0, len(paths), together):
            path = paths[start]
            table = pa.concat_tables(pq.read_table(one) for one in paths[start : start + together])
            share = min(round(wanted * table.num_rows / left), table.num_rows) if left else 0
            chosen = np.sort(draw.choice(table.num_rows, share, replace=False))
            part = _of_network(network, table.take(pa.array(chosen)))
            pq.write_table(part, hidden / f"{network}-{path.name}")
            left, wanted = left - table.num_rows, wanted - share
    hidden.rename(folder)
    return folder


def _of_network(network: int, rows: pa.Table) -> pa.Table:
    """Rows of another network like the first, with the same outer world."""
    if not network:
        return rows
    for name in ("sip", "dip"):
        moved = pc.replace_substring_regex(rows[name], r"^10\.", f"{50 + network}.")
        rows = rows.set_column(rows.column_names.index(name), name, moved)
    return rows


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
    costs: dict[tuple[str, int], Cost] = {}
    for order in given.orders:
        for number in given.rows:
            cost = run(given.source, rows_for(given, number), order, "em", given.memory)
            tell(f"{given.source}, {number:,} rows, {order}", cost)
            costs[order, number] = cost
        first, last = costs[order, given.rows[0]], costs[order, given.rows[-1]]
        if len(given.rows) > 1:
            ratio = last.seconds / first.seconds
            print(f"{given.rows[-1] / given.rows[0]:g} times the rows: {ratio:.1f} times as long")
    if given.mllib:
        number = given.rows[0]
        rows = rows_for(given, number)
        theirs = run(given.source, rows, "compatible", "mllib-em", given.memory)
        tell(f"{given.source}, {number:,} rows, MLlib's EM", theirs)
        for order in given.orders:
            ratio = theirs.seconds / costs[order, number].seconds
            print(f"{order}: {ratio:.1f} times as fast as with MLlib's EM, in all")


def rows_for(given: argparse.Namespace, number: int) -> Path:
    """Make so many rows where they are not there yet; give their folder."""
    if given.preset == _RANDOM:
        return drawn_at_random(number, given.place)
    return drawn(made(given, given.place), number, given.place)


if __name__ == "__main__":
    main()
