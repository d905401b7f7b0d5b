"""Reads the ground truth of one data set: ``labels/`` and ``manifest.json`` (B11)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from spot_common.errors import DataError, NotFoundError
from spot_gen.truth import RECORDS

MALICIOUS = "malicious"
LOOKALIKE = "benign_lookalike"

_HINT = "give the folder that spot gen generate wrote, the one with manifest.json in it"


@dataclass(frozen=True)
class Incident:
    """One incident: what it is, and the numbers that a report shows of it."""

    id: str
    scenario: str
    family: str
    stealth: int


@dataclass(frozen=True)
class SourceTruth:
    """What is known of one source of a data set.

    ``total`` is the number of its records, ``records`` the labelled ones. Arrays with one element
    a labelled record: ``malicious``, ``incident`` (place in ``incidents``, -1 for look-alikes)
    and ``lookalike`` (place in ``lookalikes``, the kinds of look-alikes; -1 for malicious ones).
    ``incidents`` are those with at least one record in this source.
    """

    source: str
    total: int
    records: pa.Table
    malicious: NDArray[np.bool_]
    incident: NDArray[np.int64]
    lookalike: NDArray[np.int64]
    incidents: tuple[Incident, ...]
    lookalikes: tuple[str, ...]


@dataclass(frozen=True)
class Truth:
    """The ground truth of a data set."""

    folder: Path
    manifest: Mapping[str, Any]
    incidents: Mapping[str, Incident]
    totals: Mapping[str, int]
    records: pa.Table

    @property
    def seed(self) -> int | None:
        """The seed that the data were made with, where the manifest says it."""
        seed = self.manifest.get("seed")
        return seed if isinstance(seed, int) else None

    @property
    def digest(self) -> str:
        """What tells one data set from another: its seed, incidents and counts."""
        told = sorted(astuple(incident) for incident in self.incidents.values())
        facts = [self.seed, told, dict(self.totals), self.records.num_rows]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]

    def sizes(self, source: str) -> dict[str, int]:
        """The largest ordinal of each file of a source in the manifest, by the file's name.

        In captures it is that of the last packet.
        """
        listed = self.manifest.get("files", [])
        entries = listed if isinstance(listed, list) else []
        return {
            str(entry["file"]): int(entry["packets" if "responses" in entry else "records"])
            for entry in entries
            if isinstance(entry, dict) and entry.get("source") == source and "records" in entry
        }

    def source_of(self, file: str) -> str | None:
        """The source that a file belongs to: ``data/<source>/name``."""
        found = re.search(r"(?:^|/)data/([^/]+)/[^/]+$", file)
        return found[1] if found and found[1] in self.totals else None

    def of(self, source: str) -> SourceTruth:
        """The truth of one source; DataError where the data set does not have it."""
        if source not in self.totals:
            raise DataError(
                f"{self.folder} has no records of {source}",
                hint=f"it has {', '.join(self.totals)}",
            )
        records = self.records.filter(pc.equal(self.records["source"], source)).combine_chunks()
        malicious = _flags(pc.equal(records["label"], MALICIOUS))
        ids = _texts(records["incident_id"])
        names = sorted(set(ids[malicious].tolist()))
        kinds = _kinds(records)
        lookalikes = sorted(set(kinds[~malicious].tolist()))
        return SourceTruth(
            source=source,
            total=self.totals[source],
            records=records,
            malicious=malicious,
            incident=_places(ids, names, malicious),
            lookalike=_places(kinds, lookalikes, ~malicious),
            incidents=tuple(self.incidents[name] for name in names),
            lookalikes=tuple(lookalikes),
        )


def read_truth(folder: Path) -> Truth:
    """Read the ground truth of a data set.

    NotFoundError where a file is missing, DataError naming file and place for what cannot be
    understood: a line that is no incident, a record of an unknown incident, numbers that differ.
    """
    labels = folder / "labels"
    incidents = {i.id: i for i in _incidents(labels / "incidents.jsonl")}
    records = _records(labels / "records.parquet")
    truth = Truth(
        folder=folder,
        manifest=_object(folder / "manifest.json"),
        incidents=incidents,
        totals=_totals(labels / "counts.json", records),
        records=records,
    )
    _check_incidents(labels / "records.parquet", records, incidents)
    return truth


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"{path} does not exist", hint=_HINT) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}", hint=_HINT) from error


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path} line {error.lineno} is no JSON: {error.msg}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} holds no JSON object")
    return found


def _incidents(path: Path) -> Iterator[Incident]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            yield Incident(
                str(entry["incident_id"]),
                str(entry["scenario"]),
                str(entry["family"]),
                int(entry["stealth"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(f"{path} line {number} is no incident: {error!r}") from error


def _records(path: Path) -> pa.Table:
    if not path.is_file():
        raise NotFoundError(f"{path} does not exist", hint=_HINT)
    try:
        table = pq.read_table(path, partitioning=None)
        missing = [name for name in RECORDS.names if name not in table.column_names]
        if missing:
            raise DataError(f"{path} lacks the columns {', '.join(missing)}")
        table = table.select(RECORDS.names).cast(RECORDS)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise DataError(f"{path} holds no labelled records: {error}") from error
    known = pc.is_in(table["label"], pa.array([MALICIOUS, LOOKALIKE]))
    if not pc.all(known, min_count=0).as_py():
        row = int(np.flatnonzero(~_flags(known))[0])
        raise DataError(f"{path} row {row + 1} has the label {table['label'][row].as_py()!r}")
    return table


def _totals(path: Path, records: pa.Table) -> dict[str, int]:
    """Records of each source; the labelled ones must be as many as the label file has."""
    totals = {}
    for source, entry in _object(path).items():
        try:
            totals[source] = int(entry["records"])
            told = {label: int(entry[label]) for label in (MALICIOUS, LOOKALIKE)}
        except (TypeError, KeyError, ValueError) as error:
            raise DataError(f"{path}: {source} lacks a count: {error!r}") from error
        here = records.filter(pc.equal(records["source"], source))
        for label, number in told.items():
            found = pc.sum(pc.equal(here["label"], label)).as_py() or 0
            if found != number:
                raise DataError(
                    f"{path} says {number} {label} records of {source}, records.parquet has"
                    f" {found}",
                    hint="the folder was changed or not written to its end; generate it again",
                )
    return totals


def _check_incidents(path: Path, records: pa.Table, incidents: Mapping[str, Incident]) -> None:
    malicious = records.filter(pc.equal(records["label"], MALICIOUS))
    for name in pc.unique(malicious["incident_id"]).to_pylist():
        if name not in incidents:
            raise DataError(f"{path} has records of {name}, which is not in incidents.jsonl")


def _kinds(records: pa.Table) -> NDArray[np.object_]:
    """The kind of look-alike of each record: its family, else its id without the number."""
    ids = pc.replace_substring_regex(records["lookalike_id"], r"[-_/#]?\d+$", "")
    return _texts(pc.coalesce(records["family"], ids))


def _flags(column: Any) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), bool)


def _texts(column: Any) -> NDArray[np.object_]:
    return np.asarray(pc.fill_null(column, "").to_numpy(zero_copy_only=False), object)


def _places(
    values: NDArray[np.object_], names: list[str], wanted: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Place of each wanted value in the list of names, -1 for the others."""
    found = pc.index_in(pa.array(values, pa.string()), pa.array(names, pa.string()))
    places = np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)
    return np.where(wanted, places, -1)
