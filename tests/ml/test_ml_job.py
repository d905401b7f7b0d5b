"""The job on the real services: rows in HDFS in, result files in HDFS out."""

from __future__ import annotations

import io
import json
import math
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import ml_days
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spot_common.clients.hdfs import Hdfs
from spot_common.registry import sources
from spot_common.warehouse import Warehouse
from spot_ml import feedback, launch, pipeline, request, results
from spot_ml.batches import source_words
from spot_ml.records import REASON
from spot_ml.words.source import WordContext
from tests.tables import put_rows

pytestmark = pytest.mark.service

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2004, 2, 3)
SOURCES = ("flow", "dns", "proxy")
HEADER = "sev\ttstart\tsip\tdip\tsport\tdport\tipkt\tibyt"
LOW = "3\t2016-07-08 03:10:00\t10.0.0.3\t203.0.113.9\t50001\t60001\t900000\t2000000000000"


def _spot(
    stack: Any, *words: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("spot")), "ml", *words],
        env={**stack.environ, **(environ or {})},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def _run(stack: Any, source: str, day: date = DAY, **environ: str) -> dict[str, Any]:
    done = _spot(
        stack, "run", "--date", f"{day:%Y%m%d}", "--source", source, "--tol", "1", "--json",
        environ={"SPOT_LDA_SCORE": "compatible", **environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _scores(stack: Any, source: str, day: date = DAY) -> str:
    return launch.places(launch.Launch(day, source, 1.0), stack.config).scored


def _read_aside(hdfs: Hdfs, folder: str) -> pa.Table:
    parts = [entry.name for entry in hdfs.list(folder) if entry.name.startswith("part-")]
    tables = [pq.read_table(io.BytesIO(hdfs.read_bytes(f"{folder}/{name}"))) for name in parts]
    return pa.concat_tables(tables)


@pytest.fixture(scope="module")
def hdfs(stack: Any) -> Hdfs:
    """The client of a stack in which each source has one day, in two files of two hours."""
    client = Hdfs(stack.config)
    warehouse = Warehouse(stack.config, hdfs=client)
    for source, table in ml_days.TABLES.items():
        rows = table()
        for hour, part in ((3, rows.slice(0, 100)), (4, rows.slice(100))):
            values = {"y": DAY.year, "m": DAY.month, "d": DAY.day, "h": hour}
            put_rows(warehouse, sources()[source].raw, values, part, f"ml-{hour}")
    return client


@pytest.mark.parametrize("source", SOURCES)
def test_the_job_gives_what_the_pure_analysis_gives(stack: Any, hdfs: Hdfs, source: str) -> None:
    summary = _run(stack, source)
    words, rows = source_words(source), ml_days.TABLES[source]()
    asked = launch.request(launch.Launch(DAY, source, 1.0), stack.config)
    context = WordContext(top_domains=request.top_domains(stack.config))
    analysis = pipeline.analyse(words, rows, context, asked.parameters)
    expected = pipeline.ranked(words, analysis, 1.0, -1).combine_chunks().to_batches()[0]
    scores = _scores(stack, source)
    text = hdfs.read_bytes(f"{scores}/{source}_results.csv").decode()
    assert text.splitlines() == results.lines(expected, "\t").to_pylist()
    assert summary["rows"] == rows.num_rows
    assert summary["results"] == summary["clean"] == expected.num_rows
    assert summary["pairs"] == analysis.trained.corpus.pairs
    assert summary["log_likelihood"] == analysis.trained.log_likelihood
    names = [entry.name for entry in hdfs.list(scores)]
    assert {"_SUCCESS", "run.json"} <= set(names)
    for state in ("invalid", "corrupt"):
        aside = f"{state}_records"
        assert (aside in names) == (summary[state] > 0)
        if summary[state]:
            found = _read_aside(hdfs, f"{scores}/{aside}")
            assert found.num_rows == summary[state]
            assert found.column_names == [*words.select_columns, REASON]
            assert all(found[REASON].to_pylist())


@pytest.mark.parametrize("source", SOURCES)
def test_the_list_is_that_of_the_pure_functions(stack: Any, hdfs: Hdfs, source: str) -> None:
    summary = _run(stack, source, SPOT_LDA_SCORE="surprise")
    words, rows = source_words(source), ml_days.TABLES[source]()
    context = WordContext(top_domains=request.top_domains(stack.config), amended=True)
    parameters = launch.fit_parameters(stack.config, launch.Launch(DAY, source, 1.0))
    analysis = pipeline.analyse(words, rows, context, parameters)
    expected = pipeline.listed(words, analysis, parameters)
    text = hdfs.read_bytes(f"{_scores(stack, source)}/{source}_results.csv").decode()
    assert text.splitlines() == results.lines(expected, "\t").to_pylist()
    assert summary["order"] == "surprise"
    assert summary["results"] == expected.num_rows < summary["clean"]
    said = json.loads(_spot(
        stack, "explain", "--date", f"{DAY:%Y%m%d}", "--source", source, "--count", "50", "--json"
    ).stdout)  # fmt: skip
    assert [row["line"] for row in said] == list(range(1, min(50, expected.num_rows) + 1))
    for row, line in zip(said, text.splitlines(), strict=False):
        assert row["result"] == line.split("\t")
        unexpected = sum(term["nats"] for term in row["terms"])
        assert math.log(row["events"]) - unexpected == pytest.approx(math.log(row["expected"]))
        assert math.exp(-row["nats"]) <= 1.0
    assert "expected of" in _spot(
        stack, "explain", "--date", f"{DAY:%Y%m%d}", "--source", source, "--line", "1"
    ).stdout  # fmt: skip


def test_one_core_and_a_second_run_give_the_same_bytes(stack: Any, hdfs: Hdfs) -> None:
    scores = _scores(stack, "flow")
    names = [f"{scores}/{name}" for name in ("flow_results.csv", "explanations.parquet")]
    first = [hdfs.read_bytes(name) for name in names]
    model = json.loads(hdfs.read_bytes(f"{scores}/run.json"))["model"]
    again = _run(stack, "flow", SPOT_SPARK_MASTER="local[1]", SPOT_LDA_SCORE="surprise")
    assert [hdfs.read_bytes(name) for name in names] == first
    assert again["model"] == model
    assert [entry.name for entry in hdfs.list(scores.rsplit("/", 1)[0])] == ["scores"]


def test_later_rows_are_held_to_a_stored_model(stack: Any, hdfs: Hdfs) -> None:
    listed = json.loads(_spot(stack, "models", "--source", "flow", "--json").stdout)
    model = next(row["id"] for row in listed if row["order"] == "surprise")
    facts = json.loads(_spot(stack, "models", "show", model, "--json").stdout)
    assert [file["path"].rpartition("/")[2] for file in facts["files"]] == [
        "ml-3.parquet", "ml-4.parquet",
    ]  # fmt: skip
    assert all(file["checksum"].startswith("MD5-of-") for file in facts["files"])
    scores = _scores(stack, "flow")
    before = hdfs.read_bytes(f"{scores}/flow_results.csv")
    day = f"{DAY:%Y%m%d}"
    done = _spot(stack, "score", "--model", model, "--date", day, "--hours", "4-5", "--tol", "1",
                 "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["rows"] == ml_days.flow().num_rows - 100
    assert (summary["unknown_documents"], summary["unknown_words"]) == (0, 0)
    live = f"{scores.rpartition('/')[0]}/live/{model}"
    assert summary["results_file"] == f"{live}/flow_results.csv"
    lines = hdfs.read_bytes(summary["results_file"]).decode().splitlines()
    assert len(lines) == summary["results"] > 0
    said = json.loads(_spot(stack, "explain", "--date", day, "--source", "flow", "--model", model,
                            "--count", "50", "--json").stdout)  # fmt: skip
    assert [row["result"] for row in said] == [line.split("\t") for line in lines[:50]]
    assert hdfs.read_bytes(f"{scores}/flow_results.csv") == before
    of_day = {line.rpartition("\t")[0] for line in before.decode().splitlines()}
    row = next(line for line in lines if line.rpartition("\t")[0] in of_day)
    rated = dict(zip(source_words("flow").select_columns, row.split("\t"), strict=False))
    names = ("treceived", "sip", "dip", "sport", "dport", "ipkt", "ibyt")
    verdict = "\t".join(["3", *(rated[name] for name in names)])
    places = launch.places(launch.Launch(DAY, "flow", 1.0), stack.config)
    hdfs.write_bytes(places.feedback, f"{HEADER}\n{verdict}\nnonsense\n".encode())
    try:
        heard = json.loads(_spot(stack, "score", "--model", model, "--date", day, "--hours", "4-5",
                                 "--tol", "1", "--json").stdout)  # fmt: skip
    finally:
        hdfs.delete(places.feedback.rpartition("/")[0], recursive=True)
    assert heard["verdicts"]["effects"] == {"lowered": 1}
    assert heard["verdicts"]["moved"] == 1
    assert row not in hdfs.read_bytes(heard["results_file"]).decode().splitlines()
    aside = hdfs.read_bytes(f"{live}/feedback_aside.jsonl").decode()
    assert json.loads(aside)["line"] == 3
    hdfs.delete(live.rpartition("/")[0], recursive=True)
    assert _spot(stack, "models", "delete", model).returncode == 0
    gone = _spot(stack, "score", "--model", model, "--date", day)
    assert gone.returncode == 3
    assert f"there is no model {model}" in gone.stderr


def test_unpadded_folders_are_read_and_feedback_takes_part(stack: Any, hdfs: Hdfs) -> None:
    day = date(2004, 2, 5)
    rows = ml_days.flow()
    sink = io.BytesIO()
    pq.write_table(rows, sink)
    location = sources()["flow"].raw.location(stack.config.text("HUSER"))
    hdfs.write_bytes(f"{location}/y=2004/m=2/d=5/h=3/rows 1.parquet", sink.getvalue())
    places = launch.places(launch.Launch(day, "flow", 1.0), stack.config)
    hdfs.write_bytes(places.feedback, f"{HEADER}\n{LOW}\nnonsense\n".encode())
    summary = _run(stack, "flow", day)
    assert summary["rows"] == rows.num_rows
    assert (summary["feedback_rows"], summary["feedback_skipped"]) == (1, 1)
    words = source_words("flow")
    given = feedback.read(words, [HEADER, LOW])
    completed = feedback.Feedback(
        given.rows.set_column(5, "proto", pa.array(["TCP"])), given.skipped
    )
    analysis = pipeline.analyse(
        words, rows, WordContext(), launch.request(
            launch.Launch(day, "flow", 1.0), stack.config).parameters,
        feedback=completed, copies=stack.config.integer("DUPFACTOR"),
    )  # fmt: skip
    assert summary["log_likelihood"] == analysis.trained.log_likelihood


def test_a_false_alarm_is_gone_the_next_day_and_the_run_says_so(stack: Any, hdfs: Hdfs) -> None:
    first, second = date(2004, 6, 1), date(2004, 6, 2)
    warehouse, scores = Warehouse(stack.config, hdfs=hdfs), _scores(stack, "flow", second)
    for day in (first, second):
        values = {"y": day.year, "m": day.month, "d": day.day, "h": 3}
        put_rows(warehouse, sources()["flow"].raw, values, ml_days.flow(), "ml-3")
    feedback_file = launch.places(launch.Launch(first, "flow", 1.0), stack.config).feedback
    hdfs.delete(feedback_file)  # of an earlier run of this test on a stack that is kept
    _run(stack, "flow", first, SPOT_LDA_SCORE="surprise")
    listed = hdfs.read_bytes(f"{_scores(stack, 'flow', first)}/flow_results.csv").decode()
    row = dict(zip(source_words("flow").select_columns, listed.split("\t"), strict=False))
    names = ("treceived", "sip", "dip", "sport", "dport", "ipkt", "ibyt")
    rated = "\t".join(["3", *(row[name] for name in names)])
    hdfs.write_bytes(feedback_file, f"{HEADER}\n{rated}\nnonsense\n".encode())
    alone = _run(stack, "flow", second, SPOT_LDA_SCORE="surprise", SPOT_FEEDBACK_DAYS="0")
    assert alone["verdicts"] == {"effects": {}, "moved": 0}
    before = hdfs.read_bytes(f"{scores}/flow_results.csv").decode()
    assert before == listed
    done = _spot(
        stack, "run", "--date", "20040602", "--source", "flow", "--tol", "1",
        environ={"SPOT_LDA_SCORE": "surprise"},
    )  # fmt: skip
    assert re.search(r"verdicts: 1 lowered; [1-9]\d* rows of the list moved", done.stdout)
    assert "  1 x a severity is not a whole number" in done.stdout
    after = hdfs.read_bytes(f"{scores}/flow_results.csv").decode()
    assert after.splitlines()[0] != before.splitlines()[0]
    aside = hdfs.read_bytes(f"{scores}/feedback_aside.jsonl").decode()
    assert json.loads(aside)["text"] == "nonsense"
    asked = ("feedback", "--date", "20040602", "--source", "flow")
    own, other = json.loads(_spot(stack, *asked, "--json").stdout)
    assert (own["day"], own["severity"], own["effect"]) == ("2004-06-01", 3, "lowered")
    assert own["before"] == 1
    assert own["after"] is None or own["after"] > 1
    assert (own["own"], other["own"]) == (True, False)
    assert own["document"] in _spot(stack, *asked).stdout


def test_a_day_without_rows_names_the_nearest(stack: Any, hdfs: Hdfs) -> None:
    done = _spot(stack, "run", "--date", "20040202", "--source", "dns")
    assert done.returncode == 3
    assert "there are no dns rows of 2004-02-02" in done.stderr
    assert "2004-02-03" in done.stderr


def test_rows_of_another_source_are_refused_and_nothing_is_replaced(stack: Any, hdfs: Hdfs) -> None:
    location = sources()["proxy"].raw.location(stack.config.text("HUSER"))
    done = subprocess.run(
        [sys.executable, "-m", "spot_ml.job", "--analysis", "flow", "--input",
         f"{location}/y=2004/m=02/d=03", "--scored", _scores(stack, "flow"),
         "--ldatopiccount", "20", "--threshold", "1", "--maxresults", "5"],
        env=stack.environ, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "sip is missing" in done.stderr
    assert hdfs.exists(f"{_scores(stack, 'flow')}/_SUCCESS")


def test_mllibs_own_fit_agrees_on_the_likelihood(stack: Any, hdfs: Hdfs) -> None:
    done = _spot(
        stack, "run", "--date", f"{DAY:%Y%m%d}", "--source", "dns", "--tol", "1", "--json",
        "--optimizer", "mllib-em",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    asked = launch.request(launch.Launch(DAY, "dns", 1.0), stack.config)
    context = WordContext(top_domains=request.top_domains(stack.config))
    ours = pipeline.analyse(source_words("dns"), ml_days.TABLES["dns"](), context, asked.parameters)
    theirs = json.loads(done.stdout)["log_likelihood"]
    assert theirs == pytest.approx(ours.trained.log_likelihood, rel=0.02)


_WHILE_FILES_CHANGE = """
import posixpath
from spot_common.clients.hdfs import Hdfs
from spot_common.config import load_config
from spot_ml import inputs, job, launch

client, times = Hdfs(load_config()), {times}
read = inputs.read


def changing(session, storage, request, words):
    global times
    rows = read(session, storage, request, words)  # lists the files
    if times:
        times -= 1
        for name in rows.frame.inputFiles():
            folder, old = posixpath.split("/" + name.split("://")[-1].partition("/")[2])
            client.replace(f"{{folder}}/{{old}}", f"{{folder}}/other-{{times}}-{{old}}")
    return rows


inputs.read = changing
from datetime import date
asked = launch.request(launch.Launch(date({day}), "dns", 1.0), load_config())
print(job.run(asked, load_config()).rows)
"""


@pytest.mark.parametrize("times", [1, 3])
def test_files_that_are_merged_while_they_are_read_are_read_again(
    stack: Any, hdfs: Hdfs, times: int
) -> None:
    day = DAY.replace(day=10 + times)
    rows = ml_days.TABLES["dns"]()
    for hour, part in ((3, rows.slice(0, 100)), (4, rows.slice(100))):
        values = {"y": day.year, "m": day.month, "d": day.day, "h": hour}
        warehouse, table = Warehouse(stack.config, hdfs=hdfs), sources()["dns"].raw
        hdfs.delete(warehouse.partition_folder(table, values), recursive=True)
        put_rows(warehouse, table, values, part, f"ml-{hour}")
    code = _WHILE_FILES_CHANGE.format(times=times, day=f"{day.year}, {day.month}, {day.day}")
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=stack.environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if times < 3:
        assert done.returncode == 0, done.stderr
        assert int(done.stdout.split()[-1]) == rows.num_rows
    else:
        assert "changed 3 times while they were read" in done.stderr
