"""Lines of JSON: what is read at once is what is read line by line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxylog_lines import ZEEK_JSON, lines, read

from spot_ingest.readers.proxylog.jsonlines import JsonReader

GOOD: dict[str, Any] = json.loads(ZEEK_JSON)


def slowly(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read line by line."""
    with monkeypatch.context() as patch:
        patch.setattr(JsonReader, "_at_once", lambda *_: None)
        return read(data)


VALUE = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(["-", "\\x41", "\\xff", '"', "a,b"]),
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "host": VALUE,
        "uri": VALUE,
        "user_agent": VALUE,
        "referrer": VALUE,
        "status_code": st.one_of(st.none(), st.integers(0, 999)),
        "response_body_len": st.one_of(st.none(), st.integers(0, 2**40)),
        "resp_mime_types": st.lists(st.sampled_from(["text/html", "", "a b"]), max_size=3),
        "other": st.one_of(VALUE, st.dictionaries(st.text(max_size=3), VALUE, max_size=2)),
    },
)


@given(st.lists(FIELDS, min_size=1, max_size=6))
def test_lines_alike_are_read_at_once_with_the_same_rows(changes: list[dict[str, Any]]):
    data = lines(*(json.dumps({**GOOD, **change}) for change in changes))
    with pytest.MonkeyPatch.context() as patch:
        assert read(data) == slowly(data, patch)


def test_ordinary_lines_are_read_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(JsonReader, "_one_by_one", lambda *_: pytest.fail("one by one"))
    sparse = {name: GOOD[name] for name in ("ts", "id.orig_h", "request_body_len")}
    rows, rejected = read(lines(ZEEK_JSON, json.dumps(sparse), "", ZEEK_JSON))
    assert (len(rows), rejected) == (3, [])
    assert rows[1]["respcode"] == "-"


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        "7",
        "null",
        "{}{}",
        ZEEK_JSON + ZEEK_JSON,
        ZEEK_JSON[:-1],
        ZEEK_JSON.replace("GET", "\\x41"),
        ZEEK_JSON.replace("GET", "\\ud800"),
        ZEEK_JSON.replace("GET", "\t"),
        ZEEK_JSON.replace('"GET"', "GET"),
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_what_is_no_object_is_set_aside_alone(bad: str):
    rows, (rejected,) = read(lines(ZEEK_JSON, bad, ZEEK_JSON))
    assert len(rows) == 2
    assert (rejected.number, rejected.reason) == (2, "the line is no JSON object")
    assert rejected.raw == bad.encode()[: 64 * 1024]


@pytest.mark.parametrize(
    ("name", "value", "column", "text"),
    [
        ("status_code", "301", "respcode", "301"),
        ("status_code", 200.5, "respcode", "200.5"),
        ("method", True, "reqmethod", "true"),
        ("method", None, "reqmethod", "-"),
        ("method", ["a", "b"], "reqmethod", "a,b"),
        ("method", {"a": "é"}, "reqmethod", '{"a": "\\u00e9"}'),
        ("response_body_len", "77", "scbytes", 77),
        ("response_body_len", 10**30, "scbytes", None),
        ("host", "C:\\x41", "host", "C:\\x5cx41"),
    ],
)
def test_values_of_another_type_are_read_too(name: str, value: Any, column: str, text: Any):
    odd = json.dumps({**GOOD, name: value})
    for data in (lines(ZEEK_JSON, odd), lines(odd, ZEEK_JSON)):
        rows, rejected = read(data)
        if text is None:
            assert (len(rows), rejected[0].reason) == (1, f"{column} is not a number")
        else:
            assert (rows[data.startswith(odd.encode()) - 1][column], rejected) == (text, [])


def test_an_object_without_its_time_is_set_aside():
    bad = ZEEK_JSON.replace('"ts"', '"tz"')
    _, (rejected,) = read(lines(ZEEK_JSON, bad))
    assert rejected.reason == "the line has no valid date and time"
