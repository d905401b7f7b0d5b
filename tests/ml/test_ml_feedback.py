"""Feedback files: what is used, what is passed over, what it does."""

from __future__ import annotations

import ml_cases as cases
import ml_days
import pyarrow as pa
import pytest

from spot_ml import feedback
from spot_ml.lda.parameters import Parameters
from spot_ml.pipeline import analyse, with_counts
from spot_ml.words.source import WordContext

HEADER = "sev\ttstart\tsip\tdip\tsport\tdport\tipkt\tibyt"
LOW = "3\t2016-07-08 03:10:00\t10.0.0.3\t203.0.113.9\t50001\t60001\t900000\t2000000000000"


def test_unreadable_lines_are_passed_over_and_counted() -> None:
    lines = [
        HEADER, LOW, HEADER, "", "x\ty", "3\t2016-07-08\t1.1.1.1\t2.2.2.2\t1\t2\t3\t4",
        "3\t2016-07-08 03:10:00\t1.1.1.1\t2.2.2.2\t99999999999\t2\t3\t4", "3", " 3 " + LOW[1:],
        "1" + LOW[1:], "high" + LOW[1:],
    ]  # fmt: skip
    found = feedback.read(cases.source("flow"), lines)
    assert found.used == 2
    assert found.skipped == 6
    assert found.rows["trhour"].to_pylist() == [3, 3]


@pytest.mark.parametrize("lines", [None, [], [HEADER]])
def test_no_file_or_an_empty_one_is_no_feedback(lines: list[str] | None) -> None:
    found = feedback.read(cases.source("flow"), lines)
    assert (found.used, found.skipped) == (0, 0)


def test_a_protocol_in_the_file_needs_no_match() -> None:
    words = cases.source("flow")
    found = feedback.read(words, [HEADER + "\tproto", LOW + "\tUDP"])
    assert found.rows["proto"].to_pylist() == ["UDP"]
    assert not feedback.unmatched(words, found).num_rows
    assert feedback.match(words, found, words.model_arrow().empty_table()) is found


def test_the_smallest_of_several_matching_protocols_is_taken() -> None:
    words = cases.source("flow")
    found = feedback.read(words, [HEADER, LOW])
    row = found.rows.to_pylist()[0]
    matching = [{**row, "proto": proto} for proto in ("UDP", "TCP")]
    records = pa.Table.from_pylist(matching, schema=words.model_arrow())
    assert feedback.match(words, found, records).rows["proto"].to_pylist() == ["TCP"]


def test_low_rated_flows_score_higher_in_the_next_run() -> None:
    words, rows = cases.source("flow"), ml_days.flow()
    given = feedback.read(words, [HEADER, LOW])
    parameters = Parameters(topics=3)
    before = analyse(words, rows, WordContext(), parameters)
    after = analyse(words, rows, WordContext(), parameters, feedback=given, copies=1000)
    assert after.rows.equals(before.rows)
    strange = before.rows["dip"].to_pylist().index("203.0.113.9")
    assert after.score[strange] > before.score[strange]
    none = analyse(words, rows, WordContext(), parameters, feedback=given, copies=0)
    assert (
        none.score[~(none.score != none.score)] == before.score[before.score == before.score]
    ).all()


def test_agents_that_only_feedback_has_are_counted_there() -> None:
    words = cases.source("proxy")
    fields = [""] * 26
    fields[0:7] = ["2016-07-08", "09:00:00", "10.0.0.1", "h.com", "GET", "new agent", "text/html"]
    fields[11], fields[18], fields[22], fields[25] = "200", "h.com/", "3", "x"
    given = feedback.read(words, ["header", "\t".join(fields)])
    assert given.used == 1
    counts = pa.table({"value": ["Mozilla/5.0", "Mozilla/5.0"], "count": [3, 4]})
    context = with_counts(WordContext(), words, counts, given, 10)
    assert context.counts == {"new agent": 10, "Mozilla/5.0": 7}
    pairs = feedback.pairs(words, given, context, 10)
    assert pairs["count"].to_pylist() == [10]
    assert pairs["word"].to_pylist()[0].split("_")[5] == "3"
