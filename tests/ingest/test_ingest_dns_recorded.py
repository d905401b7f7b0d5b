"""Captures that real sensors recorded: as plain tshark has them, in each container, and damaged."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import shutil
import subprocess
import sys
from pathlib import Path

import lz4.frame
import pytest
from ingest_captures import Read, compared, plain_rows, read
from ingest_twins import DNS_SAMPLE

from spot_ingest.errors import UnreadableError
from tests.conftest import SHARED_DATA

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

RECORDED = sorted((SHARED_DATA / "dns").rglob("*.pcap*"))
needs_recorded = pytest.mark.skipif(
    not RECORDED, reason="recorded files that may not be shipped are not on this machine"
)
PACKED = {
    "gz": gzip.compress,
    "xz": lambda data: lzma.compress(data, preset=1),
    "zst": zstd.compress,
    "bz2": bz2.compress,
    "lz4": lz4.frame.compress,
}


@needs_recorded
@pytest.mark.parametrize("folder", sorted({path.parent for path in RECORDED}), ids=lambda p: p.name)
def test_a_recorded_capture_has_the_rows_that_plain_tshark_prints(tmp_path: Path, folder: Path):
    different = []
    for path in (path for path in RECORDED if path.parent == folder):
        unpacked = tmp_path / "unpacked"
        unpacked.write_bytes(path.read_bytes())
        if path.suffix == ".xz":
            unpacked.write_bytes(lzma.decompress(path.read_bytes()))
        expected = compared(plain_rows(unpacked))
        try:
            found = compared(read(tmp_path, path).rows)
        except UnreadableError:
            found = []
        if found != expected:
            different.append(path.name)
    assert different == []


@pytest.mark.parametrize("container", ["pcap", "nsecpcap", "pcapng"])
def test_the_sample_is_the_same_in_every_container_and_compressed(tmp_path: Path, container: str):
    small, converted = tmp_path / "small.pcap", tmp_path / "converted"
    for call in (
        ["editcap", "-F", "pcap", "-r", DNS_SAMPLE, small, "1-1500"],
        ["editcap", "-F", container, small, converted],
    ):
        subprocess.run(call, check=True, capture_output=True)
    expected = read(tmp_path, small).rows
    data = converted.read_bytes()
    assert len(expected) > 600
    assert read(tmp_path, data).rows == expected
    for kind, pack in PACKED.items():
        assert read(tmp_path, pack(data), f"some.{kind}").rows == expected


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Damage bytes as disks, networks and unkind people do."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 6)):
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
    found += [path.read_bytes() for path in RECORDED if path.stat().st_size < 20_000]
    return found


def outcome(folder: Path, data: bytes) -> Read | UnreadableError:
    """Read a capture; what is neither rows nor a reason is raised."""
    try:
        return read(folder, data)
    except UnreadableError as error:
        return error


@pytest.mark.parametrize("seed", range(10))
def test_a_mutated_capture_ends_in_rows_or_in_a_reason(
    tmp_path: Path, originals: list[bytes], seed: int
):
    draw = random.Random(seed)
    for _ in range(30):
        data = mutated(draw.choice(originals), draw)
        packed = mutated(gzip.compress(data), draw) if draw.random() < 0.1 else data
        found = outcome(tmp_path, packed)
        if isinstance(found, UnreadableError):
            assert found.message
        else:
            assert all(row.number > 0 and row.reason for row in found.rejected)
            assert all(row.raw in data for row in found.rejected)
        shutil.rmtree(tmp_path / "scratch0")
