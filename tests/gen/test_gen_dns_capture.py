"""Captures of DNS, against tshark and nfpcapd."""

import collections
import subprocess

import pytest
from gen_captures import (
    START,
    frames,
    happened,
    lookups,
    many_lookups,
    tshark,
    world,
    written,
    wrong,
)
from gen_flow_events import nfdump

from spot_gen import dnswire, events
from spot_gen.clock import HOUR_US, MINUTE_US
from spot_gen.config import Attack
from spot_gen.network.addresses import text
from spot_gen.writers import writers
from spot_gen.writers.dns import DnsWriter

WINDOW = 15 * MINUTE_US


def capture(folder, table, **outputs):
    """Write one window; return its only file and what else there is."""
    output, (file,) = written(DnsWriter(folder, world(**outputs)), happened(lookups=table))
    return file, output


def by_bytes(writer, made, batch_us):
    output, files = written(writer, made, batch_us=batch_us)
    return {file.name: file.read_bytes() for file in files}, output


def test_the_writer_is_found_by_its_source():
    assert writers()["dns"] is DnsWriter


def test_tshark_reads_back_everything_that_was_put_in(tmp_path):
    table = many_lookups(400, WINDOW)
    file, output = capture(tmp_path, table)
    assert wrong(file) == []
    counts = output.files[0].counts
    assert counts["records"] == 400
    assert counts["packets"] == len(frames(file))
    assert counts["responses"] == len(tshark(file, "frame.number", where="dns.flags.response == 1"))
    assert counts["responses"] == int(dnswire.answered(table).sum())
    asked = tshark(
        file, "dns.id", "dns.qry.name", "dns.qry.type", "udp.srcport", "tcp.srcport", "dns.opt",
        "dns.resp.type", "dns.flags.recdesired", where="dns.flags.response == 0",
    )  # fmt: skip
    seen = {int(row[3] or row[4]): row for row in asked}
    assert len(seen) == 400
    for row in table.to_pylist():
        found = seen[row["sport"]]
        assert (int(found[0], 16), found[1], int(found[2])) == (row["txid"], row["qname"], 1)
        assert (found[6] == "41") == row["edns"]
        assert found[7] == "1"


def test_tshark_reads_back_the_answers(tmp_path):
    table = many_lookups(400, WINDOW)
    file, _ = capture(tmp_path, table)
    told = tshark(
        file, "udp.dstport", "tcp.dstport", "dns.id", "dns.flags.rcode", "dns.a", "dns.cname",
        "dns.resp.ttl", "dns.count.answers", "dns.count.auth_rr", "frame.time_epoch",
        where="dns.flags.response == 1",
    )  # fmt: skip
    seen = {int(row[0] or row[1]): row for row in told}
    for row in table.to_pylist():
        if row["rcode"] == 255:
            assert row["sport"] not in seen
            continue
        _, _, txid, rcode, addresses, alias, ttl, answers, zones, time = seen[row["sport"]]
        assert (int(txid, 16), int(rcode)) == (row["txid"], row["rcode"])
        expected = [".".join(map(str, data)) for data in row["answers"]]
        assert addresses.split(",") == (expected or [""])
        assert alias == row["cname"]
        assert int(answers) == len(expected) + (row["cname"] != "")
        assert int(zones) == (int(answers) == 0 and row["rcode"] in (0, 3))
        assert set(filter(None, ttl.split(","))) <= {"300", "0"}
        assert round(float(time) * 10**6) // 10 == (row["time_us"] + row["rtt_us"]) // 10


def test_an_exchange_over_tcp_is_a_whole_connection(tmp_path):
    table = lookups(proto=[6], answers=[[bytes([198, 18, 0, i]) for i in range(200)]])
    file, _ = capture(tmp_path, table)
    rows = tshark(file, "tcp.flags.str", "tcp.len", "tcp.seq", "tcp.ack", "tcp.analysis.flags")
    assert [(row[0].replace("·", ""), *map(int, row[1:4])) for row in rows] == [
        ("S", 0, 0, 0),
        ("AS", 0, 0, 1),
        ("A", 0, 1, 1),
        ("AP", 36, 1, 1),
        ("A", 0, 1, 37),
        ("AP", 3236, 1, 37),
        ("A", 0, 37, 3237),
        ("AF", 0, 37, 3237),
        ("AF", 0, 3237, 38),
        ("A", 0, 38, 3238),
    ]
    assert {row[4] for row in rows} == {""}
    assert tshark(file, "dns.count.answers", where="dns.flags.response == 1") == [["200"]]


def test_connections_are_what_nfpcapd_counts(tmp_path):
    table = many_lookups(300, WINDOW)
    file, _ = capture(tmp_path, table)
    flows = tmp_path / "flows"
    flows.mkdir()
    subprocess.run(["nfpcapd", "-r", file, "-w", flows], check=True, capture_output=True)
    counted: collections.Counter[tuple] = collections.Counter()
    for name in sorted(flows.glob("nfcapd.*")):
        form = "fmt:%sa %da %sp %dp %pkt %byt"
        for line in nfdump("-6", "-N", "-q", "-r", name, "-o", form).splitlines():
            src, dst, sport, dport, packets, octets = line.split()
            ends = src, dst, int(sport), int(dport)
            counted[ends, "packets"] += int(packets)
            counted[ends, "bytes"] += int(octets)
    made = dnswire.connections(table)
    columns = {end: text(*_halves(made, end)).to_pylist() for end in ("src", "dst")}
    expected: collections.Counter[tuple] = collections.Counter()
    for row, src, dst in zip(made.to_pylist(), columns["src"], columns["dst"], strict=True):
        up = (src, dst, row["sport"], 53), (dst, src, 53, row["sport"])
        for ends, way in zip(up, ("up", "down"), strict=True):
            for what in ("packets", "bytes"):
                if row[f"packets_{way}"]:
                    expected[ends, what] += row[f"{what}_{way}"]
    assert counted == expected


def _halves(table, end):
    return events.numbers(table, f"{end}_hi"), events.numbers(table, f"{end}_lo")


def test_connections_have_the_packets_times_and_flags_of_the_capture(tmp_path):
    table = many_lookups(120, WINDOW)
    file, _ = capture(tmp_path, table)
    seen: dict[int, dict[str, int]] = collections.defaultdict(lambda: collections.Counter())
    fields = ("udp.srcport", "tcp.srcport", "udp.dstport", "tcp.dstport", "tcp.flags")
    rows = tshark(file, *fields, "frame.len")
    for (time, _, _), row in zip(frames(file), rows, strict=True):
        sport, dport = int(row[0] or row[1]), int(row[2] or row[3])
        way = "up" if dport == 53 else "down"
        flow = seen[sport if way == "up" else dport]
        flow[f"packets_{way}"] += 1
        flow[f"bytes_{way}"] += int(row[5]) - 14
        flow[f"flags_{way}"] |= int(row[4] or "0", 16)
        flow["end_us"] = max(flow["end_us"], time)
    for row in dnswire.connections(table).to_pylist():
        flow = seen[row["sport"]]
        names = [
            f"{what}_{way}" for what in ("packets", "bytes", "flags") for way in ("up", "down")
        ]
        for name in [*names, "end_us"]:
            assert row[name] == flow[name], (name, row)


@pytest.mark.parametrize("limit", [None, 9_000])
@pytest.mark.parametrize("batch_us", [1_700_000, 7 * MINUTE_US, WINDOW])
def test_files_and_marks_do_not_depend_on_batches(tmp_path, batch_us, limit):
    made = happened(lookups=many_lookups(500, 40 * MINUTE_US))
    results = []
    for number, length in enumerate((HOUR_US, batch_us)):
        writer = DnsWriter(tmp_path / str(number), world())
        writer.largest = limit or writer.largest
        results.append(by_bytes(writer, made, length))
    (files, output), (again, other) = results
    assert list(files) == list(again)
    assert files == again
    assert output.files == other.files
    assert output.marked().equals(other.marked())


def test_a_file_has_the_questions_of_its_quarter_and_their_answers_in_order(tmp_path):
    table = lookups(
        time_us=[START + 1, START + WINDOW - 10, START + WINDOW, START + WINDOW + 5],
        rtt_us=[900_000, 50_000, 50_000, 10],
    )
    output, files = written(DnsWriter(tmp_path, world()), happened(lookups=table))
    assert [file.name for file in files] == ["dns_202403040000.pcap", "dns_202403040015.pcap"]
    times = [[time - START for time, _, _ in frames(file)] for file in files]
    assert times[0] == [1, 900_001, WINDOW - 10, WINDOW + 49_990]
    assert times[1] == [WINDOW, WINDOW + 5, WINDOW + 15, WINDOW + 50_000]
    first = output.files[0]
    assert (first.first_us, first.last_us) == (START + 1, START + WINDOW + 49_990)


def test_a_file_that_grew_too_large_is_followed_by_a_numbered_one(tmp_path):
    writer = DnsWriter(tmp_path, world())
    assert writer.largest == 200_000_000
    writer.largest = 1_000
    output, files = written(writer, happened(lookups=lookups(qname=["a.example"] * 30)))
    stem = "dns_202403040000"
    assert [file.name for file in files][:3] == [f"{stem}{n}.pcap" for n in ("", "_1", "_2")]
    assert all(1_000 < file.stat().st_size < 1_150 for file in files[:-1])
    assert sum(file.counts["records"] for file in output.files) == 30
    assert sum(len(frames(file)) for file in files) == 60


def test_marks_are_at_the_answer_or_at_the_question_without_one(tmp_path):
    table = many_lookups(400, WINDOW)
    file, output = capture(tmp_path, table)
    marked = output.marked().to_pylist()
    labelled = {row["sport"]: row for row in events.labelled(table).to_pylist()}
    assert len(marked) == len(labelled) > 20
    rows = tshark(
        file, "frame.time_epoch", "dns.qry.name", "dns.flags.response", "udp.srcport",
        "tcp.srcport", "udp.dstport", "tcp.dstport", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst",
    )  # fmt: skip
    times = [time for time, _, _ in frames(file)]
    for mark in marked:
        row = rows[mark["ordinal"] - 1]
        answer = row[2] == "1"
        event = labelled.pop(int((row[5] or row[6]) if answer else (row[3] or row[4])))
        assert answer == (event["rcode"] != 255)
        assert mark["time_us"] == times[mark["ordinal"] - 1]
        assert mark["src"] == ((row[9] or row[10]) if answer else (row[7] or row[8]))
        assert (mark["name"], mark["type"]) == (row[1], event["qtype"])
        assert (mark["marker"], mark["stage"]) == (event["label"], event["stage"])
        assert mark["file"] == "data/dns/dns_202403040000.pcap"
    assert not labelled


def test_marks_count_frames_of_their_own_file(tmp_path):
    writer = DnsWriter(tmp_path, world())
    writer.largest = 700
    output, _ = written(writer, happened(lookups=lookups(qname=["a.example"] * 9, label=1)))
    counts = {file.file: file.counts["packets"] for file in output.files}
    marks = output.marked().to_pylist()
    assert len(marks) == 9
    assert all(1 <= mark["ordinal"] <= counts[mark["file"]] for mark in marks)
    assert len({(mark["file"], mark["ordinal"]) for mark in marks}) == 9


def test_nanoseconds_and_labels_as_transaction_numbers_are_options(tmp_path):
    table = lookups(label=[0, 2, 3, -2])
    plain, _ = capture(tmp_path / "plain", table)
    assert [int(row[0], 16) for row in tshark(plain, "dns.id")][::2] == [100, 101, 102, 103]
    attacks = [Attack(scenario=name) for name in ("dga", "dns_tunnel", "dns_tunnel_tcp")]
    made = world(attacks, nanoseconds=True, label_in_dns_id=True)
    writer = DnsWriter(tmp_path, made)
    _, (file,) = written(writer, happened(lookups=table))
    assert file.read_bytes()[:4] == b"\x4d\x3c\xb2\xa1"
    ids = [int(row[0], 16) for row in tshark(file, "dns.id")]
    assert ids[::2] == ids[1::2]
    assert (ids[0], ids[6]) == (1008, 1008)
    assert ids[2] in (1002, 1003)
    assert ids[4] in (1001, 1005, 1007)
    assert frames(file)[0][0] == START * 1000


def test_no_lookups_leave_no_file(tmp_path):
    output, files = written(DnsWriter(tmp_path, world()), happened())
    assert (output.files, files, output.marked().num_rows) == ([], [], 0)


def test_a_span_may_begin_within_a_window(tmp_path):
    writer = DnsWriter(tmp_path, world())
    table = lookups(time_us=[START + 5 * MINUTE_US])
    writer.write(happened(lookups=table), START + 5 * MINUTE_US, START + 6 * MINUTE_US)
    assert [file.counts["records"] for file in writer.close().files] == [1]


def test_the_same_name_may_be_asked_by_text_of_any_case(tmp_path):
    names = ["WwW.SoMe.ExAmPlE", "_ldap._tcp.dc._msdcs.corp.example", "x" * 63 + ".t.test", "."]
    file, _ = capture(tmp_path, lookups(qname=names))
    assert wrong(file) == []
    found = [row[0] for row in tshark(file, "dns.qry.name", where="dns.flags.response == 0")]
    assert found == [*names[:3], "<Root>"]


def test_addresses_of_the_capture_are_those_of_the_lookups(tmp_path):
    file, _ = capture(tmp_path, lookups(qname=["a.example"]))
    assert tshark(file, "eth.src", "ip.src", "ip.ttl", "eth.dst", "ip.dst")[0] == [
        "02:00:0a:14:0a:04", "10.20.10.4", "128", "02:00:0a:14:01:0a", "10.20.1.10"
    ]  # fmt: skip
