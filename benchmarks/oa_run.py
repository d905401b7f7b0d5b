#!/usr/bin/env python3
"""How long a run of OA takes for a day that has results, on the real storage.

Prints rows per table and seconds beside the bar of 60 s for 3,000 suspicious rows. Ends with 1
where the bar is missed. The day's OA tables are replaced, as every run does.

    python benchmarks/oa_run.py --source flow --date 20160708 [--limit 3000]
"""

from __future__ import annotations

import argparse
import resource
import sys

from spot_common.cli import parse_day
from spot_common.config import load_config
from spot_oa.run import context, run, storage

BAR_S = 60.0


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True)
    parser.add_argument("--date", required=True, type=parse_day)
    parser.add_argument("--limit", type=int, default=3000)
    asked = parser.parse_args()
    config = load_config()
    report = run(storage(config), asked.source, asked.date, asked.limit, context(config))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for table, rows in report.rows.items():
        print(f"{table}: {rows} rows")
    print(f"{report.seconds:.1f} s (bar {BAR_S:.0f} s), peak {peak:.0f} MiB")
    return 0 if report.seconds <= BAR_S else 1


if __name__ == "__main__":
    sys.exit(main())
