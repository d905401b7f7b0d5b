"""The command and its reports: text, JSON, page, several seeds, history, steps, feedback."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import gen_measure_days as days
import pytest
from click.testing import CliRunner, Result

from spot_gen.measure.cli import score
from spot_gen.streams import Stream


def run(*words: object) -> Result:
    return CliRunner().invoke(score, [str(word) for word in words])


def fields(*words: object) -> dict[str, Any]:
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def shuffled(rows: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    return [rows[i] for i in Stream.named(seed, "test").order(len(rows))]


def ready(folder: Path, seed: int = 7, *, perfect: bool = False) -> list[object]:
    """A data set and the options that score its results."""
    day = days.busy(folder / f"day-{seed}", size=300, seed=seed)
    words: list[object] = ["--labels", day.write()]
    for source, rows in day.rows.items():
        order = days.malicious_first(rows) if perfect else shuffled(rows, seed)
        words += ["--results", days.product(day.folder / f"{source}_results.csv", order)]
    return words


def test_the_text_is_markdown_with_every_part(tmp_path: Path) -> None:
    done = run(*ready(tmp_path))
    assert done.exit_code == 0, done.output
    for part in (
        "## Incidents by family and stealth",
        "| port scan",
        "## Netflow",
        "random order",
        "rarest destination",
        "global word frequency: not available",
        "### Netflow: look-alikes among the first rows",
        "authorised_scan",
        "## Method",
        "At least 5 seeds",
    ):
        assert part in done.stdout
    tables = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


def test_a_family_that_is_not_seen_is_named(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    rows = sorted(day.rows["proxy"], key=lambda row: row["known"] == "beacon-1")
    results = days.product(tmp_path / "proxy_results.csv", rows)
    done = run("--labels", day.write(), "--results", results, "--top", 50)
    assert "Not seen at all, no incident among the first 50 rows: command channel." in done.stdout
    assert "Without a record in the sources that were ranked: port scan, tunnel." in done.stdout


def test_json_has_mean_spread_and_number_of_every_figure(tmp_path: Path) -> None:
    report = fields(*ready(tmp_path, perfect=True), "--top", 13, "--top", 250)
    flow = report["sources"]["flow"]
    figures = flow["rows"][0]["figures"]
    assert report["tops"] == [13, 250]
    assert figures["precision"]["13"] == {"mean": 1.0, "sd": None, "n": 1, "of": 1}
    assert flow["facts"]["malicious"]["mean"] == 13
    assert flow["rows"][0]["matching"]["unmatched"] == 0
    assert report["together"]["unseen"] == []
    assert [row["name"] for row in flow["rows"]] == [
        "flow_results", "random order", "rarest destination", "rarest pair of addresses",
        "largest bytes", "global word frequency", "frequency in the own document",
        "own to global frequency", "original score",
    ]  # fmt: skip


def test_several_seeds_give_mean_and_spread(tmp_path: Path) -> None:
    words = [word for seed in range(1, 6) for word in ready(tmp_path, seed)]
    report = fields(*words)
    precision = report["sources"]["flow"]["rows"][0]["figures"]["average_precision"]
    assert precision["n"] == 5
    assert precision["sd"] > 0
    assert report["enough"]
    assert [entry["seed"] for entry in report["data"]] == [1, 2, 3, 4, 5]
    text = run(*words).stdout
    assert "At least 5 seeds" not in text
    assert "±" in text


def test_fewer_seeds_than_five_are_said(tmp_path: Path) -> None:
    words = [word for seed in (1, 2) for word in ready(tmp_path, seed)]
    assert "Measured on 2 data sets only. At least 5 seeds" in run(*words).stdout


def test_files_that_cannot_be_shared_out_are_refused(tmp_path: Path) -> None:
    words = ready(tmp_path, 1)
    done = run(*words, "--labels", tmp_path / "day-1")
    assert done.exit_code == 2
    assert "3 --results cannot be shared out among 2 --labels" in done.stderr


def test_data_sets_with_results_of_different_sources_are_refused(tmp_path: Path) -> None:
    one, other = ready(tmp_path, 1), ready(tmp_path, 2)
    done = run(*one[:4], *other[:2], *other[4:6])
    assert done.exit_code == 2
    assert "day-2 has results of dns in another number or order" in done.stderr


def test_kept_results_show_what_changed(tmp_path: Path) -> None:
    kept = tmp_path / "history.jsonl"
    first = fields(*ready(tmp_path), "--keep", kept)
    assert first["history"] == {"date": None, "version": None, "changes": []}
    second = fields(*ready(tmp_path), "--keep", kept)
    assert second["history"]["date"] == first["date"]
    assert second["history"]["changes"] == []
    other = fields(*ready(tmp_path, seed=8), "--keep", kept)
    assert other["history"]["date"] is None
    third = fields(*ready(tmp_path, perfect=True), "--keep", kept)
    found = {(c["order"], c["figure"]): c["now"] for c in third["history"]["changes"]}
    assert found["flow/flow_results", "average precision"] == 1.0
    assert ("flow/random order", "average precision") not in found
    assert len(kept.read_text().splitlines()) == 4
    assert "Change since the last kept run" in run(*ready(tmp_path), "--keep", kept).stdout


def test_a_history_that_is_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "history.jsonl"
    kept.write_text('{"date": 1}\n')
    done = run(*ready(tmp_path), "--keep", kept)
    assert done.exit_code == 3
    assert "line 1 is no kept result" in done.stderr
    assert kept.read_text() == '{"date": 1}\n'


def test_the_effect_of_feedback_is_shown(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    rows = day.rows["flow"]
    words = [
        *("--labels", day.write()),
        *("--results", days.product(tmp_path / "flow_results.csv", rows)),
        *("--after", days.product(tmp_path / "after.csv", days.malicious_first(rows))),
    ]
    report = fields(*words, "--top", 13)
    kinds = [row["kind"] for row in report["sources"]["flow"]["rows"][:2]]
    assert kinds == ["ranking", "after feedback"]
    text = run(*words, "--top", 13).stdout
    assert re.search(r"\| false alarms\s+\|\s+13 to 0 \|", text)


def test_feedback_on_a_source_without_results_is_refused(tmp_path: Path) -> None:
    words = ready(tmp_path)[:4]
    done = run(*words, "--after", tmp_path / "day-7" / "dns_results.csv")
    assert done.exit_code == 2
    assert "no --results of dns" in done.stderr


def test_steps_give_the_time_to_detection(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    rows = day.rows["flow"]
    early = days.product(tmp_path / "early.csv", rows[:60])
    late = days.product(tmp_path / "late.csv", days.malicious_first(rows)[:60])
    words = ["--labels", day.write(), "--results", late]
    steps = ["--step", "2016-07-08T03:00Z", late, "--step", "2016-07-08T01:00", early]
    found = {entry["id"]: entry for entry in fields(*words, *steps)["delays"]}
    assert found["scan-1"]["first_result"] == "2016-07-08T03:00:00+00:00"
    assert found["scan-1"]["hours"] == pytest.approx(2.985, abs=0.01)
    never = fields(*words, "--step", "2016-07-08T01:00", early)["delays"]
    assert [entry["hours"] for entry in never] == [None, None]
    assert "never" in run(*words, "--step", "2016-07-08T01:00", early).stdout


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    words = ready(tmp_path)
    done = run(*words, "--step", "noon", words[3])
    assert done.exit_code == 2
    assert "'noon' is no time" in done.stderr


def test_results_of_another_day_are_noticed(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    rows = [{**row, "received_us": row["received_us"] + 10**12} for row in day.rows["flow"]]
    results = days.product(tmp_path / "flow_results.csv", rows)
    done = run("--labels", day.write(), "--results", results)
    assert done.exit_code == 0
    assert "not one labelled record is in it" in done.stdout


def test_a_source_that_the_data_set_does_not_have_is_refused(tmp_path: Path) -> None:
    done = run(*ready(tmp_path), "--source", "floww")
    assert done.exit_code == 2
    assert "has no source 'floww'" in done.stderr
    assert "hint: it has flow, dns, proxy" in done.stderr


def test_a_missing_file_is_an_error_with_a_hint(tmp_path: Path) -> None:
    done = run("--labels", tmp_path / "none", "--results", tmp_path / "none.csv")
    assert done.exit_code == 3
    assert "none/labels/incidents.jsonl does not exist" in done.stderr
    assert "hint:" in done.stderr


class Page(HTMLParser):
    """Collects what a page refers to, and whether its elements are closed in order."""

    VOID = frozenset(("meta", "link", "img", "br", "hr", "input"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data"):
                self.references.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            assert not name.startswith("on")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()


def page_of(path: Path) -> tuple[str, Page]:
    text = path.read_text()
    parsed = Page()
    parsed.feed(text)
    assert parsed.open == []
    return text, parsed


def test_the_page_stands_on_its_own(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    done = run(*ready(tmp_path), "--html", target)
    assert done.exit_code == 0, done.output
    text, page = page_of(target)
    assert all(reference.startswith("#") for reference in page.references)
    assert {reference[1:] for reference in page.references} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "url(" not in text
    assert "@import" not in text
    assert text.count('<svg class="chart"') == 6
    assert "prefers-color-scheme: dark" in text


def test_the_page_has_every_part_that_was_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    words = ready(tmp_path)
    results = words[3]
    more = ["--step", "2016-07-08T03:00", results, "--after", results, "--keep", tmp_path / "h"]
    run(*words, *more)
    assert run(*words, *more, "--html", target).exit_code == 0
    text, _ = page_of(target)
    for part in ("Time to detection", "Effect of feedback", "Change since", "not available"):
        assert part in text


def test_names_from_data_are_escaped(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    folder = day.write()
    labels = folder / "labels" / "incidents.jsonl"
    labels.write_text(labels.read_text().replace("tunnel", "<script>alert(1)</script>"))
    target = tmp_path / "report.html"
    labels.write_text(labels.read_text().replace('"<script>alert(1)</script>-1"', '"tunnel-1"'))
    results = days.product(tmp_path / "dns_<b>.csv", day.rows["dns"])
    done = run("--labels", folder, "--results", results, "--html", target)
    assert done.exit_code == 0, done.output
    text, _ = page_of(target)
    assert "<script" not in text
    assert "<b>.csv" not in text
    assert "&lt;script&gt;" in text


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    done = run(*ready(tmp_path), "--html", tmp_path / "none" / "report.html")
    assert done.exit_code == 3
    assert "cannot be written" in done.stderr


def test_help_shows_examples() -> None:
    text = run("--help").output
    assert "spot gen score --labels day" in text
    for option in ("--population", "--after", "--step", "--keep", "--html", "--top"):
        assert option in text
