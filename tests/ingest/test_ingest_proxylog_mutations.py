"""Seeded mutations of real logs: no crash, and every line is accounted for."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import SHARED_DATA
from ingest_twins import SAMPLES
from proxylog_lines import FORMATS

from spot_ingest.accounting import RAW_LIMIT
from spot_ingest.errors import UnreadableError
from spot_ingest.source import ingest_source

MUTATIONS = 300
_LARGEST = 24 * 1024
_ODD = (
    b"\0", b'"', b"\n", b"\r\n", b"\r", b"\xff", b"\t", b"  ", b"\\", b'\\"', b"#",
    b"#Fields: date", b"#fields\tts", b"{", b"}", b"\xef\xbb\xbf", b"\x1b[31m", b"-",
    b"9" * 30, b"a" * 3000,
)  # fmt: skip


def originals() -> list[bytes]:
    """Logs of every format, recorded ones where they are at hand."""
    made = [f"{head}{line}\n".encode() * 20 for head, line in FORMATS.values()]
    folders = (SAMPLES / "proxy", SHARED_DATA / "proxy")
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return made + [path.read_bytes()[:_LARGEST] for path in files[:40] + files[-1:]]


def _flip(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.randint(1, 20)):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _insert(data: bytes, draw: random.Random) -> bytes:
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(data) + 1)
        data = data[:at] + draw.choice(_ODD) + data[at:]
    return data


def _delete(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data))
    return data[:at] + data[at + draw.randint(1, 500) :]


def _repeat(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data))
    return data[:at] + data[at : at + draw.randint(1, 500)] * draw.randint(2, 5) + data[at:]


def _shuffle(data: bytes, draw: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    draw.shuffle(lines)
    return b"".join(lines)


def _cut(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data))]


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _insert, _delete, _repeat, _shuffle, _cut,
)  # fmt: skip


def check(path: Path, data: bytes) -> None:
    """Read a log; every line that says something is a row, or is set aside as it was."""
    lines = data.split(b"\n")
    most = sum(1 for line in lines if line.strip(b"\r"))
    least = sum(1 for line in lines if line.strip() and not line.startswith(b"#"))
    path.write_bytes(data)
    stored, rejected, refused = 0, [], None
    try:
        with ingest_source("proxy").read(path, path.parent) as reading:
            for batch in reading.batches:
                stored += batch.rows.num_rows
                rejected += batch.rejected
            reading.finish(stored + len(rejected))
    except UnreadableError as error:
        refused = error
    if refused:
        assert refused.message
        assert refused.rows in (0, least) or "UTF-16" in refused.message
        return
    assert least <= stored + len(rejected) <= most
    assert len({row.number for row in rejected}) == len(rejected)
    for row in rejected:
        assert row.raw == lines[row.number - 1].removesuffix(b"\r")[:RAW_LIMIT]
        assert row.reason


@pytest.mark.parametrize("part", range(6))
def test_mutated_logs_are_accounted_for(part: int, tmp_path: Path):
    found = originals()
    for seed in range(part, MUTATIONS, 6):
        draw = random.Random(seed)
        data = draw.choice(found)
        if draw.random() < 0.2:
            data += draw.choice(found)
        for _ in range(draw.randint(1, 3)):
            data = draw.choice(CHANGES)(data or b"\n", draw)
        check(tmp_path / "any.log", data)


def test_mutated_streams_end(tmp_path: Path):
    path = tmp_path / "a.log.gz"
    for seed in range(60):
        draw = random.Random(seed)
        original = draw.choice(originals()[:8])
        packed = bytearray(gzip.compress(original, mtime=0))
        packed[draw.randrange(10, len(packed))] ^= 1 << draw.randrange(8)
        path.write_bytes(packed[: draw.randint(len(packed) // 2, len(packed))])
        received, refused = 0, None
        try:
            with ingest_source("proxy").read(path, tmp_path) as reading:
                for batch in reading.batches:
                    received += batch.rows.num_rows + len(batch.rejected)
                finding = reading.finish(received)
        except UnreadableError as error:
            refused = error
        if refused:
            assert refused.message
        else:
            assert bool(finding.note) == (len(finding.rejected) == 1)
            assert finding.note or received >= 20
