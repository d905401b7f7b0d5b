"""What is asked for when rows are held to a model, and input that changes under a run."""

from __future__ import annotations

from datetime import date

import pytest
from click.testing import CliRunner
from pyspark.errors import PySparkException

from spot_common.config import Config, load_config
from spot_common.errors import DataError, ServiceError, UsageError
from spot_ml import arguments, launch, request
from spot_ml.attempts import repeated
from spot_ml.cli import ml
from spot_ml.request import UNDATED, Folders

MODEL = "flow-20160707-0123456789ab"
DAY = date(2016, 7, 8)
BOUNDS = {"threshold": 1e-6, "most": -1, "order": None}


def config() -> Config:
    return load_config(environ={"HOME": "/home/x"})


def test_hours_of_a_day_are_folders_and_the_result_lies_beside_the_days_own() -> None:
    found = launch.live(MODEL, DAY, (9, 10), None, config(), **BOUNDS)
    folder = "/user/spot/flow/hive/y=2016/m=07/d=08"
    assert found.input == Folders((f"{folder}/h=09", f"{folder}/h=10"))
    assert str(found.input) == f"{folder}/h=09 to {folder}/h=10"
    assert found.scored == f"/user/spot/flow/scored_results/20160708/live/{MODEL}"
    assert (found.source, found.models) == ("flow", "/user/spot/flow/models")


def test_a_whole_day_and_a_folder_are_inputs_too() -> None:
    day = launch.live(MODEL, DAY, None, None, config(), **BOUNDS)
    assert day.input == launch.places(launch.Launch(DAY, "flow", 1.0), config()).input
    folder = launch.live(MODEL, None, None, "/new", config(), **BOUNDS)
    assert (folder.input, folder.scored) == ("/new", f"/user/spot/flow/live/{MODEL}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", MODEL], "not clear which rows"),
        (["--model", MODEL, "--input", "/new", "--hours", "3"], "not clear which rows"),
        (["--model", MODEL, "--date", "20160708", "--input", "/new"], "not clear which rows"),
        (["--model", MODEL, "--date", "20160708", "--hours", "9-24"], "are no hours"),
        (["--model", MODEL, "--date", "20160708", "--hours", "9-8"], "are no hours"),
        (["--model", MODEL, "--date", "20160708", "--hours", "nine"], "are no hours"),
        (["--model", "../x", "--date", "20160708"], "is no ID of a model"),
    ],
)
def test_what_is_not_clear_is_refused(words: list[str], said: str) -> None:
    done = CliRunner().invoke(ml, ["score", *words])
    assert done.exit_code == 2
    assert said in done.output


def test_no_text_becomes_a_path_to_delete() -> None:
    done = CliRunner().invoke(ml, ["models", "delete", "../../user"])
    assert done.exit_code == 2
    assert "is no ID of a model" in done.output


@pytest.mark.parametrize(
    ("place", "day"),
    [
        (["--input", "/x/y=2016/m=7/d=08/h=3"], "20160708"),
        (["--input", "/x/rows"], UNDATED),
        (["--database", "spot", "--datatable", "flow", "--year", "2016", "--month", "7",
          "--day", "8"], "20160708"),
    ],
)  # fmt: skip
def test_the_model_of_the_main_program_has_the_day_of_its_input(place: list[str], day: str) -> None:
    words = ["--analysis", "flow", *place, "--scored", "/out", "--ldatopiccount", "20",
             "--threshold", "1", "--maxresults", "-1"]  # fmt: skip
    found = request.of_arguments(arguments.parse(words), config())
    assert (found.day, found.models) == (day, "/user/spot/flow/models")


def test_a_trial_saves_no_model() -> None:
    assert launch.trial(["flow", "/in"], config()).models == ""


def failing(messages: list[str]) -> list[str]:
    """Do something that fails with these messages of Spark, one an attempt, and then succeeds."""

    def attempt() -> list[str]:
        if left:
            raise PySparkException(left.pop(0))
        return messages

    left = list(messages)
    return repeated("/in", attempt)


GONE = "[FAILED_READ_FILE.FILE_NOT_EXIST] ... /in/a.parquet"
HALF = "java.lang.RuntimeException: hdfs://h/in/b.parquet is not a Parquet file. Expected magic"


def test_files_that_disappear_twice_are_read_a_third_time() -> None:
    assert failing([GONE, HALF]) == [GONE, HALF]


def test_files_that_go_on_changing_are_an_error_that_says_so() -> None:
    with pytest.raises(ServiceError, match="changed 3 times while they were read"):
        failing([GONE] * 3)
    with pytest.raises(DataError, match=r"^hdfs://h/in/b\.parquet is no whole Parquet file$"):
        failing([HALF] * 3)


def test_other_failures_are_not_tried_again() -> None:
    with pytest.raises(DataError, match="Spark could not work on /in: no memory"):
        failing(["no memory", "not reached"])


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(UsageError):
        launch.live("nope-20160707-0123456789ab", DAY, None, None, config(), **BOUNDS)
