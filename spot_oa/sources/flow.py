"""Flow in OA: connections between two addresses."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from spot_common.registry import check_source
from spot_oa.enrich.steps import empty, internal_flag, rank
from spot_oa.picking import (
    all_present,
    clock_minute,
    distinct,
    matching,
    only_where,
    renamed,
    sorted_by,
    with_constant,
)
from spot_oa.rating import UNRATED, Kind, Rating, Row, Severities
from spot_oa.source import Detail, OaSource, Summary, names

_EDGE_COLUMNS = {
    "tstart": "treceived",
    "srcip": "sip",
    "dstip": "dip",
    "sport": "sport",
    "dport": "dport",
    "proto": "proto",
    "flags": "flag",
    "tos": "stos",
    "ibyt": "ibyt",
    "ipkt": "ipkt",
    "input": "input",
    "output": "output",
    "rip": "rip",
    "obyt": "obyt",
    "opkt": "opkt",
    "hh": "hh",
    "mn": "trminute",
}
_KEPT = names("sport dport proto ipkt ibyt opkt obyt")
_COUNTED = check_source("flow").counted
_CLOCK = r"^\S+ (?P<hour>\d{1,2}):(?P<minute>\d{1,2})"


def _day_of(rows: pa.Table) -> pa.ChunkedArray:
    return pc.utf8_slice_codeunits(rows.column("tstart"), 0, 10)


def _both_ways(pairs: pa.Table, left: str, right: str) -> pa.Table:
    """Add each pair turned round, so that a join finds records of either direction."""
    names = [{left: right, right: left}.get(name, name) for name in pairs.column_names]
    turned = pairs.rename_columns(names).select(pairs.column_names)
    return distinct(pa.concat_tables([pairs, turned]))


def _edge_keys(rows: pa.Table) -> pa.Table:
    """Distinct (pair, hour, minute) of the suspicious rows, in both directions."""
    minute = clock_minute(rows.column("tstart"), _CLOCK)
    hour = pc.divide(minute, 60)
    keys = pa.table(
        {
            "sip": rows.column("srcip"),
            "dip": rows.column("dstip"),
            "hh": hour,
            "trminute": pc.subtract(minute, pc.multiply(hour, 60)),
        }
    )
    return _both_ways(keys.drop_null(), "sip", "dip")


def _pick_edges(raw: pa.Table, keys: pa.Table, hour: int) -> pa.Table:
    wanted = keys.filter(pc.equal(keys.column("hh"), hour)).drop_columns(["hh"])
    found = with_constant(matching(raw, wanted), "hh", hour, pa.int32())
    return renamed(found, _EDGE_COLUMNS)


def _chord_keys(rows: pa.Table) -> pa.Table:
    """(address, peer) for each address in several suspicious rows with several peers."""
    ends = rows.select(["srcip", "dstip"]).rename_columns(["ip_threat", "peer"]).drop_null()
    turned = ends.rename_columns(["peer", "ip_threat"]).select(["ip_threat", "peer"])
    all_ends = pa.concat_tables([ends, turned])
    often = _keep_if_many(all_ends)
    return matching(distinct(all_ends), _keep_if_many(distinct(matching(all_ends, often))))


def _keep_if_many(ends: pa.Table) -> pa.Table:
    counted = ends.group_by("ip_threat").aggregate([([], "count_all")])
    return counted.filter(pc.greater(counted.column("count_all"), 1)).select(["ip_threat"])


def _pick_chords(raw: pa.Table, keys: pa.Table, _hour: int) -> pa.Table:
    directed = _both_ways_chords(keys)
    pairs = distinct(directed.select(["sip", "dip"]))
    totals = _totals(matching(raw, pairs), ["sip", "dip"])
    joined = totals.join(directed, keys=["sip", "dip"], join_type="inner")
    columns = {"ip_threat": "ip_threat", "srcip": "sip", "dstip": "dip"}
    return renamed(joined, {**columns, "ibyt": "ibyt", "ipkt": "ipkt"})


def _both_ways_chords(keys: pa.Table) -> pa.Table:
    out = pa.table(
        {
            "ip_threat": keys.column("ip_threat"),
            "sip": keys.column("ip_threat"),
            "dip": keys.column("peer"),
        }
    )
    return _both_ways(out, "sip", "dip")


def _totals(records: pa.Table, by: list[str]) -> pa.Table:
    summed = records.group_by(by).aggregate([("ibyt", "sum"), ("ipkt", "sum")])
    return renamed(summed, {**{name: name for name in by}, "ibyt": "ibyt_sum", "ipkt": "ipkt_sum"})


def _finish_chords(picked: pa.Table) -> pa.Table:
    totals = _totals(picked, ["ip_threat", "srcip", "dstip"])
    return sorted_by(totals, ["ip_threat", "srcip", "dstip"])


def _minutes(raw: pa.Table, day: date) -> pa.ChunkedArray:
    """Minute of each record of the day that has all its fields and a readable time."""
    counts = all_present(raw, _COUNTED)
    for name, value in (("tryear", day.year), ("trmonth", day.month), ("trday", day.day)):
        counts = pc.and_(counts, pc.equal(raw.column(name), value))
    received = pc.strptime(
        raw.column("treceived"), format="%Y-%m-%d %H:%M:%S", unit="s", error_is_null=True
    )
    counts = pc.and_(counts, pc.is_valid(received))
    minute = pc.add(pc.multiply(raw.column("trhour"), 60), raw.column("trminute"))
    return only_where(counts, minute)


def _threat(row: Row, severities: Severities) -> dict[str, object]:
    return {
        "tstart": row["tstart"],
        "srcip": row["srcip"],
        "dstip": row["dstip"],
        "srcport": row["sport"],
        "dstport": row["dport"],
        "score": severities.get("connection", UNRATED),
    }


def _feedback(row: Row, severities: Severities) -> list[object]:
    columns = ("tstart", "srcip", "dstip", "sport", "dport", "ipkt", "ibyt")
    return [severities.get("connection", UNRATED), *(row[name] for name in columns)]


_RATING = Rating(
    kinds=(Kind("connection", ("tstart", "srcip", "dstip", "sport", "dport")),),
    identity=("tstart", "srcip", "dstip", *_KEPT),
    threat=_threat,
    feedback_columns=("sev", "tstart", "srcIP", "dstIP", "sport", "dport", "ipkt", "ibyt"),
    feedback=_feedback,
)

SOURCE = OaSource(
    name="flow",
    results=names(
        "treceived tryear trmonth trday trhour trminute trsec tdur sip dip sport dport proto "
        "ipkt ibyt opkt obyt score"
    ),
    scores={
        "treceived": "tstart",
        "sip": "srcip",
        "dip": "dstip",
        **{name: name for name in _KEPT},
        "score": "ml_score",
    },
    day_of=_day_of,
    steps=(
        rank(),
        internal_flag("srcip", "srcip_internal"),
        internal_flag("dstip", "dstip_internal"),
        empty("src_geoloc", "dst_geoloc", "src_domain", "dst_domain", "src_rep", "dst_rep"),
    ),
    details=(
        Detail(
            table="flow_edge",
            reads=tuple(name for name in _EDGE_COLUMNS.values() if name != "hh"),
            keys=_edge_keys,
            pick=_pick_edges,
            finish=lambda picked: sorted_by(picked, ["tstart", "srcip", "dstip", "sport", "dport"]),
        ),
        Detail(
            table="flow_chords",
            reads=("sip", "dip", "ibyt", "ipkt"),
            keys=_chord_keys,
            pick=_pick_chords,
            finish=_finish_chords,
        ),
    ),
    summary=Summary(
        table="flow_ingest_summary",
        reads=(*_COUNTED, "treceived", "tryear", "trmonth", "trday", "trhour", "trminute"),
        minutes=_minutes,
    ),
    rating=_RATING,
)
