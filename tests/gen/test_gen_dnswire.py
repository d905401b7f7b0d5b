"""DNS messages, against scapy."""

import ipaddress

import numpy as np
import pyarrow as pa
import pytest
from scapy.layers.dns import DNS

from spot_common.errors import DataError
from spot_gen import dnswire, events
from spot_gen.streams import child

START = 1_709_510_400_000_000
ADDRESS = ipaddress.ip_address("198.18.7.9").packed
ADDRESS_6 = ipaddress.ip_address("2001:db8::9").packed


def lookups(**columns):
    """Make look-ups; columns that are lists say how many."""
    size = next((len(v) for v in columns.values() if isinstance(v, list)), 1)
    given = {
        "time_us": START, "rtt_us": 20_000, "client_lo": 0x0A140A04, "server_lo": 0x0A14010A,
        "sport": 50_000, "proto": 17, "txid": 4711, "qname": "www.some.example", "qtype": 1,
        "flags": 0x0180, "ttl": 300, "answer_type": 1, "order": np.arange(size) + 5,
    }  # fmt: skip
    given |= columns
    if "answers" in given:
        given["answers"] = pa.array(given["answers"], pa.list_(pa.binary()))
    return events.make(events.LOOKUPS, size, given)


def response(**columns):
    table = lookups(**columns)
    made = dnswire.responses(table)
    assert made.lengths.tolist() == dnswire.response_sizes(table).tolist()
    return DNS(made.row(0))


def test_a_question_has_header_name_and_type():
    table = lookups(qname=["WWW.Some.example"], qtype=28)
    raw = dnswire.queries(table).row(0)
    assert raw == (
        b"\x12\x67\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
        b"\x03WWW\x04Some\x07example\x00\x00\x1c\x00\x01"
    )
    assert dnswire.query_sizes(table).tolist() == [len(raw)]


def test_a_question_repeats_no_more_of_the_answers_flags_than_what_it_asks_for():
    question = DNS(dnswire.queries(lookups(flags=0x0590, rcode=[3])).row(0))
    assert (question.qr, question.rd, question.cd, question.ra, question.aa) == (0, 1, 1, 0, 0)
    assert question.rcode == 0


def test_an_answer_points_to_the_name_of_the_question():
    made = response(answers=[[ADDRESS, ADDRESS]], flags=0x0580)
    assert (made.id, made.qr, made.aa, made.rd, made.ra, made.rcode) == (4711, 1, 1, 1, 1, 0)
    assert (made.qdcount, made.ancount, made.nscount, made.arcount) == (1, 2, 0, 0)
    assert made.qd[0].qname == b"www.some.example."
    for answer in made.an:
        assert (answer.rrname, answer.type, answer.ttl) == (b"www.some.example.", 1, 300)
        assert answer.rdata == "198.18.7.9"
    assert bytes(made.original).count(b"some") == 1


def test_answers_behind_an_alias_point_to_the_alias():
    made = response(cname="e1.edge.example", answers=[[ADDRESS_6]], qtype=28, answer_type=28)
    alias, answer = made.an
    assert (alias.rrname, alias.type) == (b"www.some.example.", 5)
    assert alias.rdata == b"e1.edge.example."
    assert (answer.rrname, answer.rdata) == (b"e1.edge.example.", "2001:db8::9")
    assert bytes(made.original).count(b"edge") == 1


@pytest.mark.parametrize(
    ("kind", "data", "read"),
    [
        (16, b"\x03abc\x02de", ("rdata", [b"abc", b"de"])),
        (10, b"\x00\x01raw", ("rdata", b"\x00\x01raw")),
        (12, b"\x01h\x07example\x00", ("rdata", b"h.example.")),
        (5, b"\x01c\x07example\x00", ("rdata", b"c.example.")),
        (2, b"\x02ns\x07example\x00", ("rdata", b"ns.example.")),
        (15, b"\x00\x0a\x02mx\x07example\x00", ("exchange", b"mx.example.")),
        (33, b"\x00\x01\x00\x02\x01\xbb\x01t\x07example\x00", ("target", b"t.example.")),
    ],
)
def test_data_of_every_type_is_taken_as_given(kind, data, read):
    made = response(qtype=kind, answer_type=kind, answers=[[data]])
    assert (made.an[0].type, getattr(made.an[0], read[0])) == (kind, read[1])


def test_what_does_not_exist_is_answered_by_the_start_of_its_zone():
    made = response(rcode=[3], ttl=60)
    assert (made.rcode, made.ancount, made.nscount) == (3, 0, 1)
    start = made.ns[0]
    assert (start.rrname, start.type, start.ttl) == (b"some.example.", 6, 60)
    assert (start.mname, start.rname) == (b"ns1.some.example.", b"hostmaster.some.example.")
    assert (start.minimum, start.expire) == (60, 1_209_600)


@pytest.mark.parametrize(
    ("name", "zone"), [("a.b.c.d.example", b"d.example."), ("host", b"host."), (".", b".")]
)
def test_a_zone_is_the_last_two_labels(name, zone):
    assert response(rcode=[3], qname=name).ns[0].rrname == zone


@pytest.mark.parametrize("columns", [{"rcode": 2}, {"rcode": 5}, {"flags": 0x0380}])
def test_failures_and_cut_answers_name_no_zone(columns):
    assert response(**columns).nscount == 0


def test_edns_adds_an_option_record_to_both():
    table = lookups(edns=[True, False], answers=[[ADDRESS], [ADDRESS]])
    for made in (dnswire.queries(table), dnswire.responses(table)):
        with_option, without = DNS(made.row(0)), DNS(made.row(1))
        assert (with_option.arcount, without.arcount) == (1, 0)
        assert (with_option.ar[0].type, with_option.ar[0].rclass) == (41, 1232)
        assert made.lengths[0] == made.lengths[1] + 11


def test_messages_over_tcp_have_their_length_before_them():
    table = lookups(proto=[6, 17], answers=[[ADDRESS] * 40] * 2)
    for make in (dnswire.queries, dnswire.responses):
        plain, framed = make(table), make(table, framed=True)
        assert framed.row(0) == len(plain.row(0)).to_bytes(2, "big") + plain.row(0)
        assert framed.row(1) == plain.row(1)


def test_where_no_answer_came_there_is_no_message():
    table = lookups(rcode=[255, 0, 255], answers=[[ADDRESS], [ADDRESS], []], proto=[6, 6, 17])
    assert dnswire.responses(table, framed=True).lengths.tolist() == [0, 52, 0]
    assert dnswire.response_sizes(table).tolist() == [0, 50, 0]
    assert dnswire.answered(table).tolist() == [False, True, False]


def test_every_row_of_a_mixed_table_is_what_it_is_alone():
    table = lookups(
        qname=["a.example", ".", "x.y.z.example.", "A" * 63 + ".example", "q.example"],
        cname=["", "", "c.example", "", ""],
        answers=[[ADDRESS], [], [ADDRESS, ADDRESS], [], []],
        rcode=[0, 0, 0, 3, 255],
        edns=[True, False, True, False, True],
    )
    for make, sizes in (
        (dnswire.queries, dnswire.query_sizes), (dnswire.responses, dnswire.response_sizes)
    ):  # fmt: skip
        whole = make(table)
        alone = [make(table.slice(number, 1)).row(0) for number in range(5)]
        assert [whole.row(number) for number in range(5)] == alone
        assert sizes(table).tolist() == whole.lengths.tolist()


def test_no_lookups_are_no_messages():
    table = events.LOOKUPS.empty_table()
    assert len(dnswire.queries(table)) == len(dnswire.responses(table)) == 0
    assert dnswire.connections(table).num_rows == 0


def test_names_may_be_as_long_as_dns_allows():
    longest = ".".join(["l" * 63] * 3 + ["l" * 61])
    made = dnswire.names(pa.array([longest, "", ".", "a!-_~.example."]))
    assert made.lengths.tolist() == [255, 1, 1, 15]
    assert made.row(3) == b"\x05a!-_~\x07example\x00"


@pytest.mark.parametrize(
    "name", ["l" * 64, "a.." , "..", ".a", "a..b", ".".join(["l" * 63] * 4)]
)  # fmt: skip
def test_what_is_no_name_is_refused_with_its_text(name):
    with pytest.raises(DataError, match="is no domain name") as caught:
        dnswire.names(pa.array(["fine.example", name, "fine.example"]))
    assert repr(name[:80]) in str(caught.value)


def test_an_answer_too_long_for_tcp_is_refused():
    with pytest.raises(DataError, match="does not fit"):
        dnswire.responses(lookups(proto=[6], answers=[[bytes(60_000)] * 2]), framed=True)


def test_connections_have_the_ends_and_the_truth_of_their_lookups():
    table = lookups(label=[0, 3], stage=[0, 2], rcode=[0, 255], rtt_us=[900, 0])
    made = dnswire.connections(table)
    assert made.schema == events.CONNECTIONS
    assert made.column("label").to_pylist() == [0, 3]
    assert made.column("stage").to_pylist() == [0, 2]
    assert made.column("end_us").to_pylist() == [START + 900, START]
    assert made.column("packets_down").to_pylist() == [1, 0]
    assert made.column("order").to_pylist() == child(np.array([5, 6]), 1).tolist()
    first = made.slice(0, 1).to_pylist()[0]
    assert (first["src_lo"], first["dst_lo"], first["dport"]) == (0x0A140A04, 0x0A14010A, 53)
    assert first["bytes_up"] == 28 + len(dnswire.queries(table).row(0))
