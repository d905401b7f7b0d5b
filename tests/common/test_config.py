"""The configuration: layers, checks, and the same values for a shell and for Python."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_common.config import load_config, shell
from spot_common.config.keys import KEYS
from spot_common.config.write import conf_text, markdown_table
from spot_common.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf" / "spot.conf"


def load(text: str, tmp_path: Path, environ: dict[str, str] | None = None, **flags: str):
    file = tmp_path / "spot.conf"
    file.write_text(text)
    return load_config(file, environ={"HOME": "/home/me", **(environ or {})}, overrides=flags)


def shell_values(file: Path, names: list[str], environ: dict[str, str]) -> list[str]:
    script = '. "$0"; for name in "$@"; do eval "value=\\$$name"; printf "%s\\0" "$value"; done'
    done = subprocess.run(
        ["sh", "-c", script, str(file), *names], env=environ, capture_output=True, check=True
    )
    return done.stdout.decode().split("\0")[:-1]


def test_shipped_file_is_the_one_made_from_the_keys():
    assert CONF.read_text() == conf_text(), "run: spot config write"


def test_every_key_is_documented():
    assert all((key.doc and len(key.doc) > 8) or key.doc for key in KEYS.values())
    assert markdown_table() in (ROOT / "docs" / "admin.md").read_text(), (
        "docs/admin.md: put in the output of: spot config table"
    )


def test_shell_and_python_read_the_same_values():
    environ = {"HOME": "/home/me", "FDATE": "20160708", "DSOURCE": "flow"}
    environ |= {"YR": "2016", "MH": "07", "DY": "08", "PATH": "/usr/bin:/bin"}
    config = load_config(CONF, environ={"HOME": "/home/me"}).for_run(date(2016, 7, 8), "flow")
    names = list(KEYS)
    assert shell_values(CONF, names, environ) == [config.text(name) for name in names]


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters="\x7f\x85\xa0"))
)
def test_a_quoted_value_is_read_back_unchanged_by_both(value: str):
    literal = value.replace("$", "")
    line = f"UINODE={shell.quote(literal)}"
    assert shell.expand(shell.parse(line, "x")[0].pieces, {}) == literal
    done = subprocess.run(
        ["sh", "-c", f"{line}\nprintf '%s' \"$UINODE\""], capture_output=True, check=True
    )
    assert done.stdout.decode() == literal


def test_later_layers_win(tmp_path: Path):
    text = "DBNAME=from_file\n"
    assert load("", tmp_path).origin("DBNAME") == "default"
    assert load(text, tmp_path).text("DBNAME") == "from_file"
    environ = {"SPOT_DBNAME": "from_env"}
    assert load(text, tmp_path, environ).text("DBNAME") == "from_env"
    config = load(text, tmp_path, environ, DBNAME="from_flag")
    assert (config.text("DBNAME"), config.origin("DBNAME")) == ("from_flag", "flag")


def test_variables_follow_a_later_layer(tmp_path: Path):
    text = "STATE_DIR=/a\nLANDING_DIR=${STATE_DIR}/landing\n"
    config = load(text, tmp_path, {"SPOT_STATE_DIR": "/b"})
    assert config.text("LANDING_DIR") == "/b/landing"


def test_a_run_sees_its_day(tmp_path: Path):
    config = load("", tmp_path).for_run(date(2016, 1, 7), "dns")
    assert config.text("DNS_PATH") == "/user/spot/dns/hive/y=2016/m=01/d=07/"
    assert config.text("HPATH") == "/user/spot/dns/scored_results/20160107"


def test_a_child_process_gets_the_same_settings(tmp_path: Path):
    config = load("DBNAME=x\n", tmp_path, {"SPOT_HS2_PORT": "1234"}, STATE_DIR="/tmp/s")
    child = load_config(environ={"HOME": "/home/me", **config.environ()})
    assert {name: child.text(name) for name in KEYS} == {name: config.text(name) for name in KEYS}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("TOPIC_CONT=3", "line 1: unknown key TOPIC_CONT"),
        ("TOPIC_COUNT=many", "must be a whole number"),
        ("TOPIC_COUNT=0", "must be at least 1"),
        ("TOL=nan", "must be finite"),
        ("WEB_PORT=70000", "must be at most 65535"),
        ("KERBEROS=maybe", "must be true or false"),
        ("PRECISION=16", "must be one of 32, 64"),
        ("SQL_HEAP=1 g", "unexpected"),
        ("SQL_HEAP=1q", "must be a number with k, m or g"),
        ("HUSER=spot", "must be an absolute path"),
        ("HUSER=''", "must not be empty"),
        ("HUSER = /x", "expected KEY=value"),
        ("DBNAME=$(id)", "only ${NAME} may follow"),
        ("DBNAME=`id`", "has a meaning to the shell"),
        ('DBNAME="`id`"', "commands are not allowed"),
        ("DBNAME=a;id", "has a meaning to the shell"),
        ("DBNAME='a", "never closed"),
        ("LANDING_DIR=${WORK_DIR}/x", "which is not set above"),
        ("STATE_DIR=${STATE_DIR}/x", "which is not set above"),
    ],
)
def test_a_wrong_line_is_named(line: str, says: str, tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        load(line, tmp_path)
    assert says in caught.value.message
    assert "spot.conf, line 1" in caught.value.message


def test_the_nearest_key_is_named(tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        load("TOPIC_CONT=3", tmp_path)
    assert caught.value.hint == "did you mean TOPIC_COUNT?"


def test_an_unknown_variable_of_ours_is_an_error(tmp_path: Path):
    with pytest.raises(ConfigError, match="SPOT_DBNAM"):
        load("", tmp_path, {"SPOT_DBNAM": "x"})


def test_a_secret_is_not_printed_when_wrong(tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        load("", tmp_path, UI_TOKEN="se\ncret")
    assert "cret" not in caught.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot read the configuration"):
        load_config(environ={"SPOT_CONF": str(tmp_path / "none"), "HOME": "/"})
