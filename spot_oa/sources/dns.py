"""DNS in OA: names that clients asked for. All times are UTC, from ``unix_tstamp``."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from spot_common.registry import check_source
from spot_oa.enrich.steps import domain_of, empty, hour_of_frame_time, name_of_code
from spot_oa.picking import (
    all_present,
    clock_minute,
    distinct,
    first_per_key,
    matching,
    only_where,
    sorted_by,
    utc_day,
    utc_hour,
    with_code_name,
    with_constant,
)
from spot_oa.rating import UNRATED, Kind, Rating, Row, Severities
from spot_oa.source import Detail, OaSource, Summary, names

_KEPT = names(
    "frame_time unix_tstamp frame_len ip_dst dns_qry_name dns_qry_class dns_qry_type dns_qry_rcode"
)
_EDGE_COLUMNS = names(
    "unix_tstamp frame_len ip_dst ip_src dns_qry_name dns_qry_class dns_qry_type dns_qry_rcode "
    "dns_a"
)
_DENDRO_COLUMNS = ("unix_tstamp", "dns_a", "dns_qry_name", "ip_dst")
_COUNTED = check_source("dns").counted
_NAMED_CODES = ("dns_qry_class", "dns_qry_type", "dns_qry_rcode")
_CLOCK = r"^\s*\S+\s+\S+\s+\S+\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})"


def _with_hour(records: pa.Table) -> pa.Table:
    return records.append_column("hh", utc_hour(records.column("unix_tstamp")))


def _edge_keys(rows: pa.Table) -> pa.Table:
    """Distinct (name, hour) of the suspicious rows.

    The hour is compared with each record's own, not with its partition, so that a capture whose
    partitions follow another clock has its details too.
    """
    keys = _with_hour(rows.select(["dns_qry_name", "unix_tstamp"])).drop_columns(["unix_tstamp"])
    return distinct(keys.rename_columns(["dns_qry_name", "record_hour"]).drop_null())


def _pick_edges(raw: pa.Table, keys: pa.Table, _hour: int) -> pa.Table:
    wanted = keys.rename_columns(["dns_qry_name", "hh"])
    return _limited_edges(matching(_with_hour(raw), wanted))


def _limited_edges(records: pa.Table) -> pa.Table:
    return first_per_key(records, ["dns_qry_name", "hh"], ["unix_tstamp", "ip_dst", "frame_len"])


def _finish_edges(picked: pa.Table) -> pa.Table:
    edges = _limited_edges(picked)
    for code in _NAMED_CODES:
        edges = with_code_name(edges, code, f"{code}_name", code)
    return with_constant(edges, "network_context", "", pa.string())


def _dendro_keys(rows: pa.Table) -> pa.Table:
    """Distinct clients of the suspicious rows."""
    return distinct(rows.select(["ip_dst"]).drop_null())


def _pick_dendro(raw: pa.Table, keys: pa.Table, _hour: int) -> pa.Table:
    return _limited_dendro(distinct(matching(raw.select(_DENDRO_COLUMNS), keys)))


def _limited_dendro(records: pa.Table) -> pa.Table:
    return first_per_key(records, ["ip_dst"], ["unix_tstamp", "dns_qry_name", "dns_a"])


def _minutes(raw: pa.Table, _day: date) -> pa.ChunkedArray:
    """Minute of each record that has all its fields, from the clock in ``frame_time``."""
    minute = clock_minute(raw.column("frame_time"), _CLOCK)
    return only_where(all_present(raw, _COUNTED), minute)


def _threat(row: Row, severities: Severities) -> dict[str, object]:
    return {
        "unix_tstamp": row["unix_tstamp"],
        "ip_dst": row["ip_dst"],
        "dns_qry_name": row["dns_qry_name"],
        "ip_sev": severities.get("client", UNRATED),
        "dns_sev": severities.get("query", UNRATED),
    }


_FEEDBACK_COLUMNS = names(
    "frame_time frame_len ip_dst dns_qry_name dns_qry_class dns_qry_type dns_qry_rcode score tld "
    "query_rep hh ip_sev dns_sev dns_qry_class_name dns_qry_type_name dns_qry_rcode_name "
    "network_context unix_tstamp"
)


def _feedback(row: Row, severities: Severities) -> list[object]:
    values = {**row, **_threat(row, severities), "score": row["ml_score"]}
    return [values[name] for name in _FEEDBACK_COLUMNS]


_RATING = Rating(
    kinds=(Kind("client", ("ip_dst",)), Kind("query", ("dns_qry_name",))),
    identity=_KEPT,
    threat=_threat,
    feedback_columns=_FEEDBACK_COLUMNS,
    feedback=_feedback,
)

SOURCE = OaSource(
    name="dns",
    results=(*_KEPT, "score"),
    scores={**{name: name for name in _KEPT}, "score": "ml_score"},
    day_of=lambda rows: utc_day(rows.column("unix_tstamp")),
    steps=(
        domain_of("dns_qry_name", "tld"),
        empty("query_rep"),
        hour_of_frame_time("frame_time", "hh"),
        *(name_of_code(code, f"{code}_name", code) for code in _NAMED_CODES),
        empty("network_context"),
    ),
    details=(
        Detail(
            table="dns_edge",
            reads=_EDGE_COLUMNS,
            keys=_edge_keys,
            pick=_pick_edges,
            finish=_finish_edges,
        ),
        Detail(
            table="dns_dendro",
            reads=_DENDRO_COLUMNS,
            keys=_dendro_keys,
            pick=_pick_dendro,
            finish=lambda picked: sorted_by(
                _limited_dendro(distinct(picked)), ["ip_dst", "unix_tstamp", "dns_qry_name"]
            ),
        ),
    ),
    summary=Summary(table="dns_ingest_summary", reads=_COUNTED, minutes=_minutes),
    rating=_RATING,
)
