"""Days that are empty, uniform or broken: each ends in figures, none of which is no number."""

from __future__ import annotations

from typing import Any, NamedTuple

import ml_cases as cases
import ml_days
import numpy as np
import pyarrow as pa
import pytest

from spot_ml import pipeline, results
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking import listing
from spot_ml.ranking.explain import Explainer
from spot_ml.ranking.groups import DOCUMENT, KIND, NATS, RAISED, WORD
from spot_ml.ranking.order import order
from spot_ml.records import STATE, State
from spot_ml.words.source import WordContext

SOURCES = ("flow", "dns", "proxy")
PARAMETERS = Parameters(topics=3, iterations=5)
NO_NUMBERS = {"NaN", "nan", "Infinity", "-Infinity", "inf", "-inf"}


class Outcome(NamedTuple):
    """Lines of the list and of the original's order, scores, figures of explanations, states."""

    listed: list[str]
    events: list[str]
    scores: list[float]
    figures: list[float]
    states: list[str]


def outcome(source: str, rows: pa.Table) -> Outcome:
    """All that a run over these rows would leave."""
    words = cases.source(source)
    analysis = pipeline.analyse(words, rows, WordContext(), PARAMETERS)
    chosen = pipeline.listed(words, analysis, PARAMETERS)
    events = pipeline.ranked(words, analysis, 1.0, -1)
    corpus = analysis.corpus
    found = Explainer(order(corpus, words.grammar, PARAMETERS)).of(
        corpus.documents.take(pa.array(corpus.document)), corpus.words.take(pa.array(corpus.word))
    )
    figures: list[float] = []
    for row in found.to_pylist():
        figures += [row["expected"], row["nats"], *(one["share"] for one in row["topics"])]
        for term in row["terms"]:
            figures += [value for value in term.values() if isinstance(value, float)]
    batches = events.combine_chunks().to_batches()
    return Outcome(
        results.lines(chosen, "\t").to_pylist(),
        [text for batch in batches for text in results.lines(batch, "\t").to_pylist()],
        [*chosen["score"].to_pylist(), *events["score"].to_pylist()],
        figures,
        analysis.rows[STATE].to_pylist(),
    )


def is_sound(found: Outcome) -> bool:
    """Every figure is a number, every score between 0 and 1 (but for rounding)."""
    scores = np.array(found.scores)
    return bool(np.isfinite(found.figures).all() and ((scores >= 0) & (scores < 1 + 1e-12)).all())


def with_column(rows: pa.Table, name: str, values: list[Any]) -> pa.Table:
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, name, pa.array(values, rows.schema.field(name).type))


def addressed(source: str, rows: pa.Table, names: list[str]) -> pa.Table:
    """The rows with other addresses, the same on all sides."""
    for document in cases.source(source).documents:
        rows = with_column(rows, document, names)
    return rows


@pytest.mark.parametrize("source", SOURCES)
def test_a_day_without_rows_has_an_empty_result(source: str) -> None:
    assert outcome(source, ml_days.TABLES[source]().slice(0, 0)) == Outcome([], [], [], [], [])


@pytest.mark.parametrize("source", SOURCES)
def test_one_event_and_many_equal_ones_are_scored_as_expected(source: str) -> None:
    one = ml_days.TABLES[source]().slice(0, 1)
    for rows in (one, pa.concat_tables([one] * 500)):
        found = outcome(source, rows)
        assert is_sound(found)
        assert len(found.events) == rows.num_rows
        assert len(set(found.events)) == len(found.listed) == 1


@pytest.mark.parametrize("source", SOURCES)
def test_one_host_and_one_word_have_a_result(source: str) -> None:
    rows = ml_days.TABLES[source]()
    one_host = addressed(source, rows, ["10.0.0.1"] * rows.num_rows)
    found = outcome(source, one_host)
    assert is_sound(found)
    assert 1 <= len(found.listed) <= listing.OWN_ROWS
    hosts = [f"10.0.{number // 250}.{number % 250}" for number in range(300)]
    found = outcome(source, addressed(source, pa.concat_tables([rows.slice(0, 1)] * 300), hosts))
    assert is_sound(found)
    assert len(found.listed) == len(found.events) == 300
    assert len(set(found.scores[:300])) == 1


def _odd(kind: pa.DataType) -> list[Any]:
    """Values that no sensor should have written."""
    if pa.types.is_floating(kind):
        return [float("nan"), float("inf"), float("-inf"), -1.0]
    if pa.types.is_integer(kind):
        limits = np.iinfo(kind.to_pandas_dtype())
        return [-1, int(limits.min) + 1, int(limits.min), int(limits.max)]
    return ["", "-", "\t", "\n"]


@pytest.mark.parametrize("source", SOURCES)
def test_no_value_of_a_column_makes_a_figure_that_is_no_number(source: str) -> None:
    rows, words = ml_days.TABLES[source](20), cases.source(source)
    for name in words.select_columns:
        usual = rows[name].to_pylist()
        odd = [*_odd(rows.schema.field(name).type), None]
        for values in (odd + usual[len(odd) :], [None] * len(usual)):
            changed = with_column(rows, name, values)
            found = outcome(source, changed)
            assert is_sound(found), name
            assert len(found.states) == rows.num_rows, name
            assert len(found.events) == found.states.count(State.CLEAN), name
            for line in (*found.listed, *found.events):
                fields = line.split("\t")
                assert len(fields) == len(results.output_columns(words)), name
                assert NO_NUMBERS.isdisjoint(fields), name


def test_a_duration_that_is_no_number_is_null_in_the_result() -> None:
    rows = ml_days.flow(4)
    odd = [float("nan"), float("inf"), float("-inf"), -1.5]
    rows = with_column(rows, "tdur", odd + rows["tdur"].to_pylist()[4:])
    found = outcome("flow", rows)
    durations = [line.split("\t")[7] for line in found.events]
    assert durations.count("null") == 3
    assert "-1.5" in durations


def test_a_request_without_a_response_code_has_parts() -> None:
    words = cases.source("proxy")
    rows = ml_days.proxy(10)
    none = with_column(rows, "respcode", [None] * rows.num_rows)
    analysis = pipeline.analyse(words, none, WordContext(), PARAMETERS)
    parts = words.grammar.take_apart(analysis.trained.corpus.words)
    words_made = analysis.trained.corpus.words.to_pylist()
    assert all(word.endswith("_unknown_response_code") for word in words_made)
    assert "" not in parts["hour"].to_pylist()


def test_many_partitions_and_few_make_the_same_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each partition gives its best groups, so that there are more of them with more partitions."""
    monkeypatch.setattr(listing, "_LEAST_GROUPS", 4)
    monkeypatch.setattr(listing, "_GROUPS_PER_ROW", 1)
    rows = ml_days.dns(12)
    groups = rows.append_column(NATS, pa.array(np.arange(rows.num_rows, 0.0, -1)))
    groups = with_column(groups, "ip_dst", ["a"] * 4 + [f"h{n}" for n in range(rows.num_rows - 4)])
    groups = groups.append_column(DOCUMENT, groups["ip_dst"])
    sizes = [f"0_{n}_8_{n}_0_1_1_0" for n in range(rows.num_rows)]
    groups = groups.append_column(WORD, pa.array(sizes))
    groups = groups.append_column(KIND, pa.array(np.zeros(rows.num_rows, np.int32)))
    groups = groups.append_column(RAISED, pa.array(np.zeros(rows.num_rows, bool)))
    words = cases.source("dns")
    few = listing.list_of(groups.slice(0, 4), words, 4)
    assert listing.list_of(groups, words, 4).equals(few)
    assert few.num_rows == listing.OWN_ROWS
