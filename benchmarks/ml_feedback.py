#!/usr/bin/env python3
"""What verdicts of one day do to the next: labelled days of one network, ranked in memory.

    python benchmarks/ml_feedback.py [--preset small] [--seeds 1-3] [--out DIR] [--like group]

Two days of a network are generated and read as a worker reads them. The first 50 rows of the first
day's list that are no incident's are rated low, in the file that the pages write. Then the second
day is ranked without and with it. The table says how many of the rated groups are among the first
250 rows, and how many incidents. What is generated and read stays in DIR for the next time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spot_common.registry import sources
from spot_gen.measure.labels import Truth, read_truth
from spot_gen.measure.match import match
from spot_gen.measure.results import read_results
from spot_ingest.errors import UnreadableError
from spot_ingest.source import ingest_source
from spot_ml.batches import source_words
from spot_ml.results import lines, output_rows
from spot_ml.verdicts.days import GROUP, WORD
from spot_ml.verdicts.lines import LOW
from spot_ml.words.domain import top_labels
from spot_ml.words.source import WordContext
from tests.feedback_loop import Network

_SPOT = str(Path(sys.executable).with_name("spot"))
_DAYS = (date(2017, 1, 12), date(2017, 1, 13))
_RATED, _TOP = 50, 250


@dataclass(frozen=True)
class Outcome:
    """Rated groups and incidents among the first rows of the second day, without and with."""

    source: str
    groups: tuple[int, int]
    incidents: tuple[int, int]
    dropped: list[str]
    effects: Counter[str]

    def line(self) -> str:
        """The outcome as a row of a table."""
        effects = ", ".join(f"{count} {effect}" for effect, count in sorted(self.effects.items()))
        lost = ", ".join(self.dropped) or "none"
        cells = [self.source, *self.groups, *self.incidents, lost, effects]
        return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Do all seeds and print a row for each source of each."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--preset", default="small", choices=("tiny", "small", "medium"))
    arguments.add_argument("--seeds", default="1-3", help="FIRST-LAST")
    arguments.add_argument("--out", type=Path, default=Path("/tmp/spot-feedback"))
    arguments.add_argument("--like", default=GROUP, choices=(GROUP, WORD))
    given = arguments.parse_args()
    first, last = (int(part) for part in given.seeds.split("-"))
    print("| seed and source | rated groups without | with | incidents without | with | lost |  |")
    for seed in range(first, last + 1):
        folders = [made(given.out, given.preset, seed, day) for day in _DAYS]
        for source in sources():
            found = loop(source, folders, given.like)
            print(found.line().replace("| ", f"| {seed} ", 1), flush=True)


def made(out: Path, preset: str, seed: int, day: date) -> Path:
    """Generate a day; days of one seed are of one network."""
    folder = out / f"{preset}-{seed}-{day}"
    if not (folder / "manifest.json").is_file():
        start = ["--start", f"{day}T00:00:00Z", "--span", f"{timedelta(days=1).days}d"]
        words = ["gen", "generate", "--preset", preset, "--seed", str(seed), *start]
        subprocess.run([_SPOT, *words, "--out", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


def rows_of(folder: Path, source: str) -> pa.Table:
    """The rows that a worker makes of a source's files."""
    kept = folder / f"{source}.parquet"
    if not kept.is_file():
        batches = []
        for path in sorted((folder / "data" / source).iterdir()):
            with tempfile.TemporaryDirectory() as scratch:
                try:
                    with ingest_source(source).read(path, Path(scratch)) as reading:
                        batches += [batch.rows for batch in reading.batches]
                except UnreadableError:  # an empty file
                    continue
        pq.write_table(pa.Table.from_batches(batches), kept)
    return pq.read_table(kept)


def loop(source: str, folders: list[Path], like: str) -> Outcome:
    """Rank the first day, rate, rank the second."""
    top = top_labels((folders[0] / "context/top-domains.csv").read_text().splitlines())
    network = Network(source_words(source), WordContext("corp", top, amended=True))
    days = [f"{day}" for day in _DAYS]
    truths = [read_truth(folder) for folder in folders]
    first, second = (network.analysed(rows_of(folder, source)) for folder in folders)
    listed = network.rank(days[0], first).lists.heard
    alarms = [place for place, name in enumerate(incidents(listed, truths[0], source)) if not name]
    network.rate(days[0], listed.take(pa.array(alarms[:_RATED])), LOW)
    after = network.rank(days[1], second, days[::-1], like)
    lists = [one.slice(0, _TOP) for one in (after.lists.unheard, after.lists.heard)]
    in_top = [len(after.rated() & set(after.groups(one))) for one in lists]
    found = [set(filter(None, incidents(one, truths[1], source))) for one in lists]
    effects = Counter(verdict.effect.value for verdict in after.verdicts if verdict.own)
    return Outcome(
        source,
        (in_top[0], in_top[1]),
        (len(found[0]), len(found[1])),
        sorted(found[0] - found[1]),
        effects,
    )


def incidents(listed: pa.Table, truth: Truth, source: str) -> list[str]:
    """The incident of each row of a list, empty for a row that is of none."""
    words = source_words(source)
    texts = lines(output_rows(words, listed.combine_chunks().to_batches()[0]), "\t").to_pylist()
    known = truth.of(source)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{source}_results.csv"
        path.write_text("".join(f"{text}\n" for text in texts))
        rows = match(read_results(path, truth, source), truth, known).row
    found = [""] * len(texts)
    for row, incident in zip(rows.tolist(), known.incident.tolist(), strict=True):
        if row >= 0 and incident >= 0:
            found[row] = known.incidents[incident].id
    return found


if __name__ == "__main__":
    main()
