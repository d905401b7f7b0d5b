"""Three tiny labelled days, and what the ranking is expected to find on them.

    python -m tests.ops.ops_tiny_days > tests/data/ml/evaluate-tiny.json

writes the figures anew, after a change of the ranking that is meant.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spot_gen.config import preset
from spot_gen.generate import generate
from spot_gen.measure.measures import TOP
from spot_gen.measure.report import build
from spot_ml.lda.parameters import Parameters
from spot_ml.request import SURPRISE
from spot_ops.evaluate import measure

SEEDS = (1, 2, 3)
COMMITTED = Path(__file__).parents[1] / "data" / "ml" / "evaluate-tiny.json"


def make(folder: Path) -> list[Path]:
    """Generate the days below a folder."""
    days = [folder / f"tiny-{seed}" for seed in SEEDS]
    for seed, day in zip(SEEDS, days, strict=True):
        generate(preset("tiny"), seed, day)
    return days


def evaluate(days: list[Path], cache: Path) -> dict[str, Any]:
    """Measure the default order on days."""
    wanted = measure.Wanted(Parameters(), SURPRISE, TOP, cache=cache)
    return build([measure.generated(day, wanted) for day in days], TOP)


def figures(report: dict[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    """The figures that must not fall, by source."""
    return {name: dict(_figures(of["rows"][0])) for name, of in report["sources"].items()}


def _figures(row: dict[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    told, alone = row["figures"], row["figures"]["records alone"]
    yield "average precision of the list", _spread(told["average_precision"])
    yield "average precision of records", _spread(alone["average_precision"])
    for top in ("50", "250"):
        yield f"incidents in the first {top}", _spread(told["found"][top])


def _spread(leaf: dict[str, float]) -> dict[str, float]:
    return {"mean": round(leaf["mean"], 6), "sd": round(leaf["sd"], 6)}


def worse(found: dict[str, Any], committed: dict[str, Any]) -> list[str]:
    """Name the figures that are below the committed ones by more than their spread."""
    return [
        f"{source}: {name} is {found[source][name]['mean']}, was {was['mean']} ± {was['sd']}"
        for source, of in committed.items()
        for name, was in of.items()
        if found[source][name]["mean"] < was["mean"] - was["sd"] - 1e-6
    ]


def main() -> None:
    """Print the figures as they are now."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        found = figures(evaluate(make(folder), folder / "cache"))
    command = "python -m tests.ops.ops_tiny_days > tests/data/ml/evaluate-tiny.json"
    print(json.dumps({"command": command, "seeds": SEEDS, "figures": found}, indent=1))


if __name__ == "__main__":
    main()
