"""Writing the ground truth of a whole data set (specification B11)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from spot_gen.network import addresses
from spot_gen.plan import Played
from spot_gen.truth import RECORDS
from spot_gen.writers.files import Written

#: Rows of a row group: fixed, so that the file does not depend on how the work was split.
_GROUP = 100_000

Counts = dict[str, dict[str, int]]


def join_records(parts: Sequence[Path], target: Path, sources: Sequence[str]) -> Counts:
    """Join the labels of all spans, source after source in the order of time.

    Returns how many records of each source an incident or a look-alike has, by its id.
    """
    counts: Counts = {}
    with pq.ParquetWriter(target, RECORDS, compression="zstd") as writer:
        for group in _groups(path / f"{source}.parquet" for source in sources for path in parts):
            writer.write_table(group, row_group_size=_GROUP)
            _count(group, counts)
    return counts


def _groups(paths: Iterator[Path]) -> Iterator[pa.Table]:
    """Yield all rows, in groups of one size."""
    waiting = RECORDS.empty_table()
    for path in paths:
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                waiting = pa.concat_tables([waiting, file.read_row_group(number)])
                while waiting.num_rows >= _GROUP:
                    yield waiting.slice(0, _GROUP)
                    waiting = waiting.slice(_GROUP)
    if waiting.num_rows:
        yield waiting


def _count(group: pa.Table, counts: Counts) -> None:
    for name in ("incident_id", "lookalike_id"):
        found = group.group_by([name, "source"]).aggregate([([], "count_all")])
        for row in found.to_pylist():
            if row[name] is not None:
                of = counts.setdefault(row[name], {})
                of[row["source"]] = of.get(row["source"], 0) + row["count_all"]


def incident_facts(played: Played, counts: Counts) -> dict[str, Any]:
    """Return one line of ``incidents.jsonl``."""
    incident, scene = played.incident, played.scene
    tables = played.events.tables().values()
    times = [t for table in tables if table.num_rows for t in _span(table)]
    return {
        "incident_id": incident.id,
        "scenario": incident.scenario.id,
        "family": incident.scenario.family,
        "techniques": list(incident.scenario.techniques),
        "stealth": incident.attack.stealth,
        "start_us": min(times, default=incident.start_us),
        "end_us": max(times, default=incident.start_us),
        "actors": scene.actors,
        "victims": [host.name for host in scene.victims],
        "indicators": [{"kind": i.kind, "value": i.value} for i in scene.indicators],
        "addresses": _texts(_taking_part(played)),
        "records": counts.get(incident.id, {}),
        "campaign_id": incident.id if incident.scenario.id == "campaign" else None,
        "story": played.story,
    }


def _taking_part(played: Played) -> list[addresses.Addresses]:
    """Return all addresses of our machines that take part: the actor, if it is one, and victims."""
    inside = played.incident.scenario.inside
    hosts = [*([played.incident.actor] if inside else []), *played.scene.victims]
    both = [(host.address, host.address_6) for host in hosts]
    return [one for pair in both for one in pair if one is not None]


def _span(table: pa.Table) -> tuple[int, int]:
    times = table.column("time_us").to_numpy()
    return int(times[0]), int(times[-1])


def _texts(pairs: list[addresses.Addresses]) -> list[str]:
    both = np.array(pairs, np.uint64).reshape(-1, 2)
    texts: list[str] = addresses.text(both[:, 0], both[:, 1]).to_pylist()
    return texts


def source_counts(files: Sequence[Written], marked: Counts, incidents: set[str]) -> dict[str, Any]:
    """Return ``counts.json``: records per source and label, and how rare the malicious ones are."""
    result: dict[str, Any] = {}
    for file in files:
        entry = result.setdefault(
            file.source, {"records": 0, "malicious": 0, "benign_lookalike": 0, "rarity": 0.0}
        )
        entry["records"] += file.counts["records"]
    for name, sources in marked.items():
        for source, number in sources.items():
            result[source]["malicious" if name in incidents else "benign_lookalike"] += number
    for entry in result.values():
        entry["rarity"] = entry["malicious"] / entry["records"] if entry["records"] else 0.0
    return result


def write_noise(path: Path, lines: Sequence[dict[str, object]]) -> None:
    """Write ``noise.csv``."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["source", "file", "ordinal", "kind"], lineterminator="\n")
        table.writeheader()
        table.writerows(lines)


def write_json_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write one JSON object a line."""
    path.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows), "utf-8")
