"""Damaged and hostile logs: every line is a row or is set aside as it was, memory is bounded."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packers import PACKERS
from proxylog_lines import COMBINED, FORMATS, MAIN, REPORTER, SQUID, ZEEK_JSON, lines, read

from spot_ingest.accounting import RAW_LIMIT, Finding, Rejected
from spot_ingest.errors import UnreadableError
from spot_ingest.readers.proxylog import reader
from spot_ingest.readers.proxylog.blocks import LINE_LIMIT, LINES_LIMIT, blocks
from spot_ingest.source import ingest_source


def from_file(path: Path, data: bytes) -> tuple[int, list[Rejected], Finding]:
    """Read a file as a worker does."""
    path.write_bytes(data)
    stored, rejected = 0, []
    with ingest_source("proxy").read(path, path.parent) as reading:
        for batch in reading.batches:
            stored += batch.rows.num_rows
            rejected += batch.rejected
        finding = reading.finish(stored + len(rejected))
    return stored, [*rejected, *finding.rejected], finding


@pytest.mark.parametrize("name", FORMATS)
def test_a_last_line_without_its_end_counts(name: str):
    head, line = FORMATS[name]
    rows, rejected = read(f"{head}{line}\n{line}".encode())
    assert (len(rows), rejected) == (2, [])
    rows, (bad,) = read(f"{head}{line}\n{line[:40]}".encode())
    assert rows[0] == read(f"{head}{line}".encode())[0][0]
    assert bad.raw == line[:40].encode()


@pytest.mark.parametrize("name", FORMATS)
def test_line_ends_of_windows_are_no_part_of_a_value(name: str):
    head, line = FORMATS[name]
    plain = read(f"{head}{line}\n\n{line}\n".encode())
    assert read(f"{head}{line}\n\n{line}\n".replace("\n", "\r\n").encode()) == plain
    _, (bad,) = read(f"{head}{line}\r\nodd\r\n".encode())
    assert bad.raw == b"odd"


@pytest.mark.parametrize("name", FORMATS)
def test_a_byte_order_mark_is_no_part_of_the_first_line(name: str):
    head, line = FORMATS[name]
    data = f"{head}{line}\n".encode()
    assert read(b"\xef\xbb\xbf" + data) == read(data)


def test_a_byte_order_mark_stays_with_a_line_that_is_set_aside():
    _, (bad,) = read(b"\xef\xbb\xbfodd\n" + lines(SQUID))
    assert bad.raw == b"\xef\xbb\xbfodd"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_text_of_two_bytes_a_character_is_named(encoding: str):
    with pytest.raises(UnreadableError, match="it is UTF-16 text") as caught:
        read(lines(MAIN, MAIN).decode().encode(encoding))
    assert "iconv" in caught.value.hint


def test_zeros_alone_are_no_text_of_two_bytes_a_character():
    """A log whose machine lost power ends, or begins, with them."""
    rows, (bad,) = read(b"\0" * 5000 + b"\n" + lines(SQUID))
    assert (len(rows), bad.number, bad.raw) == (1, 1, b"\0" * 5000)


@pytest.mark.parametrize("data", [b"", b"\n\r\n \n", b"# a comment\n#Fields: date time\n"])
def test_a_log_without_a_line_is_refused(data: bytes, tmp_path: Path):
    with pytest.raises(UnreadableError, match="it holds no log line"):
        from_file(tmp_path / "a.log", data)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("odd", [b"\0", b"\x01\x1b31m", b"\x7f", b"\xe2\x80\xae", b"<i>", b"=1+1"])
def test_control_characters_and_markup_stay_in_the_value(name: str, odd: bytes):
    head, line = FORMATS[name]
    data = f"{head}{line}\n".encode()
    assert data.count(b"example") > 0
    host = data.replace(b"www.example.com", b"www." + odd + b".com")
    rows, rejected = read(host + f"{line}\n".encode())
    if name == "zeek-json" and odd < b" ":  # strings of JSON hold no control characters
        assert (len(rows), rejected[0].raw) == (1, host.rstrip(b"\n"))
    else:
        assert (rows[0]["host"].encode(), rejected) == (b"www." + odd + b".com", [])


@pytest.mark.parametrize("name", FORMATS)
def test_bytes_that_are_no_text_lose_nothing(name: str):
    head, line = FORMATS[name]
    data = f"{head}{line}\n".encode().replace(b"www.example", b"\xff\xfe.example")
    rows, rejected = read(data + f"{line}\n".encode() + b"odd \xff\n")
    if name == "zeek-json":  # JSON is UTF-8
        assert [bad.raw for bad in rejected] == [data.rstrip(b"\n"), b"odd \xff"]
    else:
        assert rows[0]["host"].startswith("\\xff\\xfe.example")
        assert [bad.raw for bad in rejected] == [b"odd \xff"]


def test_a_line_of_ten_megabytes_is_set_aside_and_the_next_is_read():
    rows, (bad,) = read(lines(MAIN) + b"x" * (10 << 20) + b"\n" + lines(MAIN, "odd")[:-4])
    assert len(rows) == 2
    assert (bad.number, len(bad.raw)) == (2, RAW_LIMIT)
    assert bad.reason == f"the line is longer than {LINE_LIMIT} bytes"


@pytest.mark.parametrize("size", [LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1, 5 << 20])
@pytest.mark.parametrize("before", [0, 13_000, 26_000])
def test_the_limit_does_not_depend_on_where_a_line_lies(size: int, before: int):
    long = SQUID.replace("/a/b", "/" + "a" * (size - len(SQUID) + 3))
    data = lines(*[SQUID] * before, long, SQUID)
    rows, rejected = read(data)
    assert len(rows) + len(rejected) == before + 2
    assert [bad.number for bad in rejected] == ([before + 1] if size > LINE_LIMIT else [])


def test_long_lines_of_bytes_that_are_no_text_are_read():
    line = SQUID.encode().replace(b"/a/b", b"/" + b"\xff" * (LINE_LIMIT - 1000))
    (row,), rejected = read(line)
    assert (len(row["uripath"]), rejected) == (4 * (LINE_LIMIT - 1000) + 1, [])


class Endless:
    """A gigabyte in one line, then a line of a log."""

    def __init__(self) -> None:
        self.parts = iter([b"y" * (4 << 20)] * 256 + [b"\n" + lines(SQUID)])

    def read(self, size: int = -1, /) -> bytes:
        return next(self.parts, b"")


def test_a_gigabyte_in_one_line_needs_little_memory():
    tracemalloc.start()
    batches = list(reader.Log(Endless()).batches())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(len(batch.rejected), batch.rows.num_rows) for batch in batches] == [(1, 0), (0, 1)]
    assert batches[0].rejected[0].number == 1
    assert peak < 32 << 20


def test_a_great_many_lines_are_set_aside_bit_by_bit():
    data = lines(SQUID) + b"x\n" * 300_000
    batches = list(reader.Log(io.BytesIO(data)).batches())
    assert sum(len(batch.rejected) for batch in batches) == 300_000
    assert max(len(batch.rejected) for batch in batches) <= LINES_LIMIT


@given(
    st.lists(st.one_of(st.binary(max_size=30), st.just(b"z" * 90)), max_size=12),
    st.integers(1, 40),
)
def test_blocks_are_the_lines_of_the_stream(texts: list[bytes], read_size: int):
    data = b"\n".join(texts)

    class Small:
        def __init__(self) -> None:
            self.at = 0

        def read(self, size: int = -1, /) -> bytes:
            self.at += read_size
            return data[self.at - read_size : self.at]

    limit = 64
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spot_ingest.readers.proxylog.blocks.LINE_LIMIT", limit)
        patch.setattr("spot_ingest.readers.proxylog.blocks.RAW_LIMIT", 8)
        patch.setattr("spot_ingest.readers.proxylog.blocks.LINES_LIMIT", 5)
        found = list(blocks(Small()))
    wanted = data.split(b"\n")
    if wanted[-1] == b"":
        wanted.pop()
    seen: list[bytes] = []
    for block in found:
        assert block.first == len(seen) + 1
        seen += block.data.split(b"\n")[:-1]
        assert len(seen) == block.first + block.count - 1
    assert seen == [text if len(text) <= limit else text[:8] for text in wanted]
    assert [block.first for block in found if block.too_long] == [
        number for number, text in enumerate(wanted, 1) if len(text) > limit
    ]
    assert all(block.count <= 5 for block in found)
    assert all(block.ended for block in found[:-1])
    assert not found or found[-1].ended == (data.endswith(b"\n") or found[-1].too_long)


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("name", FORMATS)
def test_compressed_logs_are_read_by_their_bytes(name: str, kind: str, tmp_path: Path):
    head, line = FORMATS[name]
    data = PACKERS[kind](f"{head}{line}\nodd\n{line}\n".encode())
    stored, (bad,), finding = from_file(tmp_path / "any.log", data)
    assert (stored, finding) == (2, Finding())
    assert (bad.number, bad.raw) == (head.count("\n") + 2, b"odd")


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_a_cut_stream_keeps_its_rows_and_sets_one_aside(kept: float, tmp_path: Path):
    texts = [SQUID.replace("c=d", f"c={number * 7919 % 10007}") for number in range(5000)]
    whole = lines(*texts)
    packed = gzip.compress(whole)
    stored, (bad,), finding = from_file(tmp_path / "a.log.gz", packed[: int(len(packed) * kept)])
    assert 0 < stored < 5000
    assert "cut short" in bad.reason
    assert finding.note == bad.reason
    assert bad.number == stored + 1
    assert texts[stored].encode().startswith(bad.raw)


def test_a_stream_that_is_cut_at_a_line_end_tells_it_too(tmp_path: Path):
    packed = gzip.compress(lines(SQUID, SQUID))
    stored, (bad,), _ = from_file(tmp_path / "a.log.gz", packed[:-8])  # its check is missing
    assert (stored, bad.number, bad.raw) == (2, 3, b"")
    assert "cut short" in bad.reason


def test_a_stream_of_which_nothing_is_left_is_refused(tmp_path: Path):
    with pytest.raises(UnreadableError, match="cut short"):
        from_file(tmp_path / "a.log.gz", gzip.compress(lines(SQUID))[:12])


def test_what_is_no_text_at_all_is_refused():
    with pytest.raises(UnreadableError, match="no format fits"):
        read(bytes(range(1, 256)) * 100)


@pytest.mark.parametrize(
    "hostile",
    ['"' * 100_000, '" ' * 50_000, '"a' * 50_000, "\\" * 100_001, '\\"' * 50_000, "[" * 100_000],
)
@pytest.mark.parametrize("line", [MAIN, REPORTER, COMBINED, SQUID, ZEEK_JSON])
def test_hostile_lines_take_no_longer_than_others(line: str, hostile: str):
    rows, rejected = read(lines(line, hostile, line))
    assert (len(rows), len(rejected)) == (2, 1)
