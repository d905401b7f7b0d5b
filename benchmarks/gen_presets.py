"""Time, rate and memory of each preset on one core, beside the bars of 500 MB and of rates.

    python benchmarks/gen_presets.py [--large-hours 12] [tiny small medium large]

Every preset is made whole, in a process of its own, with flows, DNS and proxy together; ``large``
for its first hours (noon of Monday is among them, the busiest time), its figures extrapolated to
seven days by the weekly curve. The seconds are those of everything: making the events, writing
three sources, labels, digests.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from spot_gen.clock import WORK_CURVE
from spot_gen.config import PRESETS

_MEMORY_MB = 500
#: Records a second a core that each source must reach (DNS: packets, two to a look-up).
_BARS = {"flow": 50_000, "dns": 15_000, "proxy": 50_000}


def main() -> None:
    """Make the presets one after the other and print a line for each."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("presets", nargs="*", default=list(PRESETS), metavar="PRESET")
    arguments.add_argument("--large-hours", type=int, default=12)
    given = arguments.parse_args()
    bars = ", ".join(f"{source} {rate:,}/s" for source, rate in _BARS.items())
    print(f"each source alone must reach: {bars}")
    print(f"preset   seconds  peak MB (bar {_MEMORY_MB})  records of all three, side by side")
    for name in given.presets:
        span = ["--span", f"{given.large_hours}h"] if name == "large" else []
        seconds, peak, counts = made(["--preset", name, *span])
        rates = ", ".join(
            f"{source} {counts[source]:,} ({counts[source] / seconds:,.0f}/s)" for source in counts
        )
        print(f"{name:7} {seconds:8.1f} {peak:8.0f}   {rates}")
        if name == "large":
            factor = WORK_CURVE.sum() / WORK_CURVE[: given.large_hours].sum()
            whole = ", ".join(
                f"{source} {counts[source] * factor / 1e6:.0f} million" for source in counts
            )
            print(f"        seven days: about {seconds * factor / 60:.0f} minutes, {whole}")


def made(words: list[str]) -> tuple[float, float, dict[str, int]]:
    """Generate in a process of its own; return seconds, peak memory in MB, records by source."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "day"
        spot = str(Path(sys.executable).with_name("spot"))
        argv = [spot, "gen", "generate", *words, "--seed", "1", "--jobs", "1", "--out", str(out)]
        began = time.monotonic()
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        if status:
            raise SystemExit(f"{' '.join(argv[1:])} failed")
        facts = json.loads((out / "manifest.json").read_text())
    counts = {source: about["records"] for source, about in facts["sources"].items()}
    return seconds, usage.ru_maxrss / 1024, counts


if __name__ == "__main__":
    main()
