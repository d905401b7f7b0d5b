"""From a command line to a request: paths, defaults, refusals."""

from __future__ import annotations

import socket
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from spot_common.config import Config, load_config
from spot_common.errors import DataError, NotFoundError, UsageError
from spot_ml import arguments, launch, request, schema, session
from spot_ml.cli import ml
from spot_ml.launch import Launch

MAIN = [
    "--analysis", "flow", "--input", "/in", "--scored", "/out", "--ldatopiccount", "20",
    "--threshold", "1", "--maxresults", "-1",
]  # fmt: skip


def _config(**overrides: str) -> Config:
    return load_config(environ={"HOME": "/home/x"}, overrides=overrides)


def _launch(**changes: object) -> Launch:
    return Launch(date(2016, 7, 8), "dns", 1e-6, **changes)  # type: ignore[arg-type]


def test_empty_settings_mean_the_defaults() -> None:
    config = _config(LDA_OPTIMIZER="", LDA_ALPHA="", LDA_BETA="", SEED="7")
    found = launch.fit_parameters(config, _launch())
    assert (found.optimizer, found.alpha, found.beta) == ("em", 1.02, 1.001)
    assert (found.topics, found.iterations, found.seed) == (20, 20, 7)


def test_settings_and_flags_reach_the_request() -> None:
    config = _config(
        LDA_OPTIMIZER="online", LDA_ALPHA="0.0009", LDA_BETA="0.00001", DUPFACTOR="3",
        PRECISION="32", USER_DOMAIN="acme",
    )  # fmt: skip
    found = launch.request(_launch(seed=5, iterations=2, most=9), config)
    assert found.parameters.optimizer == "online"
    assert (found.parameters.seed, found.parameters.iterations, found.most) == (5, 2, 9)
    assert (found.copies, found.precision, found.user_domain) == (3, 32, "acme")
    assert found.results_name == "dns_results.csv"
    flagged = launch.request(_launch(optimizer="em", compatible=True), _config())
    assert flagged.parameters.optimizer == "em"
    assert flagged.parameters.legacy_batch


def test_both_spellings_of_a_day_are_looked_for() -> None:
    assert launch.spellings("/a/y=2016/m=07/d=08/") == (
        "/a/y=2016/m=07/d=08/", "/a/y=2016/m=7/d=8/"
    )  # fmt: skip
    assert launch.spellings("/a/y=2016/m=11/d=18") == ("/a/y=2016/m=11/d=18",)


def test_a_source_without_a_path_setting_lies_where_its_table_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dataclasses import replace

    from spot_common.registry import sources

    toy = replace(sources()["dns"], name="toy", raw=replace(sources()["dns"].raw, source="toy"))
    monkeypatch.setattr(launch, "check_source", lambda name: toy)
    paths = launch.places(Launch(date(2016, 7, 8), "toy", 1.0), _config(HUSER="/user/spot"))
    assert paths.input == "/user/spot/toy/hive/y=2016/m=07/d=08/"
    assert paths.results.endswith("/20160708/scores/toy_results.csv")


@pytest.mark.parametrize(
    "words",
    [[], ["20160708"], ["2016-07-08", "flow"], ["20161301", "flow"], ["20160708", "flwo"],
     ["20160708", "flow", "much"], ["20160708", "flow", "1", "many"], ["1"] * 5],
)  # fmt: skip
def test_wrong_positional_arguments_are_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        launch.positional(words, _config())


def test_a_trial_keeps_the_twenty_lowest_scores() -> None:
    found = launch.trial(["dns", "/some/where"], _config(HUSER="/user/spot"))
    assert (found.threshold, found.most) == (1.1, 20)
    assert found.scored == "/user/spot/dns/test/scored_results/scores"
    with pytest.raises(UsageError):
        launch.trial(["dns"], _config())


def test_the_seed_is_given_drawn_or_configured() -> None:
    config = _config(SEED="11")
    assert request.seed_of(None, config) == 11
    assert request.seed_of(-3, config) == -3
    drawn = {request.seed_of("random", config) for _ in range(8)}
    assert len(drawn) == 8


def test_the_main_programs_options_make_the_same_request() -> None:
    found = request.of_arguments(arguments.parse([*MAIN, "--prgseed", "5"]), _config())
    assert (found.source, found.input, found.scored) == ("flow", "/in", "/out")
    assert found.parameters.seed == 5
    table = [*MAIN[:2], *MAIN[4:], "--database", "db", "--datatable", "t", "--year", "2017",
             "--month", "1", "--day", "2"]  # fmt: skip
    assert str(request.of_arguments(arguments.parse(table), _config()).input) == (
        "db.t (y=2017, m=1, d=2)"
    )


@pytest.mark.parametrize(
    "extra",
    [["--dupfactor", "-1"], ["--threshold", "nan"], ["--prgseed", "x"],
     ["--prgseed", str(2**63)], ["--threshold", "low"], ["--year", "2017"],
     ["--analy", "dns"], ["left over"]],
)  # fmt: skip
def test_the_main_program_refuses(extra: list[str]) -> None:
    with pytest.raises(UsageError):
        request.of_arguments(arguments.parse([*MAIN, *extra]), _config())


def test_the_top_list_is_the_shipped_one_or_a_file(tmp_path: Path) -> None:
    shipped = request.top_domains(_config())
    assert {"google", "facebook"} <= shipped
    file = tmp_path / "top.csv"
    with pytest.raises(NotFoundError, match="TOP_DOMAINS"):
        request.top_domains(_config(TOP_DOMAINS=str(file)))
    file.write_text("1,acme.org\n")
    assert request.top_domains(_config(TOP_DOMAINS=str(file))) == {"acme"}
    file.write_text("")
    assert request.top_domains(_config(TOP_DOMAINS=str(file))) == frozenset()


def test_every_wrong_column_is_named() -> None:
    required = (("a", "string"), ("b", "long"))
    schema.check({"a": "string", "b": "long", "c": "double"}, required, ("a", "c"), "/p")
    with pytest.raises(DataError) as raised:
        schema.check({"a": "integer"}, required, ("a", "c"), "/p")
    for part in ("a is integer, expected string", "b is missing", "c is missing", "/p"):
        assert part in str(raised.value)


def test_spark_settings_follow_the_configuration() -> None:
    local = session.settings(_config(SPARK_MASTER="local[2]", NAME_NODE="http://nn/"))
    assert local["spark.hadoop.fs.defaultFS"] == "hdfs://nn:9000"
    assert local["spark.driver.host"] == "127.0.0.1"
    assert local["spark.sql.shuffle.partitions"] == "2"
    assert "spark.executor.memory" not in local
    cluster = session.settings(
        _config(SPARK_MASTER="yarn", SPK_EXEC="3", SPK_EXEC_MEM="2g", SPK_EXEC_MEM_OVERHEAD="300")
    )
    assert cluster["spark.executor.memory"] == "2g"
    assert cluster["spark.executor.memoryOverhead"] == "300m"
    assert cluster["spark.dynamicAllocation.maxExecutors"] == "3"
    assert "spark.driver.host" not in cluster
    assert "spark.driver.extraJavaOptions" not in cluster
    assert "spark.executor.cores" not in cluster


def test_classes_come_from_the_archive_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CLASSES", tmp_path / "classes.jsa")
    local = _config(SPARK_MASTER="local[2]")
    option = f"-XX:SharedArchiveFile={tmp_path}/classes.jsa"
    assert option not in session.settings(local)["spark.driver.extraJavaOptions"]
    (tmp_path / "classes.jsa").touch()
    assert option in session.settings(local)["spark.driver.extraJavaOptions"]
    made = session.settings(local, ["-XX:ArchiveClassesAtExit=/x"])["spark.driver.extraJavaOptions"]
    assert "-XX:ArchiveClassesAtExit=/x" in made
    assert option not in made
    assert session.java_options(computes=True) == (option,)


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["run", "--date", "2016-13-01", "--source", "flow"], 2, "not a day"),
        (["run", "--date", "20160708", "--source", "flwo"], 2, "did you mean flow?"),
        (["run", "--date", "20160708", "--source", "flow", "--seed", "x"], 2, "random"),
        (["ops", "20160708"], 2, "usage: ml_ops.sh"),
        (["ops", "20160708", "flow", "-1x"], 2, "usage: ml_ops.sh"),
        (["test", "flow"], 2, "usage: ml_test.sh"),
    ],
)
def test_wrong_calls_end_with_a_message_and_a_status(
    words: list[str], status: int, text: str
) -> None:
    done = CliRunner().invoke(ml, words)
    assert done.exit_code == status
    assert text in done.output


def test_without_hdfs_the_run_says_so_before_spark_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("SPOT_WEB_PORT", str(held.getsockname()[1]))
        done = CliRunner().invoke(ml, ["run", "--date", "20160708", "--source", "flow"])
    assert done.exit_code == 4
    assert "error: " in done.output
    assert "hint: " in done.output
