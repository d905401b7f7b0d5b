"""P1: an nfcapd file to committed rows, beside bare nfdump printing the same columns.

    python benchmarks/ingest_flow.py [--flows 1000000] [--runs 3]

The file repeats the sample until it has that many flows. The services must run
(`ingest_flow_files.py` compares the conversion alone).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from ingest_bench import (
    bare,
    bench_place,
    committed,
    piped,
    ratio,
    report,
    stored,
    verdict,
    warm_worker,
)

from spot_ingest.readers import nfdump, nfheader

_SAMPLE = Path(__file__).resolve().parents[1] / "samples/flow/2023-01-25/nfcapd.202301251836"


def main() -> None:
    """Make the file, run both sides in turn, print both."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--flows", type=int, default=1_000_000)
    arguments.add_argument("--runs", type=int, default=3)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, bench_place() as config:
        file = repeated(Path(folder), given.flows)
        flows = flows_in(file)
        path = stored(config, "flow", file)
        worker = warm_worker(config, "flow")
        ours, theirs, into_pipe = [], [], []
        for _ in range(given.runs):
            theirs.append(bare(nfdump.argv(file), nfdump.ENVIRONMENT))
            into_pipe.append(piped(nfdump.argv(file), nfdump.ENVIRONMENT))
            ours.append(committed(worker, path))
    report(f"nfdump > /dev/null, {flows:,} flows", theirs, flows)
    report("nfdump into a pipe", into_pipe, flows)
    report("worker, to committed rows", ours, flows)
    verdict("P1", "speed compared with nfdump into a pipe", ratio(ours, into_pipe), 0.7)
    print(f"compared with nfdump > /dev/null: {ratio(ours, theirs):.2f}")


def repeated(folder: Path, flows: int) -> Path:
    """Join copies of the sample into one nfcapd file."""
    copies = folder / "copies"
    copies.mkdir()
    for number in range(max(1, round(flows / flows_in(_SAMPLE)))):
        (copies / f"nfcapd.{202301250000 + number}").symlink_to(_SAMPLE)
    target = folder / "nfcapd.202301251836"
    call = ["nfdump", "-R", os.fspath(copies), "-w", os.fspath(target)]
    subprocess.run(call, check=True, capture_output=True)
    return target


def flows_in(file: Path) -> int:
    """Give the number of flows that a file's statistics tell."""
    statistics = nfheader.survey(file).statistics
    assert statistics is not None
    return statistics.flows


if __name__ == "__main__":
    main()
