"""Zeek's logs: read back by the rules of their own header, and joined by uid."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gen_log_events import SPAN, START, contents, recorded, world, written

from spot_gen.clock import HOUR_US, MINUTE_US
from spot_gen.events import Events, numbers
from spot_gen.network.addresses import text
from spot_gen.writers.files import Output
from spot_gen.writers.sensor import plain
from spot_gen.writers.zeek import Zeek
from spot_gen.writers.zeek_format import CONVERSIONS

#: Columns of logs of real installations, in their order.
REAL = {
    "conn": "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes "
    "resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes "
    "resp_pkts resp_ip_bytes tunnel_parents",
    "dns": "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto trans_id rtt query qclass "
    "qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs rejected",
    "http": "ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method host uri referrer "
    "version user_agent origin request_body_len response_body_len status_code status_msg "
    "info_code info_msg tags username password proxied orig_fuids orig_filenames "
    "orig_mime_types resp_fuids resp_filenames resp_mime_types",
}
TYPES = {
    "conn": "time string addr port addr port enum string interval count count string bool bool "
    "count string count count count count set[string]",
    "dns": "time string addr port addr port enum count interval string count string count string "
    "count string bool bool bool bool count vector[string] vector[interval] bool",
    "http": "time string addr port addr port count string string string string string string "
    "string count count count string count string set[enum] string string set[string] "
    "vector[string] vector[string] vector[string] vector[string] vector[string] vector[string]",
}
STATES = {
    "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH",
}  # fmt: skip

Row = dict[str, Any]


def unescaped(value: str) -> str:
    return re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), value)


def value(field: str, kind: str) -> Any:
    """Read a value by Zeek's rules."""
    if field == "-":
        return None
    if "[" in kind:
        item = kind.split("[")[1][:-1]
        return [] if field == "(empty)" else [value(part, item) for part in field.split(",")]
    if kind in ("time", "interval"):
        whole, _, fraction = field.partition(".")
        return int(whole) * 1_000_000 + int(fraction)
    if kind in ("count", "port"):
        return int(field)
    return {"T": True, "F": False}[field] if kind == "bool" else unescaped(field)


def read(path: Path) -> list[Row]:
    lines = path.read_text("utf-8").split("\n")
    assert lines.pop() == ""
    head = dict(re.split("[\t ]", line[1:], maxsplit=1) for line in lines if line[0] == "#")
    names, kinds = head["fields"].split("\t"), head["types"].split("\t")
    rows = [line.split("\t") for line in lines if line[0] != "#"]
    return [{n: value(f, k) for n, f, k in zip(names, row, kinds, strict=True)} for row in rows]


def log(out: Path, kind: str) -> list[Row]:
    return [row for path in sorted((out / "data/zeek").glob(f"{kind}_*")) for row in read(path)]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zeek")
    written(Zeek, folder, recorded(), world())
    return folder


@cache
def given() -> Events:
    return recorded()


@pytest.mark.parametrize("kind", ["conn", "dns", "http"])
def test_header_names_the_columns_of_real_logs(kind: str, out: Path) -> None:
    path = out / f"data/zeek/{kind}_2024030409.log"
    head = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    assert head == [
        "#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-",
        f"#path\t{kind}", "#open\t2024-03-04-09-00-00",
        "#fields\t" + REAL[kind].replace(" ", "\t"), "#types\t" + TYPES[kind].replace(" ", "\t"),
    ]  # fmt: skip


def test_connections_come_back(out: Path) -> None:
    rows = log(out, "conn")
    assert len(rows) == given().connections.num_rows + given().lookups.num_rows
    assert {row["conn_state"] for row in rows} <= STATES
    assert len({row["uid"] for row in rows}) == len(rows)
    assert all(re.fullmatch("C[A-Za-z0-9]{17}", row["uid"]) for row in rows)
    found = Counter(
        (row["ts"], row["id.orig_h"], row["id.resp_h"], row["orig_pkts"], row["orig_ip_bytes"],
         row["resp_pkts"], row["resp_ip_bytes"])
        for row in rows
    )  # fmt: skip
    conns = given().connections
    names = ("packets_up", "bytes_up", "packets_down", "bytes_down")
    ends = [text(numbers(conns, f"{n}_hi"), numbers(conns, f"{n}_lo")) for n in ("src", "dst")]
    made = zip(
        numbers(conns, "time_us").tolist(), *(e.to_pylist() for e in ends),
        *(numbers(conns, n).tolist() for n in names), strict=True,
    )  # fmt: skip
    assert not Counter(made) - found


def test_states_and_histories_follow_the_flags(out: Path) -> None:
    rows = [row for row in log(out, "conn") if row["proto"] == "tcp"]
    pairs = Counter((row["conn_state"], row["history"]) for row in rows)
    assert pairs[("REJ", "Sr")]
    assert pairs[("S0", "S")]
    assert any(state == "SF" and history == "ShADadFf" for state, history in pairs)
    assert any(state == "RSTR" and history.endswith("r") for state, history in pairs)
    assert any(state == "S1" for state, _ in pairs)
    assert pairs[("OTH", "F")] == 27


def test_single_packets_have_no_duration(out: Path) -> None:
    for row in log(out, "conn"):
        alone = row["orig_pkts"] + row["resp_pkts"] <= 1
        assert alone == (row["duration"] is None) == (row["orig_bytes"] is None)


def test_own_addresses_are_told_from_others(out: Path) -> None:
    for row in log(out, "conn"):
        for side in ("orig", "resp"):
            own = row[f"id.{side}_h"].startswith(("10.20.", "fd00:20:"))
            assert row[f"local_{side}"] == own


def test_lookups_come_back_and_have_their_connection(out: Path) -> None:
    rows, conns = log(out, "dns"), {row["uid"]: row for row in log(out, "conn")}
    table = given().lookups
    assert len(rows) == table.num_rows
    assert Counter((r["ts"], r["query"], r["qtype"], r["trans_id"]) for r in rows) == Counter(
        zip(*(table[n].to_pylist() for n in ("time_us", "qname", "qtype", "txid")), strict=True)
    )
    for row in rows:
        conn = conns[row["uid"]]
        names = ("ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto")
        assert [conn[name] for name in names] == [row[name] for name in names]
        assert (row["rcode"] is None) == (row["rtt"] is None) == (conn["service"] is None or
                conn["conn_state"] == "S0")  # fmt: skip
        assert (row["answers"] is None) == (row["TTLs"] is None)


def test_answers_are_text(out: Path) -> None:
    found = {row["query"]: row for row in log(out, "dns") if row["answers"]}
    assert found["x,y.t.example"]["answers"] == ["TXT 5 hello", 'TXT 7 a,"b\\\tc']
    assert found["7.1.20.10.in-addr.arpa.example"]["answers"] == ["dns.corp.example"]
    aliased = [row for row in found.values() if "edge.cachenet" in row["answers"][0]]
    assert aliased
    assert all(len(row["answers"]) == len(row["TTLs"]) for row in found.values())
    addresses = {a for row in found.values() if row["qtype"] == 1 for a in row["answers"]}
    assert all(a.startswith(("198.18.", "198.19.")) or a.endswith(".example") for a in addresses)


def test_requests_come_back_on_the_connection_that_carries_them(out: Path) -> None:
    rows, conns = log(out, "http"), {row["uid"]: row for row in log(out, "conn")}
    table = plain(given().requests)
    assert len(rows) == table.num_rows
    for row, event in zip(rows, table.to_pylist(), strict=True):
        uri = event["path"] + event["query"]
        if event["method"] == "CONNECT":
            uri = f"{event['host']}:{event['port']}"
        assert (row["host"], row["uri"] or "") == (event["host"], uri)
        assert (row["user_agent"] or "") == event["agent"]
        assert (row["status_code"], row["method"]) == (event["status"], event["method"])
        conn = conns[row["uid"]]
        names = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
        assert [conn[name] for name in names] == [row[name] for name in names]
        assert conn["ts"] <= row["ts"]
        assert conn["service"] == "http" or conn["orig_bytes"] == 0 or conn["resp_bytes"] == 0


def test_requests_of_a_connection_are_counted(out: Path) -> None:
    depths: dict[str, list[int]] = {}
    for row in log(out, "http"):
        depths.setdefault(row["uid"], []).append(row["trans_depth"])
    assert all(found == list(range(1, len(found) + 1)) for found in depths.values())
    assert max(map(len, depths.values())) > 1


@pytest.mark.parametrize("form", ["tsv", "json"])
def test_batches_do_not_matter(form: str, tmp_path: Path) -> None:
    place = world(zeek_format=form)
    whole = written(Zeek, tmp_path / "a", given(), place)
    parts = written(Zeek, tmp_path / "b", given(), place, 7 * MINUTE_US)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert whole.files == parts.files
    assert ordered(whole).equals(ordered(parts))


def ordered(output: Output) -> Any:
    return output.marked().sort_by([("file", "ascending"), ("ordinal", "ascending")])


def test_a_span_in_two_pieces_is_the_same(tmp_path: Path) -> None:
    written(Zeek, tmp_path / "a", given(), world())
    middle = START + HOUR_US
    edges = (START - HOUR_US, middle, START + SPAN + HOUR_US)
    for first, last in pairwise(edges):
        writer = Zeek(tmp_path / "b", world())
        writer.prior(given().between(0, first))
        writer.write(given().between(first, last), first, last)
        writer.close()
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("kind", ["conn", "dns", "http"])
def test_json_says_the_same(kind: str, out: Path, tmp_path: Path) -> None:
    written(Zeek, tmp_path, given(), world(zeek_format="json"))
    files = sorted((tmp_path / "data/zeek").glob(f"{kind}_*"))
    rows = [json.loads(line) for f in files for line in f.read_text("utf-8").splitlines()]
    kinds = dict(zip(REAL[kind].split(), TYPES[kind].split(), strict=True))
    expected = [{n: v for n, v in row.items() if v is not None} for row in log(out, kind)]
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert list(row) == list(wanted)
        for name, found in row.items():
            scale = 1_000_000 if kinds[name] in ("time", "interval") else None
            if name == "TTLs":
                assert [round(one * 1_000_000) for one in found] == wanted[name]
            else:
                assert (round(found * scale) if scale else found) == wanted[name]


def test_marks_say_where_labelled_records_are(tmp_path: Path) -> None:
    output = written(Zeek, tmp_path, given(), world())
    rows = {file.file: read(tmp_path / file.file) for file in output.files}
    marks = output.marked().to_pylist()
    tables = (given().connections, given().lookups, given().lookups, plain(given().requests))
    assert len(marks) == sum(int(np.count_nonzero(numbers(t, "label"))) for t in tables)
    for mark in marks:
        row = rows[mark["file"]][mark["ordinal"] - 1]
        assert row["id.orig_h"] == mark["src"]
        wanted = {"dns": ("query", "name"), "http": ("host", "name"), "conn": ("ts", "time_us")}
        column, key = wanted[Path(mark["file"]).name.split("_")[0]]
        assert row[column] == mark[key]


def test_every_type_can_be_written_both_ways() -> None:
    kinds = {kind for kinds in TYPES.values() for kind in kinds.split()}
    assert all(kinds == set(table) for table in CONVERSIONS.values())
