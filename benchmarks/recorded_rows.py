"""Rows of recorded traffic: read by ingest's readers, or from Zeek's logs, and moved about."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spot_common.registry import check_source
from spot_ingest.source import ingest_source
from spot_ml.batches import source_words
from spot_ops.evaluate.days import columns

#: Ethernet, IP and UDP headers, the DNS header, and what frames a name and an address: Zeek does
#: not say how long a message was.
_DNS_FRAME = 14 + 20 + 8 + 12 + 6
_ADDRESS = 16


@dataclass(frozen=True)
class Attack:
    """Rows of one recorded incident, and the host that does it."""

    name: str
    rows: pa.Table
    actor: str


def schema(source: str) -> pa.Schema:
    """The columns that are ranked by or shown."""
    raw = check_source(source).raw.arrow()
    return pa.schema([raw.field(name) for name in columns(source_words(source))])


def read(source: str, path: Path) -> pa.Table:
    """Read a file as ingest does."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        ingest_source(source).read(path, Path(scratch)) as reading,
    ):
        parts = [batch.rows.select(columns(source_words(source))) for batch in reading.batches]
    return pa.Table.from_batches(parts, schema(source))


def between(rows: pa.Table, one: str, *others: str) -> pa.Table:
    """Flows of a host, with any other or only with those that are named."""
    mine = []
    for here, there in (("sip", "dip"), ("dip", "sip")):
        of_host = pc.equal(rows[here], one)
        if others:
            of_host = pc.and_(of_host, pc.is_in(rows[there], pa.array(others)))
        mine.append(of_host)
    return rows.filter(pc.or_(*mine))


def zeek(path: Path) -> pd.DataFrame:
    """A Zeek log, in tabs with ``#fields`` or in lines of JSON, as texts."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as stream:
        lines = [line.rstrip("\n") for line in stream]
    if lines[0].startswith("{"):
        return pd.DataFrame([json.loads(line) for line in lines]).astype(str)
    fields = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
    values = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return pd.DataFrame(values, columns=fields)


def flows(log: pd.DataFrame) -> tuple[pa.Table, np.ndarray]:
    """A record for each direction of Zeek's connections that had packets; and its connection."""

    def number(name: str) -> np.ndarray:
        given = log[name] if name in log else pd.Series("0", log.index)
        return pd.to_numeric(given, errors="coerce").fillna(0).to_numpy()

    parts, of = [], []
    for here, there in (("orig", "resp"), ("resp", "orig")):
        packets = number(f"{here}_pkts")
        chosen = np.flatnonzero((packets > 0) | (here == "orig"))
        size = np.maximum(number(f"{here}_ip_bytes"), 40)
        given = {
            "time": number("ts"),
            "tdur": number("duration"),
            "sip": log[f"id.{here}_h"],
            "dip": log[f"id.{there}_h"],
            "sport": number(f"id.{here}_p"),
            "dport": number(f"id.{there}_p"),
            "proto": log["proto"].str.upper(),
            "ipkt": np.maximum(packets, 1),
            "ibyt": size,
        }
        parts.append(pd.DataFrame(given).iloc[chosen])
        of.append(chosen)
    frame = pd.concat(parts)
    times = pd.to_datetime(frame["time"], unit="s")
    frame = frame.assign(treceived=times.dt.strftime("%F %T"), opkt=0, obyt=0)
    frame = frame.assign(**_clock(times))
    return _table(frame, "flow"), np.concatenate(of)


def lookups(log: pd.DataFrame) -> pa.Table:
    """Zeek's look-ups that have a name; how long the answers were is guessed."""
    log = log[~log["query"].isin(["-", "(empty)"])]
    codes = pd.to_numeric(log["rcode"], errors="coerce").fillna(-1).astype(int)
    times = pd.to_datetime(pd.to_numeric(log["ts"]), unit="s")
    frame = pd.DataFrame(
        {
            "frame_time": times.dt.strftime("%b %e %Y %T.000000000 UTC"),
            "unix_tstamp": times.astype("int64") // 10**9,
            "frame_len": _DNS_FRAME + log["query"].str.len() + _ADDRESS * (codes == 0),
            "ip_dst": log["id.orig_h"],
            "dns_qry_name": log["query"],
            "dns_qry_class": "0x0001",
            "dns_qry_type": pd.to_numeric(log["qtype"], errors="coerce").fillna(-1),
            "dns_qry_rcode": codes,
        }
    )
    return _table(frame, "dns")


def moved(source: str, rows: pa.Table, start: pd.Timestamp, hosts: Mapping[str, str]) -> pa.Table:
    """Let recorded rows begin at another time, on other hosts."""
    frame = rows.to_pandas()
    then = _times(source, frame)
    times = start + (then - then.min())
    for name in source_words(source).documents:
        frame[name] = frame[name].replace(dict(hosts))
    if source == "flow":
        frame = frame.assign(treceived=times.dt.strftime("%F %T"), **_clock(times))
    elif source == "dns":
        told = times.dt.strftime("%b %e %Y %T.%f000 UTC")
        frame = frame.assign(frame_time=told, unix_tstamp=times.astype("int64") // 10**9)
    else:
        frame = frame.assign(p_date=times.dt.strftime("%F"), p_time=times.dt.strftime("%T"))
    return _table(frame, source)


def day_of(source: str, rows: pa.Table) -> pd.Timestamp:
    """Midnight before the middle row."""
    frame = rows.slice(rows.num_rows // 2, 1).to_pandas()
    return _times(source, frame).iloc[0].normalize()


def _times(source: str, frame: pd.DataFrame) -> pd.Series:
    if source == "flow":
        return pd.to_datetime(frame["treceived"])
    if source == "dns":
        return pd.to_datetime(frame["unix_tstamp"], unit="s")
    return pd.to_datetime(frame["p_date"] + " " + frame["p_time"])


def _clock(times: pd.Series) -> dict[str, pd.Series]:
    parts = {"tryear": "year", "trmonth": "month", "trday": "day"}
    parts |= {"trhour": "hour", "trminute": "minute", "trsec": "second"}
    return {name: getattr(times.dt, part) for name, part in parts.items()}


def _table(frame: pd.DataFrame, source: str) -> pa.Table:
    return pa.Table.from_pandas(frame, schema(source), preserve_index=False, safe=False)


def busy(column: pa.ChunkedArray, least: int, most: int, begins: str = "") -> list[str]:
    """Hosts with so many rows, by name."""
    counted = pc.value_counts(column.combine_chunks()).to_pylist()
    return sorted(
        of["values"]
        for of in counted
        if least <= of["counts"] <= most and of["values"].startswith(begins)
    )
