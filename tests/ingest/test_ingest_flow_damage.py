"""Damaged files of the flow source: each ends in rows or in a reason, and every row is counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from flow_captures import Packet, pcap, pcapng
from ingest_twins import FLOW_SAMPLE
from nfcapd_files import OPTIONS, Flow, layout_1, layout_2

from spot_common import process
from spot_ingest.errors import UnreadableError
from spot_ingest.source import ingest_source
from tests.conftest import SHARED_DATA

RECORDED = SHARED_DATA / "flow"
ROUNDS = 30
SIZES = (1, 4, 60, 1000)
WORDS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\1\0\0\0")


def flip(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        data[chance.randrange(len(data))] = chance.randrange(256)


def flip_head(chance: random.Random, data: bytearray) -> None:
    end = min(len(data), chance.choice((16, 40, 300, 600)))
    data[chance.randrange(end)] = chance.choice((0, 1, 2, 128, 255, chance.randrange(256)))


def overwrite(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data) // 4) * 4
    data[place : place + 4] = chance.choice(WORDS)


def blank(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data))
    end = min(len(data), place + chance.choice(SIZES))
    data[place:end] = bytes(end - place)


def cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def leave_out(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data))
    del data[place : place + chance.choice(SIZES)]


def repeat(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data))
    data[place:place] = data[place : place + chance.choice(SIZES)]


def insert(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data))
    data[place:place] = chance.randbytes(chance.choice(SIZES))


KINDS: tuple[Callable[[random.Random, bytearray], None], ...] = (
    flip, flip, flip_head, overwrite, blank, cut, leave_out, repeat, insert,
)  # fmt: skip


def bases(folder: Path) -> dict[str, bytes]:
    """The sound files, by name: made ones, the sample in each compression, recorded ones."""
    flows = [Flow(sport=number, src=f"2001:db8::{number}" if number % 3 else "10.0.0.9")
             for number in range(1, 200)]  # fmt: skip
    packets = [Packet(sport=number) for number in range(1, 100)]
    found = {
        "layout 1": layout_1(flows, per_block=40),
        "pcap": pcap(packets),
        "pcapng": pcapng(packets),
    }
    for name, options in OPTIONS.items():
        packed = layout_2(FLOW_SAMPLE, folder / f"sample-{name}", *options)
        found[f"layout 2, {name}"] = packed.read_bytes()
    for name in (
        "nfcapd/nfcapd-small-lzo",
        "nfcapd/test1-malicious.nfdump",
        "pcap/test7-malicious.pcap",
    ):
        if (RECORDED / name).exists():
            found[name] = (RECORDED / name).read_bytes()
    return found


def accounted(path: Path, scratch: Path) -> tuple[int, int, str]:
    """Read a file; give the rows stored and set aside, and why it was set aside as a whole."""
    stored = rejected = 0
    scratch.mkdir()
    try:
        with ingest_source("flow").read(path, scratch) as reading:
            for batch in reading.batches:
                stored += batch.rows.num_rows
                rejected += len(batch.rejected)
                assert len(batch.minutes) == batch.rows.num_rows
                assert all(row.reason and row.number > 0 for row in batch.rejected)
            finding = reading.finish(stored + rejected)
    except UnreadableError as error:
        return 0, max(error.rows, stored + rejected), error.message
    return stored, rejected + len(finding.rejected), ""


@pytest.mark.parametrize("seed", range(10))
def test_mutated_files_end_in_rows_or_in_a_reason(seed: int, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(process, "PATIENCE", 1.0)
    chance = random.Random(seed)
    files = bases(tmp_path)
    for number in range(ROUNDS):
        name = chance.choice(list(files))
        data = bytearray(files[name])
        chance.choice(KINDS)(chance, data)
        path = tmp_path / f"{number}.nfcapd"
        path.write_bytes(data)
        stored, rejected, reason = accounted(path, tmp_path / f"scratch-{number}")
        assert stored > 0 or reason or rejected > 0, f"{name}, seed {seed}, round {number}"
        assert rejected < 2**32
