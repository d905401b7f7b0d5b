"""Captures to rows: a row a response, whatever carries it and whatever stands in its name."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_captures import (
    HOSTILE,
    RAW_IP,
    TIME,
    compared,
    ethernet,
    ip,
    ip6,
    packet,
    pcap,
    pcapng,
    plain_rows,
    question,
    read,
    response,
    section,
    segment,
    tcp,
    udp,
)
from ingest_twins import DNS_SAMPLE, Place, dns_message, labels

from spot_common.registry import check_source
from spot_ingest.errors import UnreadableError
from spot_ingest.ledger import State
from spot_ingest.readers import dissection, streams
from spot_ingest.readers.dissection import Dissection
from spot_ingest.readers.dnsname import wire_of

NAME = labels(b"example", b"com")


def test_the_sample_gives_its_responses_in_order(tmp_path: Path):
    found = read(tmp_path, DNS_SAMPLE)
    assert (found.table.num_rows, found.rejected, found.finding.note) == (8283, [], "")
    assert found.table.schema == check_source("dns").raw.arrow()
    assert found.rows[0]["frame_time"] == "Oct  6 2016 13:54:00.002088000 UTC"


def test_a_response_becomes_a_row(tmp_path: Path):
    found = read(tmp_path, pcap([question(NAME), response(NAME, answers=2)]))
    assert found.rows == [
        {
            "frame_time": "Jan  4 2017 04:41:07.000005000 UTC",
            "unix_tstamp": TIME + 1,
            "frame_len": 14 + 20 + 8 + 12 + 17 + 2 * 16,
            "ip_dst": "10.0.0.1",
            "ip_src": "10.0.0.53",
            "dns_qry_name": "example.com",
            "dns_qry_class": "0x0001",
            "dns_qry_type": 1,
            "dns_qry_rcode": 0,
            "dns_a": "192.0.2.1|192.0.2.1",
        }
    ]


def test_questions_are_no_rows(tmp_path: Path):
    with pytest.raises(UnreadableError, match="no DNS response"):
        read(tmp_path, pcap([question(NAME)]))


def test_a_response_without_a_question_has_no_name(tmp_path: Path):
    message = struct.pack(">6H", 7, 0x8180, 0, 0, 0, 0)
    (row,) = read(tmp_path, pcap([ethernet(ip(udp(message)))])).rows
    assert (row["dns_qry_name"], row["dns_qry_type"]) == ("", None)


def test_hostile_names_are_kept_and_shift_no_column(tmp_path: Path):
    found = read(tmp_path, pcap([response(labels(*name)) for name in HOSTILE]))
    assert dict(zip(HOSTILE, found.names, strict=True)) == HOSTILE
    assert [wire_of(name) for name in found.names] == [labels(*name) + b"\0" for name in HOSTILE]
    assert set(found.table["dns_a"].to_pylist()) == {"192.0.2.1"}
    assert set(found.table["dns_qry_class"].to_pylist()) == {"0x0001"}


def test_hostile_names_reach_the_table_unchanged(tmp_path: Path):
    place = Place(tmp_path / "place", "dns")
    frames = [response(labels(*name)) for name in HOSTILE]
    entry = place.through("some.pcap", pcap(frames))
    assert (entry.state, entry.rows_stored) == (State.PUBLISHED, len(HOSTILE))
    stored = place.rows["dns_qry_name"].to_pylist()
    assert [wire_of(name) for name in stored] == [labels(*name) + b"\0" for name in HOSTILE]


def test_no_file_name_of_a_capture_is_an_option(tmp_path: Path):
    found = read(tmp_path, pcap([response(NAME)]), "-w x;touch y $(id)\n.pcap")
    assert found.names == ["example.com"]


any_name = st.lists(st.binary(min_size=1, max_size=63), max_size=127).filter(
    lambda parts: sum(len(part) + 1 for part in parts) < 255
)


@settings(max_examples=8)
@given(names=st.lists(any_name, min_size=1, max_size=60))
def test_any_labels_come_back_from_the_table(
    tmp_path_factory: pytest.TempPathFactory, names: list[list[bytes]]
):
    messages = [dns_message(labels(*name)) for name in names]
    frames, sequence = [ethernet(ip(udp(message))) for message in messages], 1
    for message in messages:
        frames.append(segment(message, sequence=sequence))
        sequence += 2 + len(message)
    found = read(tmp_path_factory.mktemp("names"), pcap(frames))
    assert [wire_of(name) for name in found.names] == [labels(*name) + b"\0" for name in names] * 2


def test_a_capture_in_which_every_name_is_odd_needs_no_more_runs(tmp_path: Path, monkeypatch):
    runs = []
    printed = Dissection.printed
    monkeypatch.setattr(Dissection, "printed", lambda *given: runs.append(given) or printed(*given))
    frames = [response(labels(b"%d." % number, b"\xff")) for number in range(3000)]
    found = read(tmp_path, pcap(frames))
    assert found.names[2999] == r"2999\..\255"
    assert len(runs) == 1


MALFORMED = {
    b"\xc0\x0c": "<Name contains a pointer that loops>",
    b"\1a\xc0\x0c": "<Name contains a pointer that loops>",
    b"\x41\x08\xff" + labels(b"com"): "<Unknown extended label>",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_name_is_told_apart_from_a_label_that_says_so(tmp_path: Path, name: bytes):
    told = MALFORMED[name]
    found = read(tmp_path, pcap([response(name), response(labels(told.encode()))]))
    assert found.names == [told, rf"\060{told[1:]}"]


def test_a_name_that_the_snapshot_cut_leaves_a_row_without_it(tmp_path: Path):
    frame = response(NAME)
    data = bytearray(pcap([frame[:60]]))
    struct.pack_into("<I", data, 36, len(frame))
    (row,) = read(tmp_path, bytes(data)).rows
    assert (row["dns_qry_name"], row["frame_len"]) == ("", len(frame))


MESSAGE = dns_message(NAME)
SLL = bytes(14) + b"\x08\0"
SLL2 = b"\x08\0" + bytes(18)


def carriers(message: Callable[[str], bytes]) -> dict[str, tuple[int, bytes]]:
    """Frames that carry a message in every way, and the type of the link; ``message`` is its."""

    def datagram(name: str, **ports: int) -> bytes:
        return ip(udp(message(name), **ports))

    inner = ethernet(datagram("vxlan"))
    outer = ip(udp(b"\x08" + bytes(7) + inner, source=5353, target=4789), source="10.9.9.1")
    in_tcp = struct.pack(">H", len(message("tcp in sll2"))) + message("tcp in sll2")
    return {
        "ethernet": (1, ethernet(datagram("ethernet"))),
        "vlan": (1, ethernet(datagram("vlan"), 0x8100)),
        "qinq": (1, ethernet(datagram("qinq"), 0x88A8, 0x8100)),
        "many tags": (1, ethernet(datagram("many tags"), 0x88A8, 0x8100, 0x8100, 0x8100)),
        "ipv6": (1, ethernet(ip6(udp(message("ipv6"))))),
        "sll": (113, SLL + datagram("sll")),
        "sll2": (276, SLL2 + datagram("sll2")),
        "raw ip": (RAW_IP, datagram("raw ip")),
        "raw ipv6": (RAW_IP, ip6(udp(message("raw ipv6")))),
        "loopback": (0, struct.pack("<I", 2) + datagram("loopback")),
        "openbsd loopback": (108, struct.pack(">I", 2) + datagram("openbsd loopback")),
        "mdns": (1, ethernet(datagram("mdns", source=5353, target=5353))),
        "llmnr": (1, ethernet(datagram("llmnr", source=5355))),
        "another port": (1, ethernet(datagram("another port", source=9953))),
        "tcp": (1, segment(message("tcp"))),
        "tcp in sll2": (276, SLL2 + ip(tcp(in_tcp, 1, target=5), protocol=6)),
        "vxlan": (1, ethernet(outer)),
        "ip in ip": (1, ethernet(ip(datagram("ip in ip"), protocol=4, source="10.9.9.1"))),
        "icmp error": (
            1,
            ethernet(ip(b"\3\3\0\0" + bytes(4) + datagram("icmp error"), protocol=1)),
        ),
    }


def test_every_carrier_gives_the_row_that_plain_tshark_gives(tmp_path: Path):
    frames = carriers(lambda name: dns_message(labels(name.encode())))
    links = sorted({link for link, _ in frames.values()})
    path = tmp_path / "some.pcapng"
    packets = (packet(frame, interface=links.index(link)) for link, frame in frames.values())
    path.write_bytes(section(*links) + b"".join(packets))
    found = read(tmp_path, path)
    assert sorted(found.names) == sorted(frames)
    assert compared(found.rows) == compared(plain_rows(path))


def test_a_frame_of_another_interface_has_its_link_type(tmp_path: Path):
    data = section(1, RAW_IP) + packet(ip(udp(MESSAGE)), interface=1) + packet(segment(MESSAGE))
    assert read(tmp_path, data).names == ["example.com"] * 2


def test_several_messages_in_one_segment_are_several_rows(tmp_path: Path):
    names = (b"first", b"second", b"third")
    messages = [dns_message(labels(name), answers=n) for n, name in enumerate(names)]
    asked = dns_message(labels(b"asked"), response=False, answers=0)
    empty = struct.pack(">6H", 7, 0x8183, 0, 0, 0, 0)
    found = read(tmp_path, pcap([segment(*messages, asked, empty)]))
    assert [(row["dns_qry_name"], row["dns_a"], row["dns_qry_rcode"]) for row in found.rows] == [
        ("first", "", 0),
        ("second", "192.0.2.1", 0),
        ("third", "192.0.2.1|192.0.2.1", 0),
        ("", "", 3),
    ]


def test_a_message_in_several_segments_is_a_row_of_the_last(tmp_path: Path):
    data = struct.pack(">H", len(MESSAGE)) + MESSAGE
    parts = [(data[:1], 1), (data[1:20], 2), (data[20:], 21)]
    frames = [ethernet(ip(tcp(part, place), protocol=6)) for part, place in parts]
    (row,) = read(tmp_path, pcapng(frames)).rows
    assert row["dns_qry_name"] == "example.com"
    assert row["unix_tstamp"] == TIME + 2
    assert row["frame_len"] == len(frames[2])


def test_fragments_are_put_together(tmp_path: Path):
    datagram = udp(dns_message(NAME, answers=40))
    first = ethernet(ip(datagram[:400], more=True))
    second = ethernet(ip(datagram[400:], offset=400))
    (row,) = read(tmp_path, pcap([first, second])).rows
    assert row["dns_a"].count("|") == 39


def test_no_row_depends_on_where_the_capture_is_cut_into_portions(tmp_path: Path, monkeypatch):
    expected = compared(read(tmp_path, DNS_SAMPLE).rows)
    monkeypatch.setattr(dissection, "PORTION_WEIGHT", 3 << 20)
    monkeypatch.setattr(streams, "STREAM_WEIGHT", 512 << 10)
    assert compared(read(tmp_path, DNS_SAMPLE).rows) == expected


@pytest.fixture
def narrow(monkeypatch):
    """Runs that may see little."""
    monkeypatch.setattr(streams, "STREAM_WEIGHT", 128 << 10)
    monkeypatch.setattr(streams, "_OVERLAP", 32 << 10)
    monkeypatch.setattr("spot_ingest.readers.capture._BLOCK", 4 << 10)


def test_one_connection_beyond_all_measure_is_cut_before_a_message(tmp_path: Path, narrow):
    frames, sequence = [], 1
    for number in range(300):
        data = dns_message(labels(b"n%d" % number), answers=number % 7)
        data = struct.pack(">H", len(data)) + data
        at = 20 if number % 3 else len(data)  # two of three messages come in two segments
        for part in (data[:at], data[at:]):
            if part:
                frames.append(ethernet(ip(tcp(part, sequence), protocol=6)))
                sequence += len(part)
    assert read(tmp_path, pcap(frames)).names == [f"n{number}" for number in range(300)]


def test_a_tunnel_that_carries_everything_is_cut_with_an_overlap(tmp_path: Path, narrow):
    frames = []
    for number in range(400):
        data = dns_message(labels(b"n%d" % number))
        data = struct.pack(">H", len(data)) + data
        for part, sequence in ((data[:9], 1), (data[9:], 10)):
            inner = ip(tcp(part, sequence, target=1000 + number), protocol=6)
            frames.append(ethernet(ip(inner, protocol=4)))
    assert read(tmp_path, pcap(frames)).names == [f"n{number}" for number in range(400)]


def test_two_hosts_with_many_connections_are_divided_by_them(tmp_path: Path, narrow):
    data = struct.pack(">H", len(MESSAGE)) + MESSAGE
    halves = ((data[:9], 1), (data[9:], 10))
    frames = [
        ethernet(ip(tcp(part, sequence, target=1000 + number), protocol=6))
        for part, sequence in halves  # the second halves come long after the first
        for number in range(400)
    ]
    found = read(tmp_path, pcap(frames))
    assert found.names == ["example.com"] * 400
