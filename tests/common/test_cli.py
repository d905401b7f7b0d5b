"""How commands talk: errors in two lines with a status, days, JSON."""

from __future__ import annotations

import json
from datetime import date

import click
import pytest
from click.testing import CliRunner

from spot_common.cli import DAY, SpotCommand, parse_day
from spot_common.config import cli
from spot_common.errors import (
    ConfigError,
    DataError,
    NotFoundError,
    ServiceError,
    SpotError,
    ToolError,
    UsageError,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SpotError("x"), 1),
        (UsageError("x"), 2),
        (ConfigError("x"), 2),
        (DataError("x"), 3),
        (NotFoundError("x"), 3),
        (ServiceError("x"), 4),
        (ToolError("x", program="y"), 5),
    ],
)
def test_an_error_has_a_status_and_a_hint(error, status):
    @click.command(cls=SpotCommand)
    def command():
        error.hint = "do this"
        raise error

    result = CliRunner().invoke(command)
    assert result.exit_code == status
    assert result.stderr == "error: x\nhint: do this\n"


@pytest.mark.parametrize("text", ["20160708", "2016-07-08"])
def test_a_day_in_both_forms(text):
    assert parse_day(text) == date(2016, 7, 8)


@pytest.mark.parametrize(
    "text", ["", "2016", "20161301", "2016-02-30", "today", "2016-7-8", "../../x", "٢٠١٦٠٧٠٨"]
)
def test_what_is_no_day(text):
    with pytest.raises(UsageError, match="is not a day"):
        parse_day(text)


def test_a_wrong_day_is_a_usage_error():
    @click.command()
    @click.argument("day", type=DAY)
    def command(day):
        print(day)

    assert CliRunner().invoke(command, ["2016-07-32"]).exit_code == 2


def test_config_show_masks_secrets(monkeypatch):
    monkeypatch.setenv("SPOT_UI_TOKEN", "very-secret")
    result = CliRunner().invoke(cli.config, ["show", "--json", "UI_TOKEN", "DBNAME"])
    rows = {row["key"]: row for row in json.loads(result.stdout)}
    assert rows["UI_TOKEN"] == {"key": "UI_TOKEN", "value": "***", "origin": "environment"}
    assert rows["DBNAME"]["value"] == "spot"
    assert "very-secret" not in result.output


def test_config_check_names_the_place(tmp_path):
    file = tmp_path / "spot.conf"
    file.write_text("# fine\n\nTOPIC_CONT=3\n")
    result = CliRunner().invoke(cli.config, ["check", str(file)])
    assert result.exit_code == 2
    assert f"{file}, line 3: unknown key TOPIC_CONT" in result.stderr
    assert "did you mean TOPIC_COUNT?" in result.stderr


def test_help_shows_examples():
    assert "spot config show --json" in CliRunner().invoke(cli.config, ["show", "--help"]).output
