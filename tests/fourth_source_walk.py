"""Walks a toy source through every part; run in a copy of the tree that has the toy's files.

Prints one JSON object. No file of the copy differs from the original.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from spot_ml.words.toy import WORDS
from sqlalchemy import create_engine

from spot_common.registry import check_source, sources
from spot_ingest.source import ingest_source
from spot_ingest.split import Splitter
from spot_ml.lda.parameters import Parameters
from spot_ml.pipeline import analyse, ranked
from spot_ml.words.source import WordContext
from spot_oa.api.execution import answer
from spot_oa.api.service import Service
from spot_oa.run import run
from spot_oa.store.publish import Publisher
from spot_oa.store.verdicts import VerdictStore
from tests.oa.twin import Twin

DAY = date(2016, 7, 8)
LINES = [f"2016-07-08 {8 + n % 8:02d}:00:00,anna,front" for n in range(40)]
LINES += ["2016-07-08 03:00:00,anna,vault"]


def main(folder: Path) -> None:
    """Ingest, score, analyse and ask, all in memory."""
    schema, twin = check_source("toy"), Twin()
    splitter = Splitter(schema.raw, folder)
    file = folder / "doors.toy"
    file.write_text("\n".join(LINES) + "\n")
    with ingest_source("toy").read(file, folder) as reading:
        for batch in reading.batches:
            splitter.write(batch)
    parts = splitter.close()
    raw = pa.concat_tables(pq.read_table(part.path) for part in parts)
    analysis = analyse(WORDS, raw, WordContext(), Parameters(topics=3, seed=1))
    results = ranked(WORDS, analysis, 1.0, 10)
    twin.put_results("toy", DAY, [list(row.values()) for row in results.to_pylist()])
    run(twin, "toy", DAY, 10)
    store = VerdictStore(create_engine("sqlite://"))
    service = Service(twin, store, Publisher(twin, store))
    query = '{ toy { suspicious(date: "2016-07-08") { badge door } } }'
    status, body = answer(service, {"query": query}, user="me", allow_mutation=False)
    print(
        json.dumps(
            {
                "sources": list(sources()),
                "table": schema.raw.create_sql("spot", "/user/spot"),
                "hours": sorted(part.values["h"] for part in parts),
                "status": status,
                "first": body["data"]["toy"]["suspicious"][0],
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
