"""Reads lines of ``moment,badge,door``."""

from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from spot_ingest.accounting import Batch, Finding, Reading

_NAMES = ["moment", "badge", "door"]


@contextmanager
def read(path, scratch):
    with path.open("rb") as stream:
        yield Reading(parse(stream), lambda received: Finding())


def parse(stream):
    types = csv.ConvertOptions(column_types=dict.fromkeys(_NAMES, pa.string()))
    for rows in csv.open_csv(stream, csv.ReadOptions(column_names=_NAMES), convert_options=types):
        seconds = pc.strptime(rows["moment"], "%Y-%m-%d %H:%M:%S", "s").cast(pa.int64())
        yield Batch(rows, pc.divide(seconds, 60))
