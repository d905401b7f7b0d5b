"""Captures that real sensors recorded: as plain tshark has them, in each container, and damaged."""

from __future__ import annotations

import gzip
import lzma
import random
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from ingest_captures import Read, compared, packet, plain_rows, read, section
from ingest_twins import DNS_SAMPLE
from packers import PACKERS

from spot_ingest.errors import UnreadableError
from spot_ingest.readers.capture import captured
from spot_ingest.readers.frames import Frames
from spot_ingest.readers.unpacked import Limits
from tests.conftest import SHARED_DATA

RECORDED = sorted((SHARED_DATA / "dns").rglob("*.pcap*"))
NO_LIMITS = Limits(size=1 << 40, ratio=1 << 20)


def plain_bytes(path: Path) -> bytes:
    """A recorded capture without its compression."""
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


@pytest.mark.skipif(
    not RECORDED, reason="recorded files that may not be shipped are not on this machine"
)
def test_recorded_captures_have_the_rows_that_plain_tshark_prints(tmp_path: Path):
    parts = [tmp_path / f"{number:03}" for number in range(len(RECORDED))]
    for path, part in zip(RECORDED, parts, strict=True):
        part.write_bytes(plain_bytes(path))
    together = tmp_path / "together.pcapng"
    call = ["mergecap", "-a", "-F", "pcapng", "-w", together, *parts]
    subprocess.run(call, check=True, capture_output=True)
    expected = compared(plain_rows(together))
    assert len(expected) > 10_000
    assert compared(read(tmp_path, together).rows) == expected


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first frames of the sample."""
    path = tmp_path_factory.mktemp("small") / "small.pcap"
    call = ["editcap", "-F", "pcap", "-r", DNS_SAMPLE, path, "1-1500"]
    subprocess.run(call, check=True, capture_output=True)
    return path


def converted(path: Path, container: str) -> bytes:
    """A capture in another container."""
    target = path.with_suffix(f".{container}")
    call = ["editcap", "-F", container, path, target]
    subprocess.run(call, check=True, capture_output=True)
    return target.read_bytes()


def test_the_sample_is_the_same_in_every_container_and_compressed(tmp_path: Path, small: Path):
    expected = read(tmp_path, small).rows
    assert len(expected) > 600
    assert read(tmp_path, converted(small, "nsecpcap")).rows == expected
    assert read(tmp_path, converted(small, "pcapng")).rows == expected
    for kind, pack in PACKERS.items():
        assert read(tmp_path, pack(small.read_bytes()), f"some.pcap.{kind}").rows == expected


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Damage bytes as disks, networks and unkind people do."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(changed))
        piece = slice(at, at + draw.choice([1, 4, 16, 300]))
        kind = draw.randrange(7)
        if kind == 0:
            changed[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            changed[piece] = draw.randbytes(len(changed[piece]))
        elif kind == 2:
            changed[piece] = bytes([draw.choice([0, 255, 127])]) * len(changed[piece])
        elif kind == 3:
            del changed[piece]
        elif kind == 4:
            changed[at:at] = changed[piece]
        elif kind == 5:
            other = draw.randrange(len(changed))
            changed[other : other + len(changed[piece])] = changed[piece]
        elif draw.random() < 0.3:
            del changed[max(at, 30) :]
    return bytes(changed)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Small captures: some frames of the sample, with UDP, TCP and IPv6, and recorded ones."""
    folder = tmp_path_factory.mktemp("originals")
    found = []
    for number in range(12):
        first = 1 + number * 1400
        kind = ("pcap", "pcapng", "nsecpcap")[number % 3]
        call = ["editcap", "-F", kind, "-r", DNS_SAMPLE, folder / "o", f"{first}-{first + 60}"]
        subprocess.run(call, check=True, capture_output=True)
        found.append((folder / "o").read_bytes())
    return found + [data for data in map(plain_bytes, RECORDED) if len(data) < 20_000]


def outcome(folder: Path, data: bytes) -> Read | UnreadableError:
    """Read a capture; what is neither rows nor a reason is raised."""
    try:
        return read(folder, data)
    except UnreadableError as error:
        return error


def test_mutated_captures_end_in_rows_or_in_a_reason(tmp_path: Path, originals: list[bytes]):
    """The frames that are read of 300 captures go to tshark together, which saves its starts."""
    draw = random.Random(20)
    path, together = tmp_path / "mutated", tmp_path / "together.pcapng"
    damaged = 0
    with together.open("wb") as sound:
        for _ in range(300):
            data = mutated(draw.choice(originals), draw)
            path.write_bytes(data)
            with suppress(UnreadableError), captured(path, tmp_path, NO_LIMITS) as capture:
                count = 0
                for frames in capture:
                    count += len(frames)
                    if frames.links.max() <= 0xFFFF:  # a pcap file may name a higher one
                        sound.write(as_pcapng(frames))
                if capture.damage:
                    damaged += 1
                    assert capture.damage.number == count + 1
                    assert "ends in damage" in capture.damage.reason
                    assert capture.damage.raw in data
    assert damaged > 50
    found = read(tmp_path, together)
    assert compared(found.rows) == compared(plain_rows(together))
    assert found.table.num_rows > 500


def as_pcapng(frames: Frames) -> bytes:
    """Frames as a section of a pcapng file."""
    packets = (packet(frames.packet(place)) for place in range(len(frames)))
    return section(int(frames.links[0])) + b"".join(packets)


def test_some_mutated_captures_go_all_the_way(tmp_path: Path, originals: list[bytes]):
    draw = random.Random(4)
    ends = set()
    for number in range(12):
        data = mutated(draw.choice(originals), draw)
        fed = mutated(gzip.compress(data, mtime=0), draw) if number % 4 == 0 else data
        found = outcome(tmp_path, fed)
        ends.add(type(found))
        if isinstance(found, UnreadableError):
            assert found.message
        else:
            assert all(row.number > 0 and row.reason for row in found.rejected)
            assert fed is not data or all(row.raw in data for row in found.rejected)
    assert ends == {Read, UnreadableError}
