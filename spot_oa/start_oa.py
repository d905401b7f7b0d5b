#!/usr/bin/env python3
"""The original's command: ``start_oa.py -d YYYYMMDD -t SOURCE -l ROWS``.

Does what ``spot oa run`` does. Exit status: 0 done, 2 a wrong argument, 3 no usable results for
the day, 4 a service does not answer.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from spot_common.launch import use_own_python

    use_own_python()

from spot_common import log
from spot_common.cli import fail, parse_day
from spot_common.config import load_config
from spot_common.errors import SpotError
from spot_common.registry import check_source, sources


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="start_oa.py", description="Analyse a day's results.")
    parser.add_argument("-d", "--date", required=True, help="day to process, YYYYMMDD")
    parser.add_argument("-t", "--type", required=True, help=f"one of: {', '.join(sources())}")
    parser.add_argument("-l", "--limit", required=True, type=int, help="suspicious rows to take")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Run OA for one day and source."""
    arguments = _arguments(words)
    log.configure()
    try:
        check_source(arguments.type)
        day = parse_day(arguments.date)
        from spot_oa.run import context, run, storage

        config = load_config()
        report = run(storage(config), arguments.type, day, arguments.limit, context(config))
    except SpotError as error:
        fail(error)
    print(f"OA of {report.source} {day:%Y-%m-%d}: {report.seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
