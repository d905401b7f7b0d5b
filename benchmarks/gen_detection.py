"""How good the ranking is: labelled days through the running services, measured by their labels.

    python benchmarks/gen_detection.py [--preset small] [--seeds 1-5] [--out DIR] [--final]

For each seed a day is generated, fed through collectors and workers, and scored; then
``spot gen score`` puts the ranking beside the plain orders. Each seed has a Friday of its own in
2017, which stays in the tables: run again, only what is missing is done. The report is printed and
written to DIR/report.md, DIR/report.html and DIR/report.json.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

from spot_common.registry import sources

_SPOT = str(Path(sys.executable).with_name("spot"))
_FIRST_FRIDAY = date(2017, 1, 6)


def main() -> None:
    """Do all seeds, then measure them together."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--preset", default="small", choices=("tiny", "small", "medium"))
    arguments.add_argument("--seeds", default="1-5", help="FIRST-LAST")
    arguments.add_argument("--out", type=Path, default=Path("/tmp/spot-detection"))
    arguments.add_argument("--final", action="store_true", help="seeds 101-120 are meant")
    given = arguments.parse_args()
    first, last = (int(part) for part in given.seeds.split("-"))
    folders = [given.out / f"{given.preset}-{seed}" for seed in range(first, last + 1)]
    for seed, folder in zip(range(first, last + 1), folders, strict=True):
        day = _FIRST_FRIDAY + timedelta(weeks=seed % 50)
        final = ["--final"] if given.final else []
        if not (folder / "manifest.json").is_file():
            made = ["--preset", given.preset, "--seed", str(seed), "--start", f"{day}", *final]
            spot("gen", "generate", *made, "--out", str(folder))
        rank(folder, day)
    report(given.out, folders)


def rank(folder: Path, day: date) -> None:
    """Feed a day and score it: FOLDER/results/ has the lists, FOLDER/rows/ the plain scores."""
    context = {
        "SPOT_CONTEXT_DIR": str(folder / "context"),
        "SPOT_TOP_DOMAINS": str(folder / "context/top-domains.csv"),
        "SPOT_USER_DOMAIN": "corp",
    }
    files = {s: sorted(map(str, (folder / "data" / s).iterdir())) for s in sources()}
    for source, paths in files.items():
        spot("feed", "--source", source, *paths)
    for name in ("rows", "results"):
        (folder / name).mkdir(exist_ok=True)
    for source, paths in files.items():
        spot("wait", "--source", source, *paths, fails=True)  # empty files are set aside
        rows = folder / "rows" / f"{source}.parquet"
        results = folder / "results" / f"{source}.csv"
        run = ["ml", "run", "--date", f"{day}", "--source", source, "--tol", "1"]
        if not rows.is_file():
            spot(*run, "--order", "compatible", "--rows", str(rows), more=context)
        if not results.is_file():
            spot(*run, "--order", "surprise", "--results", str(results), more=context)


def report(out: Path, folders: list[Path]) -> None:
    """Measure all days together."""
    words = ["gen", "score"]
    for folder in folders:
        words += ["--labels", str(folder)]
    for folder in folders:
        for source in sources():
            words += ["--results", str(folder / "results" / f"{source}.csv")]
            words += ["--population", str(folder / "rows" / f"{source}.parquet")]
    text = spot(*words, "--html", str(out / "report.html"))
    (out / "report.md").write_text(text)
    (out / "report.json").write_text(spot(*words, "--json"))
    print(text)


def spot(*words: str, more: dict[str, str] | None = None, fails: bool = False) -> str:
    """Run a command of ours and return what it prints."""
    done = subprocess.run(
        [_SPOT, *words], env={**os.environ, **(more or {})}, stdout=subprocess.PIPE, text=True
    )
    if done.returncode and not fails:
        raise SystemExit(f"{' '.join(words[:3])} ended with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    main()
