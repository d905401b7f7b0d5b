"""The proxy log: every value comes back, whatever it holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from gen_log_events import SECOND, contents, recorded, world, written

from spot_gen.clock import MINUTE_US
from spot_gen.events import numbers
from spot_gen.network.addresses import text
from spot_gen.truth import MARKS
from spot_gen.writers.proxy import MAIN, REPORTER, Proxy
from spot_ingest.readers.proxylog import reader

#: Columns of the product's table and the event's columns that they were made from.
TEXTS = {
    "username": "user", "reqmethod": "method", "host": "host", "uripath": "path",
    "uriquery": "query", "useragent": "agent", "webcat": "categories", "referer": "referer",
    "resconttype": "content_type", "action": "action", "filterresult": "filter",
    "urischeme": "scheme", "uriextension": "extension", "bcappname": "application",
}  # fmt: skip
NUMBERS = {"duration": "taken_ms", "scbytes": "bytes_down", "csbytes": "bytes_up"}
NOT_IN_REPORTER = ("referer", "uriextension", "bcappname")


def _parsed(path: Path) -> tuple[list[dict[str, object]], list[int]]:
    """Read a file with the product's reader; rows by line are in the order of the file."""
    rows, rejected = [], []
    for line in path.read_bytes().split(b"\n")[4:-1]:
        head = b"\n".join(path.read_bytes().split(b"\n")[:4]) + b"\n"
        batches = list(reader.Log(_stream(head + line + b"\n")).batches())
        found = [row for batch in batches for row in batch.rows.to_pylist()]
        rows.append(found[0] if found else {})
        rejected.append(sum(len(batch.rejected) for batch in batches))
    return rows, rejected


def _stream(data: bytes) -> pa.BufferReader:
    return pa.BufferReader(data)


def _value(field: object) -> str:
    """Undo what a field's writing did."""
    given = str(field)
    if given.startswith('"'):
        return given[1:-1].replace('""', '"')
    return "" if given == "-" else given


@pytest.mark.parametrize("layout", ["main", "reporter"])
def test_every_line_parses_back_to_its_values(layout: str, tmp_path: Path) -> None:
    given = recorded().requests
    output = written(Proxy, tmp_path, recorded(), world(proxy_layout=layout))
    rows = [row for file in output.files for row in _parsed(tmp_path / file.file)[0]]
    assert len(rows) == given.num_rows
    absent = NOT_IN_REPORTER if layout == "reporter" else ()
    for column, event in TEXTS.items():
        if column not in absent:
            assert [_value(row[column]) for row in rows] == given.column(event).to_pylist()
    for column, event in NUMBERS.items():
        assert [row[column] for row in rows] == given.column(event).to_pylist()
    assert [row["respcode"] for row in rows] == [str(v) for v in given["status"].to_pylist()]
    clients = text(numbers(given, "client_hi"), numbers(given, "client_lo")).to_pylist()
    assert [row["clientip"] for row in rows] == clients


def test_the_whole_file_is_understood_by_the_product(tmp_path: Path) -> None:
    output = written(Proxy, tmp_path, recorded(), world())
    for file in output.files:
        with reader.read(tmp_path / file.file, tmp_path) as reading:
            batches = list(reading.batches)
        assert sum(batch.rows.num_rows for batch in batches) == file.counts["records"]
        assert not [bad for batch in batches for bad in batch.rejected]


def test_the_header_names_the_fields(tmp_path: Path) -> None:
    assert (len(MAIN.split()), len(REPORTER.split())) == (27, 26)
    written(Proxy, tmp_path, recorded(), world())
    first = (tmp_path / "data/proxy/proxy_2024030409.log").read_text(encoding="utf-8").split("\n")
    assert [line.split(":")[0] for line in first[:4]] == [
        "#Software", "#Version", "#Start-Date", "#Fields",
    ]  # fmt: skip
    assert first[2] == "#Start-Date: 2024-03-04 09:00:00"
    assert first[3] == f"#Fields: {MAIN}"


@pytest.mark.parametrize("outputs", [{}, {"noise": True, "noise_share": 0.05}])
def test_batches_do_not_matter(outputs: dict[str, object], tmp_path: Path) -> None:
    place = world(**outputs)
    whole = written(Proxy, tmp_path / "a", recorded(), place)
    parts = written(Proxy, tmp_path / "b", recorded(), place, 7 * MINUTE_US // 4)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert whole.marked().sort_by("ordinal").equals(parts.marked().sort_by("ordinal"))
    assert whole.noise == parts.noise
    assert whole.files == parts.files


def test_marks_say_where_labelled_records_are(tmp_path: Path) -> None:
    given = recorded().requests
    output = written(Proxy, tmp_path, recorded(), world())
    marks = output.marked()
    assert marks.schema == MARKS
    assert marks.num_rows == int(np.count_nonzero(numbers(given, "label")))
    rows = {file.file: _parsed(tmp_path / file.file)[0] for file in output.files}
    for mark in marks.to_pylist():
        row = rows[mark["file"]][mark["ordinal"] - 1]
        assert _value(row["host"]) == mark["name"]
        assert _value(row["uripath"]) == mark["path"]
        assert _value(row["uriquery"]) == mark["query"]
        assert (row["clientip"], row["reqmethod"]) == (mark["src"], mark["method"])
        assert mark["marker"] in (1, -1)


def test_equal_records_are_numbered_even_across_batches(tmp_path: Path) -> None:
    few = recorded().requests.slice(0, 1)
    same = pa.concat_tables([few] * 6)
    start = int(numbers(few, "time_us")[0]) // SECOND * SECOND
    same = same.set_column(0, "time_us", pa.array([start + n * 100_000 for n in range(6)]))
    place = same.schema.get_field_index("label")
    same = same.set_column(place, "label", pa.array([0, 1, 0, 0, 1, 1], pa.int32()))
    for cut in range(7):
        writer = Proxy(tmp_path / str(cut), world())
        for part in (same.slice(0, cut), same.slice(cut)):
            given = recorded().none()
            writer.write(type(given)(given.connections, given.lookups, part, given.log_lines), 0, 1)
        assert writer.close().marked().column("number").to_pylist() == [1, 4, 5]


def test_noise_damages_ordinary_lines_only_and_lists_them(tmp_path: Path) -> None:
    clean = written(Proxy, tmp_path / "clean", recorded(), world())
    noisy = written(Proxy, tmp_path / "noisy", recorded(), world(noise=True, noise_share=0.1))
    listed = {(entry["file"], entry["ordinal"]) for entry in noisy.noise}
    marked = {(mark["file"], mark["ordinal"]) for mark in noisy.marked().to_pylist()}
    assert {entry["kind"] for entry in noisy.noise} == {"cut", "quote", "encoding", "nul"}
    assert not listed & marked
    changed = set()
    for file in clean.files:
        before, after = (
            (tmp_path / side / file.file).read_bytes().split(b"\n") for side in ("clean", "noisy")
        )
        assert len(before) == len(after)
        changed |= {(file.file, row - 3) for row in range(len(before)) if before[row] != after[row]}
    assert changed == listed


def test_undamaged_lines_are_read_as_if_there_were_no_damage(tmp_path: Path) -> None:
    clean = written(Proxy, tmp_path / "clean", recorded(), world())
    noisy = written(Proxy, tmp_path / "noisy", recorded(), world(noise=True, noise_share=0.1))
    damaged = {(entry["file"], entry["ordinal"]) for entry in noisy.noise}
    for file in clean.files:
        with reader.read(tmp_path / "noisy" / file.file, tmp_path) as reading:
            batches = list(reading.batches)
        found = Counter(str(row) for batch in batches for row in batch.rows.to_pylist())
        rows = _parsed(tmp_path / "clean" / file.file)[0]
        kept = [
            str(row) for number, row in enumerate(rows, 1) if (file.file, number) not in damaged
        ]
        assert not Counter(kept) - found
        read = sum(found.values()) + sum(len(batch.rejected) for batch in batches)
        assert read == file.counts["records"]


def test_squid_lines_have_ten_fields(tmp_path: Path) -> None:
    given = recorded().requests
    output = written(Proxy, tmp_path, recorded(), world(proxy_layout="squid"))
    lines = [
        line for file in output.files
        for line in (tmp_path / file.file).read_text(encoding="utf-8").splitlines()
    ]  # fmt: skip
    assert len(lines) == given.num_rows
    for line, event in zip(lines, given.to_pylist(), strict=True):
        time, taken, _, result, size, method, url, user, peer, kind = line.split(None, 9)
        assert round(float(time) * 1000) == event["time_us"] // 1000
        assert (int(taken), int(size), method) == (
            event["taken_ms"], event["bytes_down"], event["method"],
        )  # fmt: skip
        assert result.split("/")[1] == str(event["status"])
        assert user == (event["user"] or "-")
        assert event["host"] in url
        assert peer.split("/")[0] in ("HIER_NONE", "HIER_DIRECT")
        assert kind.replace("%20", " ") == (event["content_type"] or "-")


def test_layouts_tell_the_same_requests(tmp_path: Path) -> None:
    """The product's reader gives the same rows. Some paths here begin with a quote, no slash."""
    columns = ("p_date", "p_time", "clientip", "reqmethod", "host", "respcode", "scbytes")
    seen = []
    for layout in ("main", "reporter", "squid"):
        folder = tmp_path / layout
        output = written(Proxy, folder, recorded(), world(proxy_layout=layout))
        rows: Counter[tuple[str, ...]] = Counter()
        for file in output.files:
            with reader.read(folder / file.file, folder) as reading:
                for batch in reading.batches:
                    assert not batch.rejected
                    for row in batch.rows.select(columns).to_pylist():
                        rows[tuple(str(value).strip('"') for value in row.values())] += 1
        seen.append(rows)
    assert seen[0].total() == recorded().requests.num_rows
    assert seen[0] == seen[1] == seen[2]
