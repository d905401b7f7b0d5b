"""``spot gen template`` refuses what is wrong by its place; the original's notation is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gen_template_runs import END, configurations, inline, lines_of, refused, run

__all__ = ["configurations"]


@pytest.mark.parametrize(
    "call",
    [
        "!!python/name:random.randint , [5, 7]",
        "!!python/object/apply:random.randint [5, 7]",
        "random.randint, [5, 7]",
        "{function: random.randint, args: [5, 7]}",
    ],
)
def test_the_original_notation_of_a_function_is_translated(config, call: str):
    path = config(inline("%_A%", replaces=f"[['%_A%', {call}]]"))
    assert set(lines_of(path, "--end", END)) == {"5", "6", "7"}


def test_an_original_configuration_is_read(config):
    text = """---
timeformat: "%b %-d %H:%M:%S"
linebreak: "\\r\\n"
templates:
  - { type: 'file', samples: 'asa/asa.sample', period: 60, min: 1, max: 5 }
replaces:
  - [ '%UID%', [0, 99] ]
  - [ '%HOST%', 'common/hosts.txt' ]
  -
    - '%_PORT%'
    - !!python/name:random.randint
    - [1, 9]
  -
    - '%_IP%'
    - !!python/name:common.utils.get_random_ip
    - ['10.0.0.0/8']
  -
    - '%FROM%'
    - !!python/name:common.utils.get_email
    - []
  -
    - '%TO%'
    - !!python/name:common.utils.get_rcpt
    - []
...
"""
    sample = "%TS% %HOST% %ASA-6-1: %UID% %_IP%/%_PORT% %FROM% %TO%\n"
    path = config(text, asa__asa_sample=sample, common__hosts_txt="h1\nh2\n")
    result = run(path, "--end", END)
    form = r"Jul 8 11:\d\d:\d\d h[12] %ASA-6-1: (0|99) 10\.[\d.]+/\d \S+@\S+ \S+@\S+"
    lines = result.stdout_bytes.split(b"\r\n")
    assert len(lines) > 60
    assert lines.pop() == b""
    assert all(re.fullmatch(form, line.decode()) for line in lines)


@pytest.mark.parametrize(
    "call",
    [
        "!!python/name:os.system , [id]",
        "!!python/object/apply:os.system [id]",
        "os.system, [id]",
        "!!python/name:example.utils.get_ip , []",
        "!!python/name:random.choice , [[a]]",
    ],
)
def test_another_python_function_is_refused(config, call: str):
    said = refused(config(inline("%A%", replaces=f"[['%A%', {call}]]")))
    assert "is not among the functions" in said
    assert "replaces, entry 1 (%A%)" in said
    assert "int, choice, ip" in said


def test_python_objects_in_yaml_are_refused(config):
    said = refused(config("templates: !!python/object/new:os.system [id]\n"))
    assert "config.yaml, line 1" in said
    assert "python/object/new" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("templats: []", r"unknown key 'templats'.*did you mean 'templates'"),
        ("timeformat: '%T'", r"neither templates nor a model"),
        ("- a", r"expected keys with values"),
        ("templates: [", r"config\.yaml, line 1"),
        (inline("%NOPE%"), r"templates, entry 1, sample 1: %NOPE% is not among the replaces"),
        (inline("a", more="timezone: Mars/Olympus"), r"'Mars/Olympus' is no time zone"),
        (inline("a", more="timeformat: '%Q'"), r"'%Q' is not known"),
        (inline("a", more="linebreak: 1"), r"linebreak: expected text"),
        (inline("a").replace("curve: flat", "curve: x"), r"curve is 'x'.*work or flat"),
        (inline("a").replace("curve: flat", "curve: [work]"), r"curve is \['work'\]"),
        (inline("a", more="description: 2016-13-01"), r"config\.yaml: month must be"),
        (inline("a", more='description: "\\ud83d\\ude00"'), r"line 2: .*two halves"),
        ("[" * 5000, r"nested too deeply"),
        (inline("a", replaces='[[A, "a\\0b"]]'), r"is no file"),
        (inline("a", replaces=f"[[A, {'x' * 300}]]"), r"is no file"),
        (inline("a", more="timezone: Europe"), r"'Europe' is no time zone"),
        (inline("a").replace("max: 3", "max: 2"), r"entry 1: max is 2.*from 3 to"),
        (inline("a").replace("period: 60", "period: 0"), r"entry 1: period is 0"),
        (inline("a").replace(", max: 3", ""), r"entry 1 has no max"),
        (inline("a").replace("type: list", "type: folder"), r"type is 'folder'.*file or list"),
        (inline("a").replace('["a"]', "[{line: a, weight: -1}]"), r"sample 1: weight is -1"),
        (inline("a").replace('["a"]', "[{line: a, colour: x}]"), r"unknown key 'colour'"),
        (inline("a").replace('["a"]', "[]"), r"expected a list"),
        (inline("a", replaces="[[TS, [a]]]"), r"%TS% is the time"),
        (inline("a", replaces="[[A, [a]], [A, [b]]]"), r"entry 2: %A% is there twice"),
        (inline("a", replaces="[[A, [yes]]]"), r"True is no text or number.*quotes"),
        (inline("a", replaces="[[A, [a], [b]]]"), r"one too many"),
        (inline("a", replaces="[['%A B%', [a]]]"), r"is no placeholder"),
        (inline("a", replaces="[[A, uuid]]"), r"there is no file uuid.*uuid, \[\]"),
        (inline("a", replaces="[[A, values.txt]]"), r"\(%A%\): there is no file values\.txt"),
        (inline("a", replaces="[[A, int, [3]]]"), r"int with \[3\].*LOW, HIGH"),
        (inline("a", replaces="[[A, int, [3, 1]]]"), r"3 to 1 is no range"),
        (inline("a", replaces="[[A, int, 3]]"), r"arguments are 3.*as a list"),
        (inline("a", replaces="[[A, ip, [10.0.0.1/8]]]"), r"ip with .*has host bits set"),
        (inline("a", replaces="[[A, {function: int, values: [a]}]]"), r"expected function"),
        (inline("a", replaces="[[A, ../secret.txt]]"), r"leaves the configuration's folder"),
        (inline("a", replaces="[[A, /etc/passwd]]"), r"leaves the configuration's folder"),
        (inline("a", more="model: {}"), r"templates beside model"),
    ],
)
def test_a_wrong_configuration_is_refused_by_its_place(config, text: str, said: str):
    assert re.search(said, refused(config(text)), re.DOTALL)


def test_an_unknown_placeholder_names_file_and_line(config):
    text = "templates: [{type: file, samples: s.txt, period: 60, min: 1, max: 1}]"
    assert re.search(r"s\.txt, line 3: %X% is not", refused(config(text, s_txt="a\n\n%X%\n")))


def test_a_link_out_of_the_folder_is_refused(config, tmp_path: Path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "values.txt"
    outside.write_text("secret\n")
    (tmp_path / "values.txt").symlink_to(outside)
    assert "leaves the configuration's folder" in refused(
        config(inline("%A%", replaces="[[A, values.txt]]"))
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--period", "0h"), "is no period"),
        (("--period", "1w"), "is no period"),
        (("--period", "9999999d"), "not between 1970 and 2200"),
        (("--end", "soon"), "is no time"),
        (("--zone", "../etc"), "is no time zone"),
        (("--json",), "--json needs --write"),
        (("--write", "/no/such/folder/x"), "there is no folder /no/such/folder"),
        (("--write", "/tmp"), "is a folder"),
        (("--seed", "-1"), "not in the range"),
    ],
)
def test_a_wrong_option_is_refused(words: tuple[str, ...], said: str):
    assert said in refused("asa", *words)


def test_a_configuration_that_is_not_there_is_refused_with_the_shipped_names():
    assert re.search(r"no configuration nope.*asa, example", refused("nope"), re.DOTALL)
    assert "no configuration is named" in run().stderr


def test_help_has_examples():
    assert "spot gen template asa --period 1h --sort" in run("--help").stdout
