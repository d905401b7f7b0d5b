"""Captures as files: every container gives the same frames, and tells where it is damaged."""

from __future__ import annotations

import gzip
import lzma
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_captures import (
    ETHERNET,
    RAW_IP,
    TIME,
    block,
    packet,
    pcap,
    pcapng,
    response,
    section,
)
from ingest_twins import DNS_SAMPLE, labels
from packers import PACKERS

from spot_ingest.errors import UnreadableError
from spot_ingest.readers import capture
from spot_ingest.readers.unpacked import Limits
from spot_ingest.sources.dns import SOURCE, first_moment

LIMITS = Limits(1 << 30, 250)
FRAMES = [response(labels(b"n%d" % number, b"com")) for number in range(5)]


def frames(folder: Path, data: bytes):
    """The packets, numbers and link types in a file, and what is damaged."""
    path = folder / "file"
    path.write_bytes(data)
    with capture.captured(path, folder, LIMITS) as found:
        parts = list(found)
        packets = [part.packet(place) for part in parts for place in range(len(part))]
        numbers = [number for part in parts for number in part.numbers.tolist()]
        links = [link for part in parts for link in part.links.tolist()]
    assert numbers == list(range(1, len(packets) + 1))
    return packets, links, found.damage


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_pcap_in_either_byte_order_and_either_unit(tmp_path: Path, order: str, nano: bool):
    packets, links, damage = frames(tmp_path, pcap(FRAMES, order=order, nano=nano))
    assert (packets, links, damage) == (FRAMES, [ETHERNET] * 5, None)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_in_either_byte_order(tmp_path: Path, order: str):
    packets, links, damage = frames(tmp_path, pcapng(FRAMES, order=order))
    assert (packets, links, damage) == (FRAMES, [ETHERNET] * 5, None)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_with_each_kind_of_packet_and_other_blocks_between(tmp_path: Path, order: str):
    size = len(FRAMES[0])
    old = struct.pack(f"{order}HHIIII", 1, 9, 0, 0, size, size) + FRAMES[1]
    data = section(ETHERNET, RAW_IP, order=order) + packet(FRAMES[0], order=order)
    data += block(2, old, order) + block(4, b"a name  ", order)
    data += block(3, struct.pack(f"{order}I", size) + FRAMES[2], order)
    data += block(1, struct.pack(f"{order}HHI", 113, 0, 0), order)
    data += packet(FRAMES[3], interface=2, order=order)
    packets, links, damage = frames(tmp_path, data)
    assert (packets, damage) == (FRAMES[:4], None)
    assert links == [ETHERNET, RAW_IP, ETHERNET, 113]


def test_sections_one_after_the_other_in_both_byte_orders(tmp_path: Path):
    data = pcapng(FRAMES[:2]) + section(RAW_IP, order=">") + packet(FRAMES[2][14:], order=">")
    packets, links, damage = frames(tmp_path, data)
    assert (packets, damage) == ([*FRAMES[:2], FRAMES[2][14:]], None)
    assert links == [ETHERNET, ETHERNET, RAW_IP]


@pytest.mark.parametrize("kind", PACKERS)
def test_a_compressed_capture_is_the_same_whatever_its_name(tmp_path: Path, kind: str):
    assert frames(tmp_path, PACKERS[kind](pcap(FRAMES)))[0] == FRAMES
    assert frames(tmp_path, PACKERS[kind](pcapng(FRAMES)))[0] == FRAMES


@pytest.mark.parametrize("kind", ["modpcap", "snoop", "nsecpcap", "pcapng"])
def test_what_else_the_tools_read_is_converted(tmp_path: Path, kind: str):
    (tmp_path / "a.pcap").write_bytes(pcap(FRAMES))
    target = tmp_path / "converted.some"
    call = ["editcap", "-F", kind, tmp_path / "a.pcap", target]
    subprocess.run(call, check=True, capture_output=True)
    assert frames(tmp_path, target.read_bytes())[0] == FRAMES
    assert frames(tmp_path, gzip.compress(target.read_bytes()))[0] == FRAMES


def test_damage_of_a_capture_that_has_to_be_converted_is_told(tmp_path: Path):
    (tmp_path / "a.pcap").write_bytes(pcap(FRAMES))
    call = ["editcap", "-F", "snoop", tmp_path / "a.pcap", tmp_path / "b.snoop"]
    subprocess.run(call, check=True, capture_output=True)
    packets, _, damage = frames(tmp_path, (tmp_path / "b.snoop").read_bytes()[:-9])
    assert packets == FRAMES[:4]
    assert damage is not None
    assert damage.number == 5
    assert "cut short" in damage.reason
    assert str(tmp_path) not in damage.reason


@pytest.mark.parametrize("data", [b"\n", b"GET / HTTP/1.1\r\n\r\n", bytes(range(1, 256)) * 20])
def test_what_is_no_capture_is_refused(tmp_path: Path, data: bytes):
    with pytest.raises(UnreadableError, match="no capture in a format"):
        frames(tmp_path, data)


def test_what_is_packed_twice_is_refused(tmp_path: Path):
    with pytest.raises(UnreadableError, match="packed twice"):
        frames(tmp_path, gzip.compress(gzip.compress(pcap(FRAMES))))


@pytest.mark.parametrize("make", [pcap, pcapng])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_cut_is_told_with_the_bytes_behind_the_last_whole_frame(tmp_path: Path, make, share):
    whole = make(FRAMES)
    packets, _, damage = frames(tmp_path, whole[: int(len(whole) * share)])
    assert packets == FRAMES[: len(packets)]
    assert damage is not None
    assert damage.number == len(packets) + 1
    assert whole[: int(len(whole) * share)].endswith(damage.raw)
    assert 0 < len(damage.raw) < len(FRAMES[0]) + 40
    number = damage.number - 1
    assert damage.reason == (
        f"the capture ends in damage after frame {number}: a frame that is cut short"
    )


def test_a_cut_of_the_compressed_file_is_told(tmp_path: Path):
    packed = lzma.compress(DNS_SAMPLE.read_bytes())
    packets, _, damage = frames(tmp_path, packed[: len(packed) // 2])
    assert len(packets) > 5000
    assert damage is not None
    assert "the xz data is cut short after byte" in damage.reason


def damaged(at: int, value: int, data: bytes) -> bytes:
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


def test_a_pcap_record_that_cannot_be_is_where_the_damage_begins(tmp_path: Path):
    start = 24 + 16 + len(FRAMES[0])
    data = damaged(start + 8, 1 << 30, pcap(FRAMES))
    packets, _, damage = frames(tmp_path, data)
    assert packets == FRAMES[:1]
    assert damage is not None
    assert "a packet of 1073741824 bytes" in damage.reason
    assert damage.raw == data[start:]


BLOCK = len(packet(FRAMES[0]))
HEAD = len(section(ETHERNET))


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (HEAD + BLOCK + 4, 13, "a block of 13 bytes"),
        (HEAD + BLOCK + 4, 4, "a block of 4 bytes"),
        (HEAD + BLOCK + 4, 1 << 30, "a block of 1073741824 bytes"),
        (HEAD + BLOCK + 8, 1, "an interface that is not described"),
        (HEAD + BLOCK + 20, 5000, "longer than its block"),
        (HEAD + 2 * BLOCK - 4, 12, "two lengths differ"),
    ],
)
def test_a_pcapng_block_that_cannot_be_is_where_the_damage_begins(
    tmp_path: Path, at: int, value: int, reason: str
):
    data = damaged(at, value, pcapng(FRAMES))
    packets, _, damage = frames(tmp_path, data)
    assert packets == FRAMES[:1]
    assert damage is not None
    assert reason in damage.reason
    assert damage.raw == data[HEAD + BLOCK :]


def test_a_section_without_a_byte_order_is_damage(tmp_path: Path):
    second = damaged(8, 0x55555555, section(ETHERNET))
    packets, _, damage = frames(tmp_path, pcapng(FRAMES) + second)
    assert packets == FRAMES
    assert damage is not None
    assert "byte order" in damage.reason


@given(
    cut=st.integers(0, 2000),
    places=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=6),
    make=st.sampled_from([pcap, pcapng]),
)
def test_any_damage_has_an_end(tmp_path_factory: pytest.TempPathFactory, cut, places, make):
    data = bytearray(make(FRAMES))
    for place, value in places:
        data[place % len(data)] = value
    data[:4] = make(FRAMES)[:4]  # else another program reads it
    packets, _, damage = frames(tmp_path_factory.getbasetemp(), bytes(data[: max(cut, 4)]))
    assert len(packets) <= 6
    assert damage is None or damage.number == len(packets) + 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_first_packet_of_every_container(tmp_path: Path, order: str):
    path = tmp_path / "file"
    stamp = struct.pack(f"{order}HHB3xHH", 9, 1, 0x80 | 10, 0, 0)
    exact = section(ETHERNET, order=order, options=stamp)
    exact += packet(FRAMES[0], stamp=TIME * 2**10 + 7, order=order)
    for data in (pcap(FRAMES, order=order), pcapng(FRAMES, order=order), exact):
        for pack in (bytes, *PACKERS.values()):
            path.write_bytes(pack(data))
            found = first_moment(path, path.name)
            assert found is not None
            assert found.isoformat() == "2017-01-04T04:41:06+00:00"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        pcap([]),
        pcap(FRAMES)[:30],
        gzip.compress(pcap(FRAMES), mtime=0)[:20],
        b"\x28\xb5\x2f\xfd garbage",
        section() + packet(FRAMES[0]),
        section(ETHERNET) + packet(FRAMES[0], stamp=2**63),
    ],
)
def test_a_file_without_a_first_packet_tells_no_time(tmp_path: Path, data: bytes):
    path = tmp_path / "file"
    path.write_bytes(data)
    assert first_moment(path, "") is None
    assert capture.first_packet(path.with_name("nothing")) is None


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("a.pcap", True),
        ("a.pcapng", True),
        ("a.cap", True),
        ("a.pcap.gz", True),
        ("a.pcapng.xz", True),
        ("a.cap.zst", True),
        ("a.pcap.lz4", True),
        ("a.pcap.bz2", True),
        ("a.pcap.zip", False),
        ("a.xz", False),
    ],
)
def test_the_names_that_a_collector_takes(name: str, taken: bool):
    assert bool(SOURCE.accepts.search(name)) == taken
