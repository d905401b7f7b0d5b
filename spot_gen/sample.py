"""The sample day: what the demonstration shows, made on the machine when it is first needed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from spot_gen.clock import DAY_US, microseconds
from spot_gen.config import Config, preset
from spot_gen.generate import DATA_FORMAT, digest, generate
from spot_gen.span import Report

#: A Friday; the day of the original's own examples.
DAY = "2016-07-08"
SEED = 7


def sample_config() -> Config:
    """Return the configuration of the sample day."""
    return dataclasses.replace(preset("small"), start_us=microseconds(DAY), span_us=DAY_US)


def sample_folder(state: Path) -> Path:
    """Return where the sample day is, below the folder of all state."""
    return state / "sample" / DAY


def is_made(folder: Path) -> bool:
    """Say whether a folder holds the sample day as this version makes it."""
    try:
        facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    found = (facts.get("format"), facts.get("seed"), facts.get("configuration"))
    return found == (DATA_FORMAT, SEED, digest(sample_config()))


def make_sample(folder: Path, jobs: int, report: Report) -> None:
    """Make the sample day; what an earlier version made there is replaced."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    generate(sample_config(), SEED, folder, jobs=jobs, force=True, report=report)
