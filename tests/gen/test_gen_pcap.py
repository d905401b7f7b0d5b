"""Framing of packets, against tshark and scapy."""

import numpy as np
import pyarrow as pa
import pytest
from gen_captures import CLIENT, CLIENT_6, RESOLVER, RESOLVER_6, START, frames, tshark, wrong
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from spot_common.errors import DataError
from spot_gen import protocols
from spot_gen.ragged import Ragged
from spot_gen.writers import pcap


def packets(size: int, **columns):
    given = {
        "time_us": START + np.arange(size), "src_lo": CLIENT, "dst_lo": RESOLVER, "sport": 4000,
        "dport": 5000, "proto": protocols.UDP,
    }  # fmt: skip
    return pcap.blank(size, **given | columns)


def payload(*rows: bytes) -> Ragged:
    return Ragged.of(pa.array(rows, pa.binary()))


def capture(folder, made: Ragged, nanoseconds: bool = False):
    path = folder / "made.pcap"
    path.write_bytes(pcap.file_header(nanoseconds) + made.values.tobytes())
    return path


def all_kinds(size: int):
    """Packets of every protocol in both families, with data of every length up to ``size``."""
    number = np.arange(size)
    six = number % 3 == 1
    proto = np.array([protocols.TCP, protocols.UDP, protocols.ICMP, 47])[number // 3 % 4]
    proto = np.where(six & (proto == protocols.ICMP), protocols.ICMP_6, proto)
    kind = np.select(
        [proto == protocols.ICMP, proto == protocols.ICMP_6], [8 << 8, 128 << 8], 40_001
    )
    made = packets(
        size,
        src_hi=np.where(six, np.uint64(CLIENT_6[0]), np.uint64(0)),
        dst_hi=np.where(six, np.uint64(RESOLVER_6[0]), np.uint64(0)),
        src_lo=np.where(six, np.uint64(CLIENT_6[1]), np.uint64(CLIENT)),
        dst_lo=np.where(six, np.uint64(RESOLVER_6[1]), np.uint64(RESOLVER)),
        sport=40_000, proto=proto, dport=kind, flags=protocols.SYN, options=number % 11, seq=number,
        ip_id=number, window=500, zeros=np.where(number % 5 == 0, 700, 0), tos=number % 4 << 3,
    )  # fmt: skip
    rows = [bytes((7 * i + n) % 251 for i in range(n)) for n in range(size)]
    return made, payload(*rows)


def test_every_kind_of_packet_is_right_in_tsharks_eyes(tmp_path):
    made, data = all_kinds(240)
    # GRE (47) has no header of ours: what it carries is for GRE's own dissector.
    known = np.flatnonzero(made["proto"] != 47)
    file = capture(tmp_path, pcap.records(made[known], data.take(known)))
    assert wrong(file) == []
    fields = (
        "ip.id",
        "ip.dsfield",
        "ipv6.tclass",
        "tcp.seq_raw",
        "icmp.seq",
        "ipv6.plen",
        "ip.len",
    )
    rows = tshark(file, *fields)
    assert len(rows) == len(known)
    for packet, length, row in zip(made[known], data.lengths[known], rows, strict=True):
        ident, tos, tos_6, seq, ping, inside, whole = row
        assert int(tos or tos_6, 16) == packet["tos"]
        header = {6: 20 + 4 * int(packet["options"]), 17: 8, 1: 8, 58: 8}[int(packet["proto"])]
        assert int(inside or int(whole or 20) - 20) == header + length + packet["zeros"]
        assert not ident or int(ident, 16) == packet["ip_id"]
        assert not seq or int(seq) == packet["seq"]
        assert not ping or int(ping) == packet["seq"]


def test_checksums_equal_those_scapy_computes():
    made, data = all_kinds(120)
    records = pcap.records(made, data)
    for number in range(len(made)):
        frame = records.row(number)[16:]
        again = Ether(frame)
        for layer in (IP, IPv6, TCP, UDP):
            if layer in again and layer is not IPv6:
                del again[layer].chksum
        assert bytes(again) == frame


def test_a_known_datagram_is_made_byte_by_byte():
    records = pcap.records(packets(1, ip_id=0x1234), payload(b"hi"))
    assert records.row(0).hex(" ", 2) == (
        "000f e565 0000 0000 2c00 0000 2c00 0000"  # seconds, microseconds, captured, length
        " 0200 0a14 010a 0200 0a14 0a04 0800"  # to the resolver, from the workstation, IPv4
        " 4500 001e 1234 0000 8011 0966 0a14 0a04 0a14 010a"
        " 0fa0 1388 000a 5513 6869"
    )


def test_times_are_microseconds_or_nanoseconds_as_the_file_says(tmp_path):
    made = packets(2, time_us=[START + 999_999, START + 1_000_000])
    for nanoseconds, unit in ((False, 1), (True, 1000)):
        records = pcap.records(made, payload(b"", b""), nanoseconds=nanoseconds)
        found = frames(capture(tmp_path, records, nanoseconds))
        assert [time for time, _, _ in found] == (made["time_us"] * unit).tolist()
        rows = tshark(tmp_path / "made.pcap", "frame.time_epoch")
        assert rows[0] == [f"{START // 10**6}.999999000"]


def test_zeros_are_cut_off_and_payload_is_not(tmp_path):
    made = packets(3, zeros=[0, 900, 20], proto=[17, 6, 17])
    data = payload(b"x" * 300, b"head", b"")
    found = frames(capture(tmp_path, pcap.records(made, data, snap=96)))
    assert [(length, len(kept)) for _, length, kept in found] == [(342, 342), (958, 96), (62, 62)]
    assert found[1][2].endswith(b"head" + bytes(38))


def test_packets_are_ordered_by_time_then_order_then_step():
    made = packets(5, time_us=[3, 1, 3, 3, 0], order=[9, 5, 2, 9, 7], step=[1, 0, 0, 0, 0])
    assert pcap.in_time(made).tolist() == [4, 1, 2, 3, 0]
    assert pcap.in_time(made[:0]).tolist() == []


def test_machines_have_one_local_hardware_address_and_the_world_has_the_routers():
    ends = [(0, CLIENT), CLIENT_6, (0, 0xC6120001), (0x20010DB8 << 32, 5)]
    mac = pcap.hardware(*(np.array(half, np.uint64) for half in zip(*ends, strict=True)))
    assert [f"{number:012x}" for number in mac.tolist()] == [
        "02000a140a04", "02000a140a04", "02000a140401", "02000a140401"
    ]  # fmt: skip


def test_time_to_live_is_that_of_the_system_less_the_way():
    lo = np.array([CLIENT, RESOLVER, *range(0xC6120001, 0xC6120041)], np.uint64)
    found = pcap.lifetimes(pcap.hardware(np.zeros(66, np.uint64), lo), lo).tolist()
    assert found[:2] == [128, 64]
    assert all(46 <= ttl <= 60 or 110 <= ttl <= 124 for ttl in found[2:])
    assert len(set(found[2:])) > 10


@pytest.mark.parametrize(("six", "fits"), [(False, 65_507), (True, 65_527)])
def test_a_packet_longer_than_its_length_field_can_say_is_refused(six, fits):
    family = {"src_hi": CLIENT_6[0], "dst_hi": RESOLVER_6[0]} if six else {}
    assert len(pcap.records(packets(1, zeros=fits, **family), payload(b"")))
    with pytest.raises(DataError, match="longer than 65535"):
        pcap.records(packets(1, zeros=fits + 1, **family), payload(b""))


def test_no_packets_are_no_records():
    assert len(pcap.records(packets(0), Ragged.empty(0))) == 0
