"""What needs no service: literals, addresses, topics."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_common.clients.dialect import bind, literal
from spot_common.clients.hdfs import Hdfs
from spot_common.config import load_config


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (7, "7"),
        (0.5, "CAST(0.5 AS DOUBLE)"),
        (date(2016, 7, 8), "'2016-07-08'"),
        ("it's", r"'it\'s'"),
        ("a\\", r"'a\\'"),
        ("' OR 1=1 --", r"'\' OR 1=1 --'"),
        ("${env:HOME}", r"'\044{env:HOME}'"),
        ("\\' OR 1=1 --", r"'\\\' OR 1=1 --'"),
    ],
)
def test_literals(value, expected):
    assert literal(value) == expected


@given(st.text())
def test_a_string_never_leaves_its_quotes(text: str):
    """Read the literal as the servers do: the closing quote is the last character."""
    body = literal(text)
    position = 1
    while body[position] != "'":
        position += 2 if body[position] == "\\" else 1
    assert position == len(body) - 1
    assert "$" not in body


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", [1]])
def test_what_has_no_literal_is_refused(value):
    with pytest.raises((ValueError, TypeError)):
        literal(value)


def test_bind_counts_its_parameters():
    assert bind("SELECT ? + ?", [1, 2]) == "SELECT 1 + 2"
    assert bind("SELECT ?", ["?"]) == "SELECT '?'"
    with pytest.raises(ValueError, match="1 place holders, 2 parameters"):
        bind("SELECT ?", [1, 2])


@pytest.mark.parametrize(
    ("name_node", "address"),
    [
        ("node01", "http://node01:9870"),
        ("http://node01", "http://node01:9870"),
        ("https://node01", "https://node01:9870"),
    ],
)
def test_a_name_node_may_have_a_scheme(name_node: str, address: str):
    config = load_config(environ={"HOME": "/"}, overrides={"NAME_NODE": name_node})
    assert Hdfs(config).address == address
