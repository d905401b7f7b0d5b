"""P2: a DNS capture to committed rows, beside bare tshark printing the same fields.

    python benchmarks/ingest_dns.py [--copies 20] [--runs 2]

The capture repeats the sample (17,493 packets) that often, each time an hour later. The services
must run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from ingest_bench import bare, bench_place, committed, ratio, report, stored, verdict, warm_worker

from spot_common.memory import do_without
from spot_ingest.readers import tshark
from spot_ingest.readers.dissection import RESPONSES

_SAMPLE = Path(__file__).resolve().parents[1] / "samples/dns/2016-10-06/knot-live.pcap"
_PACKETS = 17_493
_ENVIRONMENT = {"TZ": "UTC", "LC_ALL": "C.UTF-8"}


def main() -> None:
    """Make the capture, run both sides in turn, print both."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--copies", type=int, default=20)
    arguments.add_argument("--runs", type=int, default=2)
    given = arguments.parse_args()
    do_without("pandas")  # as a worker does
    packets = _PACKETS * given.copies
    with tempfile.TemporaryDirectory() as folder, bench_place() as config:
        file = _capture(Path(folder), given.copies)
        path = stored(config, "dns", file)
        worker = warm_worker(config, "dns")
        plain = ["tshark", "-n", "-r", os.fspath(file), "-Y", RESPONSES, *tshark.style()]
        ours, theirs = [], []
        for _ in range(given.runs):
            theirs.append(bare(plain, _ENVIRONMENT))
            ours.append(committed(worker, path))
    report(f"tshark > /dev/null, {packets:,} packets", theirs, packets)
    report("worker and tshark, to rows", ours, packets)
    verdict("P2", "speed compared with bare tshark", ratio(ours, theirs), 0.8)
    peak = max(run.peak for run in ours)
    verdict("P2", "memory of worker and tshark (MiB)", peak, 400, at_most=True)


def _capture(folder: Path, copies: int) -> Path:
    """Repeat the sample, each time an hour later."""
    shifted = []
    for number in range(copies):
        shifted.append(folder / f"{number}.pcap")
        call = ["editcap", "-F", "pcap", "-t", str(3600 * number), _SAMPLE, shifted[-1]]
        subprocess.run(call, check=True, capture_output=True)
    file = folder / "capture.pcap"
    call = ["mergecap", "-a", "-F", "pcap", "-w", file, *shifted]
    subprocess.run(call, check=True, capture_output=True)
    for path in shifted:
        path.unlink()
    return file


if __name__ == "__main__":
    main()
