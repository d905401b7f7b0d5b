"""Taking the scored rows of a run, with their words, out of HDFS: for measuring a ranking."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from spot_common import progress
from spot_common.clients.hdfs import Hdfs


def copy_rows(hdfs: Hdfs, folder: str, target: Path) -> None:
    """Join the Parquet files of a folder into one file here, which appears when it is complete."""
    names = [entry.name for entry in hdfs.list(folder) if entry.name.endswith(".parquet")]
    hidden = target.with_name(f".{target.name}.partial")
    writer: pq.ParquetWriter | None = None
    with (
        progress.bar("copy rows", len(names), "files") as shown,
        tempfile.TemporaryDirectory(prefix="spot-rows-") as place,
    ):
        try:
            for name in sorted(names):
                local = Path(place) / "part.parquet"
                hdfs.download(f"{folder}/{name}", local)
                with pq.ParquetFile(local) as rows:
                    writer = writer or pq.ParquetWriter(hidden, rows.schema_arrow)
                    for batch in rows.iter_batches():
                        writer.write_batch(batch)
                shown.advance()
        finally:
            if writer is not None:
                writer.close()
    hidden.replace(target)
