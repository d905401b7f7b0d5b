"""Small labelled days for the tests of the measure, and results in the product's own forms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spot_gen.truth import RECORDS

START_US = 1_467_936_000_000_000  # 2016-07-08T00:00:00Z
PROTOCOLS = {6: "TCP", 17: "UDP", 1: "ICMP", 58: "IPv6-ICMP"}

INCIDENTS = (
    ("scan-1", "scan_vertical", "port scan", 1),
    ("scan-2", "scan_vertical", "port scan", 3),
    ("tunnel-1", "dns_tunnel", "tunnel", 1),
    ("beacon-1", "beacon_http", "command channel", 2),
)
FAMILIES = {name: family for name, _, family, _ in INCIDENTS}


@dataclass
class Day:
    """A data set under its way: records of all sources in order, each with its label."""

    folder: Path
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    seed: int = 7

    def add(self, source: str, label: str = "", **columns: Any) -> dict[str, Any]:
        """Add a record; ``label`` is an incident, ``~kind`` for a look-alike, or empty."""
        rows = self.rows.setdefault(source, [])
        place = {"source": source, "file": f"data/{source}/{source}.1", "ordinal": len(rows) + 1}
        rows.append({**place, **columns, "known": label})
        return rows[-1]

    def flow(self, label: str = "", second: int = 60, **columns: Any) -> dict[str, Any]:
        """Add a flow that was received ``second`` seconds after midnight."""
        end_us = START_US + second * 1_000_000 - 15_200_000
        given = {
            "time_us": end_us - 1_250_000,
            "end_ms": end_us // 1000,
            "received_us": START_US + second * 1_000_000 + 400_000,
            "src": "10.20.10.1",
            "dst": "198.18.0.1",
            "sport": 50_000,
            "dport": 443,
            "proto": 6,
            "bytes": 1000,
        }
        return self.add("flow", label, **{**given, **columns})

    def dns(self, label: str = "", micro: int = 5_250_000, **columns: Any) -> dict[str, Any]:
        """Add an answer, ``micro`` microseconds after midnight."""
        given = {"time_us": START_US + micro, "src": "10.20.10.1", "name": "www.a.example"}
        return self.add("dns", label, **{**given, "type": 1, **columns})

    def proxy(self, label: str = "", second: int = 60, **columns: Any) -> dict[str, Any]:
        """Add a request."""
        given = {
            "time_us": START_US + second * 1_000_000 + 77,
            "src": "10.20.10.1",
            "method": "GET",
            "name": "www.a.example",
            "path": "/",
            "query": "",
            "number": 0,
        }
        return self.add("proxy", label, **{**given, **columns})

    def write(self) -> Path:
        """Write labels and manifest."""
        labels = self.folder / "labels"
        labels.mkdir(parents=True, exist_ok=True)
        told = [_labelled(row) for rows in self.rows.values() for row in rows if row["known"]]
        pq.write_table(pa.Table.from_pylist(told, schema=RECORDS), labels / "records.parquet")
        used = {row["known"] for rows in self.rows.values() for row in rows}
        lines = [
            {"incident_id": name, "scenario": scenario, "family": family, "stealth": stealth}
            for name, scenario, family, stealth in INCIDENTS
            if name in used
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (labels / "incidents.jsonl").write_text(text)
        counts = {source: _counts(rows) for source, rows in self.rows.items()}
        (labels / "counts.json").write_text(json.dumps(counts))
        files = [
            {"source": source, "file": rows[0]["file"], "records": len(rows)}
            for source, rows in self.rows.items()
        ]
        manifest = {"format": 1, "seed": self.seed, "files": files}
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        return self.folder


def _labelled(row: dict[str, Any]) -> dict[str, Any]:
    known = row["known"]
    lookalike = known.startswith("~")
    return {
        **{name: row.get(name) for name in RECORDS.names},
        "label": "benign_lookalike" if lookalike else "malicious",
        "incident_id": None if lookalike else known,
        "lookalike_id": known[1:] if lookalike else None,
        "family": known[1:] if lookalike else FAMILIES[known],
    }


def _counts(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    malicious = sum(bool(row["known"]) and row["known"][0] != "~" for row in rows)
    lookalikes = sum(row["known"].startswith("~") for row in rows)
    return {
        "records": len(rows),
        "malicious": malicious,
        "benign_lookalike": lookalikes,
        "rarity": malicious / len(rows),
    }


def flow_line(row: dict[str, Any], score: float, words: Sequence[str] = ()) -> str:
    """A line of flow_results.csv; two ``words`` make it one with words."""
    at = _moment(row["received_us"])
    duration = (row["end_ms"] - row["time_us"] // 1000) / 1000
    values = [
        at.strftime("%Y-%m-%d %H:%M:%S"),
        *(at.year, at.month, at.day, at.hour, at.minute, at.second),
        *(duration, row["src"], row["dst"], row["sport"], row["dport"]),
        *(PROTOCOLS[row["proto"]], 3, row["bytes"], 0, 0, *words, score),
    ]
    return "\t".join(map(str, values))


def dns_line(row: dict[str, Any], score: float, words: Sequence[str] = ()) -> str:
    """A line of dns_results.csv."""
    at = _moment(row["time_us"])
    values = [
        f"{at:%b} {at.day:2} {at:%Y %H:%M:%S}.{row['time_us'] % 1_000_000:06}000 UTC",
        *(row["time_us"] // 1_000_000, 120, row["src"], row["name"], "0x0001", row["type"], 0),
        *words,
        score,
    ]
    return "\t".join(map(str, values))


def proxy_line(row: dict[str, Any], score: float, words: Sequence[str] = ("w",)) -> str:
    """A line of proxy_results.csv."""
    at = _moment(row["time_us"])
    query = row["query"] or "-"
    values = [
        *(at.strftime("%Y-%m-%d"), at.strftime("%H:%M:%S"), row["src"], row["name"]),
        *(row["method"], '"agent 1.0"', "text/html", 10, "u0001", '"none"', "-", "200", "80"),
        *(row["path"], query, "10.20.1.5", 500, 100, row["name"] + row["path"] + row["query"]),
        *(*words, score),
    ]
    return "\t".join(map(str, values))


LINES = {"flow": flow_line, "dns": dns_line, "proxy": proxy_line}


def product(path: Path, rows: Sequence[dict[str, Any]], **columns: Any) -> Path:
    """Write a result file of the product with the rows in this order."""
    line = LINES[rows[0]["source"]]
    lines = [line(row, 1e-7 * (place + 1), **columns) for place, row in enumerate(rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def table(path: Path, rows: Sequence[dict[str, Any]], scores: Sequence[float]) -> Path:
    """Write a CSV of file, ordinal and score."""
    lines = [f"{r['file']},{r['ordinal']},{s}" for r, s in zip(rows, scores, strict=True)]
    path.write_text("\n".join(["file,ordinal,score", *lines]) + "\n")
    return path


def malicious_first(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows in the order of a perfect ranking."""
    return sorted(rows, key=lambda row: not row["known"] or row["known"].startswith("~"))


def busy(folder: Path, size: int = 400, seed: int = 7) -> Day:
    """A day of three sources with incidents of four kinds and two kinds of look-alikes."""
    day = Day(folder, seed=seed)
    for n in range(size):
        day.flow(second=60 + n, sport=40_000 + n, dst=f"198.18.{n % 7}.{n % 50}", bytes=900 + n)
        day.dns(micro=5_000_000 + 997_001 * n, name=f"www.{'abcdefg'[n % 7]}.example")
        day.proxy(second=60 + n, path=f"/{n}")
    for n in range(12):
        day.flow("scan-1", second=70 + n, dst="203.0.113.9", dport=20 + n, bytes=40)
        day.dns("tunnel-1", micro=9_000_123 + 50_001 * n, name=f"{n:060}.t.test", type=16)
        day.flow("~authorised_scan", second=300 + n, src="10.20.4.2", dport=n, bytes=40)
    day.flow("scan-2", second=200, dst="203.0.113.10", dport=22, bytes=10_000_000)
    for n in range(4):
        day.proxy("beacon-1", second=100 + 60 * n, name="c2.test", path="/poll", query="?id=1")
        day.proxy("~update_check", second=110 + 60 * n, name="up.example", path="/v")
    return day


def _moment(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC)
