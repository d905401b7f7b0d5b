"""Lines a second of template mode, beside a bare loop of str.format with values at hand.

python benchmarks/gen_template.py             30 days of the shipped firewall
python benchmarks/gen_template.py --days 90 --name windows
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from spot_gen.template.configuration import read
from spot_gen.template.output import staged, write
from spot_gen.template.produce import sources
from spot_gen.template.shipped import find
from spot_gen.template.times import Span

_SAMPLE = (
    "<166>{}: %ASA-6-305011: Built dynamic {} translation from inside:{}/{} to outside:{}/{}\n"
)
_VALUES = ("Jul 08 2016 10:00:00", "TCP", "10.20.16.7", 40_001, "192.0.2.1", 50_001)


def ours(name: str, days: int, folder: Path) -> tuple[int, float]:
    """Write a file; give its lines and the seconds that it took."""
    end = datetime(2016, 7, 8, tzinfo=UTC)
    span = Span.before(f"{days}d", None, ZoneInfo("UTC"), end)
    started = time.perf_counter()
    config = read(find(name))
    with staged(folder / "ours", config.labelled) as (lines, labels):
        tally = write(
            chain.from_iterable(sources(config, span, 1)), lines, labels, config.linebreak
        )
    return tally.lines, time.perf_counter() - started


def bare(count: int, folder: Path) -> float:
    """Write as many lines that are all the same; give the seconds."""
    started = time.perf_counter()
    with (folder / "bare").open("w") as file:
        for _ in range(count):
            file.write(_SAMPLE.format(*_VALUES))
    return time.perf_counter() - started


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="asa")
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        count, seconds = ours(options.name, options.days, Path(folder))
        floor = bare(count, Path(folder))
    print(f"template mode  {count / seconds:>9,.0f} lines/s  ({count:,} lines of {options.name})")
    print(f"bare format    {count / floor:>9,.0f} lines/s  (nothing drawn, one line)")


if __name__ == "__main__":
    main()
