"""Results and labels brought together: by place, by key, with keys that are lost or shared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gen_measure_days as days
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spot_common.errors import DataError
from spot_gen.measure.labels import read_truth
from spot_gen.measure.match import Match, match
from spot_gen.measure.results import read_results
from spot_ml.results import output_columns
from spot_ml.words import dns, flow, proxy


def matched(day: days.Day, path: Path, source: str) -> Match:
    truth = read_truth(day.write())
    return match(read_results(path, truth), truth, truth.of(source))


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("source", ["flow", "dns", "proxy"])
def test_results_of_the_product_are_matched_by_what_is_left_of_the_key(
    tmp_path: Path, source: str
) -> None:
    day = days.busy(tmp_path / "day")
    rows = day.rows[source]
    found = matched(day, days.product(tmp_path / "results.csv", rows), source)
    expected = [place for place, row in enumerate(rows) if row["known"]]
    assert found.row.tolist() == expected
    assert found.report.unmatched == found.report.ambiguous == found.report.by_place == 0
    assert found.report.by_key == len(rows)


@pytest.mark.parametrize("module", [flow, dns, proxy])
def test_the_layouts_are_those_of_the_product(module: Any) -> None:
    from spot_gen.measure.layouts import LAYOUTS

    columns = output_columns(module.WORDS)
    assert LAYOUTS[module.WORDS.name].product[len(columns)] == columns


def test_file_and_ordinal_come_first(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    rows = day.rows["dns"]
    path = days.table(tmp_path / "mine.csv", rows, list(range(len(rows))))
    found = matched(day, path, "dns")
    assert found.report.by_place == len(rows)
    assert found.report.found == found.report.labelled == 12


def test_a_file_may_be_named_without_its_folder(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    path = write(
        tmp_path / "mine.parquet",
        [{"file": "flow.1", "ordinal": 401, "score": 0.1, "src": "", "tdur": 0.0}],
    )
    found = matched(day, path, "flow")
    assert found.report.by_place == 1
    assert found.report.found == 1


def test_rows_of_unknown_files_or_ordinals_are_unmatched(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    name = day.rows["flow"][0]["file"]
    path = write(
        tmp_path / "mine.parquet",
        [
            {"file": name, "ordinal": 401, "score": 0.1},
            {"file": name, "ordinal": 0, "score": 0.2},
            {"file": name, "ordinal": 426, "score": 0.3},
            {"file": "data/flow/other", "ordinal": 1, "score": 0.4},
            {"file": None, "ordinal": None, "score": 0.5},
        ],
    )
    found = matched(day, path, "flow")
    assert (found.report.by_place, found.report.unmatched) == (1, 4)


def test_rows_without_a_place_fall_back_to_the_key(tmp_path: Path) -> None:
    day = days.Day(tmp_path / "day")
    day.dns("tunnel-1", micro=1_000_001, name="a.test")
    day.dns("tunnel-1", micro=2_000_002, name="b.test")
    second = day.rows["dns"][1]
    path = write(
        tmp_path / "mine.parquet",
        [
            {"file": "data/dns/dns.1", "ordinal": 1, "score": 0.1, "ip_dst": None},
            {"score": 0.2, "ip_dst": second["src"], "dns_qry_name": "b.test", "dns_qry_type": 1,
             "time_us": second["time_us"]},
        ],
    )  # fmt: skip
    found = matched(day, path, "dns")
    assert found.row.tolist() == [0, 1]
    assert (found.report.by_place, found.report.by_key) == (1, 1)


def test_an_oa_table_has_lost_the_duration(tmp_path: Path) -> None:
    day = days.Day(tmp_path / "day")
    day.flow()
    day.flow("scan-1", second=61, dst="203.0.113.9", dport=22)
    head = "tstart,srcip,dstip,sport,dport,proto,ipkt,ibyt,opkt,obyt,ml_score,rank"
    lines = [
        "2016-07-08 00:01:01,10.20.10.1,203.0.113.9,50000,22,TCP,3,40,0,0,0.001,0",
        "2016-07-08 00:01:00,10.20.10.1,198.18.0.1,50000,443,TCP,3,1000,0,0,0.002,1",
    ]
    path = tmp_path / "flow_scores.csv"
    path.write_text("\n".join([head, *lines]) + "\n")
    found = matched(day, path, "flow")
    assert found.row.tolist() == [0]
    assert found.report.key == "second of receipt, src, dst, sport, dport, proto"
    assert found.report.lost == ("start and end millisecond",)


def test_a_table_without_port_and_protocol_reduces_the_key_further(tmp_path: Path) -> None:
    day = days.Day(tmp_path / "day")
    day.flow("scan-1", dst="203.0.113.9")
    path = write(
        tmp_path / "mine.parquet",
        [
            {
                "srcip": "10.20.10.1",
                "dstip": "203.0.113.9",
                "tstart": "2016-07-08 00:01:00",
                "score": 1.0,
            }
        ],
    )
    found = matched(day, path, "flow")
    assert found.row.tolist() == [0]
    assert found.report.lost == ("start and end millisecond", "sport", "dport", "proto")


def test_spellings_of_addresses_and_protocols_do_not_matter(tmp_path: Path) -> None:
    day = days.Day(tmp_path / "day")
    row = day.flow("scan-1", src="2001:db8::1", dst="fd00:20::5", proto=58, dport=32_768)
    day.flow()
    spelled = {**row, "src": "2001:0db8:0:0::1", "dst": "FD00:20::5"}
    found = matched(day, days.product(tmp_path / "r.csv", [spelled]), "flow")
    assert found.row.tolist() == [0]


def test_absent_and_quoted_parts_of_requests_do_not_matter(tmp_path: Path) -> None:
    day = days.Day(tmp_path / "day")
    row = day.proxy("beacon-1", path="/a b", query="")
    path = days.product(tmp_path / "r.csv", [{**row, "path": '"/a b"'}])
    assert matched(day, path, "proxy").row.tolist() == [0]


def test_equal_keys_take_labels_in_the_order_of_suspicion(tmp_path: Path) -> None:
    day = days.Day(tmp_path / "day")
    for label in ("", "beacon-1", "beacon-1"):
        day.proxy(label, name="c2.test", path="/poll")
    day.proxy(name="other.example")
    found = matched(day, days.product(tmp_path / "r.csv", day.rows["proxy"]), "proxy")
    assert sorted(found.row.tolist()) == [0, 1]
    assert found.report.ambiguous == 3


def test_a_key_that_is_malicious_and_a_lookalike_counts_as_malicious(tmp_path: Path) -> None:
    day = days.Day(tmp_path / "day")
    day.proxy("~update_check", path="/poll")
    bad = day.proxy("beacon-1", path="/poll")
    found = matched(day, days.product(tmp_path / "r.csv", [bad]), "proxy")
    assert found.row.tolist() == [-1, 0]
    assert found.report.ambiguous == 1


def test_labelled_records_that_are_not_listed_have_no_row(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    rows = [row for row in day.rows["flow"] if row["known"] != "scan-2"]
    found = matched(day, days.product(tmp_path / "r.csv", rows), "flow")
    assert found.report.found == found.report.labelled - 1
    assert (found.row == -1).sum() == 1


def test_rows_whose_time_or_address_is_missing_are_unmatched(tmp_path: Path) -> None:
    day = days.Day(tmp_path / "day")
    row = day.proxy("beacon-1")
    lines = [days.proxy_line(row, 0.1), days.proxy_line({**row, "src": "null"}, 0.2)]
    path = tmp_path / "proxy_results.csv"
    path.write_text("\n".join(lines) + "\n")
    found = matched(day, path, "proxy")
    assert found.report.unmatched == 1


def test_results_that_cannot_be_matched_at_all_are_refused(tmp_path: Path) -> None:
    day = days.busy(tmp_path / "day")
    path = write(tmp_path / "mine.parquet", [{"tdur": 0.1, "score": 1.0}])
    with pytest.raises(DataError, match="neither file and ordinal nor a time"):
        matched(day, path, "flow")
