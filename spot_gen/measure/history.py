"""Results kept per version, one JSON object a line, so that a change of a ranking shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spot_common.errors import DataError


def entry(report: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a report: the means of the figures of every order, and on which data."""
    return {
        "date": report["date"],
        "version": report["version"],
        "data": report["data"],
        "figures": {
            f"{source}/{row['name']}": _flat(row["figures"], report["tops"])
            for source, found in report["sources"].items()
            for row in found["rows"]
            if row["figures"]
        },
    }


def _flat(figures: Mapping[str, Any], tops: list[int]) -> dict[str, float | None]:
    kept = {
        "average precision": figures["average_precision"]["mean"],
        "area under ROC": figures["roc_auc"]["mean"],
    }
    for top in map(str, tops):
        kept[f"precision at {top}"] = figures["precision"][top]["mean"]
        kept[f"incidents at {top}"] = figures["found"][top]["mean"]
    return kept


def since_last(path: Path, report: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the figures of a report and say what changed since the last one on the same data."""
    now = entry(report)
    before = keep(path, now)
    if before is None:
        return {"date": None, "version": None, "changes": []}
    return {
        "date": before["date"],
        "version": before["version"],
        "changes": changes(before, now),
    }


def keep(path: Path, kept: Mapping[str, Any]) -> dict[str, Any] | None:
    """Append an entry and give the last one before it that is of the same data, None without.

    DataError where the file cannot be written or a line of it is no entry.
    """
    earlier = [found for found in _read(path) if found["data"] == kept["data"]]
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(kept, separators=(",", ":")) + "\n")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from error
    return earlier[-1] if earlier else None


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            kept = json.loads(line)
            found.append({name: kept[name] for name in ("date", "version", "data", "figures")})
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path} line {number} is no kept result: {error!r}",
                hint="--keep takes a file that only this command has written, or a new one",
            ) from error
    return found


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The figures that differ, in orders that both have: order, figure, before, now."""
    found = []
    for order, figures in now["figures"].items():
        for name, value in figures.items():
            old = before["figures"].get(order, {}).get(name)
            if old is not None and value is not None and round(value - old, 9):
                found.append({"order": order, "figure": name, "before": old, "now": value})
    return found
