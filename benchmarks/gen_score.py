#!/usr/bin/env python3
"""How long `spot gen score` takes for a population, beside a bare pandas read of the same CSV.

    python benchmarks/gen_score.py                        1,000,000 flow records
    python benchmarks/gen_score.py --records 2500000      as many as preset medium has
    python benchmarks/gen_score.py --keep-in /tmp/x       leave the files there

The file has the product's layout with words; labels of 27 incidents and three look-alikes. All
comparison rows are computed. Most of the time should be the reading.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from spot_gen.measure.evaluate import Request, evaluate
from spot_gen.measure.measures import TOP
from spot_gen.measure.report import build
from spot_gen.truth import RECORDS

START_S = 1_467_936_000
FAMILIES = (
    "port scan", "command channel", "tunnel", "domain generation", "exfiltration", "brute force",
    "delivery", "lateral movement", "denial of service",
)  # fmt: skip
LOOKALIKES = ("authorised_scan", "backup", "new_application")


def made_up(size: int, seed: int = 1) -> pd.DataFrame:
    """Flow records with the number of their incident (1 to 27), look-alike (-1 to -3) or 0."""
    draw = np.random.default_rng(seed)
    label = np.zeros(size, np.int64)
    chosen = draw.choice(size, size // 100, replace=False)
    half = len(chosen) // 2
    label[chosen[:half]] = 1 + draw.zipf(1.3, half) % 27
    label[chosen[half:]] = -1 - draw.integers(0, 3, len(chosen) - half)
    second = np.sort(draw.integers(0, 86_400, size))
    hosts = draw.integers(0, 1000, size)
    outside = draw.zipf(1.2, size) % 50_000
    size_bin = draw.integers(6, 20, size)
    port = draw.choice([80, 443, 53, 22, 25, 3389], size)
    frame = pd.DataFrame(
        {
            "second": second,
            "milliseconds": draw.integers(0, 300_000, size),
            "src": [f"10.20.{h // 250 + 10}.{h % 250}" for h in hosts],
            "dst": [f"198.18.{d // 250}.{d % 250}" for d in outside],
            "sport": draw.integers(1025, 65_536, size),
            "dport": port,
            "packets": draw.integers(1, 1000, size),
            "bytes": (2.0**size_bin).astype(np.int64) + draw.integers(0, 64, size),
            "label": label,
        }
    )
    base = [f"{p}_TCP_{s // 3600}_{b}_5" for p, s, b in zip(port, second, size_bin, strict=True)]
    frame["word"] = base
    suspicion = draw.random(size) * np.where(label > 0, 10.0 ** -(label % 9), 1.0)
    suspicion *= np.where(label < 0, 0.01, 1.0)
    frame["score"] = suspicion
    return frame


def write_results(path: Path, frame: pd.DataFrame) -> None:
    """Write the records as the product does, with words, the smallest score first."""
    ranked = frame.sort_values("score", kind="stable")
    at = pd.to_datetime(START_S + ranked["second"], unit="s")
    columns = [
        at.dt.strftime("%Y-%m-%d %H:%M:%S"),
        *(getattr(at.dt, part) for part in ("year", "month", "day", "hour", "minute", "second")),
        ranked["milliseconds"] / 1000,
        *(ranked[name] for name in ("src", "dst", "sport", "dport")),
        pd.Series("TCP", ranked.index),
        *(ranked[name] for name in ("packets", "bytes")),
        *(pd.Series(0, ranked.index), pd.Series(0, ranked.index)),
        *(ranked["word"], "-1_" + ranked["word"], ranked["score"]),
    ]
    pd.concat(columns, axis=1).to_csv(path, sep="\t", header=False, index=False)


def write_labels(folder: Path, frame: pd.DataFrame) -> None:
    """Write the ground truth of the records."""
    labels = folder / "labels"
    labels.mkdir(parents=True, exist_ok=True)
    known = frame[frame["label"] != 0]
    number = known["label"].to_numpy()
    bad = number > 0
    received = (START_S + known["second"].to_numpy()) * 1_000_000
    start = received - 20_000_000 - known["milliseconds"].to_numpy() * 1000
    family = [FAMILIES[n % 9] if n > 0 else LOOKALIKES[-n - 1] for n in number.tolist()]
    given = {
        "source": ["flow"] * len(known),
        "file": ["data/flow/nfcapd.201607080000"] * len(known),
        "ordinal": known.index.to_numpy() + 1,
        "time_us": start,
        "end_ms": start // 1000 + known["milliseconds"].to_numpy(),
        "received_us": received,
        **{name: known[name].to_numpy() for name in ("src", "dst", "sport", "dport")},
        "proto": np.full(len(known), 6),
        "label": np.where(bad, "malicious", "benign_lookalike"),
        "incident_id": [f"incident-{n}" if n > 0 else None for n in number.tolist()],
        "lookalike_id": [None if n > 0 else LOOKALIKES[-n - 1] for n in number.tolist()],
        "family": family,
    }
    arrays = [
        pa.array(given[f.name], f.type) if f.name in given else pa.nulls(len(known), f.type)
        for f in RECORDS
    ]
    pq.write_table(pa.Table.from_arrays(arrays, schema=RECORDS), labels / "records.parquet")
    incidents = [
        {
            "incident_id": f"incident-{n}",
            "scenario": f"{FAMILIES[n % 9].replace(' ', '_')}",
            "family": FAMILIES[n % 9],
            "stealth": 1 + n // 9 % 3,
        }
        for n in range(1, 28)
    ]
    text = "".join(json.dumps(entry) + "\n" for entry in incidents)
    (labels / "incidents.jsonl").write_text(text)
    malicious = int(bad.sum())
    counts = {
        "records": len(frame),
        "malicious": malicious,
        "benign_lookalike": len(known) - malicious,
        "rarity": malicious / len(frame),
    }
    (labels / "counts.json").write_text(json.dumps({"flow": counts}))
    (folder / "manifest.json").write_text(json.dumps({"seed": 1, "files": []}))


def timed(name: str, work: Callable[[], object]) -> object:
    """Do something and print how long it took."""
    started = time.perf_counter()
    result = work()
    print(f"{name:<34}{time.perf_counter() - started:8.2f} s", flush=True)
    return result


def main() -> None:
    """Make the files, read, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--keep-in", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep_in or Path(scratch)
        frame = made_up(asked.records)
        write_labels(folder, frame)
        results = folder / "flow_results.csv"
        write_results(results, frame)
        del frame
        size = results.stat().st_size / 1e6
        print(f"{asked.records:,} flow records, {size:.0f} MB")
        timed("pandas.read_csv alone", lambda: pd.read_csv(results, sep="\t", header=None))
        request = Request(folder, (results,))
        timed("spot gen score", lambda: build([evaluate(request, TOP)], TOP))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"most memory of this process {memory:,.0f} MB")


if __name__ == "__main__":
    main()
