"""What becomes of every recorded file: ``tests/data/outcomes/<source>.csv`` says it of a source.

A table has one row a file of ``<recorded data>/<source>/``: state, rows received, stored and set
aside, and the reason. ``python tests/ingest/test_ingest_outcomes.py SOURCE`` writes it anew.
"""

from __future__ import annotations

import csv
import re
import sys
import tempfile
from pathlib import Path

import pytest

from spot_ingest.errors import UnreadableError
from spot_ingest.source import ingest_source
from tests.conftest import ROOT, SHARED_DATA

TABLES = ROOT / "tests/data/outcomes"
COLUMNS = ("file", "state", "received", "stored", "set_aside", "reason")


def expected(source: str) -> dict[str, dict[str, str]]:
    """The rows of a source's table, by file."""
    with (TABLES / f"{source}.csv").open(encoding="utf-8", newline="") as table:
        return {row["file"]: row for row in csv.DictReader(table)}


def recorded(source: str) -> list[str]:
    """The recorded files of a source."""
    folder = SHARED_DATA / source
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def outcome(source: str, file: str, scratch: Path) -> dict[str, str]:
    """Read a file and tell what becomes of it, as a worker would."""
    stored = set_aside = 0
    first = ""
    try:
        with ingest_source(source).read(SHARED_DATA / source / file, scratch) as reading:
            for batch in reading.batches:
                stored += batch.rows.num_rows
                set_aside += len(batch.rejected)
                first = first or "".join(row.reason for row in batch.rejected[:1])
            finding = reading.finish(stored + set_aside)
            set_aside += len(finding.rejected)
        state, reason = "published", finding.note or first
        if not stored:
            state, reason = "set aside", f"none of its {set_aside} rows is understood: {reason}"
    except UnreadableError as error:
        state, reason, stored, set_aside = "set aside", error.message, 0, error.rows
    counts = (stored + set_aside, stored, set_aside)
    return dict(zip(COLUMNS, (file, state, *map(str, counts), reason), strict=True))


SOURCES = sorted(path.stem for path in TABLES.glob("*.csv"))
CASES = [(source, file) for source in SOURCES for file in expected(source)]


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the recorded data is not on this machine")
@pytest.mark.parametrize(("source", "file"), CASES, ids=[f"{s}/{f}" for s, f in CASES])
def test_a_recorded_file_ends_as_the_table_says(source: str, file: str, tmp_path: Path):
    assert outcome(source, file, tmp_path) == expected(source)[file]


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the recorded data is not on this machine")
@pytest.mark.parametrize("source", SOURCES)
def test_every_recorded_file_has_a_row(source: str):
    assert recorded(source) == sorted(expected(source))


@pytest.mark.parametrize("source", SOURCES)
def test_every_row_adds_up(source: str):
    for row in expected(source).values():
        assert int(row["received"]) == int(row["stored"]) + int(row["set_aside"]), row["file"]
        assert row["state"] == ("published" if int(row["stored"]) else "set aside"), row["file"]
        assert row["reason"] or row["set_aside"] == "0", row["file"]


@pytest.mark.parametrize("source", SOURCES)
def test_the_page_for_readers_says_the_same(source: str):
    page = (ROOT / "docs/inputs.md").read_text(encoding="utf-8")
    part = re.split(r"^## ", page, flags=re.M)
    (section,) = (one for one in part if one.startswith(f"{source}\n"))
    shown = re.findall(
        r"^\| `(.*)` \| (.*) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| (.*) \|$", section, re.M
    )
    found = [
        tuple(
            cell if column in (0, 1, 5) else cell.replace(",", "")
            for column, cell in enumerate(row)
        )
        for row in shown
    ]
    assert sorted(found) == sorted(tuple(row.values()) for row in expected(source).values())


def main(source: str) -> None:
    """Write the table of a source."""
    TABLES.mkdir(exist_ok=True)
    with (TABLES / f"{source}.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for file in recorded(source):
            with tempfile.TemporaryDirectory() as scratch:
                writer.writerow(outcome(source, file, Path(scratch)))


if __name__ == "__main__":
    main(sys.argv[1])
