"""Model mode of ``spot gen template``: users follow a scenario, over any span."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from gen_template_runs import END, configurations, lines_of, refused, run

__all__ = ["configurations"]

CONFIG = """
timeformat: '%a %F %T'
model: {users: users.yaml, events: events.yaml, scenarios: scenarios.yaml, activity: activity.yaml}
"""
FILES = {
    "users_yaml": "ada: {Login: u1, Floor: 3}\nbela: {Login: u2, Floor: 4, Timezone: '+0100'}\n",
    "events_yaml": (
        "logon: '%TS% <<U:Login>> floor <<U:Floor>> session <<M:session>> job <<M:job>>'\n"
        "logoff: {line: '%TS% <<U:Login>> off <<M:session>>', label: odd}\n"
    ),
    "scenarios_yaml": (
        "day:\n"
        "  - {weekdays: 'Mon,Tue,Wed,Thu,Fri', timerange: '09:00-17:30', frequency: [0, 20],"
        " tmpl: logon}\n"
        "  - {weekdays: 'Fri', timerange: '11:50-12:10', frequency: [1, 41], tmpl: logoff}\n"
        "night:\n"
        "  - {weekdays: [Mon, Thu], timerange: '22:00-02:00', frequency: [0, 30], tmpl: logon}\n"
    ),
    "activity_yaml": "ada: day\nbela: night\n",
}


def test_events_fall_on_their_days_and_between_their_hours(config):
    lines = lines_of(config(CONFIG, **FILES), "--end", "2016-07-11", "--period", "7d")
    ada = [line.split() for line in lines if " u1 floor" in line]
    assert Counter(words[0] for words in ada) == dict.fromkeys(
        ("Mon", "Tue", "Wed", "Thu", "Fri"), 20
    )
    assert all("09:00:00" <= words[2] < "17:30:00" for words in ada)
    night = [line.split() for line in lines if " u2 " in line]
    assert len(night) == 60
    assert {words[0] for words in night} == {"Mon", "Tue", "Thu", "Fri"}
    assert all(words[2] >= "22:00:00" or words[2] < "02:00:00" for words in night)
    assert {words[3] for words in night} == {"+0100"}


def test_a_number_is_remembered_for_user_day_and_key(config):
    lines = lines_of(config(CONFIG, **FILES), "--end", "2016-07-09", "--period", "2d")
    found = [re.search(r"^(\w+) .* (u\d) floor . session (\d+) job (\d+)", line) for line in lines]
    numbers = {(m[1], m[2]): (m[3], m[4]) for m in found if m and m[2] == "u1"}
    again = {(m[1], m[2], m[3], m[4]) for m in found if m and m[2] == "u1"}
    assert len(numbers) == len(again) == 2
    assert len({number for pair in numbers.values() for number in pair}) == 4
    assert all(1000 <= int(n) <= 9000 for pair in numbers.values() for n in pair)


@pytest.mark.parametrize("period", ["5m", "1h", "1d"])
def test_a_model_works_for_any_span_and_writes_to_the_output(config, tmp_path: Path, period: str):
    path, output = config(CONFIG, **FILES), tmp_path / "out.log"
    end = ("--end", "2016-07-09") if period == "1d" else ("--end", END)
    result = run(path, *end, "--period", period, "--write", str(output), "--sort")
    assert result.exit_code == 0
    lines = output.read_text().splitlines()
    off = [line for line in lines if " off " in line]
    assert len(off) == 40 if period == "1d" else 0 < len(off) < 40
    assert lines == sorted(lines)
    rows = (tmp_path / "out.log.labels.csv").read_text().splitlines()[1:]
    assert rows == [f"{n},odd" for n, line in enumerate(lines, 1) if " off " in line]
    assert result.stdout.startswith(f"{len(lines)} lines")


def test_a_part_of_a_span_has_its_part_of_the_lines(config):
    path = config(CONFIG, **FILES)
    day = lines_of(path, "--end", "2016-07-09", "--period", "1d")
    hour = lines_of(path, "--end", END, "--period", "1h")
    assert hour == [line for line in day if "11:00:00" <= line.split()[2] < "12:00:00"] != []


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("events_yaml", "<<U:Floor>>", "<<U:Room>>", r"logon: <<U:Room>> is no property of ada"),
        (
            "events_yaml",
            "<<M:job>>",
            "<<X:job>>",
            r"events\.yaml: logon: unknown placeholder <<X:job>>",
        ),
        ("activity_yaml", "ada", "otto", r"activity\.yaml: otto is not among the users"),
        ("activity_yaml", "night", "evening", r"bela has the scenario 'evening'.*day, night"),
        ("scenarios_yaml", "Fri'", "Fry'", r"day, event 1: weekdays is.*Mon,Tue,Fri"),
        ("scenarios_yaml", "17:30", "17:75", r"day, event 1: timerange is '09:00-17:75'"),
        ("scenarios_yaml", "[0, 20]", "[20, 0]", r"day, event 1: frequency is 0"),
        ("scenarios_yaml", "[0, 20]", "20", r"day, event 1: frequency is 20.*\[0, 5\]"),
        ("scenarios_yaml", "tmpl: logoff", "tmpl: away", r"event 2: tmpl 'away' is not among"),
        ("users_yaml", "{Login: u1, Floor: 3}", "3", r"expected keys with values"),
    ],
)
def test_a_wrong_model_is_refused_by_its_place(config, file, before, after, said):
    assert before in FILES[file]
    files = {**FILES, file: FILES[file].replace(before, after)}
    assert re.search(said, refused(config(CONFIG, **files)), re.DOTALL)


def test_a_model_without_one_of_its_files_is_refused(config):
    text = CONFIG.replace(", activity: activity.yaml", "")
    assert "model has no activity" in refused(config(text, **FILES))
