"""Reading results and labels: every form, and what is said of those that are malformed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import gen_measure_days as days
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spot_common.errors import DataError, NotFoundError, UsageError
from spot_gen.measure.labels import Truth, read_truth
from spot_gen.measure.results import read_results


@pytest.fixture
def day(tmp_path: Path) -> days.Day:
    return days.busy(tmp_path / "day", size=20)


@pytest.fixture
def truth(day: days.Day) -> Truth:
    return read_truth(day.write())


@pytest.mark.parametrize(
    ("source", "words"),
    [("flow", ()), ("flow", ("a", "b")), ("dns", ()), ("dns", ("a",)), ("proxy", ("a",))],
)
def test_results_of_the_product_tell_their_source_by_their_columns(
    tmp_path: Path, day: days.Day, truth: Truth, source: str, words: tuple[str, ...]
) -> None:
    path = days.product(tmp_path / "r.csv", day.rows[source], words=words)
    found = read_results(path, truth)
    assert found.source == source
    assert found.count == len(day.rows[source])
    assert ("word" in found.rows.column_names) == bool(words)


def test_the_order_of_the_product_stays(tmp_path: Path, day: days.Day, truth: Truth) -> None:
    rows = day.rows["dns"][:3]
    lines = [days.dns_line(row, 0.0) for row in rows]
    path = tmp_path / "dns_results.csv"
    path.write_text("\n".join(lines) + "\n")
    assert read_results(path, truth).rows["name"].to_pylist() == [row["name"] for row in rows]


def test_parts_that_were_put_together_out_of_order_are_sorted(
    tmp_path: Path, day: days.Day, truth: Truth
) -> None:
    rows = day.rows["dns"][:3]
    lines = [days.dns_line(row, score) for row, score in zip(rows, (2e-7, 0.5, 1e-7), strict=True)]
    path = tmp_path / "dns_results.csv"
    path.write_text("\n".join(lines) + "\n")
    assert read_results(path, truth).scores.tolist() == [1e-7, 2e-7, 0.5]


def test_numbers_as_java_writes_them_and_null_are_read(
    tmp_path: Path, day: days.Day, truth: Truth
) -> None:
    line = days.flow_line(day.rows["flow"][0], 0.0).rsplit("\t", 3)[0]
    path = tmp_path / "flow_results.csv"
    path.write_text(f"{line}\tnull\tnull\t7.160076865976792E-7\n")
    found = read_results(path, truth)
    assert found.scores.tolist() == [7.160076865976792e-07]
    assert found.rows["bytes_back"].to_pylist() == [None]


def test_compressed_results_are_read(tmp_path: Path, day: days.Day, truth: Truth) -> None:
    path = days.product(tmp_path / "r.csv", day.rows["flow"])
    packed = tmp_path / "r.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_results(packed, truth).count == len(day.rows["flow"])


def test_tables_are_sorted_by_score_either_way(tmp_path: Path, day: days.Day, truth: Truth) -> None:
    path = days.table(tmp_path / "t.csv", day.rows["flow"][:3], [0.5, 0.1, 0.9])
    assert read_results(path, truth).rows["ordinal"].to_pylist() == [2, 1, 3]
    assert read_results(path, truth, larger=True).rows["ordinal"].to_pylist() == [3, 1, 2]


def test_equal_scores_come_in_a_drawn_order(tmp_path: Path, day: days.Day, truth: Truth) -> None:
    path = days.table(tmp_path / "t.csv", day.rows["flow"], [1.0] * 45)
    found = read_results(path, truth)
    ordinals = found.rows["ordinal"].to_pylist()
    assert found.drawn == 45
    assert ordinals != sorted(ordinals)
    assert sorted(ordinals) == list(range(1, 46))
    assert read_results(path, truth).rows["ordinal"].to_pylist() == ordinals


def test_a_rank_decides_where_there_is_one(tmp_path: Path, truth: Truth) -> None:
    path = tmp_path / "flow_scores.parquet"
    pq.write_table(
        pa.table(
            {
                "srcip": ["a", "b"],
                "tstart": ["2016-07-08 00:00:01"] * 2,
                "ml_score": pa.array([0.1, 0.1], pa.float32()),
                "rank": [1, 0],
            }
        ),
        path,
    )
    found = read_results(path, truth)
    assert (found.source, found.rows["src"].to_pylist()) == ("flow", ["b", "a"])


def test_quoted_and_tab_separated_tables_are_read(tmp_path: Path, truth: Truth) -> None:
    path = tmp_path / "t.csv"
    path.write_text('"file","ordinal","score"\n"data/dns/dns.1","2","0.5"\n')
    assert read_results(path, truth).rows["ordinal"].to_pylist() == [2]
    path.write_text("file\tordinal\tscore\ndata/dns/dns.1\t2\t0.5\n")
    assert read_results(path, truth).source == "dns"


def test_a_source_that_the_product_does_not_rank_has_file_and_ordinal(tmp_path: Path) -> None:
    day = days.Day(tmp_path / "zeek")
    day.add("zeek", "scan-1")
    day.add("zeek")
    truth = read_truth(day.write())
    path = days.table(tmp_path / "t.csv", day.rows["zeek"], [0.2, 0.1])
    assert read_results(path, truth).source == "zeek"


def test_a_table_that_does_not_tell_its_source_needs_the_option(
    tmp_path: Path, truth: Truth
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("file,ordinal,score\nelsewhere.1,2,0.5\n")
    with pytest.raises(UsageError, match="does not tell which source") as caught:
        read_results(path, truth)
    assert "flow, dns, proxy" in caught.value.hint
    assert read_results(path, truth, "dns").source == "dns"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\tc\n", r"line 1 has 3 values .* 18 or 20 \(flow\), 9 or 10 \(dns\), 21 \(proxy\)"),
        ("", "line 1 is empty"),
        ("file,ordinal,score\n", "has no rows"),
        ("file,ordinal,score\na,1,0.5\nb,2\n", "line 3 has 2 values, not 3"),
        ("file,ordinal,score\na,1,0.5\nb,2,much\n", "line 3: score is 'much', no number"),
        ("file,ordinal,score\na,1,0.5\nb,two,1\n", "line 3: ordinal is 'two', no number"),
        ("file,ordinal,score\na,1,0.5\nb,2,null\n", "row 2 has no score"),
        ("file,ordinal,score\na,1,0.5\nb,2,nan\n", "row 2 has no score"),
    ],
)
def test_malformed_results_are_refused_with_their_line(
    tmp_path: Path, truth: Truth, text: str, message: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_results(path, truth, None if "\t" in text else "flow")
    assert "bad.csv" in caught.value.message


def test_a_cut_result_file_of_the_product_names_its_line(
    tmp_path: Path, day: days.Day, truth: Truth
) -> None:
    path = days.product(tmp_path / "dns_results.csv", day.rows["dns"][:3])
    path.write_text(path.read_text()[:-30])
    with pytest.raises(DataError, match="line 3 has"):
        read_results(path, truth)


def test_a_parquet_file_without_score_or_that_is_none_is_refused(
    tmp_path: Path, truth: Truth
) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"file": ["data/dns/dns.1"], "ordinal": [1]}), path)
    with pytest.raises(DataError, match="no column score"):
        read_results(path, truth)
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match="cannot be read"):
        read_results(path, truth)


def test_missing_files_are_named(tmp_path: Path, truth: Truth) -> None:
    with pytest.raises(NotFoundError, match=r"none\.csv does not exist"):
        read_results(tmp_path / "none.csv", truth)
    with pytest.raises(NotFoundError, match=r"incidents\.jsonl does not exist"):
        read_truth(tmp_path)


def change(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def test_labels_that_contradict_each_other_are_refused(tmp_path: Path, day: days.Day) -> None:
    labels = day.write() / "labels"
    change(labels / "counts.json", '"malicious": 13', '"malicious": 14')
    with pytest.raises(DataError, match=r"says 14 malicious records of flow, .* has 13"):
        read_truth(day.folder)
    day.write()
    change(labels / "incidents.jsonl", '"scan-2"', '"scan-9"')
    with pytest.raises(DataError, match="records of scan-2, which is not in incidents"):
        read_truth(day.folder)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("labels/incidents.jsonl", '{"incident_id": "x"}\n', "line 1 is no incident"),
        ("labels/incidents.jsonl", "\n[1]\n", "line 2 is no incident"),
        ("labels/counts.json", "{", "line 1 is no JSON"),
        ("labels/counts.json", '{"flow": {"records": 1}}', "flow lacks a count"),
        ("labels/records.parquet", "nothing", "holds no labelled records"),
        ("manifest.json", "[]", "no JSON object"),
    ],
)
def test_malformed_labels_are_refused(day: days.Day, name: str, text: str, message: str) -> None:
    (day.write() / name).write_text(text)
    with pytest.raises(DataError, match=message):
        read_truth(day.folder)


def test_label_files_without_a_column_or_with_another_label_are_refused(day: days.Day) -> None:
    path = day.write() / "labels" / "records.parquet"
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["family"]), path)
    with pytest.raises(DataError, match="lacks the columns family"):
        read_truth(day.folder)
    place = table.column_names.index("label")
    pq.write_table(table.set_column(place, "label", pa.repeat("odd", table.num_rows)), path)
    with pytest.raises(DataError, match="row 1 has the label 'odd'"):
        read_truth(day.folder)


def test_a_source_without_records_is_named(truth: Truth) -> None:
    with pytest.raises(DataError, match="has no records of zeek"):
        truth.of("zeek")


def test_captures_may_have_ordinals_up_to_their_packets(day: days.Day) -> None:
    folder = day.write()
    facts = json.loads((folder / "manifest.json").read_text())
    facts["files"][0] |= {"packets": 9_000}
    facts["files"][1] |= {"packets": 64, "responses": 30}
    (folder / "manifest.json").write_text(json.dumps(facts))
    assert read_truth(folder).sizes("flow") == {"data/flow/flow.1": 45}
    assert read_truth(folder).sizes("dns") == {"data/dns/dns.1": 64}
