"""An archive of the Java classes that a run loads: with it Spark starts in half the time.

``python -m spot_ml.classes`` makes it, by a small run. Java takes the archive only where it is of
the same Java and the same jars, and reads the classes from the jars otherwise.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spot_common import log
from spot_common.config import load_config
from spot_common.registry import check_source
from spot_ml import arguments
from spot_ml.request import of_arguments
from spot_ml.run import run
from spot_ml.session import CLASSES, QUICK, ended, spark_session

_SOURCE = "flow"
_ROW = {"treceived": "2016-07-08 00:00:00", "sip": "10.0.0.1", "dip": "10.0.0.2", "proto": "TCP"}


def make() -> None:
    """Make the archive anew."""
    CLASSES.parent.mkdir(parents=True, exist_ok=True)
    fresh = CLASSES.with_name(f".{CLASSES.name}.{uuid.uuid4().hex}")
    try:
        with tempfile.TemporaryDirectory(prefix="spot-classes-") as place:
            _run(Path(place), (QUICK, f"-XX:ArchiveClassesAtExit={fresh}"))
        fresh.replace(CLASSES)
    finally:
        fresh.unlink(missing_ok=True)


def _run(place: Path, java: Sequence[str]) -> None:
    """Do a small run of the job in a Java of its own, and wait until that has ended."""
    rows, scored = place / "rows", place / "scores"
    rows.mkdir()
    schema = check_source(_SOURCE).raw.arrow()
    row = {field.name: _ROW.get(field.name, _zero(field.type)) for field in schema}
    pq.write_table(pa.Table.from_pylist([row] * 3, schema), rows / "rows.parquet")
    config = load_config(
        overrides={"STATE_DIR": str(place), "SPARK_MASTER": "local[2]", "MODELS_KEPT": "0"}
    )
    words = [
        *("--analysis", _SOURCE, "--input", rows.as_uri(), "--scored", scored.as_uri()),
        *("--ldatopiccount", "2", "--threshold", "1", "--maxresults", "10"),
    ]
    request = of_arguments(arguments.parse(words), config)
    with spark_session(config, java=java) as session:
        run(session, request, config)
        gateway: Any = session.sparkContext._gateway
    ended()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


def _zero(kind: pa.DataType) -> str | int | float:
    return "" if pa.types.is_string(kind) else 0


if __name__ == "__main__":
    log.configure(level="WARNING")
    make()
