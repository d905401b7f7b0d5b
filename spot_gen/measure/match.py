"""Brings ranked rows and labelled records together: by file and ordinal, else by natural key.

One row stands for one labelled record. Where several rows have one (reduced) key, the first ones
in the order of suspicion take the labels of that key, malicious labels first; rows beyond the
number of labels are ordinary. So recall cannot exceed 1, and a key that malicious and other
labelled records share counts as malicious. Rows of keys for which it mattered are *ambiguous*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_common.errors import DataError
from spot_gen.measure.keys import CLEAN, NONE, TIMES, TimeKey
from spot_gen.measure.labels import SourceTruth, Truth
from spot_gen.measure.layouts import Layout
from spot_gen.measure.results import Results

Mask = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Matching:
    """How many rows and labelled records found each other, and by what.

    ``by_place`` rows named a file and ordinal of the data set, ``by_key`` rows have a usable key;
    ``unmatched`` rows have neither, so that nobody can say what they are. ``ambiguous`` rows share
    their key with rows or labels of another kind. ``key`` names the columns of the key that was
    used, ``lost`` those of the natural key that the results do not have.
    """

    rows: int
    by_place: int
    by_key: int
    unmatched: int
    ambiguous: int
    labelled: int
    found: int
    key: str = ""
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """The row (from 0) that stands for each labelled record, -1 where none does."""

    row: Places
    report: Matching


@dataclass
class _Pairing:
    """Rows given to labelled records so far."""

    row: Places
    ambiguous: int = 0
    key: str = ""
    lost: tuple[str, ...] = field(default=())


def match(results: Results, truth: Truth, source: SourceTruth) -> Match:
    """Find the row of each labelled record.

    DataError where the results have neither file and ordinal nor enough of the natural key.
    """
    labels = source.records
    pairing = _Pairing(np.full(labels.num_rows, -1, np.int64))
    placed, open_rows = _by_place(results, truth, source, pairing)
    keyed = 0
    if len(open_rows):
        keyed = _by_key(results, source, open_rows, pairing, required=not placed)
    report = Matching(
        rows=results.count,
        by_place=placed,
        by_key=keyed,
        unmatched=results.count - placed - keyed,
        ambiguous=pairing.ambiguous,
        labelled=labels.num_rows,
        found=int((pairing.row >= 0).sum()),
        key=pairing.key,
        lost=pairing.lost,
    )
    return Match(pairing.row, report)


def _by_place(
    results: Results, truth: Truth, source: SourceTruth, pairing: _Pairing
) -> tuple[int, Places]:
    """Match rows that say file and ordinal; give their number and the rows that are left."""
    rows = results.rows
    if not {"file", "ordinal"} <= set(rows.column_names):
        return 0, np.arange(results.count)
    labels = source.records
    sizes = truth.sizes(source.source)
    known = sorted(set(sizes) | set(pc.unique(labels["file"]).drop_null().to_pylist()))
    files = _file_places(rows["file"], known)
    ordinals = pc.fill_null(rows["ordinal"], 0).to_numpy()
    most = np.array([sizes.get(file, np.iinfo(np.int64).max) for file in known] + [0])
    good = (files >= 0) & (ordinals >= 1) & (ordinals <= most[files])
    chosen = np.flatnonzero(good)
    label_files = _file_places(labels["file"], known)
    frame = {"file": files[chosen], "ordinal": np.asarray(ordinals, np.int64)[chosen]}
    wanted = {"file": label_files, "ordinal": pc.fill_null(labels["ordinal"], 0).to_numpy()}
    _pair(pd.DataFrame(frame), chosen, pd.DataFrame(wanted), source, pairing)
    return len(chosen), np.flatnonzero(~good)


def _file_places(column: Any, known: list[str]) -> Places:
    """Place of each row's file among the known ones, by path, else by a name that is unique."""
    names = [file.rsplit("/", 1)[-1] for file in known]
    by_path = {file: place for place, file in enumerate(known)}
    by_name = {name: place for place, name in enumerate(names) if names.count(name) == 1}
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    encoded = pc.fill_null(column, "").dictionary_encode()
    places = [
        by_path.get(file, by_name.get(file.rsplit("/", 1)[-1], -1))
        for file in encoded.dictionary.to_pylist()
    ]
    taken = np.array([*places, -1], np.int64)[encoded.indices.to_numpy()]
    return np.asarray(taken, np.int64)


def _time_key(results: Results) -> TimeKey | None:
    columns = set(results.rows.column_names)
    for name in results.layout.times:
        if set(TIMES[name].needs) <= columns:
            return TIMES[name]
    return None


def _by_key(
    results: Results, source: SourceTruth, open_rows: Places, pairing: _Pairing, *, required: bool
) -> int:
    """Match rows by natural key; give how many have a usable one."""
    time, columns = _time_key(results), set(results.rows.column_names)
    shared = [name for name in results.layout.keys if name in columns]
    if time is None or "src" not in shared:
        if required:
            raise DataError(_nothing_to_match_by(results))
        return 0
    pairing.key = ", ".join([time.title, *shared])
    pairing.lost = _lost(results.layout, time, shared)
    rows = results.rows
    if len(open_rows) < results.count:
        rows = rows.take(pa.array(open_rows))
    usable, candidates = _candidates(rows, source.records, shared, time.needs)
    rows = rows.select([*shared, *time.needs]).filter(pa.array(candidates))
    labels = source.records
    frame = pd.DataFrame({**_cleaned(rows, shared), **time.of_results(rows)})
    wanted = pd.DataFrame({**_cleaned(labels, shared), **time.of_labels(labels)})
    numbers = open_rows[candidates]
    timed = _has_time(frame, time.of_labels(labels))
    _pair(frame[timed], numbers[timed], wanted, source, pairing)
    return int(usable.sum()) - int((~timed).sum())


def _nothing_to_match_by(results: Results) -> str:
    has = ", ".join(results.rows.column_names)
    return (
        f"{results.path} cannot be matched with the labels: it has neither file and ordinal nor"
        f" a time and an address of {results.source}, only {has}"
    )


def _lost(layout: Layout, time: TimeKey, shared: list[str]) -> tuple[str, ...]:
    finest = TIMES[layout.times[0]]
    lost = [name for name in layout.keys if name not in shared]
    return tuple(lost if time.title == finest.title else [finest.title, *lost])


def _has_time(frame: pd.DataFrame, times: dict[str, Any]) -> Mask:
    found = np.ones(len(frame), bool)
    for name in times:
        found &= frame[name].to_numpy() != NONE
    return found


def _cleaned(table: pa.Table, names: list[str]) -> dict[str, Any]:
    return {name: CLEAN[name](table[name]).to_numpy(zero_copy_only=False) for name in names}


def _candidates(
    rows: pa.Table, labels: pa.Table, names: list[str], times: tuple[str, ...]
) -> tuple[Mask, Mask]:
    """Rows with an address and a time, and of these the ones whose values the labels have too."""
    usable = np.ones(rows.num_rows, bool)
    for name in ("src", *times):
        usable &= np.asarray(pc.is_valid(rows[name]).to_numpy(), bool)
    possible = usable.copy()
    for name in names:
        clean = CLEAN[name]
        values = pc.unique(clean(labels[name]))
        column = clean(rows[name])
        possible &= np.asarray(_flat(pc.is_in(column, value_set=_flat_values(values))), bool)
    return usable, possible


def _flat(values: Any) -> Any:
    return values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values


def _flat_values(values: Any) -> Any:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _pair(
    frame: pd.DataFrame,
    numbers: Places,
    wanted: pd.DataFrame,
    source: SourceTruth,
    pairing: _Pairing,
) -> None:
    """Give rows to labelled records of equal key that have none yet.

    ``frame`` has the keys of the rows ``numbers``, in the order of suspicion; ``wanted`` those of
    all labelled records.
    """
    columns = list(wanted.columns)
    free = np.flatnonzero(pairing.row < 0)
    if not len(free) or not len(frame):
        return
    free = free[np.argsort(~source.malicious[free], kind="stable")]
    keys = wanted.iloc[free].copy()
    keys["key"] = keys.groupby(columns, sort=False).ngroup()
    distinct = keys.drop_duplicates("key")
    order = np.argsort(keys["key"].to_numpy(), kind="stable")
    by_key = free[order]
    sizes = np.bincount(keys["key"].to_numpy())
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    hits = frame.assign(row=numbers).merge(distinct, on=columns, how="inner")
    hits = hits.sort_values("row", kind="stable")
    key = hits["key"].to_numpy()
    turn = hits.groupby("key", sort=False).cumcount().to_numpy()
    taken = turn < sizes[key]
    pairing.row[by_key[(starts[key] + turn)[taken]]] = hits["row"].to_numpy()[taken]
    mixed = _mixed(by_key, starts, source)
    surplus = np.bincount(key, minlength=len(sizes)) > sizes
    pairing.ambiguous += int((mixed | surplus)[key].sum())


def _mixed(by_key: Places, starts: Places, source: SourceTruth) -> Mask:
    """Tell for each key whether its labels name more than one incident or look-alike."""
    what = np.where(source.malicious, source.incident, -1 - source.lookalike)[by_key]
    return np.asarray(np.minimum.reduceat(what, starts) != np.maximum.reduceat(what, starts), bool)
