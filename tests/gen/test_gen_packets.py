"""Captures of all packets, against tshark and what the connections say."""

import collections
import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from gen_captures import (
    CLIENT,
    START,
    frames,
    happened,
    many_lookups,
    tshark,
    world,
    written,
    wrong,
)

from spot_common.errors import UsageError
from spot_gen import dnswire, events
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.config import PRESETS
from spot_gen.network import World
from spot_gen.protocols import ACK, FIN, ICMP, PSH, RST, SYN, TCP, UDP
from spot_gen.recorder import Recorder, State
from spot_gen.streams import child, draw, integers, stream_key
from spot_gen.writers.packets import PacketWriter, expected_packets
from spot_gen.writers.trains import packet_counts, train
from spot_gen.writers.ways import LARGEST_DATA, MOST

OUTSIDE = 0xC6120101


def connections(**columns):
    """Make connections; columns that are lists or arrays say how many."""
    sized = [v for v in columns.values() if isinstance(v, (list, np.ndarray))]
    size = len(sized[0]) if sized else 1
    given = {
        "time_us": START, "end_us": START + SECOND_US, "src_lo": CLIENT, "dst_lo": OUTSIDE,
        "sport": 40_000 + np.arange(size), "dport": 443, "proto": TCP,
        "order": draw(stream_key(2, "order"), np.arange(size)),
    }  # fmt: skip
    return events.make(events.CONNECTIONS, size, given | columns)


def one(**columns):
    """Return the packets of one connection as dictionaries."""
    made = train(connections(**columns), np.zeros(1, np.int64))
    names = made.dtype.names or ()
    return [dict(zip(names, packet.tolist(), strict=True)) for packet in made]


def recorded(count: int):
    """Let a recorder make connections of all kinds in an hour."""
    recorder = Recorder(world(), 0)
    key = child(stream_key(3, "flows"), np.arange(count))
    src = np.stack([np.zeros(count), CLIENT + integers(key, 1, 0, 9)], -1).astype(np.uint64)
    dst = np.stack([np.zeros(count), OUTSIDE + integers(key, 2, 0, 900)], -1).astype(np.uint64)
    src[::7] = [0xFD000020_0000000A, 4]
    dst[::7] = [0x20010DB8 << 32, 9]
    state = integers(key, 3, 0, 5)
    used = (state != State.REFUSED) & (state != State.UNANSWERED)
    for number, proto in enumerate((TCP, UDP, ICMP)):
        with recorder.labelled(number - 1):
            rows = np.flatnonzero(src[:, 0] == 0) if proto == ICMP else np.arange(count)
            recorder.connections(
                child(key, number)[rows],
                (START + integers(key, 4, 0, HOUR_US))[rows],
                src[rows],
                dst[rows],
                8 << 8 if proto == ICMP else 7_000,
                up=(integers(key, 5, 0, 5_000) * used)[rows],
                down=(integers(key, 6, 0, 50_000) * used)[rows],
                duration_us=integers(key, 7, 0, 20 * MINUTE_US)[rows],
                proto=proto,
                state=state[rows],
                sport=(10_000 + np.arange(count))[rows],
                tries=3,
            )
    made = recorder.finish().connections
    return made.filter(pa.array(events.numbers(made, "packets_up") > 0))


def test_packets_bytes_flags_and_times_are_those_of_the_connections(tmp_path):
    table = recorded(150)
    output, (file,) = written(PacketWriter(tmp_path, world()), happened(connections=table))
    assert wrong(file) == []
    seen: dict[tuple, collections.Counter] = collections.defaultdict(collections.Counter)
    rows = tshark(
        file, "ip.proto", "ipv6.nxt", "udp.srcport", "tcp.srcport", "icmp.type", "ip.len",
        "ipv6.plen", "tcp.flags", "udp.dstport", "tcp.dstport", "icmp.ident", "ip.src",
    )  # fmt: skip
    for (time, length, kept), row in zip(frames(file), rows, strict=True):
        proto = int(row[0] or row[1])
        assert length == 14 + int(row[5] or int(row[6] or 0) + 40)
        header = {TCP: 20, UDP: 8, ICMP: 8}[proto] + (20 if row[5] else 40)
        assert len(kept) == 14 + header
        sport, dport = row[2] or row[3], row[8] or row[9]
        down = row[4] == "0" if proto == ICMP else sport == "7000"
        flow = seen[proto, row[10] if proto == ICMP else int(dport if down else sport)]
        way = "down" if down else "up"
        flow[f"packets_{way}"] += 1
        flow[f"bytes_{way}"] += length - 14
        flow[f"flags_{way}"] |= int(row[7] or "0", 16)
        flow["first"] = min(flow["first"] or time, time)
        flow["last"] = max(flow["last"], time)
    names = [f"{what}_{way}" for what in ("packets", "bytes", "flags") for way in ("up", "down")]
    found = sorted(tuple(flow[n] for n in ["first", *names]) for flow in seen.values())
    expected = sorted(
        tuple(row[n] for n in ["time_us", *names]) for row in table.to_pylist()
    )  # fmt: skip
    assert found == expected
    assert output.files[0].counts["packets"] == int(packet_counts(table).sum())
    assert max(flow["last"] for flow in seen.values()) <= int(events.numbers(table, "end_us").max())


def test_a_connection_opens_carries_data_and_closes():
    packets = one(
        flags_up=SYN | ACK | PSH | FIN, flags_down=SYN | ACK | PSH | FIN, packets_up=5,
        bytes_up=5 * 40 + 500, packets_down=5, bytes_down=5 * 40 + 2_000,
    )  # fmt: skip
    story = [(p["sport"] == 443, p["flags"], p["zeros"] > 0) for p in packets]
    assert story[:4] == [
        (False, SYN, False), (True, SYN | ACK, False), (False, ACK, False),
        (False, ACK | PSH, True),
    ]  # fmt: skip
    assert [flags for _, flags, _ in story[-3:]] == [ACK | FIN, ACK | FIN, ACK]
    assert sum(p["zeros"] for p in packets if p["sport"] == 443) == 2_000
    assert packets[0]["time_us"] == START
    assert packets[-1]["time_us"] == START + SECOND_US
    # The last packet acknowledges everything: 2,000 bytes, the opening and the close.
    assert packets[-1]["ack"] == (packets[1]["seq"] + 2_002) % 2**32


def test_tshark_finds_no_gap_and_nothing_unseen_in_a_connection(tmp_path):
    table = recorded(300)
    state = events.numbers(table, "flags_up").astype(int)
    used = table.filter((state & ACK != 0) | (events.numbers(table, "proto") != TCP))
    _, (file,) = written(PacketWriter(tmp_path, world()), happened(connections=used))
    strange = "tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment || "
    strange += "tcp.analysis.retransmission || tcp.analysis.out_of_order"
    assert tshark(file, "frame.number", "tcp.analysis.flags", where=strange) == []


def test_a_refused_connection_is_an_opening_and_a_reset():
    packets = one(
        flags_up=SYN, flags_down=RST | ACK, packets_up=1, bytes_up=40, packets_down=1, bytes_down=40
    )
    assert [p["flags"] for p in packets] == [SYN, RST | ACK]
    assert [p["time_us"] - START for p in packets] == [0, SECOND_US]
    assert packets[1]["ack"] == (packets[0]["seq"] + 1) % 2**32


def test_an_unanswered_opening_is_sent_again_as_it_was():
    packets = one(flags_up=SYN, packets_up=3, bytes_up=120)
    assert [p["flags"] for p in packets] == [SYN] * 3
    assert len({p["seq"] for p in packets}) == 1
    assert [p["time_us"] - START for p in packets] == [0, SECOND_US // 2, SECOND_US]


@pytest.mark.parametrize("flags", [0, FIN, FIN | PSH | 32, SYN | RST, 0xFF])
def test_a_single_packet_has_all_flags_whatever_they_are(flags):
    (packet,) = one(flags_up=flags, packets_up=1, bytes_up=40)
    assert packet["flags"] == flags


def test_a_half_open_probe_is_torn_down_after_its_answer():
    packets = one(
        flags_up=SYN | RST, flags_down=SYN | ACK, packets_up=2, bytes_up=80, packets_down=1,
        bytes_down=40,
    )  # fmt: skip
    assert [p["flags"] for p in packets] == [SYN, SYN | ACK, RST]


def test_data_fit_where_there_is_nothing_but_opening_and_close():
    packets = one(flags_up=SYN | ACK | FIN, packets_up=2, bytes_up=80 + 77)
    assert [(p["flags"], p["zeros"]) for p in packets] == [(SYN, 0), (ACK | FIN, 77)]


def test_fewer_bytes_than_headers_give_packets_without_data():
    assert [p["zeros"] for p in one(proto=UDP, packets_up=3, bytes_up=50)] == [0, 0, 0]


def test_datagrams_share_the_bytes_evenly():
    packets = one(proto=UDP, packets_up=4, bytes_up=4 * 28 + 10, packets_down=2, bytes_down=56)
    assert sorted(p["zeros"] for p in packets) == [0, 0, 2, 2, 3, 3]
    assert [p["sport"] == 443 for p in packets] == [False, False, True, False, False, True]


def test_pings_are_answered_in_turn():
    packets = one(
        proto=ICMP,
        sport=0,
        dport=8 << 8,
        packets_up=2,
        bytes_up=168,
        packets_down=2,
        bytes_down=168,
    )
    assert [(p["dport"] >> 8, p["seq"] & 0xFFFF) for p in packets] == [
        (8, 1), (0, 1), (8, 2), (0, 2)
    ]  # fmt: skip
    assert len({p["seq"] >> 16 for p in packets}) == 1


def test_large_transfers_are_seen_as_merged_segments_with_all_their_data():
    data, count = 30_000_000_000, 21_000_000
    table = connections(
        flags_up=SYN | ACK | PSH | FIN, flags_down=SYN | ACK | PSH | FIN,
        packets_up=[count // 2], bytes_up=20 * count, packets_down=count,
        bytes_down=40 * count + data,
    )  # fmt: skip
    packets = train(table, np.zeros(1, np.int64))
    down = packets[packets["sport"] == 443]
    assert int(down["zeros"].sum(dtype=np.int64)) == data
    assert int(down["zeros"].max()) <= LARGEST_DATA + 1
    assert len(down) == -(-data // LARGEST_DATA) + 4
    assert len(packets) - len(down) == MOST
    assert np.all(np.diff(packets["time_us"]) >= 0)


def test_data_that_are_not_there_are_no_damaged_protocol(tmp_path):
    ports = [22, 53, 80, 88, 123, 161, 389, 443, 445, 514, 636, 1812, 3389, 5060, 8080]
    tcp, udp = (
        connections(
            dport=ports, proto=proto, flags_up=SYN | ACK | PSH, flags_down=SYN | ACK | PSH,
            packets_up=6, bytes_up=900, packets_down=6, bytes_down=5_000, sport=sport,
            order=np.arange(len(ports)) + sport,
        )
        for proto, sport in ((TCP, 41_000), (UDP, 42_000))
    )  # fmt: skip
    made = happened(connections=events.in_order(events.CONNECTIONS, [tcp, udp]))
    output, (file,) = written(PacketWriter(tmp_path, world()), made)
    assert wrong(file) == []
    assert output.files[0].counts["responses"] == 0


def test_dns_is_the_same_as_in_its_own_capture(tmp_path):
    lookups = many_lookups(200, 15 * MINUTE_US)
    _, (file,) = written(PacketWriter(tmp_path, world()), happened(lookups=lookups))
    assert wrong(file) == []
    answers = tshark(file, "frame.number", where="dns.flags.response == 1")
    assert len(answers) == int(dnswire.answered(lookups).sum())
    assert all(length == len(kept) for _, length, kept in frames(file))


@pytest.mark.parametrize("batch_us", [11 * SECOND_US, 13 * MINUTE_US])
def test_files_and_marks_do_not_depend_on_batches(tmp_path, batch_us):
    made = happened(connections=recorded(60), lookups=many_lookups(60, HOUR_US))
    results = []
    for number, length in enumerate((HOUR_US, batch_us)):
        writer = PacketWriter(tmp_path / str(number), world())
        output, (file,) = written(writer, made, batch_us=length)
        results.append((file.read_bytes(), output.files, output.marked().to_pylist()))
    assert results[0][:2] == results[1][:2]
    assert results[0][2] == results[1][2]


def test_marks_are_at_the_first_packet_of_what_is_labelled(tmp_path):
    made = happened(connections=recorded(60), lookups=many_lookups(90, HOUR_US))
    output, (file,) = written(PacketWriter(tmp_path, world()), made)
    marks = output.marked().to_pylist()
    labelled = [*events.labelled(made.connections).to_pylist()]
    labelled += events.labelled(made.lookups).to_pylist()
    assert len(marks) == len(labelled)
    times = [time for time, _, _ in frames(file)]
    rows = tshark(file, "ip.src", "ipv6.src", "udp.srcport", "tcp.srcport", "udp.dstport")
    for mark in marks:
        row = rows[mark["ordinal"] - 1]
        assert mark["time_us"] == times[mark["ordinal"] - 1]
        assert mark["src"] == (row[0] or row[1])
        assert mark["proto"] == ICMP or mark["sport"] == int(row[2] or row[3])
        assert not row[4] or mark["dport"] == int(row[4])
    assert sorted((m["time_us"], m["marker"]) for m in marks) == sorted(
        (e["time_us"], e["label"]) for e in labelled
    )


def test_files_are_hourly_and_keep_what_began_in_their_hour(tmp_path):
    table = connections(
        time_us=[START + HOUR_US - 5, START + HOUR_US], end_us=START + 2 * HOUR_US,
        packets_up=[3, 2], bytes_up=[120, 80], flags_up=ACK,
    )  # fmt: skip
    output, files = written(
        PacketWriter(tmp_path, world()), happened(connections=table), START + 2 * HOUR_US
    )
    assert [file.name for file in files] == ["packets_2024030400.pcap", "packets_2024030401.pcap"]
    assert [file.counts["packets"] for file in output.files] == [3, 2]
    assert [file.counts["records"] for file in output.files] == [1, 1]


def test_networks_too_large_to_capture_are_refused(tmp_path):
    assert expected_packets(PRESETS["small"]) == 15_000_000
    medium = dataclasses.replace(world(), config=PRESETS["medium"])
    assert isinstance(medium, World)
    with pytest.raises(UsageError, match="150,000,000") as caught:
        PacketWriter(tmp_path, medium)
    assert "shorter span" in caught.value.hint
    assert not list(tmp_path.iterdir())
