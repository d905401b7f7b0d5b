"""Compressed files: the same bytes from each kind, from what is left of it, never too many."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import sys
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_common.config import load_config
from spot_ingest.errors import UnreadableError
from spot_ingest.readers.unpacked import Limits, unpacked

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
    "bzip2": bz2.compress,
    "lz4": lz4.frame.compress,
}
LIMITS = Limits(size=1 << 30, ratio=250)
#: Half of it can be compressed.
DATA = random.Random(1).randbytes(300_000) + b"all the same " * 25_000
each_kind = pytest.mark.parametrize("kind", PACKERS)


def read(path: Path, limits: Limits = LIMITS) -> tuple[bytes, str]:
    with unpacked(path, limits) as stream:
        data = b"".join(iter(lambda: stream.read(70_001), b""))
        return data, stream.damage


def written(folder: Path, data: bytes) -> Path:
    path = folder / "named.after.nothing"
    path.write_bytes(data)
    return path


@each_kind
def test_each_kind_is_known_by_its_bytes(tmp_path: Path, kind: str):
    path = written(tmp_path, PACKERS[kind](DATA))
    assert read(path) == (DATA, "")
    with unpacked(path, LIMITS) as stream:
        assert stream.kind == kind


@pytest.mark.parametrize("data", [DATA, b"", b"\x1f", b"BZh9 begins a line of a log\n"])
def test_what_is_not_compressed_is_given_as_it_is(tmp_path: Path, data: bytes):
    assert read(written(tmp_path, data)) == (data, "")


@each_kind
def test_an_empty_member_gives_nothing(tmp_path: Path, kind: str):
    assert read(written(tmp_path, PACKERS[kind](b""))) == (b"", "")


@each_kind
def test_members_one_after_the_other_are_one_stream(tmp_path: Path, kind: str):
    pack = PACKERS[kind]
    path = written(tmp_path, pack(DATA) + pack(b"") + pack(b"and more") + bytes(4096))
    assert read(path) == (DATA + b"and more", "")


def test_skippable_frames_of_zstd_are_skipped(tmp_path: Path):
    skippable = b"\x51\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    path = written(tmp_path, skippable + zstd.compress(DATA) + skippable)
    assert read(path) == (DATA, "")


@each_kind
def test_a_cut_stream_gives_what_stands_before_the_cut(tmp_path: Path, kind: str):
    packed = PACKERS[kind](DATA)
    data, damage = read(written(tmp_path, packed[: len(packed) // 2]))
    assert DATA.startswith(data)
    assert damage == f"the {kind} data is cut short after byte {len(data)}"
    if kind != "bzip2":  # it gives nothing of a block (900 kB) before its end
        assert len(data) > 60_000


@each_kind
def test_bytes_that_follow_the_last_member_are_told(tmp_path: Path, kind: str):
    data, damage = read(written(tmp_path, PACKERS[kind](DATA) + b"something else"))
    assert data == DATA
    assert "goes on with something else" in damage


@pytest.mark.parametrize("kind", ["gzip", "xz", "bzip2"])
def test_a_wrong_byte_is_told(tmp_path: Path, kind: str):
    packed = bytearray(PACKERS[kind](DATA))
    packed[len(packed) // 2] ^= 0xFF
    data, damage = read(written(tmp_path, bytes(packed)))
    assert damage.startswith(f"the {kind} data is damaged after byte {len(data)} (")


@each_kind
def test_a_wrong_checksum_is_told(tmp_path: Path, kind: str):
    pack = PACKERS[kind]
    if kind == "zstd":
        options = {zstd.CompressionParameter.checksum_flag: 1}
        packed = bytearray(zstd.compress(DATA, options=options))
    elif kind == "lz4":
        packed = bytearray(lz4.frame.compress(DATA, content_checksum=True))
    else:
        packed = bytearray(pack(DATA))
    packed[-4 if kind != "xz" else -20] ^= 0xFF
    assert "damaged" in read(written(tmp_path, bytes(packed)))[1]


@pytest.mark.parametrize("kind", ["gzip", "xz", "zstd", "bzip2"])
def test_a_bomb_ends_at_the_ratio(tmp_path: Path, kind: str):
    path = written(tmp_path, PACKERS[kind](bytes(100 << 20)))
    with pytest.raises(UnreadableError, match="more than 250 times its size"):
        read(path)


@each_kind
def test_no_file_unpacks_to_more_than_the_limit(tmp_path: Path, kind: str):
    path = written(tmp_path, PACKERS[kind](DATA * 2))
    with pytest.raises(UnreadableError, match="more than 1 MB") as caught:
        read(path, Limits(size=1 << 20, ratio=250))
    assert "UNPACK_LIMIT" in caught.value.hint


def test_a_little_that_repeats_is_no_bomb(tmp_path: Path):
    line = b"the same line\n" * 4_000_000
    assert read(written(tmp_path, lzma.compress(line))) == (line, "")


def test_the_limits_are_settings():
    config = load_config(environ={}, overrides={"UNPACK_LIMIT": "3", "UNPACK_RATIO": "7"})
    assert Limits.of(config) == Limits(3 << 20, 7)


@given(
    kind=st.sampled_from(list(PACKERS)),
    parts=st.lists(st.binary(max_size=3000), min_size=1, max_size=4),
    size=st.integers(1, 5000),
)
def test_any_bytes_come_back(
    tmp_path_factory: pytest.TempPathFactory, kind: str, parts: list[bytes], size: int
):
    packed = b"".join(PACKERS[kind](part) for part in parts)
    path = written(tmp_path_factory.getbasetemp(), packed)
    with unpacked(path, LIMITS) as stream:
        assert b"".join(iter(lambda: stream.read(size), b"")) == b"".join(parts)
        assert stream.damage == ""


@given(data=st.binary(max_size=300), kind=st.sampled_from(list(PACKERS)))
def test_damaged_bytes_raise_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str
):
    packed = PACKERS[kind](b"some text that is packed")
    for broken in (packed[:8] + data, packed + data, packed[: len(data)]):
        read(written(tmp_path_factory.getbasetemp(), broken))
