"""`spot ml evaluate` on tiny labelled days: what must be found, and the command around it."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import ops_tiny_days as tiny
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from spot_common.errors import DataError
from spot_gen.measure.labels import read_truth
from spot_ml import pipeline
from spot_ml.batches import source_words
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking.groups import NATS
from spot_ml.ranking.listing import ROWS_OF_OTHERS, kin_of
from spot_ml.results import output_rows
from spot_ops.cli import main
from spot_ops.evaluate import measure
from spot_ops.evaluate.days import columns, context_of, rows_of
from spot_ops.evaluate.labelled import labels_of, read_labels, read_rows
from spot_ops.evaluate.orders import Ranker, Scored, scored
from spot_ops.evaluate.stability import stability

SOURCES = ("flow", "dns", "proxy")
FIT = Parameters()


@dataclasses.dataclass(frozen=True)
class Days:
    """Generated days, the folder of their rows, and the report on them."""

    folders: list[Path]
    cache: Path
    report: dict[str, Any]

    def rows(self, source: str) -> pa.Table:
        return rows_of(self.folders[0], source_words(source), self.cache)

    def file(self, source: str, folder: Path) -> Path:
        pq.write_table(self.rows(source), folder / f"{source}.parquet")
        return folder / f"{source}.parquet"

    def scored(self, source: str) -> Scored:
        context = context_of(self.folders[0])
        return scored(source_words(source), self.rows(source), context, FIT)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Days:
    folder = tmp_path_factory.mktemp("days")
    folders = tiny.make(folder)
    return Days(folders, folder / "cache", tiny.evaluate(folders, folder / "cache"))


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["ml", "evaluate", *map(str, words)])


def test_the_ranking_is_as_good_as_it_was(days: Days) -> None:
    committed = json.loads(tiny.COMMITTED.read_text())
    assert committed["seeds"] == list(tiny.SEEDS)
    assert tiny.worse(tiny.figures(days.report), committed["figures"]) == [], (
        f"if that is meant: {committed['command']}"
    )


def test_a_ranking_from_the_other_end_is_noticed(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    def from_the_end(*words: Any) -> Scored:
        found = scored(*words)
        place = found.rows.schema.get_field_index(NATS)
        turned = found.rows.set_column(place, NATS, pc.negate(found.rows[NATS]))
        return dataclasses.replace(found, rows=turned)

    monkeypatch.setattr(measure, "scored", from_the_end)
    found = tiny.figures(tiny.evaluate(days.folders, days.cache))
    told = tiny.worse(found, json.loads(tiny.COMMITTED.read_text())["figures"])
    for source in SOURCES:
        assert any(f"{source}: average precision of records" in line for line in told)


@pytest.mark.parametrize("source", SOURCES)
def test_the_list_that_is_measured_is_the_product_s(days: Days, source: str) -> None:
    words = source_words(source)
    analysis = pipeline.analyse(words, days.rows(source), context_of(days.folders[0]), FIT)
    ours = output_rows(words, days.scored(source).top(-1).combine_chunks().to_batches()[0])
    assert ours.equals(pipeline.listed(words, analysis, FIT))


def test_every_order_is_made_a_list_by_the_same_rule(days: Days) -> None:
    day = days.scored("flow")
    every = np.arange(day.rows.num_rows)
    most = ROWS_OF_OTHERS + len(set(kin_of(day.source.grammar, day.corpus.words)))
    for way in Ranker(day, every, len(every), len(every)).comparisons():
        assert way.orders is not None
        shown = np.flatnonzero(np.isfinite(way.orders.shown.ranks))
        assert len(shown) == way.orders.shown.listed == way.orders.groups.listed
        assert sorted(way.orders.shown.ranks[shown]) == list(range(1, len(shown) + 1))
        groups = way.orders.groups.group[shown]
        assert len(np.unique(groups)) == len(shown)
        ends = [np.unique(row) for row in day.document[:, shown].T]
        assert np.bincount(np.concatenate(ends)).max() <= most
        listed = np.isin(way.orders.groups.group, groups)
        assert (np.isfinite(way.orders.groups.ranks) == listed).all()


def test_every_comparison_row_has_figures_in_all_three_ways(days: Days) -> None:
    for source in days.report["sources"].values():
        for row in source["rows"]:
            assert row["figures"]["found"]["50"]["n"] == len(tiny.SEEDS)
            for of in ("groups", "records alone"):
                assert row["figures"][of]["average_precision"]["n"] == len(tiny.SEEDS)
        names = [row["name"] for row in source["rows"]]
        assert (names[0], names[1], names[-1]) == ("surprise", "random order", "compatible")
        assert len(set(names)) == 9


def test_the_same_records_in_another_order_give_the_same_list(days: Days) -> None:
    words, context = source_words("proxy"), context_of(days.folders[0])
    found = stability(words, days.rows("proxy"), context, FIT, days.scored("proxy"))
    assert found["again"] == 1.0
    assert 0.85 <= found["left_out"] <= 1.0


def test_rows_are_read_once(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = days.rows("proxy")
    monkeypatch.setattr("spot_ops.evaluate.days.ingest_source", None)
    again = days.rows("proxy")
    assert again.equals(kept)
    assert again.column_names == columns(source_words("proxy"))


def test_the_command_writes_text_page_and_history(days: Days, tmp_path: Path) -> None:
    page, kept = tmp_path / "report.html", tmp_path / "history.jsonl"
    words = (*days.folders[:1], "--source", "proxy", "--cache", days.cache, "--keep", kept)
    done = run(*words, "--html", page, "--stability", "--top", 50)
    assert done.exit_code == 0, done.output
    assert "| surprise " in done.stdout
    assert "Proxy: whole groups, and records alone" in done.stdout
    assert "100 % stay when the same records come in another order" in done.stdout
    assert "Whole groups, and records alone" in page.read_text()
    assert "No figure has changed" in run(*words, "--top", 50).stdout


def test_the_original_s_score_is_measured_by_records(days: Days) -> None:
    words = (*days.folders[:1], "--source", "proxy", "--cache", days.cache)
    done = run(*words, "--order", "compatible", "--json")
    rows = json.loads(done.stdout)["sources"]["proxy"]["rows"]
    assert [row["name"] for row in rows[:2]] == ["compatible", "random order"]
    assert rows[0]["figures"]["roc_auc"]["mean"] > 0
    assert "groups" not in rows[0]["figures"]


def labels(path: Path, *lines: dict[str, object]) -> Path:
    names = list(dict.fromkeys(name for line in lines for name in line))
    with path.open("w", newline="") as stream:
        table = csv.DictWriter(stream, names)
        table.writeheader()
        table.writerows(lines)
    return path


def scan(days: Days) -> dict[str, object]:
    """Who scans whom on the first day: the addresses of most records of the incident."""
    records = read_truth(days.folders[0]).records
    mine = records.filter(pc.equal(records["incident_id"], "scan_vertical-1"))
    pairs = mine.group_by(["src", "dst"]).aggregate([([], "count_all")]).sort_by("count_all")
    return {"sip": pairs["src"][-1].as_py(), "dip": pairs["dst"][-1].as_py()}


def test_real_rows_with_labels_are_measured_alike(days: Days, tmp_path: Path) -> None:
    scanned = scan(days)
    lines = labels(
        tmp_path / "labels.csv",
        {"incident": "a scan", "family": "port scan", "level": 2, **scanned},
        {"incident": "the first", "row": 1},
        {"incident": "poll", "label": "benign_lookalike", "dport": 123},
    )
    words = ("--rows", days.file("flow", tmp_path), "--labels", lines, "--source", "flow")
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    flow = json.loads(done.stdout)["sources"]["flow"]
    rows = days.rows("flow")
    here = pc.and_(pc.equal(rows["sip"], scanned["sip"]), pc.equal(rows["dip"], scanned["dip"]))
    assert flow["facts"]["malicious"]["mean"] == pc.sum(here).as_py() + 1
    assert flow["facts"]["lookalikes"]["mean"] > 0
    figures = flow["rows"][0]["figures"]
    assert figures["cells"]["port scan"]["2"]["incidents"]["mean"] == 1
    assert set(figures["families"]) == {"port scan", "the first"}
    assert "poll" in figures["lookalike_kinds"]
    random = next(row for row in flow["rows"] if row["name"] == "random order")
    ours = figures["records alone"]["average_precision"]["mean"]
    assert ours > random["figures"]["records alone"]["average_precision"]["mean"]


def test_a_row_is_labelled_by_its_number(days: Days, tmp_path: Path) -> None:
    words = source_words("proxy")
    rows, day = days.rows("proxy"), days.scored("proxy")
    given = read_labels(labels(tmp_path / "l.csv", {"incident": "x", "row": 7}), words, rows)
    truth, found = labels_of(day.rows, given, "proxy", tmp_path / "l.csv")
    place = int(found.row[0])
    names = [name for name in words.select_columns if name not in words.null_values]
    assert day.rows.select(names).slice(place, 1).equals(rows.select(names).slice(6, 1))
    assert truth.of("proxy").incidents[0].family == "x"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"incident": "x", "sipp": "10.0.0.1"}, "line 1 is no header of labels: sipp"),
        ({"family": "x", "row": 1}, "line 1 is no header"),
        ({"incident": "x", "family": "y"}, "line 1 is no header"),
        ({"incident": "x", "row": 10**9}, "line 2 is no label: there is no row 1000000000"),
        ({"incident": "x", "row": "first"}, "line 2 is no label"),
        ({"incident": "", "row": 1}, "line 2 is no label"),
        ({"incident": "x", "row": ""}, "line 2 is no label: it names no record"),
        ({"incident": "x", "row": 1, "label": "odd"}, "line 2 is no label: 'odd'"),
        ({"incident": "x", "row": 1, "level": "loud"}, "line 2 is no label"),
        ({"incident": "x", "sip": "192.0.2.77"}, "line 2 is about no record that can be ranked"),
    ],
)
def test_a_label_that_is_not_understood_is_told_with_its_line(
    days: Days, tmp_path: Path, line: dict[str, object], told: str
) -> None:
    rows, path = days.file("flow", tmp_path), labels(tmp_path / "labels.csv", line)
    done = run("--rows", rows, "--labels", path, "--source", "flow")
    assert done.exit_code == 3
    assert f"{path} {told}" in done.stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"incident,row\nx,1,2\n", "line 2 is no label: it has more values than the header"),
        (b"incident,row\n\xff\xfe,1\n", "is no CSV file"),
        (b"", "line 1 is no header"),
    ],
)
def test_labels_that_are_no_table_are_told(
    days: Days, tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told):
        read_labels(path, source_words("proxy"), days.rows("proxy"))


def test_rows_of_another_source_are_refused(days: Days, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no rows of dns"):
        read_rows(days.file("proxy", tmp_path), source_words("dns"))


def test_rows_may_be_a_csv_file(days: Days, tmp_path: Path) -> None:
    rows = days.rows("flow").slice(0, 50)
    pa.csv.write_csv(rows, tmp_path / "rows.csv")
    assert read_rows(tmp_path / "rows.csv", source_words("flow")).equals(rows)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "what shall be evaluated"),
        (("somewhere", "--rows", "a", "--labels", "b"), "what shall be evaluated"),
        (("--rows", "a"), "belong together"),
        (("--rows", "a", "--labels", "b"), "one source"),
        (("somewhere", "--source", "flwo"), "unknown source"),
        (("somewhere", "--order", "compatible", "--stability"), "list of groups"),
    ],
)
def test_options_that_do_not_go_together_are_refused(words: tuple[str, ...], told: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_folder_that_is_no_data_set_is_named(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.exit_code == 3
    assert str(tmp_path) in done.stderr
