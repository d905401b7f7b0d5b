"""The kill test: processes die at random moments, and the tables are as if none had.

    python benchmarks/ingest_kill.py [--kills 200] [--pause 2.5] [--seed 1] [--workers 4]
        [--preset small] [--json FILE]

Makes a labelled day and two stacks of its own, one after the other. The first ingests the day
undisturbed. In the second, collectors, workers, the upkeep, Kafka, both nodes of HDFS, the
metastore and the SQL server are killed (SIGKILL) at random moments by a seeded plan while the files
arrive. Then both must hold the same rows in each partition (number, and sum of a hash of each row),
``spot ledger verify`` must find no difference, and nothing may be left in stage or landing folders.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import kills

from spot_common.config import Config
from spot_common.warehouse import Warehouse, day_values
from spot_ingest.entry import Entry, State
from spot_ingest.ledger import Ledger
from spot_ingest.source import ingest_source
from spot_ingest.verify import Verifier
from spot_ops import stack
from tests.own_stack import configuration

_SPOT = str(Path(sys.executable).with_name("spot"))
_DAY = date(2016, 7, 8)
_SOURCES = ("flow", "dns", "proxy")
Files = Mapping[str, Sequence[Path]]


def main() -> None:
    """Run both sides and print the report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--pause", type=float, default=2.5, help="mean seconds between kills")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--workers", type=int, default=4, help="of each source")
    arguments.add_argument("--preset", default="small", choices=("tiny", "small"))
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="spot-kill-") as place:
        files = _day(Path(place), given.preset)
        calm = _calm(Path(place) / "calm", files, given.workers)
        report = _disturbed(Path(place) / "killed", files, given, calm)
    _print(report)
    if given.json:
        given.json.write_text(json.dumps(report, indent=2))
    sys.exit(0 if report["passed"] else 1)


def _day(place: Path, preset: str) -> Files:
    out = place / "day"
    words = ["--preset", preset, "--seed", "7", "--start", f"{_DAY}T00:00:00Z", "--out", str(out)]
    if preset == "tiny":
        words += ["--span", "2h"]
    subprocess.run([_SPOT, "gen", "generate", *words], check=True, capture_output=True)
    return {source: sorted((out / "data" / source).iterdir()) for source in _SOURCES}


def _calm(folder: Path, files: Files, workers: int) -> dict[str, Any]:
    config = configuration(folder, WORKERS=str(workers))
    _up(config)
    began = time.monotonic()
    try:
        kills.drop_slowly(config, files, 0)
        entries = kills.finished(config, files, 1800)
        seconds = time.monotonic() - began
        return {
            "seconds": seconds,
            "sums": kills.sums(config, _days(entries)),
            "rows": _rows(entries),
        }
    finally:
        stack.down(config)
        shutil.rmtree(folder)


def _disturbed(
    folder: Path, files: Files, given: argparse.Namespace, calm: Mapping[str, Any]
) -> dict[str, Any]:
    settings = {"WORKERS": str(given.workers), "COMPACT_AFTER": "30", "COMPACT_GRACE": "5"}
    config = configuration(folder, **settings)
    _up(config)
    began = time.monotonic()
    killer = kills.Killer(config, given.kills, given.seed, given.pause)
    try:
        killer.start()
        kills.drop_slowly(config, files, 0.9 * given.kills * given.pause)
        killer.join()
        entries = kills.finished(config, files, 1800)
        seconds = time.monotonic() - began
        found = kills.sums(config, _days(entries))
        left = kills.left_over(config)
        differences = _verify(config, _days(entries))
        merged = _merged(config, entries)
    finally:
        stack.down(config)
        shutil.rmtree(folder, ignore_errors=True)
    unequal = {
        name: [calm["sums"].get(name), found.get(name)]
        for name in sorted(calm["sums"].keys() | found.keys())
        if calm["sums"].get(name) != found.get(name)
    }
    return {
        "kills": dict(sorted(killer.killed.items())),
        "files": sum(len(paths) for paths in files.values()),
        "rows": _rows(entries),
        "rows_undisturbed": calm["rows"],
        "partitions": len(found),
        "partitions_unequal": unequal,
        "ledger_differences": differences,
        "left_over": left,
        "attempts": sum(entry.attempts for entry in entries),
        "files_merged": merged,
        "seconds": round(seconds, 1),
        "seconds_undisturbed": round(calm["seconds"], 1),
        "passed": not (unequal or differences or left) and calm["rows"] == _rows(entries),
    }


def _up(config: Config) -> None:
    stack.up(config, progress=False)
    environment = {**os.environ, **config.environ()}
    subprocess.run([_SPOT, "setup", "hdfs"], check=True, capture_output=True, env=environment)


def _days(entries: Sequence[Entry]) -> list[dict[str, int]]:
    found = sorted({day for entry in entries for day in entry.days})
    return [day_values(date.fromisoformat(day)) for day in found]


def _rows(entries: Sequence[Entry]) -> dict[str, list[int]]:
    """Rows stored and set aside, and files set aside, by source."""
    found = {}
    for source in _SOURCES:
        mine = [entry for entry in entries if entry.source == source]
        stored = sum(entry.rows_stored for entry in mine)
        aside = sum(entry.rows_set_aside for entry in mine)
        files = sum(entry.state is State.SET_ASIDE for entry in mine)
        found[source] = [stored, aside, files]
    return found


def _verify(config: Config, days: Sequence[Mapping[str, int]]) -> list[str]:
    found = []
    for source in _SOURCES:
        for values in days:
            day = date(values["y"], values["m"], values["d"])
            verifier = Verifier(Warehouse(config), Ledger.of(config), ingest_source(source), day)
            entries = verifier.entries()
            for _ in verifier.check_files(entries):
                pass
            verifier.check_table(entries)
            verifier.check_places(entries)
            found += [
                f"{d.source}: {d.what}: {d.expected} expected, {d.found} found"
                for d in verifier.done.differences
            ]
    return found


def _merged(config: Config, entries: Sequence[Entry]) -> int:
    """How many table files took the place of smaller ones."""
    warehouse = Warehouse(config)
    tables = {(e.source, tuple(p[k] for k in "ymdh")) for e in entries for p in e.partitions}
    count = 0
    for source, (y, m, d, h) in tables:
        folder = f"{warehouse.huser}/{source}/hive/y={y}/m={m:02d}/d={d:02d}/h={h:02d}"
        count += sum(entry.name.startswith("merged-") for entry in warehouse.hdfs.list(folder))
    return count


def _print(report: Mapping[str, Any]) -> None:
    kinds: dict[str, int] = {}
    for name, number in report["kills"].items():
        kind = name.split("-")[0] if name.startswith(("worker", "collector")) else name
        kinds[kind] = kinds.get(kind, 0) + number
    print(f"{sum(kinds.values())} kills: " + ", ".join(f"{n} {k}" for k, n in kinds.items()))
    print(f"{report['files']} files, {report['attempts']} attempts, {report['seconds']} s")
    print(f"undisturbed: {report['seconds_undisturbed']} s")
    for source, (stored, aside, files) in report["rows"].items():
        calm = report["rows_undisturbed"][source]
        print(
            f"{source:<6} {stored:>9,} rows ({calm[0]:,} undisturbed), "
            f"{aside} set aside ({calm[1]}), {files} files set aside ({calm[2]})"
        )
    print(f"partitions: {report['partitions']}, unequal: {report['partitions_unequal'] or 'none'}")
    print(f"merged table files: {report['files_merged']}")
    print(f"ledger verify, differences: {report['ledger_differences'] or 'none'}")
    print(f"left in stage and landing folders: {report['left_over'] or 'nothing'}")
    print("passed" if report["passed"] else "FAILED")


if __name__ == "__main__":
    main()
