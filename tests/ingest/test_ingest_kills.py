"""The kill test in its short form: twenty processes die while a day comes in."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spot_common.registry import check_source, sources
from spot_common.warehouse import Warehouse, day_values
from spot_ingest.accounting import Batch
from spot_ingest.errors import UnreadableError
from spot_ingest.rebuild import partition_of
from spot_ingest.source import ingest_source
from spot_ingest.split import partition_of_hour
from spot_ops.services.model import log_file
from tests.conftest import ROOT, Stack

pytestmark = [
    pytest.mark.service,
    pytest.mark.timeout(900),
    # kafka-python does not close the socket of a connection that a killed broker cut.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KILLS = 20
PAUSE = 1.5


def _module():  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location("kills", ROOT / "benchmarks" / "kills.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules["kills"] = found
    spec.loader.exec_module(found)
    return found


kills = _module()


def read(source: str, path: Path, scratch: Path) -> list[Batch]:
    """The batches of one file; none where it is set aside."""
    scratch.mkdir()
    try:
        with ingest_source(source).read(path, scratch) as reading:
            batches = list(reading.batches)
            reading.finish(sum(b.rows.num_rows + len(b.rejected) for b in batches))
    except UnreadableError:
        return []
    return batches


def converted(files: dict[str, list[Path]], scratch: Path) -> dict[str, tuple[int, int]]:
    """What the partitions must hold: the rows of the files, read on this machine."""
    parts: dict[tuple[str, tuple], list[pa.RecordBatch]] = {}
    for source, paths in files.items():
        for path in paths:
            for batch in read(source, path, scratch / f"{source}-{path.name}"):
                hours = pc.divide(batch.minutes, 60)
                for hour in hours.unique().to_pylist():
                    key = source, partition_of(partition_of_hour(hour))
                    rows = batch.rows.filter(pc.equal(hours, hour))
                    parts.setdefault(key, []).append(rows)
    found = {}
    for (source, partition), batches in parts.items():
        table = check_source(source).raw
        name = f"{source}/{table.partition_path(dict(partition))}"
        found[name] = kills.checksum(table, pa.Table.from_batches(batches))
    return found


def test_twenty_kills_change_nothing(stack: Stack, tmp_path: Path):
    used = Warehouse(stack.config).days(sources()["flow"].raw)
    mondays = (date(2014, 1, 6) + timedelta(weeks=week) for week in range(500))
    day = next(monday for monday in mondays if monday not in used)
    out = tmp_path / "day"
    span = ["--start", f"{day}T08:00:00Z", "--span", "2h"]
    stack.spot("gen", "generate", "--preset", "tiny", "--seed", "5", *span, "--out", str(out))
    files = {source: sorted((out / "data" / source).iterdir()) for source in sources()}
    more = []
    for source in sources():
        command = [Path(sys.executable).with_name("spot"), "work", "--source", source]
        words = ["--worker", "1", "--workers", "3"]
        with log_file(stack.config, f"worker-{source}-crew").open("a") as said:
            more.append(subprocess.Popen([*command, *words], env=stack.environ, stderr=said))
    try:
        killer = kills.Killer(stack.config, KILLS, seed=4, pause=PAUSE)
        killer.start()
        kills.drop_slowly(stack.config, files, KILLS * PAUSE)
        killer.join()
        kills.finished(stack.config, files, 600)
    finally:
        for one in more:
            one.terminate()
        for one in more:
            one.wait(120)
    assert killer.killed.total() == KILLS
    expected = converted(files, tmp_path)
    assert len(expected) == 2 * len(files)
    assert kills.sums(stack.config, [day_values(day)]) == expected
    assert kills.left_over(stack.config) == []
    assert "differences" not in stack.spot("ledger", "verify", str(day), check=False).replace(
        ", 0 differences", ""
    )
