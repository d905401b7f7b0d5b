"""A run of OA: what it puts into the tables, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spot_common.errors import DataError, NotFoundError, ServiceError, UsageError
from spot_common.registry import check_source
from spot_common.warehouse import day_values
from spot_oa.results import typed
from spot_oa.run import run
from tests.oa import days
from tests.oa.conftest import DAY, KNOWN
from tests.oa.twin import HUSER, Twin


def rows(twin: Twin, name: str, table: str, day: date = DAY) -> list[dict[str, Any]]:
    return twin.get(check_source(name).table(table), day_values(day))


def of(found: Sequence[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in found]


def test_flow_scores_keep_the_order_and_say_what_is_internal(analysed: Twin) -> None:
    found = rows(analysed, "flow", "flow_scores")
    assert of(found, "rank", "srcip", "srcip_internal", "dstip_internal") == [
        (0, "10.0.0.1", 1, 0),
        (1, "198.51.100.8", 0, 1),
        (2, "10.0.0.1", 1, 0),
        (3, "2001:db8::1", 0, 1),
    ]
    assert found[0]["tstart"] == "2016-07-08 03:05:01"
    assert found[0]["src_geoloc"] == found[0]["dst_rep"] == ""


def test_a_counter_too_large_for_its_column_is_stored_as_the_largest(analysed: Twin) -> None:
    assert rows(analysed, "flow", "flow_scores")[2]["ibyt"] == 2**31 - 1
    assert 3_000_000_000 in {row["ibyt"] for row in rows(analysed, "flow", "flow_edge")}


def test_flow_edges_are_both_directions_of_the_minute_once(analysed: Twin) -> None:
    assert of(rows(analysed, "flow", "flow_edge"), "tstart", "srcip", "hh", "mn") == [
        ("2016-07-08 03:05:01", "10.0.0.1", 3, 5),
        ("2016-07-08 03:05:09", "10.0.0.1", 3, 5),
        ("2016-07-08 03:05:40", "198.51.100.8", 3, 5),
        ("2016-07-08 17:00:00", "2001:db8::1", 17, 0),
    ]


def test_chords_total_the_day_of_addresses_with_several_peers(analysed: Twin) -> None:
    found = rows(analysed, "flow", "flow_chords")
    assert of(found, "ip_threat", "srcip", "dstip", "ibyt", "ipkt") == [
        ("10.0.0.1", "10.0.0.1", "198.51.100.8", 100, 2),
        ("10.0.0.1", "10.0.0.1", "203.0.113.1", 3_000_000_000, 2),
        ("10.0.0.1", "198.51.100.8", "10.0.0.1", 200, 6),
    ]


def test_the_summary_counts_whole_records_per_minute(analysed: Twin) -> None:
    assert of(rows(analysed, "flow", "flow_ingest_summary"), "tdate", "total") == [
        ("2016-07-08 03:05", 3),
        ("2016-07-08 03:06", 1),
        ("2016-07-08 17:00", 1),
    ]
    assert of(rows(analysed, "dns", "dns_ingest_summary"), "tdate", "total") == [
        ("2016-07-08 10:10", 1),
        ("2016-07-08 10:11", 1),
        ("2016-07-08 10:59", 1),
        ("2016-07-08 11:00", 1),
        ("2016-07-08 12:00", 1),
    ]
    assert of(rows(analysed, "proxy", "proxy_ingest_summary"), "tdate", "total") == [
        ("2016-07-08 08:00", 2),
        ("2016-07-08 08:59", 1),
        ("2016-07-08 09:00", 1),
    ]


def test_dns_scores_have_domain_hour_and_names(analysed: Twin) -> None:
    found = rows(analysed, "dns", "dns_scores")
    assert of(found, "tld", "hh", "dns_qry_class_name", "dns_qry_type_name")[:3] == [
        ("evil-tunnel.co.uk", 10, "Internet (IN)", "A"),
        ("evil-tunnel.co.uk", 10, "Internet (IN)", "A"),
        (None, 10, "Internet (IN)", "A"),
    ]
    assert found[0]["dns_qry_rcode_name"] == "NoError"


def test_dns_edges_are_the_exact_name_in_its_hour(analysed: Twin) -> None:
    found = rows(analysed, "dns", "dns_edge")
    assert of(found, "dns_qry_name", "ip_dst", "hh") == [
        (days.HOSTILE["dns_qry_name"], "10.0.0.3", 12),
        ("printer.local", "10.0.0.1", 10),
        ("x9f.evil-tunnel.co.uk", "10.0.0.1", 10),
        ("x9f.evil-tunnel.co.uk", "10.0.0.2", 10),
    ]


def test_the_dendrogram_has_each_client_once(analysed: Twin) -> None:
    found = rows(analysed, "dns", "dns_dendro")
    assert of(found, "ip_dst", "dns_qry_name", "dns_a") == [
        ("10.0.0.1", "x9f.evil-tunnel.co.uk", "203.0.113.7|203.0.113.8"),
        ("10.0.0.1", "printer.local", None),
        ("10.0.0.2", "x9f.evil-tunnel.co.uk", "203.0.113.7"),
        ("10.0.0.2", "x9f.evil-tunnel.co.uk", "203.0.113.7"),
        ("10.0.0.3", days.HOSTILE["dns_qry_name"], "203.0.113.7"),
    ]


def test_proxy_rows_keep_texts_that_look_like_numbers(analysed: Twin) -> None:
    found = rows(analysed, "proxy", "proxy_scores")
    assert of(found, "username", "respcode", "respcode_name", "useragent") == [
        ("1234", 200, "OK", '"Mozilla/5.0 (X11)"'),
        ("1234", None, "", '"Mozilla/5.0 (X11)"'),
    ]


def test_proxy_edges_are_uri_client_and_hour(analysed: Twin) -> None:
    found = rows(analysed, "proxy", "proxy_edge")
    assert sorted(of(found, "time", "clientip", "hh", "respcode_name")) == [
        ("08:00:01", "10.0.0.1", 8, "OK"),
        ("08:00:02", "10.0.0.2", 8, "Unknown (-)"),
        ("08:59:59", "10.0.0.1", 8, "OK"),
    ]


def test_a_name_takes_at_most_250_records_of_its_hour(twin: Twin) -> None:
    schema = check_source("dns")
    many = [
        days.dns(f"10:00:{n % 60:02d}", f"10.1.0.{n % 200}", "busy.example.com") for n in range(600)
    ]
    twin.put(schema.raw, {**day_values(DAY), "h": 10}, many)
    twin.put_results("dns", DAY, [days.dns_result(many[0], "1.0E-7")])
    run(twin, "dns", DAY, 10, KNOWN)
    found = rows(twin, "dns", "dns_edge")
    assert len(found) == 250
    assert found == sorted(found, key=lambda row: (row["unix_tstamp"], row["ip_dst"]))


def test_a_second_run_gives_the_same_and_the_limit_cuts(analysed: Twin) -> None:
    before = {name: dict(parts) for name, parts in analysed.tables.rows.items()}
    report = run(analysed, "flow", DAY, 3000, KNOWN)
    assert analysed.tables.rows == before
    assert report.rows["flow_scores"] == 4
    assert run(analysed, "flow", DAY, 2, KNOWN).rows["flow_scores"] == 2


def test_the_file_in_hdfs_is_read_each_time(analysed: Twin) -> None:
    analysed.put_results("flow", DAY, [days.flow_result(days.LARGE, "9.0E-6")])
    run(analysed, "flow", DAY, 3000, KNOWN)
    assert of(rows(analysed, "flow", "flow_scores"), "dstip") == [("203.0.113.1",)]


def test_a_day_without_raw_records_still_has_its_rows(twin: Twin) -> None:
    twin.tables.rows.clear()
    report = run(twin, "dns", DAY, 3000, KNOWN)
    assert report.rows == {
        "dns_edge": 0,
        "dns_dendro": 0,
        "dns_ingest_summary": 0,
        "dns_scores": 4,
    }


def test_a_value_that_is_no_number_becomes_null_and_is_counted(twin: Twin) -> None:
    line = days.flow_result(days.OUT, "1.0E-6")
    line[10] = "many"
    twin.put_results("flow", DAY, [line])
    report = run(twin, "flow", DAY, 3000, KNOWN)
    assert report.unreadable_values == 1
    assert rows(twin, "flow", "flow_scores")[0]["sport"] is None


def test_a_score_too_small_for_32_bits_is_not_nothing():
    table = check_source("dns").table("dns_scores")
    texts = pd.DataFrame({"ml_score": ["0", "1e-304", "1e-45", "0.5", None]}, dtype=object)
    found, bad = typed(texts, table)
    smallest = float(np.finfo(np.float32).tiny)
    assert found["ml_score"].tolist()[:4] == [0.0, smallest, smallest, 0.5]
    assert bad == 0


def test_rows_that_name_another_day_are_counted(twin: Twin) -> None:
    stray = {**days.OUT, "treceived": "2016-07-09 00:00:00"}
    twin.put_results("flow", DAY, [days.flow_result(stray, "1.0E-6")])
    assert run(twin, "flow", DAY, 3000, KNOWN).rows_of_other_days == 1


def test_no_results_names_the_nearest_day(twin: Twin) -> None:
    with pytest.raises(NotFoundError, match="nearest day that has some is 2016-07-08"):
        run(twin, "flow", date(2016, 8, 1), 10, KNOWN)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "has no rows"), (b"a\tb\n", "line 1 has 2 values, not 18")],
)
def test_bad_results_change_nothing(analysed: Twin, content: bytes, message: str) -> None:
    before = {name: dict(parts) for name, parts in analysed.tables.rows.items()}
    path = f"{HUSER}/flow/scored_results/20160708/scores/flow_results.csv"
    analysed.files.content[path] = content
    with pytest.raises(DataError, match=message):
        run(analysed, "flow", DAY, 10, KNOWN)
    assert analysed.tables.rows == before


@pytest.mark.parametrize("what", ["down", "sql_down"])
def test_storage_that_does_not_answer_changes_nothing(analysed: Twin, what: str) -> None:
    before = {name: dict(parts) for name, parts in analysed.tables.rows.items()}
    analysed.put_results("flow", DAY, [days.flow_result(days.LARGE, "9.0E-6")])
    setattr(analysed.tables, what, True)
    with pytest.raises(ServiceError):
        run(analysed, "flow", DAY, 10, KNOWN)
    assert analysed.tables.rows == before


def test_bad_arguments(twin: Twin) -> None:
    with pytest.raises(UsageError, match="unknown source"):
        run(twin, "components", DAY, 10)
    with pytest.raises(UsageError, match="below 1"):
        run(twin, "flow", DAY, 0)
