"""``spot gen template``: repeatable lines, placeholders, times, labels."""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from gen_template_runs import END, configurations, inline, lines_of, refused, run

from spot_gen.template.functions import FUNCTIONS, function
from spot_gen.template.shipped import shipped
from spot_gen.template.times import Span, TimeFormat

__all__ = ["configurations"]


@pytest.mark.parametrize("name", shipped())
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, name: str):
    digests = []
    for number, seed in enumerate(("4", "4", "5")):
        words = ("--write", str(tmp_path / f"{number}.log"), "--json", "--seed", seed)
        result = run(name, "--end", END, "--period", "2h", "--sort", *words)
        digests.append(json.loads(result.stdout)["sha256"])
    assert digests[0] == digests[1] != digests[2]


def test_a_new_sample_and_a_longer_span_leave_other_lines_as_they_were(config):
    lines = ["%TS% a %_N%", "%TS% b %_N%"]
    replaces = "[['%_N%', int, [1, 1000000]]]"
    alone = lines_of(config(inline(lines[0], replaces=replaces)), "--end", END)
    beside = lines_of(config(inline(*lines, replaces=replaces)), "--end", END, "--period", "2h")
    assert set(alone) < {line for line in beside if " a " in line}


def test_the_zone_of_the_machine_does_not_matter(monkeypatch):
    before = lines_of("unix", "--end", END)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert lines_of("unix", "--end", END) == before


def test_a_placeholder_is_one_value_a_line_and_with_underscore_another_at_each_place(config):
    path = config(inline("%A% %A% %_A% %_A%", replaces="{A: {function: hex, args: [12]}}"))
    lines = lines_of(path, "--end", END)
    assert len(set(lines)) == 180
    for line in lines:
        one, same, *others = line.split()
        assert one == same
        assert len({one, *others}) == 3


def test_values_come_from_lists_and_files(config):
    replaces = "[['%A%', [x, 2]], ['%B%', values.txt], [C, {values: [z]}], [D, {file: values.txt}]]"
    path = config(inline("%A%%B%%C%%D%", replaces=replaces), values_txt="p\n\nq\n")
    assert set(lines_of(path, "--end", END)) == {
        f"{a}{b}z{d}" for a in "x2" for b in "pq" for d in "pq"
    }


def test_the_time_is_filled_last_and_percent_signs_stay(config):
    path = config(inline("100% %A% 5%%", replaces="{A: ['[%TS%]']}", more="timeformat: '%H'"))
    assert set(lines_of(path, "--end", END)) == {"100% [11] 5%%"}


def test_a_percent_word_can_be_a_value(config):
    path = config(inline("%SystemRoot%", replaces="[['%SystemRoot%', ['%SystemRoot%']]]"))
    assert set(lines_of(path, "--end", END)) == {"%SystemRoot%"}


@pytest.mark.parametrize(
    ("call", "form"),
    [
        ("int, [5, 7]", r"[567]"),
        ("int, [-2, -2]", r"-2"),
        ("choice, [a, 2]", r"a|2"),
        ("choice, [{a: 1, b: 0}]", r"a"),
        ("ip, [198.51.100.8/30]", r"198\.51\.100\.(9|10)"),
        ("ip, []", r"10\.20\.\d+\.\d+"),
        ("ip, [2001:db8::/64]", r"2001:db8::[0-9a-f:]+"),
        ("email, []", r"[a-z]+\.[a-z]+@corp\.example"),
        ("recipients, [2, 3, partner.example]", r"([a-z.]+@partner\.example,){1,2}[a-z.]+@.*"),
        ("hex, [20]", r"[0-9a-f]{20}"),
        ("uuid, []", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("word, []", r"[a-z]+"),
        ("hostname, []", r"ws-0\d\d\d\.corp\.example"),
        ("hostname, ['', 5]", r"ws-000[1-5]"),
        ("user, [9]", r"u000[1-9]"),
    ],
)
def test_a_function_gives_values_of_its_form(config, call: str, form: str):
    lines = lines_of(config(inline("%_A%", replaces=f"[['%_A%', {call}]]")), "--end", END)
    assert [line for line in lines if not re.fullmatch(form, line)] == []


def test_every_function_of_the_list_is_there():
    names = "int choice ip email recipients hex uuid word hostname user"
    assert list(FUNCTIONS) == names.split()


def test_numbers_and_weighted_choices_are_spread_as_asked():
    keys = np.arange(20_000, dtype=np.uint64)
    numbers = Counter(function("int", [1, 4], "")(keys))
    assert sorted(numbers) == ["1", "2", "3", "4"]
    assert max(abs(count - 5000) for count in numbers.values()) < 300
    chosen = Counter(function("choice", [{"a": 9, "b": 1}], "")(keys))
    assert abs(chosen["b"] - 2000) < 200


def test_minutes_and_hours_end_now_and_days_at_the_last_midnight():
    zone, now = ZoneInfo("Europe/Berlin"), datetime(2016, 3, 28, 9, 30, 1, 5, tzinfo=UTC)

    def span(period: str, end: str | None = None) -> tuple[str, str]:
        found = Span.before(period, end, zone, now)
        ends = (found.start_us, found.end_us)
        return tuple(datetime.fromtimestamp(us / 1e6, zone).isoformat() for us in ends)

    assert span("90m") == ("2016-03-28T10:00:01+02:00", "2016-03-28T11:30:01+02:00")
    assert span("2h") == ("2016-03-28T09:30:01+02:00", "2016-03-28T11:30:01+02:00")
    assert span("1d") == ("2016-03-27T00:00:00+01:00", "2016-03-28T00:00:00+02:00")  # 23 hours
    assert span("1d", "2016-03-28T06:00Z")[0] == "2016-03-27T08:00:00+02:00"
    assert span("1h", "2016-03-28")[1] == "2016-03-28T00:00:00+02:00"


def test_lines_are_told_in_the_zone_of_the_option_or_else_of_the_configuration(config):
    path = config(inline("%TS%", more="timeformat: '%H%z'\ntimezone: Asia/Kolkata"))
    kolkata = lines_of(path, "--end", "2016-07-08T12:00Z")
    assert set(kolkata) == {"16+0530", "17+0530"}
    assert set(lines_of(path, "--end", END, "--zone", "UTC")) == {"11+0000"}


def test_a_time_is_written_as_strftime_writes_it():
    moment = datetime(2016, 7, 8, 15, 4, 9, 123456, tzinfo=UTC)
    form = "%Y %y %m %d %H %I %M %S %f %j %p %a %A %b %B %z %Z %u %w %% %-d %-H %-m"
    times = np.array([round(moment.timestamp() * 1e6)])
    assert TimeFormat(form).texts(times, ZoneInfo("UTC")) == [moment.strftime(form)]
    assert TimeFormat("%e %F %T %R %s %:z").texts(times, ZoneInfo("UTC")) == [
        " 8 2016-07-08 15:04:09 15:04 1467990249 +00:00"
    ]


def test_the_last_window_that_does_not_fit_has_its_part(config):
    text = inline("%TS%", high=60, more="timeformat: '%H:%M'").replace("period: 60", "period: 3600")
    minutes = [line[3:] for line in lines_of(config(text), "--end", END, "--period", "90m")]
    assert len(minutes) == 90
    assert max(minutes) == "59"


def test_times_stay_within_the_span(config):
    path = config(inline("%TS%", more="timeformat: '%F %T.%f'"))
    lines = lines_of(path, "--end", END, "--period", "10m", "--sort")
    assert lines[0] >= "2016-07-08 11:50:00"
    assert lines[-1] < "2016-07-08 12:00:00"


def test_lines_follow_the_working_week_of_the_zone(config):
    more = "timeformat: '%u %H'\ntimezone: America/New_York"
    text = inline("%TS%", more=more).replace("curve: flat", "").replace("min: 3", "min: 0")
    hours = Counter(lines_of(config(text), "--end", "2016-07-11", "--period", "7d"))
    days = Counter(key[0] for key in hours.elements())
    assert hours["3 10"] > 80 > 5 * hours["3 03"]
    assert days["3"] > 3 * days["7"]


def test_a_long_window_follows_the_curve_inside(config):
    more = "timeformat: '%H'"
    text = inline("%TS%", more=more, high=1000).replace("period: 60", "period: 86400")
    day = ("--end", "2016-07-08", "--period", "1d")
    work = Counter(lines_of(config(text.replace("curve: flat", "")), *day))
    assert work["10"] > 20 * max(work["03"], 1)
    flat = Counter(lines_of(config(text), *day))
    assert max(flat.values()) < 3 * min(flat.values())


def test_the_number_of_a_sample_is_between_min_and_max_in_each_window(config):
    text = inline("%TS%", more="timeformat: '%M'", high=7).replace("min: 7", "min: 2")
    numbers = Counter(lines_of(config(text), "--end", END)).values()
    assert set(numbers) == {2, 3, 4, 5, 6, 7}


def test_sort_orders_by_time_and_keeps_the_lines(config):
    path = config(inline("%TS% a", "%TS% b", more="timeformat: '%T.%f'"))
    unsorted, in_order = (lines_of(path, "--end", END, *more) for more in ((), ("--sort",)))
    assert in_order == sorted(unsorted) != unsorted


def labelled(config) -> str:
    samples = "[{line: 'bad %TS%', label: 'x, \"y\"'}, 'good %TS%', {line: rare, weight: 0.1}]"
    return config(
        f"curve: flat\ntemplates: [{{period: 60, min: 10, max: 10, samples: {samples}}}]\n"
    )


@pytest.mark.parametrize("more", [(), ("--sort",)])
def test_labels_stand_beside_the_output_by_ordinal(config, tmp_path: Path, more):
    output = tmp_path / "out.log"
    result = run(labelled(config), "--end", END, "--write", str(output), "--json", *more)
    facts = json.loads(result.stdout)
    lines = output.read_text().splitlines()
    with (tmp_path / "out.log.labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert facts["lines"] == len(lines)
    assert facts["labelled"] == len(rows) == 600
    assert {row["label"] for row in rows} == {'x, "y"'}
    bad = [str(n) for n, line in enumerate(lines, 1) if line.startswith("bad")]
    assert [row["ordinal"] for row in rows] == bad


def test_a_weight_makes_a_sample_rarer(config):
    counts = Counter(line.split()[0] for line in lines_of(labelled(config), "--end", END))
    assert counts["good"] == 600
    assert abs(counts["rare"] - 60) < 5


def test_samples_with_labels_may_stand_in_a_file(config, tmp_path: Path):
    text = "templates: [{type: file, samples: s.yaml, period: 60, min: 1, max: 1}]\n"
    path = config(text, s_yaml="- plain\n- {line: marked, label: m}\n")
    run(path, "--end", END, "--write", str(tmp_path / "o"))
    assert (tmp_path / "o.labels.csv").read_text().startswith("ordinal,label\n")
    assert {"plain", "marked"} == set((tmp_path / "o").read_text().split())


def test_labels_of_a_former_output_do_not_stay(config, tmp_path: Path):
    output, labels = tmp_path / "out.log", tmp_path / "out.log.labels.csv"
    run(labelled(config), "--end", END, "--write", str(output))
    assert labels.exists()
    run(config(inline("plain")), "--end", END, "--write", str(output))
    assert not labels.exists()
    labels.write_text("somebody else's\n")
    run(config(inline("plain")), "--end", END, "--write", str(output))
    assert labels.exists()


def test_an_output_appears_whole_or_not_at_all(config, tmp_path: Path, monkeypatch):
    output = tmp_path / "out.log"
    output.write_text("before")

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spot_gen.template.output._labels", broken)
    said = refused(labelled(config), "--write", str(output))
    assert "No space left on device" in said
    assert output.read_text() == "before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.yaml", "out.log"]


def test_a_pipe_is_written_to_and_not_replaced(config, tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    run(config(inline("line")), "--end", END, "--period", "1m", "--write", str(pipe))
    assert os.read(reader, 100) == b"line\n" * 3
    assert pipe.is_fifo()
    os.close(reader)


def test_labels_are_mentioned_when_there_is_no_file_for_them(config):
    assert "labels are written only beside a file" in run(labelled(config), "--end", END).stderr


def test_sorting_holds_a_few_blocks_and_gives_the_lines_of_all_templates(config, monkeypatch):
    monkeypatch.setattr("spot_gen.template.produce._LINES_AT_ONCE", 20)
    more = "- {period: 7000, min: 9, max: 9, samples: ['%TS% slow', '%TS% slower']}\n"
    fast = "- {period: 60, min: 2, max: 2, samples: ['%TS% fast', '%TS% 2nd']}\n"
    path = config(f"timeformat: '%F %T.%f'\ntemplates:\n{fast}{more}")
    words = ("--end", END, "--period", "5h")
    unsorted, in_order = lines_of(path, *words), lines_of(path, *words, "--sort")
    assert len(unsorted) > 1000
    assert in_order == sorted(unsorted) != unsorted


def test_the_size_of_a_block_changes_nothing(monkeypatch):
    words = ("example", "--end", END, "--period", "6h", "--sort")
    before = lines_of(*words)
    monkeypatch.setattr("spot_gen.template.produce._LINES_AT_ONCE", 50)
    assert lines_of(*words) == before
