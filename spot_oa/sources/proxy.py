"""Proxy in OA: requests that clients sent through the web proxy."""

from __future__ import annotations

import hashlib
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from spot_common.registry import check_source
from spot_oa.enrich.steps import empty, name_of_code
from spot_oa.picking import (
    all_present,
    clock_minute,
    distinct,
    first_per_key,
    matching,
    only_where,
    renamed,
    with_code_name,
    with_constant,
)
from spot_oa.rating import UNRATED, Kind, Rating, Row, Severities
from spot_oa.source import Detail, OaSource, Summary, names

_KEPT = names(
    "clientip host reqmethod useragent resconttype duration username webcat referer respcode "
    "uriport uripath uriquery serverip scbytes csbytes fulluri word"
)
_EDGE_COLUMNS = {
    "tdate": "p_date",
    "time": "p_time",
    "clientip": "clientip",
    "host": "host",
    "webcat": "webcat",
    "respcode": "respcode",
    "reqmethod": "reqmethod",
    "useragent": "useragent",
    "resconttype": "resconttype",
    "referer": "referer",
    "uriport": "uriport",
    "serverip": "serverip",
    "scbytes": "scbytes",
    "csbytes": "csbytes",
    "fulluri": "fulluri",
    "hh": "hh",
}
_COUNTED = check_source("proxy").counted
_CLOCK = r"^(?P<hour>\d{1,2}):(?P<minute>\d{1,2})"
_DAY = r"^\d{4}-\d{1,2}-\d{1,2}$"


def _edge_keys(rows: pa.Table) -> pa.Table:
    """Distinct (URI, client, hour) of the suspicious rows whose date reads ``YYYY-MM-DD``."""
    dated = rows.filter(pc.match_substring_regex(rows.column("tdate"), pattern=_DAY))
    keys = pa.table(
        {
            "fulluri": dated.column("fulluri"),
            "clientip": dated.column("clientip"),
            "hh": pc.divide(clock_minute(dated.column("time"), _CLOCK), 60),
        }
    )
    return distinct(keys.drop_null())


def _pick_edges(raw: pa.Table, keys: pa.Table, hour: int) -> pa.Table:
    wanted = keys.filter(pc.equal(keys.column("hh"), hour)).drop_columns(["hh"])
    found = first_per_key(matching(raw, wanted), wanted.column_names, ["p_time"])
    return renamed(with_constant(found, "hh", hour, pa.int32()), _EDGE_COLUMNS)


def _finish_edges(picked: pa.Table) -> pa.Table:
    return with_code_name(picked, "respcode", "respcode_name", "proxy_http_rcode")


def _minutes(raw: pa.Table, day: date) -> pa.ChunkedArray:
    """Minute of each record of the day that has all its fields, from ``p_time``."""
    counts = pc.and_(all_present(raw, _COUNTED), pc.equal(raw.column("p_date"), f"{day:%Y-%m-%d}"))
    return only_where(counts, clock_minute(raw.column("p_time"), _CLOCK))


def _threat(row: Row, severities: Severities) -> dict[str, object]:
    return {
        "tdate": row["tdate"],
        "fulluri": row["fulluri"],
        "uri_sev": severities.get("uri", UNRATED),
    }


_FEEDBACK_COLUMNS = names(
    "p_date p_time clientip host reqmethod useragent resconttype duration username webcat "
    "referer respcode uriport uripath uriquery serverip scbytes csbytes fulluri word score "
    "uri_rep uri_sev respcode_name network_context hash"
)


def _feedback(row: Row, severities: Severities) -> list[object]:
    named = {"p_date": row["tdate"], "p_time": row["time"], "score": row["ml_score"]}
    values = {**row, **named, **_threat(row, severities), "hash": _hash(row)}
    return [values[name] for name in _FEEDBACK_COLUMNS]


def _hash(row: Row) -> str:
    """MD5 of client and URI, then the hour: a name for the event, not a protection of it."""
    digest = hashlib.md5(f"{row['clientip']}{row['fulluri']}".encode(), usedforsecurity=False)
    return f"{digest.hexdigest()}{str(row['time'] or '').split(':')[0]}"


_RATING = Rating(
    kinds=(Kind("uri", ("fulluri",)),),
    identity=("tdate", "time", *(name for name in _KEPT if name != "word")),
    threat=_threat,
    feedback_columns=_FEEDBACK_COLUMNS,
    feedback=_feedback,
)

SOURCE = OaSource(
    name="proxy",
    results=("p_date", "p_time", *_KEPT, "score"),
    scores={
        **{name: name for name in _KEPT},
        "p_date": "tdate",
        "p_time": "time",
        "score": "ml_score",
    },
    day_of=lambda rows: rows.column("tdate"),
    steps=(
        empty("uri_rep"),
        name_of_code("respcode", "respcode_name", "proxy_http_rcode"),
        empty("network_context"),
    ),
    details=(
        Detail(
            table="proxy_edge",
            reads=tuple(name for name in _EDGE_COLUMNS.values() if name != "hh"),
            keys=_edge_keys,
            pick=_pick_edges,
            finish=_finish_edges,
        ),
    ),
    summary=Summary(table="proxy_ingest_summary", reads=_COUNTED, minutes=_minutes),
    rating=_RATING,
)
