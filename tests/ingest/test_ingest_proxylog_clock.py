"""Times of logs: every form, every zone, and nothing that is no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_ingest.readers.proxylog import moments
from spot_ingest.readers.proxylog.clock import Form, FormError

W3C = "%Y-%m-%d %H:%M:%S"
APACHE = "[%d/%b/%Y:%H:%M:%S %z]"
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def said(form: Form, text: str) -> str | None:
    """The moment that a text says."""
    seconds, valid = moments.seconds(form, pa.array(["-", text]))
    assert not valid[0]
    date, time = moments.dates(seconds)[1], moments.times(seconds)[1]
    return f"{date} {time}" if valid[1] else None


@pytest.mark.parametrize(
    ("form", "text", "moment"),
    [
        (W3C, "2005-05-04 17:16:12", "2005-05-04 17:16:12"),
        (W3C, "2004-02-29 00:00:00", "2004-02-29 00:00:00"),
        (W3C, "2016-12-31 23:59:60", "2017-01-01 00:00:00"),
        (W3C, "2005-02-29 00:00:00", None),
        (W3C, "2005-02-30 00:00:00", None),
        (W3C, "2005-13-04 17:16:12", None),
        (W3C, "2005-00-04 17:16:12", None),
        (W3C, "2005-05-00 17:16:12", None),
        (W3C, "2005-05-04 24:16:12", None),
        (W3C, "2005-05-04 17:60:12", None),
        (W3C, "2005-05-04 17:16:61", None),
        (W3C, "2005-05-04 17:16:1", None),
        (W3C, "2005-05-04 17:16:123", None),
        (W3C, "2005/05/04 17:16:12", None),
        (W3C, "2005-05-04 17:16:1é", None),
        (W3C, "1969-12-31 23:59:59", None),
        (W3C, "", None),
        (APACHE, "[01/Jul/2014:09:09:04 -0700]", "2014-07-01 16:09:04"),
        (APACHE, "[31/Dec/2014:23:30:00 -0130]", "2015-01-01 01:00:00"),
        (APACHE, "[01/Jan/2015:01:00:00 +05:30]", "2014-12-31 19:30:00"),
        (APACHE, "[01/Jul/2014:09:09:04 Z]", "2014-07-01 09:09:04"),
        (APACHE, "[01/jul/2014:09:09:04 -0700]", None),
        (APACHE, "[01/Jul/2014:09:09:04 -0700", None),
        (APACHE, "[01/Jul/2014:09:09:04 -2500]", None),
        (APACHE, "[01/Jul/2014:09:09:04]", None),
        ("iso", "2024-04-19T03:00:09.060304Z", "2024-04-19 03:00:09"),
        ("iso", "2024-04-19 03:00:09,5+0200", "2024-04-19 01:00:09"),
        ("iso", "2024-04-19T03:00:09", "2024-04-19 03:00:09"),
        ("iso", "2024-04-19_03:00:09", None),
        ("epoch", "1461576382.642", "2016-04-25 09:26:22"),
        ("epoch", "0", "1970-01-01 00:00:00"),
        ("epoch", "132.949564", "1970-01-01 00:02:12"),
        ("epoch", "1461576382.", "2016-04-25 09:26:22"),
        ("epoch", "-1", None),
        ("epoch", "1e9", None),
        ("epoch", "99999999999999", None),
        ("epoch-ms", "1461576382642", "2016-04-25 09:26:22"),
    ],
)
def test_a_text_says_a_moment_or_none(form: str, text: str, moment: str | None):
    assert said(Form(form), text) == moment


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("27.03.2016 01:30:00", "2016-03-27 00:30:00"),
        ("27.03.2016 02:30:00", "2016-03-27 01:00:00"),  # left out: the clock went from 2 to 3
        ("30.10.2016 02:30:00", "2016-10-30 00:30:00"),  # came twice: the first
        ("01.07.2016 12:00:00", "2016-07-01 10:00:00"),
    ],
)
def test_a_zone_stands_for_times_that_do_not_say_theirs(local: str, utc: str):
    assert said(Form("%d.%m.%Y %H:%M:%S", "Europe/Berlin"), local) == utc


def test_an_offset_stands_for_times_that_do_not_say_theirs():
    assert said(Form(W3C, "+02:00"), "2016-07-01 01:00:00") == "2016-06-30 23:00:00"
    assert said(Form("iso", "-0800"), "2016-07-01T01:00:00") == "2016-07-01 09:00:00"
    assert said(Form("iso", "-0800"), "2016-07-01T01:00:00Z") == "2016-07-01 01:00:00"


@given(st.lists(st.tuples(MOMENTS, st.integers(-14 * 60, 14 * 60)), min_size=1, max_size=20))
def test_any_moment_comes_back_from_any_zone(given_moments: list[tuple[datetime, int]]):
    zones = [timezone(timedelta(minutes=minutes)) for _, minutes in given_moments]
    texts = [
        f"{moment.astimezone(zone):[%d/%b/%Y:%H:%M:%S %z]}"
        for (moment, _), zone in zip(given_moments, zones, strict=True)
    ]
    seconds, valid = moments.seconds(Form(APACHE), pa.array(texts))
    assert valid.all()
    assert seconds.tolist() == [int(moment.timestamp()) for moment, _ in given_moments]
    dates, times = moments.dates(seconds), moments.times(seconds)
    for number, (moment, _) in enumerate(given_moments):
        assert f"{dates[number]} {times[number]}" == f"{moment:%Y-%m-%d %H:%M:%S}"


@given(st.lists(st.text(max_size=30), min_size=1))
def test_no_text_is_too_odd(texts: list[str]):
    for form in (W3C, APACHE, "iso", "epoch", "epoch-ms"):
        seconds, valid = moments.seconds(Form(form), pa.array(texts))
        assert len(seconds) == len(valid) == len(texts)


@pytest.mark.parametrize(
    ("form", "zone", "reason"),
    [
        ("%Y", "UTC", "must have"),
        ("now", "UTC", "must have"),
        ("%Y-%m-%b-%d %H:%M:%S", "UTC", "must have"),
        ("%Y-%m-%d %H:%M:%S %Q", "UTC", "%Q means nothing"),
        ("%Y-%m-%d %H:%M:%S %", "UTC", "% means nothing"),
        ("%Y-%m-%d %Y %H:%M:%S", "UTC", "twice"),
        ("%z %Y-%m-%d %H:%M:%S", "UTC", "behind the other parts"),
        ("%Y-%m-%d %H:%M:%S%z%f", "UTC", "behind the other parts"),
        ("iso", "Mars/Base", "no time zone"),
        ("iso", "../../etc/passwd", "no time zone"),
        ("iso", "+25:00", "no time zone"),
        ("iso", "", "no time zone"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(form: str, zone: str, reason: str):
    with pytest.raises(FormError, match=reason):
        Form(form, zone)


def test_a_time_is_found_in_a_line():
    line = '10.0.0.8 - 1461576382642 [08/Jul/2016:01:30:01 +0200] "GET /2005-05-04 17:16:12"'
    assert Form(APACHE).find(line) == (25, datetime(2016, 7, 7, 23, 30, tzinfo=UTC))
    assert Form("epoch-ms").find(line)[1].year == 2016
    assert Form("epoch").find(line) is None
    assert Form(W3C).find("x 2005-02-31 00:00:00 2005-03-01 05:00:00")[0] == 22
    assert Form(W3C).find("nothing") is None
