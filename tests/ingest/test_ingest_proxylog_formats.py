"""The shipped formats: which column each field fills, and how a log's format is told."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from proxylog_lines import (
    COMBINED,
    COMMON,
    FORMATS,
    GATEWAY,
    MAIN,
    REPORTER,
    SQUID,
    ZEEK,
    ZEEK_HEAD,
    ZEEK_JSON,
    lines,
    read,
)

from spot_common.registry import check_source
from spot_ingest.errors import UnreadableError
from spot_ingest.readers.proxylog import mapping

#: Rows of each format but those values that the format does not have.
ROWS: dict[str, dict[str, Any]] = {
    SQUID: {
        "p_date": "2016-06-27",
        "p_time": "07:05:57",
        "clientip": "10.0.0.7",
        "host": "www.example.com",
        "reqmethod": "GET",
        "resconttype": "text/html",
        "duration": 415,
        "username": "jo",
        "respcode": "200",
        "action": "TCP_MISS",
        "urischeme": "http",
        "uriport": "8080",
        "uripath": "/a/b",
        "uriquery": "?c=d",
        "scbytes": 337891,
        "fulluri": "www.example.com/a/b?c=d",
    },
    COMBINED: {
        "p_date": "2016-07-07",
        "p_time": "23:00:01",
        "clientip": "10.0.0.8",
        "host": "www.example.com",
        "reqmethod": "GET",
        "useragent": 'Mozilla/5.0 (X11; "rv")',
        "username": "jo",
        "referer": "http://r.example/",
        "respcode": "200",
        "urischeme": "http",
        "uriport": "80",
        "uripath": "/a",
        "uriquery": "?b=c",
        "scbytes": 5120,
        "fulluri": "www.example.com/a?b=c",
    },
    GATEWAY: {
        "p_date": "2014-05-01",
        "p_time": "00:43:46",
        "clientip": "172.16.223.132",
        "host": "www.example.com",
        "reqmethod": "GET",
        "useragent": "Mozilla/4.0 (a; b)",
        "resconttype": "text/html; charset=utf-8",
        "username": "Jo Doe",
        "webcat": "Internet Services",
        "referer": "http://r.example/?q=1",
        "respcode": "200",
        "action": "TCP_HIT",
        "urischeme": "http",
        "uriport": "80",
        "uripath": "/a",
        "uriquery": "-",
        "serverip": "192.0.2.101",
        "scbytes": 135,
        "csbytes": 634,
        "fulluri": "www.example.com/a",
    },
    f"{ZEEK_HEAD}\n{ZEEK}": {
        "p_date": "2024-04-19",
        "p_time": "03:00:09",
        "clientip": "172.70.43.92",
        "host": "www.example.com",
        "reqmethod": "GET",
        "useragent": "Mozilla/5.0 (X11)",
        "resconttype": "text/html",
        "username": "-",
        "referer": "http://r.example/",
        "respcode": "200",
        "urischeme": "http",
        "uriport": "8000",
        "uripath": "/a/b",
        "uriquery": "?c=d",
        "serverip": "192.0.2.201",
        "scbytes": 612,
        "csbytes": 17,
        "fulluri": "www.example.com/a/b?c=d",
    },
}


def whole(values: dict[str, Any]) -> dict[str, Any]:
    """A row with these values: columns that the format lacks are empty or NULL."""
    numbers = {"duration", "scbytes", "csbytes"}
    names = check_source("proxy").raw.column_names
    return {name: values.get(name, None if name in numbers else "") for name in names}


@pytest.mark.parametrize("line", ROWS, ids=["squid", "combined", "gateway", "zeek"])
def test_every_field_fills_its_column(line: str):
    (row,), rejected = read(lines(line))
    assert rejected == []
    assert row == whole(ROWS[line])


def test_a_common_line_is_a_combined_one_without_agent_and_referer():
    (common, combined), rejected = read(lines(COMMON, COMBINED))
    assert rejected == []
    assert common == {**combined, "useragent": "", "referer": ""}


def test_zeek_says_the_same_in_json():
    (row,), _ = read(lines(ZEEK_HEAD, ZEEK))
    (other,), rejected = read(lines(ZEEK_JSON))
    assert rejected == []
    assert other == row


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_shows_in_the_lines_and_not_in_the_name(name: str):
    head, line = FORMATS[name]
    for file in ("", "access.log", "http.log", "x.webgateway"):
        rows, rejected = read(f"{head}{line}\n".encode() * 3, file)
        assert (len(rows), rejected) == (3, [])


@pytest.mark.parametrize("name", FORMATS)
def test_lines_of_another_format_are_set_aside(name: str):
    head, line = FORMATS[name]
    mine = f"{head}{line}\n" * 3
    for other, (_, strange) in FORMATS.items():
        if other.partition(" ")[0] != name.partition(" ")[0]:
            rows, (rejected,) = read(f"{mine}{strange}\n".encode())
            assert len(rows) == 3
            assert rejected.raw == strange.encode()


def test_the_format_of_most_lines_counts():
    rows, rejected = read(lines("garbage", SQUID, COMBINED, COMBINED, "garbage"))
    assert [row["clientip"] for row in rows] == ["10.0.0.8", "10.0.0.8"]
    assert sorted(bad.number for bad in rejected) == [1, 2, 5]


def test_lines_far_behind_the_first_tell_the_format_too():
    rows, rejected = read(lines(*["garbage"] * 200, SQUID))
    assert (len(rows), len(rejected)) == (1, 200)


def test_a_log_that_no_format_fits_says_how_far_each_came():
    with pytest.raises(UnreadableError) as caught:
        read(lines(*["2016-07-08 says nothing"] * 7, "", "# a comment"))
    message = caught.value.message
    assert message.startswith("no format fits its first lines (")
    for part in (
        "apache: the line has 3 fields instead of 8 or 10",
        "squid: the line has 3 fields instead of 10",
        "w3c: the line has 3 fields instead of 26 or 27",
        "zeek: no #fields line says what its fields are",
        "zeek-json: the line is no JSON object",
    ):
        assert part in message
    assert "docs/admin.md" in caught.value.hint
    assert caught.value.rows == 7


def test_a_log_that_is_nearly_right_says_what_is_not():
    near = SQUID.replace("1467011157.401", "yesterday")
    with pytest.raises(UnreadableError, match="squid: the line has no valid date and time"):
        read(lines(near))
    near = MAIN.replace(" 941 ", " much ")
    with pytest.raises(UnreadableError, match="w3c: scbytes is not a number"):
        read(lines(near))


def test_the_name_decides_between_formats_that_fit_alike(tmp_path, monkeypatch):
    text = (mapping.FOLDER / "squid.yaml").read_text()
    monkeypatch.setattr(mapping, "FOLDER", tmp_path)
    for name in ("a", "b", "c"):
        told = text.replace("  action:", f"  authgroup: {{text: {name}}}\n  action:")
        (tmp_path / f"{name}.yaml").write_text(f'files: "{name}*"\n{told}')
    for file, name in (("b.log", "b"), ("c.log", "c"), ("d.log", "a")):
        (row,), _ = read(lines(SQUID), file)
        assert row["authgroup"] == name


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("www.example.com:443", ("www.example.com", "-", "443", "-", "www.example.com")),
        ("https://h.example/", ("h.example", "https", "443", "/", "h.example")),
        ("error:no-url", ("-", "-", "80", "error:no-url", "-error:no-url")),
        ("-", ("-", "-", "80", "-", "-")),
    ],
)
def test_odd_urls_of_squid_are_rows(url: str, expected: tuple[str, ...]):
    line = SQUID.replace("http://www.example.com:8080/a/b?c=d", url)
    (row,), _ = read(lines(line))
    names = ("host", "urischeme", "uriport", "uripath", "fulluri")
    assert tuple(row[name] for name in names) == expected


@pytest.mark.parametrize(
    ("request_line", "method", "path"),
    [
        ("GET /index.html HTTP/1.1", "GET", "/index.html"),
        ("-", "-", "-"),
        ("", "-", "-"),
        (r"\x16\x03\x01", "-", r"\x16\x03\x01"),
        (r"GET /a\"b HTTP/1.1", "GET", '/a"b'),
        (r"GET /a\\b\\xff HTTP/1.1", "GET", r"/a\b\x5cxff"),
    ],
)
def test_odd_requests_to_apache_are_rows(request_line: str, method: str, path: str):
    line = COMBINED.replace("GET http://www.example.com/a?b=c HTTP/1.1", request_line)
    (row,), _ = read(lines(line))
    assert (row["reqmethod"], row["uripath"], row["host"]) == (method, path, "-")


def test_zeek_names_the_server_where_the_client_named_no_host():
    (row,), _ = read(lines(ZEEK_HEAD, ZEEK.replace("www.example.com:8000", "-")))
    assert row["host"] == "192.0.2.201"
    values = json.loads(ZEEK_JSON)
    del values["host"]
    (row,), _ = read(lines(json.dumps(values)))
    assert row["host"] == "192.0.2.201"


def test_zeek_may_write_its_time_as_text():
    (row,), _ = read(lines(ZEEK_JSON.replace("1713495609.060304", '"2024-04-19T03:00:09.06Z"')))
    assert (row["p_date"], row["p_time"]) == ("2024-04-19", "03:00:09")
    (row,), _ = read(lines(ZEEK_HEAD, ZEEK.replace("1713495609.060304", "2024-04-19T03:00:09.06Z")))
    assert row["p_time"] == "03:00:09"


def test_zeek_escapes_what_is_no_text():
    (row,), _ = read(lines(ZEEK_HEAD, ZEEK.replace("Mozilla/5.0", r"a\x09b\\c\xff")))
    assert row["useragent"] == r"a\x09b\c\xff (X11)"


def test_a_new_header_of_zeek_changes_the_meaning():
    swapped = ZEEK_HEAD.replace("method\thost", "host\tmethod")
    rows, rejected = read(lines(ZEEK_HEAD, ZEEK, "#close\tnow", swapped, ZEEK))
    assert rejected == []
    assert [row["reqmethod"] for row in rows] == ["GET", "www.example.com:8000"]


def test_other_logs_of_zeek_are_no_proxy_logs():
    head = "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tproto"
    rows, (rejected,) = read(lines(head, "1713495609.1\tC\t10.0.0.1\t1\t192.0.2.1\ttcp"))
    assert rows == []
    assert rejected.reason == "its #fields line lacks request_body_len"
    conn = {"ts": 1713495609.1, "id.orig_h": "10.0.0.1", "id.resp_h": "192.0.2.1", "proto": "tcp"}
    with pytest.raises(UnreadableError, match="zeek-json: the line has no request_body_len"):
        read(lines(json.dumps(conn)))


@pytest.mark.parametrize("line", [REPORTER, MAIN, SQUID, COMBINED])
def test_the_zone_of_this_machine_plays_no_part(line: str, monkeypatch: pytest.MonkeyPatch):
    seen = []
    for zone in ("UTC", "America/Los_Angeles", "Pacific/Kiritimati"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        seen.append(read(lines(line)))
    monkeypatch.undo()
    time.tzset()
    assert seen[0] == seen[1] == seen[2]
