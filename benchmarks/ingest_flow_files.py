"""P1 without services: an nfcapd file to Parquet files, beside bare nfdump with the same columns.

    python benchmarks/ingest_flow_files.py [--flows 1000000] [--runs 5] [--file FILE]

Both sides run in turn; medians are printed, and the CPU time of nfdump and of ours apart: on a busy
machine the wall clock says little.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ingest_bench import verdict
from ingest_flow import repeated

from spot_common.registry import check_source
from spot_ingest.readers import nfdump
from spot_ingest.source import ingest_source
from spot_ingest.split import Splitter

_SOURCE = ingest_source("flow")


@dataclass(frozen=True)
class Run:
    """Seconds of one run: wall clock, CPU of this process, CPU of nfdump."""

    wall: float
    ours: float
    theirs: float
    rows: int = 0


def main() -> None:
    """Run both sides in turn, print both."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--flows", type=int, default=1_000_000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--file", type=Path)
    given = arguments.parse_args()
    importlib.import_module(_SOURCE.reader)
    with tempfile.TemporaryDirectory() as folder:
        file = given.file or repeated(Path(folder), given.flows)
        bare, into_pipe, converted = [], [], []
        for number in range(given.runs):
            bare.append(_bare(file, subprocess.DEVNULL))
            into_pipe.append(_bare(file, subprocess.PIPE))
            converted.append(_converted(file, Path(folder) / str(number)))
    rows = converted[0].rows
    _report(f"nfdump > /dev/null, {rows:,} flows", bare)
    _report("nfdump into a pipe", into_pipe)
    _report("conversion to Parquet files", converted)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"most memory of this process: {peak:.0f} MiB")
    theirs, ours = median(run.wall for run in bare), median(run.wall for run in converted)
    verdict("P1", "speed compared with nfdump > /dev/null", theirs / ours, 0.7)


def _report(name: str, runs: list[Run]) -> None:
    wall, ours, theirs = (
        median(getattr(run, part) for run in runs) for part in ("wall", "ours", "theirs")
    )
    print(f"{name:<36} {wall:6.2f} s, CPU: nfdump {theirs:5.2f} s, ours {ours:5.2f} s")


def _bare(file: Path, output: int) -> Run:
    """Run nfdump alone; what comes out of a pipe is thrown away."""
    before = _now()
    call = nfdump.argv(file)
    with subprocess.Popen(
        call, stdout=output, stderr=subprocess.DEVNULL, env=nfdump.ENVIRONMENT, pipesize=1 << 20
    ) as child:
        while child.stdout is not None and child.stdout.read(1 << 20):
            pass
    return _since(before)


def _converted(file: Path, folder: Path) -> Run:
    """Do what a worker does between the file and the files of the table."""
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    before = _now()
    splitter = Splitter(check_source("flow").raw, folder)
    rows = 0
    with _SOURCE.read(file, scratch) as reading:
        for batch in reading.batches:
            splitter.write(batch)
            rows += batch.rows.num_rows + len(batch.rejected)
        reading.finish(rows)
    splitter.close()
    return _since(before, rows)


def _now() -> tuple[float, float, float]:
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic(), time.process_time(), child.ru_utime + child.ru_stime


def _since(before: tuple[float, float, float], rows: int = 0) -> Run:
    wall, ours, theirs = (now - then for now, then in zip(_now(), before, strict=True))
    return Run(wall, ours, theirs, rows)


if __name__ == "__main__":
    main()
