"""Every case of the specification, run by the functions that the job runs.

Where the original fails, the case says ``failure``; the specification decides what happens
instead, and that is what is tested here (the comment at each place says which decision).
"""

from __future__ import annotations

import importlib
from datetime import datetime
from typing import Any

import ml_cases as cases
import numpy as np
import pyarrow as pa
import pytest
from ml_cases import HANDLERS, Case, handles, same

from spot_common.config import load_config
from spot_common.errors import DataError, UsageError
from spot_ml import arguments, feedback, launch, records, results, schema, score
from spot_ml.lda import model, parameters
from spot_ml.lda.fit import FITS
from spot_ml.pipeline import analyse
from spot_ml.words.source import ERROR_WORD

pytest.register_assert_rewrite("ml_case_fits", "ml_case_words")

for _module in ("ml_case_fits", "ml_case_words"):
    importlib.import_module(_module)

ALL = cases.all_cases()


def test_all_575_cases_are_run() -> None:
    assert len(ALL) == 575
    assert len({case.id for case in ALL}) == 575
    assert {case.name for case in ALL} == set(HANDLERS)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_case(case: Case) -> None:
    HANDLERS[case.name](case)


# --- records


@handles("input_schema_reference", "source_schema_reference")
def input_schema(case: Case) -> None:
    if case.name == "source_schema_reference":
        required = cases.source(case["source"]).model_schema
        assert [list(pair) for pair in required] == cases.fixture("model_schemas")[case["source"]]
    else:
        required = tuple((name, kind) for name, kind in case["required"])
    found = schema.problems(dict(case["input"]), required)
    assert (not found) == case["expected"]
    if "expected_problem_fields" in case.case:
        assert {problem.column for problem in found} == set(case["expected_problem_fields"])


@handles(
    "flow_filters_reference", "flow_filters_derived", "dns_filters_reference",
    "dns_filters_derived", "proxy_filters_reference", "proxy_filters_derived",
)  # fmt: skip
def filters(case: Case) -> None:
    words = cases.source(case["source"])
    row = cases.batch(words, [case["input"]])
    is_clean = bool(records.clean(words, row)[0])
    assert is_clean == case["expected"]["clean"]
    assert bool(words.legacy_invalid(row)[0]) == case["expected"]["invalid"]
    counts = {case["input"].get("useragent") or "-": 1}
    (tagged,) = records.tag(words, row, cases.context(case, counts=counts))
    state = records.State(tagged["record_state"][0].as_py())
    if is_clean:
        assert state in (records.State.CLEAN, records.State.CORRUPT)
    else:
        expected_invalid = case["expected"]["invalid"]
        assert state == (records.State.INVALID if expected_invalid else records.State.LOST)
    # Decision 5: every record that is not clean is written aside with its reason.
    (tagged,) = records.tag(words, row, cases.context(case, counts=counts, compatible=False))
    if not is_clean:
        assert tagged["record_state"][0].as_py() == records.State.INVALID
        assert tagged["reason"][0].as_py()


# --- scores


@handles("score_filter_reference", "score_filter_derived")
def score_filter(case: Case) -> None:
    given = case["input"]
    assert score.kept([cases.number(given["score"])], given["threshold"])[0] == case["expected"]


@handles("score_function_reference", "score_function_derived")
def score_function(case: Case) -> None:
    given = case["input"]
    names = sorted(case["words"])
    mix = given["topic_mix"]
    fitted = model.Model(
        model.as_precision([mix or []], given["precision"]),
        np.array([case["words"][name] for name in names]),
    )
    word = names.index(given["word"]) if given["word"] in names else score.UNKNOWN
    if given["word"] == ERROR_WORD:
        word = score.ERROR
    document_id = 0 if mix is not None else score.UNKNOWN
    if case["expected"] == "failure":
        with pytest.raises(DataError):
            score.scores(fitted, [document_id], [word])
        return
    found = float(score.scores(fitted, [document_id], [word])[0])
    assert same(case["expected"], found, case.tolerance)


@handles("flow_score_derived")
def flow_score(case: Case) -> None:
    given = case["input"]
    found = score.combine([given["source_score"]], [given["destination_score"]])
    assert found[0] == case["expected"]


@handles("precision_reference")
def precision(case: Case) -> None:
    kind = case.get("function")
    if kind == "cast_column":
        names, values = zip(*case["input"], strict=True)
        table = model.document_table(pa.array(names), model.as_precision(values, case["precision"]))
        expected = {"array<float>, no nulls inside": pa.float32(),
                    "array<double>, no nulls inside": pa.float64()}  # fmt: skip
        (name, _, _), (mix_name, mix_type, _) = case["expected_schema"]
        assert table.schema.names == [name, mix_name]
        assert table.schema.field(name).type == pa.string()
        assert table.schema.field(mix_name).type.value_type == expected[mix_type]
        assert table[mix_name].to_pylist() == [list(value) for value in values]
        return
    found = model.as_precision(case["input"], case["precision"])
    found = model.restore(found) if kind == "restore" else found
    assert found.dtype.name == case["expected_type"]
    assert found.tolist() == case["expected"]


# --- end to end


@handles("analysis_reference")
def toy_analysis(case: Case) -> None:
    config = case["config"]
    words = cases.source(case["source"])
    strange, usual = case["anomalous_record"], case["typical_record"]
    table = cases.rows(
        words, [strange] * case["anomalous_copies"] + [usual] * case["typical_copies"]
    )
    chosen = parameters.effective(
        config["optimizer"], config["topics"], config["alpha"], config["beta"],
        config["iterations"],
    )  # fmt: skip
    found = analyse(
        words,
        table,
        cases.context(case, user_domain=config["user_domain"]),
        chosen,
        precision=config["precision"],
    )
    assert found.rows.num_rows == table.num_rows
    expected = case["expected"]
    by_word: dict[tuple[Any, ...], set[float]] = {}
    for row, value in zip(found.rows.to_pylist(), found.score, strict=True):
        by_word.setdefault(tuple(row[n] for n in words.select_columns), set()).add(float(value))
    for record, wanted in (
        (strange, expected["anomalous_score"]), (usual, expected["typical_score"])
    ):  # fmt: skip
        (stored,) = cases.rows(words, [record]).to_pylist()
        key = tuple(stored[name] for name in words.select_columns)
        (value,) = by_word[key]
        assert abs(value - wanted) < case.tolerance
    assert score.kept(found.score, config["threshold"]).all()


@handles("analysis_deterministic_derived")
def deterministic_analysis(case: Case) -> None:
    params = case["params"]
    words = cases.source(case["source"])
    table = cases.rows(words, case["records"])
    chosen = parameters.effective(
        "em", params["topics"], params["alpha"], params["beta"], params["iterations"],
        params["seed"],
    )  # fmt: skip
    context = cases.context(case, user_domain=params.get("user_domain", ""), counts={})
    found = analyse(words, table, context, chosen)
    expected = case["expected"]
    assert found.trained.corpus.documents.to_pylist() == expected["documents"]
    assert found.trained.corpus.words.to_pylist() == expected["vocabulary"]
    assert found.rows.num_rows == table.num_rows
    columns = records.word_columns(words)
    made = list(zip(*(found.rows[name].to_pylist() for name in columns), strict=True))
    wanted = [tuple(w.values()) if isinstance(w, dict) else (w,) for w in expected["words"]]
    assert made == wanted
    assert same(expected["scores"], found.score.tolist(), case.tolerance)
    mixes = dict(zip(expected["documents"], found.trained.model.mix.tolist(), strict=True))
    assert same(expected["document_topic_mix"], mixes, case.tolerance)
    topics = dict(
        zip(expected["vocabulary"], found.trained.model.word_given_topic.tolist(), strict=True)
    )
    assert same(expected["word_given_topic"], topics, case.tolerance)


# --- files


@handles("double_to_text_derived")
def double_to_text(case: Case) -> None:
    assert results.double_text(float(case["input"])) == case["expected"]


@handles("result_line_derived")
def result_line(case: Case) -> None:
    words = cases.source(case["source"])
    given = case["input"]
    row = cases.batch(words, [given]).select(list(words.select_columns))
    names = list(row.schema.names)
    arrays = list(row.columns)
    if words.word_in_result:
        names.append(results.WORD)
        arrays.append(pa.array([given["word"]]))
    names.append(results.SCORE)
    arrays.append(pa.array([given["score"]], pa.float64()))
    assert tuple(names) == results.output_columns(words)
    (line,) = results.lines(pa.RecordBatch.from_arrays(arrays, names=names), "\t").to_pylist()
    assert line == case["expected"]


@handles("feedback_flow_derived", "feedback_dns_derived", "feedback_proxy_derived")
def feedback_rows(case: Case) -> None:
    words = cases.source(case["source"])
    given = case["input"]
    found = feedback.read(words, given["lines"])
    expected = case["expected"]
    if expected == "failure" and "intended" in case.case:
        # Decision 10: the row is read; the protocol, which the file lacks, is added later.
        expected = case["intended"]
        assert found.rows.to_pylist() == [expected["row"]]
        completed = feedback.match(
            words, found, pa.Table.from_pylist([{**expected["row"], "proto": "TCP"}],
                                               schema=words.model_arrow())
        )  # fmt: skip
        assert completed.rows["proto"].to_pylist() == ["TCP"]
        assert feedback.match(words, found, words.model_arrow().empty_table()).skipped == 1
        found = completed
    elif expected == "failure":
        # An empty file is no feedback; lines that cannot be read are passed over and counted.
        assert found.used == 0
        assert found.skipped == max(len(given["lines"]) - 1, 0)
        return
    pairs = feedback.pairs(words, found, cases.context(case, counts={"UA": 1}), given["dupfactor"])
    copies = sum(pairs["count"].to_pylist()) // len(words.documents)
    assert copies == expected["copies"]
    if "row" in expected and isinstance(expected["row"], list):
        assert list(found.rows.to_pylist()[0].values()) == expected["row"]


# --- command lines


@handles("arguments_reference", "arguments_derived", "arguments_odm_reference")
def main_arguments(case: Case) -> None:
    if case["expected"] == "rejected":
        with pytest.raises(UsageError):
            arguments.parse(case["input"])
        return
    found = arguments.parse(case["input"])
    for name, value in case["expected"].items():
        assert getattr(found, name) == value, name


@handles("ml_ops_paths_derived", "ml_ops_arguments_derived")
def ml_ops(case: Case) -> None:
    config = load_config(environ={}, overrides={"HUSER": "/user/spot", "TOL": "1e-6"})
    if isinstance(case["expected"], str):
        # Decision 1: a wrong call prints the usage and does not end with 0.
        with pytest.raises(UsageError):
            launch.positional(case["input"], config)
        return
    found = launch.positional(case["input"], config)
    expected = case["expected"]
    if "threshold" in expected:
        assert found.threshold == float(expected["threshold"])
        assert found.most == expected["maxresults"]
        return
    assert found.day == datetime.strptime(case["input"][0], "%Y%m%d").date()
    places = launch.places(found, config)
    assert {name: getattr(places, name) for name in expected} == expected


def test_optimizers_of_the_cases_are_the_jobs() -> None:
    assert set(FITS) == {"em", "online"}
