"""Figures of pairs: places of names, and the file that workers map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ml_days
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spot_ml import corpus
from spot_ml.batches import PAIR_SCORE, StrayPairError, counted_batches, places_of, source_words
from spot_ml.figures import PairFigures
from spot_ml.gathering import gathered
from spot_ml.ranking.batches import group_batches
from spot_ml.ranking.groups import KIND, MEMBERS, NATS
from spot_ml.records import STATE
from spot_ml.words.source import WordContext


def _figures() -> PairFigures:
    documents = pa.array(["b", "a", "b", "c"])
    words = pa.array(["x", "x", "y", "z"])
    built = corpus.build(documents, words, [1, 2, 3, 4])
    return PairFigures.of(built, {"score": built.count * 10})


def test_names_that_are_no_pair_have_no_place() -> None:
    figures = _figures()
    documents = pa.array(["a", "b", "b", "c", "nobody", "a", None])
    words = pa.array(["x", "x", "y", "z", "x", "nothing", "x"])
    places = figures.places(documents, words)
    assert places.tolist() == [0, 1, 2, 3, -1, -1, -1]
    assert figures.at("score", places[:4]).tolist() == [20, 10, 30, 40]
    assert figures.places(pa.array(["c"]), pa.array(["x"])).tolist() == [-1]


def test_a_file_holds_them_all(tmp_path: Path) -> None:
    figures = _figures()
    figures.write(tmp_path / "figures")
    again = PairFigures.read(tmp_path / "figures")
    assert (again.documents, again.words) == (figures.documents, figures.words)
    assert again.figures.equals(figures.figures)
    empty = PairFigures.of(
        corpus.build(pa.array([], pa.string()), pa.array([], pa.string()), []), {}
    )
    empty.write(tmp_path / "empty")
    assert PairFigures.read(tmp_path / "empty").places(pa.array(["a"]), pa.array(["x"])) == [-1]


class _Here:
    def __init__(self, value: Any) -> None:
        self.value = value


def test_counts_of_batches_add_up_to_those_of_all_rows() -> None:
    source, rows = source_words("flow"), ml_days.flow()
    context = _Here(WordContext())

    def counted(size: int) -> list[dict[str, object]]:
        found = pa.Table.from_batches(
            counted_batches("flow", context, rows.to_batches(max_chunksize=size))
        )
        return sorted(found.to_pylist(), key=str)

    assert counted(7) == counted(10_000)
    states = [row for row in counted(100) if row[STATE] is not None]
    assert sum(row["count"] for row in states) == rows.num_rows
    assert source.documents == ("sip", "dip")


def test_a_record_whose_pair_was_not_counted_is_an_error() -> None:
    source = source_words("dns")
    rows = pa.record_batch({"ip_dst": ["a"], "word_of_ip_dst": ["y"]})
    built = corpus.build(pa.array(["a"]), pa.array(["x"]), [1])
    figures = PairFigures.of(built, {PAIR_SCORE: np.ones(1)})
    with pytest.raises(StrayPairError):
        places_of(source, rows, figures)


def test_groups_of_many_rows_are_those_of_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ml_days.flow()
    context = _Here(WordContext())
    counted = pa.Table.from_batches(counted_batches("flow", context, rows.to_batches()))
    of_pair = counted.filter(pc.is_valid(counted["document"]))
    built = corpus.build(
        of_pair["document"].combine_chunks(), of_pair["word"].combine_chunks(), of_pair["count"]
    )
    values = np.arange(built.pairs, dtype=float)
    figures = PairFigures.of(built, {
        NATS: values, "expected": values, "count": values, "yields": values,
        KIND: values.astype(int) % 7, PAIR_SCORE: values / built.pairs,
    })  # fmt: skip

    def grouped(at_once: int) -> list[dict[str, object]]:
        monkeypatch.setattr("spot_ml.ranking.batches._AT_ONCE", at_once)
        batches = rows.to_batches(max_chunksize=10)
        found = pa.Table.from_batches(group_batches("flow", 1.0, context, _Here(figures), batches))
        return sorted(found.to_pylist(), key=str)

    assert grouped(25) == grouped(10_000)
    assert sum(row[MEMBERS] for row in grouped(25)) == 401


def test_no_row_is_joined_often() -> None:
    joined: list[int] = []

    def join(tables: Sequence[pa.Table]) -> pa.Table:
        joined.append(sum(table.num_rows for table in tables))
        return pa.concat_tables(tables)

    many = [pa.table({"n": [number]}) for number in range(1000)]
    found = gathered(many, join, 10)
    assert found is not None
    assert found["n"].to_pylist() == list(range(1000))
    assert sum(joined) < 4 * 1000
    assert gathered([], join, 10) is None
