"""Suricata's events: valid JSON with the members that loaders need, joined by flow."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from gen_log_events import SPAN, START, contents, recorded, world, written

from spot_gen import events
from spot_gen.clock import HOUR_US, MINUTE_US, microseconds
from spot_gen.events import Events, numbers
from spot_gen.network.addresses import text
from spot_gen.writers.alerts import SIGNATURES
from spot_gen.writers.sensor import plain
from spot_gen.writers.suricata import IDLE_US, Suricata

Row = dict[str, Any]


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def rows(out: Path, kind: str = "") -> list[Row]:
    found = [row for path in sorted((out / "data/suricata").glob("eve_*")) for row in read(path)]
    return [row for row in found if not kind or row["event_type"] == kind]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eve")
    written(Suricata, folder, recorded(), world())
    return folder


@cache
def given() -> Events:
    return recorded()


def test_events_are_in_the_order_of_time_and_in_their_hour(out: Path) -> None:
    found = rows(out)
    times = [microseconds(row["timestamp"]) for row in found]
    assert times == sorted(times)
    assert all(row["timestamp"].endswith("+0000") for row in found)
    assert Counter(row["event_type"] for row in found).keys() == {"flow", "dns", "http"}
    for path in (out / "data/suricata").iterdir():
        hours = {row["timestamp"][:13] for row in read(path)}
        assert hours == {f"2024-03-04T{path.stem[-2:]}"}


def test_every_event_says_who_and_on_which_flow(out: Path) -> None:
    for row in rows(out):
        assert {"flow_id", "src_ip", "dest_ip", "proto"} <= row.keys()
        assert 0 <= row["flow_id"] < 1 << 53
        assert ("src_port" in row) == (row["proto"] in ("TCP", "UDP"))
        assert ("icmp_type" in row) == row["proto"].startswith("ICMP")


def test_flows_come_back(out: Path) -> None:
    found = rows(out, "flow")
    assert len(found) == given().connections.num_rows + given().lookups.num_rows
    assert len({row["flow_id"] for row in found}) == len(found)
    conns = given().connections
    ends = [text(numbers(conns, f"{n}_hi"), numbers(conns, f"{n}_lo")) for n in ("src", "dst")]
    names = ("time_us", "end_us", "packets_up", "bytes_up", "packets_down", "bytes_down")
    made = Counter(zip(*(e.to_pylist() for e in ends), *(conns[n].to_pylist() for n in names),
                       strict=True))  # fmt: skip
    seen = Counter(
        (row["src_ip"], row["dest_ip"], microseconds(row["flow"]["start"]),
         microseconds(row["flow"]["end"]), row["flow"]["pkts_toserver"],
         row["flow"]["bytes_toserver"], row["flow"]["pkts_toclient"],
         row["flow"]["bytes_toclient"])
        for row in found
    )  # fmt: skip
    assert not made - seen
    for row in found:
        assert microseconds(row["timestamp"]) == microseconds(row["flow"]["end"]) + IDLE_US
        assert ("tcp" in row) == (row["proto"] == "TCP")
        if "tcp" in row:
            both = int(row["tcp"]["tcp_flags_ts"], 16) | int(row["tcp"]["tcp_flags_tc"], 16)
            assert int(row["tcp"]["tcp_flags"], 16) == both
            assert row["tcp"].get("syn", False) == bool(both & 2)


def test_questions_and_answers_of_layout_2_have_the_client_first(out: Path) -> None:
    found = rows(out, "dns")
    asked = [row for row in found if row["dns"]["type"] == "query"]
    answered = [row for row in found if row["dns"]["type"] == "answer"]
    silent = int(np.count_nonzero(numbers(given().lookups, "rcode") == 255))
    assert len(asked) == given().lookups.num_rows
    assert len(answered) == len(asked) - silent
    questions = {(row["flow_id"], row["dns"]["id"]): row for row in asked}
    for row in answered:
        question = questions[row["flow_id"], row["dns"]["id"]]
        assert row["src_ip"] == question["src_ip"]
        assert row["dns"]["rrname"] == question["dns"]["rrname"]
        assert row["dns"]["rrtype"] == question["dns"]["rrtype"]
        assert row["dns"]["version"] == 2
    flows = {row["flow_id"]: row for row in rows(out, "flow")}
    assert all(flows[row["flow_id"]]["app_proto"] == "dns" for row in answered)


def test_answers_are_told_one_by_one_and_by_type(out: Path) -> None:
    found = [row["dns"] for row in rows(out, "dns") if "answers" in row["dns"]]
    for dns in found:
        grouped = [value for values in dns["grouped"].values() for value in values]
        assert sorted(grouped) == sorted(answer["rdata"] for answer in dns["answers"])
        assert dns["rcode"] == "NOERROR"
        owners = [answer["rrname"] for answer in dns["answers"]]
        assert owners[0] == dns["rrname"]
        if dns["answers"][0]["rrtype"] == "CNAME":
            assert set(owners[1:]) == {dns["answers"][0]["rdata"]}
    texts = [dns for dns in found if dns["rrtype"] == "TXT"]
    assert texts[0]["grouped"] == {"TXT": ["hello", 'a,"b\\\tc']}
    failed = [row["dns"] for row in rows(out, "dns") if row["dns"].get("rcode") == "NXDOMAIN"]
    assert failed
    assert all("answers" not in dns and dns["flags"].endswith("3") for dns in failed)


def test_layout_3_tells_answers_from_the_server(tmp_path: Path) -> None:
    written(Suricata, tmp_path, given(), world(eve_dns_version=3))
    found = rows(tmp_path, "dns")
    asked = {(r["flow_id"], r["dns"]["id"]): r for r in found if r["dns"]["type"] == "request"}
    answered = [row for row in found if row["dns"]["type"] == "response"]
    assert answered
    for row in answered:
        question = asked[row["flow_id"], row["dns"]["id"]]
        assert (row["src_ip"], row["src_port"]) == (question["dest_ip"], question["dest_port"])
        assert row["src_port"] == 53
        assert row["dns"]["queries"] == question["dns"]["queries"]
        assert row["dns"]["version"] == 3


def test_requests_come_back_on_their_flow(out: Path) -> None:
    found, flows = rows(out, "http"), {row["flow_id"]: row for row in rows(out, "flow")}
    table = plain(given().requests)
    assert len(found) == table.num_rows
    for row, event in zip(found, table.to_pylist(), strict=True):
        http, tunnel = row["http"], event["method"] == "CONNECT"
        url = f"{event['host']}:{event['port']}" if tunnel else event["path"] + event["query"]
        assert (http["hostname"], http["url"]) == (event["host"], url)
        assert http.get("http_user_agent", "") == event["agent"]
        assert http["status"] == event["status"]
        flow = flows[row["flow_id"]]
        for name in ("src_ip", "src_port", "dest_ip", "dest_port"):
            assert flow[name] == row[name]


@pytest.mark.parametrize("outputs", [{}, {"eve_dns_version": 3, "eve_alerts": True}])
def test_batches_do_not_matter(outputs: dict[str, Any], tmp_path: Path) -> None:
    place = world(**outputs)
    whole = written(Suricata, tmp_path / "a", given(), place)
    parts = written(Suricata, tmp_path / "b", given(), place, 7 * MINUTE_US)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    keys = [("file", "ascending"), ("ordinal", "ascending")]
    assert whole.marked().sort_by(keys).equals(parts.marked().sort_by(keys))


def test_a_span_in_two_pieces_is_the_same(tmp_path: Path) -> None:
    written(Suricata, tmp_path / "a", given(), world())
    for first, last in pairwise((START - HOUR_US, START + HOUR_US, START + SPAN + HOUR_US)):
        writer = Suricata(tmp_path / "b", world())
        writer.prior(given().between(0, first))
        writer.write(given().between(first, last), first, last)
        writer.close()
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_marks_say_where_labelled_records_are(tmp_path: Path) -> None:
    output = written(Suricata, tmp_path, given(), world(eve_alerts=True))
    found = {file.file: read(tmp_path / file.file) for file in output.files}
    kinds: Counter[str] = Counter()
    for mark in output.marked().to_pylist():
        row = found[mark["file"]][mark["ordinal"] - 1]
        kinds[row["event_type"]] += 1
        assert mark["src"] == row["src_ip"]
        if row["event_type"] == "dns":
            assert mark["name"] == row["dns"]["rrname"]
        if row["event_type"] == "flow":
            assert mark["time_us"] == microseconds(row["flow"]["start"])
    labelled = [int(np.count_nonzero(numbers(t, "label"))) for t in (
        given().connections, given().lookups, plain(given().requests))]  # fmt: skip
    assert kinds["flow"] == labelled[0] + labelled[1]
    assert kinds["http"] == labelled[2]


def test_alerts_depend_on_what_is_seen_and_never_on_labels(tmp_path: Path) -> None:
    place = world(eve_alerts=True)
    written(Suricata, tmp_path / "a", given(), place)
    unlabelled = Events(
        **{
            name: table.set_column(
                table.schema.get_field_index("label"),
                events.SCHEMAS[name].field("label"),
                [pa.array(np.zeros(table.num_rows, np.int32))],
            )
            for name, table in given().tables().items()
        }
    )
    output = written(Suricata, tmp_path / "b", unlabelled, place)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert not output.marked().num_rows
    alerts = rows(tmp_path / "a", "alert")
    known = {one.number: one for kinds in SIGNATURES.values() for one in kinds}
    assert len({row["alert"]["signature_id"] for row in alerts}) > 2
    for row in alerts:
        one = known[row["alert"]["signature_id"]]
        assert (row["alert"]["signature"], row["alert"]["severity"]) == (one.text, one.severity)
    assert {row["flow_id"] for row in alerts} <= {
        r["flow_id"] for r in rows(tmp_path / "a", "flow")
    }


def test_nothing_to_write_is_no_file(tmp_path: Path) -> None:
    assert written(Suricata, tmp_path, replace(Events.none()), world()).files == []
