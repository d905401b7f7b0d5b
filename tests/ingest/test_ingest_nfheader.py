"""The outside of nfcapd files: what they promise, and where they are cut."""

from __future__ import annotations

import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest
from ingest_twins import FLOW_SAMPLE
from nfcapd_files import OPTIONS, PACKED, START_MS, Flow, layout_1, layout_2

from spot_ingest.errors import UnreadableError
from spot_ingest.readers import nfheader
from spot_ingest.source import ingest_source

SAMPLE = FLOW_SAMPLE.read_bytes()
#: Where the appendix of the sample begins.
APPENDIX = struct.unpack_from("<q", SAMPLE, 24)[0]
FIRST_MS = 1_674_671_743_884
OLD = layout_1([Flow(first=START_MS + number) for number in range(1, 26)], per_block=10)
OLD_BLOCKS = 276


def written(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def test_the_statistics_of_both_layouts_are_read(tmp_path: Path):
    assert nfheader.survey(FLOW_SAMPLE).statistics == nfheader.Statistics(3018, FIRST_MS)
    old = nfheader.survey(written(tmp_path, OLD))
    assert (old.blocks, old.statistics) == (3, nfheader.Statistics(25, START_MS + 1))


@pytest.mark.parametrize("name", ["none", "bz2"])
def test_statistics_may_be_compressed_as_the_blocks_are(name: str, tmp_path: Path):
    path = layout_2(FLOW_SAMPLE, tmp_path / "packed", *OPTIONS[name])
    assert nfheader.survey(path).statistics == nfheader.Statistics(3018, FIRST_MS)


@pytest.mark.parametrize("name", ["lzo", "lz4"])
def test_statistics_that_only_nfdump_unpacks_are_left_to_it(name: str, tmp_path: Path):
    path = layout_2(FLOW_SAMPLE, tmp_path / "packed", *OPTIONS[name])
    assert nfheader.survey(path) == nfheader.Survey(blocks=1, statistics=None)


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED)
def test_statistics_of_the_older_layout_are_never_compressed(packed, tmp_path: Path):
    path = written(tmp_path, layout_1([Flow()], packed=packed))
    assert nfheader.survey(path).statistics == nfheader.Statistics(1, START_MS)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (SAMPLE[:1], "ends within its header, after 1 bytes"),
        (SAMPLE[:39], "ends within its header"),
        (SAMPLE[:40], "should be at byte 518,820, the file ends at 40"),
        (SAMPLE[:50], "should be at byte 518,820"),
        (SAMPLE[:300_000], "should be at byte 518,820, the file ends at 300,000"),
        (SAMPLE[:APPENDIX], "should be at byte 518,820"),
        (SAMPLE[: APPENDIX + 20], "statistics at its end are damaged"),
        (SAMPLE[:-1], "statistics at its end are damaged"),
        (SAMPLE[:40] + b"more" + SAMPLE[40:], "statistics at its end are damaged"),
        (OLD[:3], "ends within its header"),
        (OLD[:139], "ends within its header"),
        (OLD[:275], "ends within its header"),
        (OLD[:OLD_BLOCKS], "block 1 of 3 should end at"),
        (OLD[: OLD_BLOCKS + 5], "block 1 of 3 should end at"),
        (OLD[: OLD_BLOCKS + 200], "block 1 of 3 should end at"),
        (OLD[:-1], "block 3 of 3 should end at"),
        (OLD[: OLD_BLOCKS + 4] + bytes(8) + OLD[OLD_BLOCKS + 12 :], "block 1 of 3 is empty"),
        (OLD[:8] + b"\xff" * 4 + OLD[12:OLD_BLOCKS] + bytes(12_000), "block 1 of .* is empty"),
        (OLD + b"\0", "1 bytes follow the last of its 3 blocks"),
        (b"\xa5\x0c\0\x01" + OLD[4:], "another byte order"),
        (b"\x0c\xa5\x03\0" + OLD[4:], "layout 3 is not known"),
        (b"garbage" * 100, "not an nfcapd file: its first bytes are 67 61 72"),
        (bytes(1000), "not an nfcapd file"),
        (SAMPLE[:17] + b"\1" + SAMPLE[18:], "encrypted"),
    ],
)
def test_a_file_that_is_not_whole_says_why(data: bytes, reason: str, tmp_path: Path):
    with pytest.raises(UnreadableError, match=reason):
        nfheader.survey(written(tmp_path, data))
    nfheader.first_moment(written(tmp_path, data))  # a collector asks before anyone has looked


def test_a_file_that_nfcapd_did_not_finish_says_so(tmp_path: Path):
    """Until the end, the places of blocks and appendix in the header are zero."""
    unfinished = SAMPLE[:20] + bytes(20) + SAMPLE[40:APPENDIX]
    with pytest.raises(UnreadableError, match="did not finish") as caught:
        nfheader.survey(written(tmp_path, unfinished))
    assert "SIGTERM" in caught.value.hint


def test_a_cut_file_tells_how_many_flows_are_missing(tmp_path: Path):
    with pytest.raises(UnreadableError) as caught:
        nfheader.survey(written(tmp_path, OLD[:-1]))
    assert caught.value.rows == 25


def test_a_promise_beyond_belief_is_not_believed(tmp_path: Path):
    promising = OLD[:140] + b"\xff" * 8 + OLD[148:]
    found = nfheader.survey(written(tmp_path, promising))
    assert found.believable(2**64 - 1) == 3 * 2**17
    assert found.believable(25) == 25


def moment(name: str, path: Path) -> datetime | None:
    return ingest_source("flow").first_moment(path, name)


def test_the_moment_is_that_of_the_name_or_the_first_flow(tmp_path: Path):
    assert moment("nfcapd.202301251836", FLOW_SAMPLE) == datetime(2023, 1, 25, 18, tzinfo=UTC)
    first = datetime.fromtimestamp(FIRST_MS // 1000, UTC)
    assert moment("nfcapd.999999999999", FLOW_SAMPLE) == first
    assert moment("x.nfdump", FLOW_SAMPLE) == first
    old = datetime.fromtimestamp(START_MS // 1000, UTC)
    assert moment("x.nfdump", written(tmp_path, OLD)) == old


def test_the_moment_of_packed_statistics_is_that_of_the_creation(tmp_path: Path):
    path = layout_2(FLOW_SAMPLE, tmp_path / "packed", "-z")
    created = struct.unpack_from("<q", path.read_bytes(), 8)[0]
    assert moment("x.nfdump", path) == datetime.fromtimestamp(created, UTC)


def test_no_program_is_asked_for_the_moment(tmp_path: Path, monkeypatch):
    files = [FLOW_SAMPLE, written(tmp_path, OLD)]
    files += [layout_2(FLOW_SAMPLE, tmp_path / name, *OPTIONS[name]) for name in OPTIONS]
    monkeypatch.setattr(subprocess, "Popen", Mock(side_effect=AssertionError))
    assert None not in [moment("x.nfdump", path) for path in files]


@pytest.mark.parametrize("data", [b"", b"garbage", OLD[:140] + b"\xff" * 136 + OLD[276:]])
def test_a_file_that_does_not_tell_has_no_moment(data: bytes, tmp_path: Path):
    found = moment("x.nfdump", written(tmp_path, data))
    assert found is None or found.year == 2106  # the last second that the field can hold
