"""Captures: a row a response, whatever the sender put into the names."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest
from ingest_twins import DNS_SAMPLE, dns_message, labels
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils import wrpcap

from spot_common.registry import check_source
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import capture, tshark

HOSTILE = {
    b"a,b": "a,b",
    b'q"uote': 'q"uote',
    b"ta\tb": "ta\\tb",
    b"new\nline": "new\\nline",
    b"cr\rx": "cr\\rx",
    b"pipe|x": "pipe|x",
    b"unit\x1fx": "unit\\037x",
    b"nul\0x": "nul\\000x",
    b"esc\x1b[31m": "esc\\033[31m",
    b"=cmd|calc": "=cmd|calc",
    b"<img onerror>": "<img onerror>",
    "été".encode(): "été",
}


def read(path: Path):
    with tshark.dissect(path) as listing:
        batches = list(tshark.parse(listing.stream))
        received = sum(batch.rows.num_rows + len(batch.rejected) for batch in batches)
        finding = listing.finish(received)
    schema = check_source("dns").raw.arrow()
    return pa.Table.from_batches([batch.rows for batch in batches], schema), finding


def recorded(path: Path, *messages: bytes, six: bool = False) -> Path:
    net = (
        IPv6(src="2001:db8::53", dst="2001:db8::1") if six else IP(src="10.0.0.53", dst="10.0.0.1")
    )
    packets = []
    for number, message in enumerate(messages):
        packet = Ether() / net / UDP(sport=53, dport=4000) / Raw(message)
        packet.time = 1_483_504_866 + number
        packets.append(packet)
    wrpcap(str(path), packets)
    return path


def test_the_sample_gives_its_responses_without_any_change():
    rows, finding = read(DNS_SAMPLE)
    assert rows.num_rows == 8283
    assert finding.note == ""
    assert rows.schema == check_source("dns").raw.arrow()
    assert rows.slice(0, 1).to_pylist()[0]["frame_time"] == "Oct  6 2016 13:54:00.002088000 UTC"


def test_a_response_becomes_a_row(tmp_path: Path):
    rows, _ = read(
        recorded(tmp_path / "a.pcap", dns_message(labels(b"example", b"com"), answers=2))
    )
    assert rows.to_pylist() == [
        {
            "frame_time": "Jan  4 2017 04:41:06.000000000 UTC",
            "unix_tstamp": 1483504866,
            "frame_len": rows["frame_len"][0].as_py(),
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
    question = dns_message(labels(b"example"), response=False, answers=0)
    with pytest.raises(UnreadableError, match="no DNS response"):
        read(recorded(tmp_path / "a.pcap", question))


def test_addresses_of_ipv6(tmp_path: Path):
    rows, _ = read(recorded(tmp_path / "a.pcap", dns_message(labels(b"example")), six=True))
    assert rows.select(["ip_src", "ip_dst"]).to_pylist() == [
        {"ip_src": "2001:db8::53", "ip_dst": "2001:db8::1"}
    ]


def test_hostile_names_shift_no_column(tmp_path: Path):
    messages = [dns_message(labels(name, b"com")) for name in HOSTILE]
    messages.append(dns_message(labels(b"bad\xff\xfe", b"com")))
    messages.append(dns_message(labels(*[b"x" * 63] * 3, b"y" * 61)))
    messages.append(dns_message(labels(*[b"a"] * 127)))
    rows, _ = read(recorded(tmp_path / "a.pcap", *messages))
    names = rows["dns_qry_name"].to_pylist()
    assert names[: len(HOSTILE)] == [f"{name}.com" for name in HOSTILE.values()]
    assert names[-3].startswith("bad")
    assert [len(name) for name in names[-2:]] == [253, 253]
    assert set(rows["dns_a"].to_pylist()) == {"192.0.2.1"}
    assert set(rows["dns_qry_class"].to_pylist()) == {"0x0001"}


def test_several_messages_in_one_segment_are_several_rows(tmp_path: Path):
    names = (b"first", b"second", b"third")
    messages = [dns_message(labels(name, b"com")) for name in names]
    data = b"".join(len(message).to_bytes(2, "big") + message for message in messages)
    ends = {"sport": 53, "dport": 4000}
    packets = [
        Ether() / IP(src="10.0.0.53", dst="10.0.0.1") / TCP(flags="SA", seq=1, **ends),
        Ether() / IP(src="10.0.0.53", dst="10.0.0.1") / TCP(flags="PA", seq=2, **ends) / Raw(data),
    ]
    wrpcap(str(tmp_path / "a.pcap"), packets)
    rows, _ = read(tmp_path / "a.pcap")
    assert rows["dns_qry_name"].to_pylist() == ["first.com", "second.com", "third.com"]


def test_a_capture_cut_in_a_packet_keeps_its_rows_and_says_so(tmp_path: Path):
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(DNS_SAMPLE.read_bytes()[:300_000])
    rows, finding = read(cut)
    assert rows.num_rows == 308
    assert [row.number for row in finding.rejected] == [309]
    assert "cut short" in finding.note
    assert str(tmp_path) not in finding.note


@pytest.mark.parametrize("data", [b"", b"\n", bytes(range(256)) * 20, DNS_SAMPLE.read_bytes()[:24]])
def test_what_is_no_capture_is_refused(tmp_path: Path, data: bytes):
    file = tmp_path / "a.pcap"
    file.write_bytes(data)
    with pytest.raises(UnreadableError):
        read(file)


def test_times_out_of_range_are_set_aside():
    good = "1483504866.000000000\t90\t1.1.1.1\t2.2.2.2\t\t\t1\tname\t1\t0x0001\t0\t\t"
    bad = good.replace("1483504866", "999999999999")
    (batch,) = tshark.parse(io.BytesIO(f"{bad}\n{good}\n".encode()))
    assert batch.rows.num_rows == 1
    assert [(row.number, row.raw.decode()) for row in batch.rejected] == [(1, bad)]


def test_bytes_that_are_not_utf8_are_kept_readable():
    line = b"1483504866.000000000\t90\t1.1.1.1\t2.2.2.2\t\t\t1\tb\xffd\t1\t0x0001\t0\t\t\n"
    (batch,) = tshark.parse(io.BytesIO(line))
    assert batch.rows["dns_qry_name"].to_pylist() == ["b\\xffd"]


def test_the_first_packet_of_every_container(tmp_path: Path):
    plain = recorded(tmp_path / "a.pcap", dns_message(labels(b"example")))
    expected = capture.first_packet(plain)
    assert expected is not None
    assert expected.isoformat() == "2017-01-04T04:41:06+00:00"
    for kind, name in (("pcapng", "b.pcapng"), ("nsecpcap", "c.pcap")):
        call = ["editcap", "-F", kind, plain, tmp_path / name]
        subprocess.run(call, check=True, capture_output=True)
        assert capture.first_packet(tmp_path / name) == expected
    assert capture.first_packet(DNS_SAMPLE.with_name("nothing")) is None
