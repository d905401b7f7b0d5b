"""Files of conf/proxy: what they may say, and what an error in one says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from proxylog_lines import read

from spot_common.errors import ConfigError, TransientError
from spot_ingest.readers.proxylog import mapping, steps
from spot_ingest.readers.proxylog.mapping import FOLDER, formats, parse

GOOD = """\
split: tabs
comments: "!"
files: "*.gate"
layouts:
  - when Client url - took
  - when Client url - took bytes
times:
  - {fields: when, form: "%d.%m.%Y %H:%M:%S", zone: Europe/Berlin}
columns:
  clientip: client
  host: [url | host, {text: unknown}]
  duration: took | seconds
  scbytes: bytes
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of formats that the readers take instead of conf/proxy."""
    monkeypatch.setattr(mapping, "FOLDER", tmp_path)
    return tmp_path


def test_the_shipped_formats_are_good():
    names = [form.name for form in formats()]
    assert names == ["apache", "squid", "w3c", "webgateway", "zeek-json", "zeek"]
    assert [path.stem for path in sorted(FOLDER.iterdir())] == names


def test_a_format_of_an_admin_is_read(folder: Path):
    (folder / "ours.yaml").write_text(GOOD)
    rows, rejected = read(
        b"!comment\n"
        b"01.07.2016 12:00:00\t10.0.0.1\thttp://h.example/a\tx\t1.5\n"
        b"01.07.2016 12:00:01\t10.0.0.2\t/a\tx\t-\t77\n"
        b"01.07.2016 12:00:01\t10.0.0.2\n"
    )
    seen = [(row["p_time"], row["host"], row["duration"], row["scbytes"]) for row in rows]
    assert seen == [
        ("10:00:00", "h.example", 1500, None),
        ("10:00:01", "unknown", None, 77),
    ]
    assert [bad.reason for bad in rejected] == ["the line has 2 fields instead of 5 or 6"]


def test_a_changed_file_is_read_again(folder: Path):
    file = folder / "ours.yaml"
    file.write_text(GOOD)
    assert formats()[0].files == "*.gate"
    file.write_text(GOOD.replace("*.gate", "*.gateway"))
    assert formats()[0].files == "*.gateway"


def test_a_wrong_file_keeps_logs_waiting_and_is_not_their_fault(folder: Path):
    (folder / "ours.yaml").write_text(GOOD.replace("tabs", "tab"))
    with pytest.raises(TransientError, match="line 1: unknown split 'tab'"):
        read(b"x\n")


def test_a_folder_without_formats_is_an_error(folder: Path):
    with pytest.raises(ConfigError, match="has no file"):
        formats()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (GOOD, "", "x.yaml is empty"),
        (GOOD, "[" * 5000, "x.yaml is nested too deeply"),
        (GOOD, "- a\n", "line 1: expected keys with values"),
        ("split: tabs", "split: [tabs", "line 2: expected ',' or ']'"),
        ("split: tabs", "split: tabz", "line 1: unknown split 'tabz'"),
        ("split: tabs\n", "", "line 1: the key split is missing"),
        ("split: tabs", "split: json", "line [0-9]: lines of JSON have no"),
        ("split:", "splitt:", "line 1: unknown key 'splitt'"),
        ('comments: "!"', 'comments: "!!"', "line 2: it is longer than 1 bytes"),
        ("files:", "comments:", "line 3: comments comes twice"),
        ('files: "*.gate"', "files: {a: b}", "line 3: expected a text"),
        ("url - took\n", "url - took\n  - a\n", "line 5: .* of 1 fields lacks when, client"),
        ("url - took bytes", "url - bytes", "line 6: two layouts have 5 fields"),
        ("- took bytes", "client took bytes", "line 6: the layout names a field twice"),
        ("{fields: when,", "{fields: wen,", "line 8: unknown field 'wen'"),
        ("%d.%m.%Y", "%d.%m", "line 8: no time can be read so: it must have"),
        ("Europe/Berlin", "Europe/Bärlin", "line 8: no time can be read so: .* no time zone"),
        ("form:", "from:", "line 8: unknown key 'from'"),
        ("times:", "needs: wen\ntimes:", "line 7: unknown field 'wen'"),
        (", zone:", ", zones:", "line 8: unknown key 'zones'"),
        ("  clientip: client\n", "", "line 10: the column clientip is missing"),
        ("  clientip:", "  clientop:", "line 10: unknown column 'clientop'"),
        ("duration:", "fulluri:", "line 12: unknown column 'fulluri'"),
        ("clientip: client", 'clientip: "-"', "line 10: unknown field '-'"),
        ("clientip: client", "clientip: clientt", "line 10: unknown field 'clientt'"),
        ("url | host", "url | hots", "line 11: unknown step 'hots'"),
        ("[url | host, {text: unknown}]", "[]", "line 11: the list is empty"),
        ("{text: unknown}", "{value: unknown}", "line 11: unknown key 'value'"),
        ("{text: unknown}", "[a]", "line 11: expected a text"),
        ("took | seconds", "!!python/name:os.system", "line 12: expected a text"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_and_what_is_wrong(old: str, new: str, reason: str):
    assert old in GOOD
    with pytest.raises(ConfigError, match=reason) as caught:
        parse(GOOD.replace(old, new, 1), "x.yaml", "x")
    assert "x.yaml" in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("tabs", "tab", "did you mean tabs?"),
        ("duration:", "durations:", "did you mean duration?"),
        ("split:", "zzzz:", "known are: columns, comments, files"),
        ("| seconds", "| minuets", "known are:"),
    ],
)
def test_a_hint_names_what_is_near(old: str, new: str, hint: str):
    with pytest.raises(ConfigError) as caught:
        parse(GOOD.replace(old, new, 1), "x.yaml", "x")
    assert hint in caught.value.hint


def test_json_has_names_that_differ_by_case():
    form = parse(
        "split: json\ntimes: {fields: Time, form: iso}\n"
        "columns: {clientip: Client, host: URL | host}\n",
        "x.yaml",
        "x",
    )
    assert form.fields == {"Time", "Client", "URL"}


def test_a_file_that_is_too_large_is_refused(folder: Path):
    (folder / "big.yaml").write_text("#" * 70_000)
    with pytest.raises(ConfigError, match="larger than"):
        formats()


def test_bytes_that_are_no_text_are_refused(folder: Path):
    (folder / "odd.yaml").write_bytes(b"split: \xff")
    with pytest.raises(ConfigError, match="cannot read"):
        formats()


MANUAL = (FOLDER.parents[1] / "docs" / "admin.md").read_text()


def test_the_example_of_the_manual_reads_its_line(folder: Path):
    example = re.search(r"`(www\.example\.com:80 .*?)`:\n\n```yaml\n(.*?)```", MANUAL, re.DOTALL)
    assert example is not None
    line, text = example.groups()
    (folder / "vhosts.yaml").write_text(text)
    (row,), rejected = read(f"{line}\n".encode())
    assert rejected == []
    names = ("p_date", "p_time", "clientip", "host", "uriport", "uripath", "scbytes", "useragent")
    assert [row[name] for name in names] == [
        "2016-07-07", "23:00:01", "10.0.0.8", "www.example.com", "80", "/a", 5120, "Mozilla/5.0",
    ]  # fmt: skip


def test_every_step_is_told_in_the_manual():
    words = {step.partition(" ")[0] for step in steps.KNOWN} | {*mapping._KEYS, *mapping.SPLITS}
    assert [word for word in sorted(words) if f"`{word}" not in MANUAL] == []
