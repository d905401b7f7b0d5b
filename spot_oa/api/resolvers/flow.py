"""Resolvers of flow."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
from ariadne import ObjectType

from spot_oa.api.errors import bad_input
from spot_oa.api.resolvers.shared import (
    Answer,
    Info,
    Rule,
    common_fields,
    equals_any,
    matching,
    not_available,
    nothing,
    rated_rows,
    read_day,
    required,
    suspicious,
    today,
)
from spot_oa.api.shape import Shape, as_text, column, or_zero, probability, shaped

_SUSPICIOUS: Shape = {
    "tstart": column("tstart"),
    "srcIp": column("srcip"),
    "dstIp": column("dstip"),
    "srcPort": or_zero("sport"),
    "dstPort": or_zero("dport"),
    "protocol": column("proto"),
    "inPkts": or_zero("ipkt"),
    "inBytes": or_zero("ibyt"),
    "outPkts": or_zero("opkt"),
    "outBytes": or_zero("obyt"),
    "score": probability("ml_score"),
    "rank": or_zero("rank"),
    "srcIp_isInternal": column("srcip_internal"),
    "dstIp_isInternal": column("dstip_internal"),
    "srcIp_geoloc": column("src_geoloc"),
    "dstIp_geoloc": column("dst_geoloc"),
    "srcIp_domain": column("src_domain"),
    "dstIp_domain": column("dst_domain"),
    "srcIp_rep": column("src_rep"),
    "dstIp_rep": column("dst_rep"),
}
_EDGE: Shape = {
    "tstart": column("tstart"),
    "srcIp": column("srcip"),
    "dstIp": column("dstip"),
    "srcPort": as_text("sport"),
    "dstPort": as_text("dport"),
    "protocol": column("proto"),
    "flags": column("flags"),
    "tos": as_text("tos"),
    "inBytes": or_zero("ibyt"),
    "inPkts": or_zero("ipkt"),
    "inIface": as_text("input"),
    "outIface": as_text("output"),
    "routerIp": column("rip"),
    "outBytes": or_zero("obyt"),
    "outPkts": or_zero("opkt"),
}
_CHORDS: Shape = {
    "srcIp": column("srcip"),
    "dstIp": column("dstip"),
    "inBytes": or_zero("ibyt"),
    "inPkts": or_zero("ipkt"),
}
_HIGHEST_PORT = 65_535

_query = ObjectType("NetflowQueryType")
_threats = ObjectType("NetflowThreatsType")
_threat = ObjectType("NetflowThreatInformation")
_mutation = ObjectType("NetflowMutationType")

BINDABLES = [_query, _threats, _threat, _mutation]

_threats.set_field("comments", nothing)
for _name in ("details", "incidentProgression", "impactAnalysis", "geoLocalization", "timeline"):
    _threat.set_field(_name, not_available)


@_query.field("suspicious")
def _suspicious(_: object, info: Info, **asked: Any) -> list[Answer]:
    address = asked.get("ip")
    conditions = [equals_any(address, "srcip", "dstip")] if address else []
    return suspicious(info, "flow", asked.get("date"), conditions, "rank", _SUSPICIOUS)


@_query.field("edgeDetails")
def _edge_details(_: object, info: Info, **asked: Any) -> list[Answer]:
    source, target = required(asked, "srcIp"), required(asked, "dstIp")
    moment = asked["tstart"]
    rows = read_day(info, "flow", "edge", moment.date())
    rows = matching(rows, {"hh": moment.hour, "mn": moment.minute})
    there = pc.and_(pc.equal(rows["srcip"], source), pc.equal(rows["dstip"], target))
    back = pc.and_(pc.equal(rows["srcip"], target), pc.equal(rows["dstip"], source))
    found = rows.filter(pc.or_(there, back)).sort_by([("tstart", "ascending")])
    return shaped(found, _EDGE)


@_query.field("ipDetails")
def _ip_details(_: object, info: Info, **asked: Any) -> list[Answer]:
    rows = read_day(info, "flow", "chords", today(asked.get("date")))
    return shaped(matching(rows, {"ip_threat": required(asked, "ip")}), _CHORDS)


@_threats.field("list")
def _rated(_: object, info: Info, **asked: Any) -> list[Answer]:
    return [
        {
            "tstart": rated.row["tstart"],
            "srcIp": rated.row["srcip"],
            "srcPort": rated.row["sport"] or 0,
            "dstIp": rated.row["dstip"],
            "dstPort": rated.row["dport"] or 0,
            "score": rated.severities.get("connection", 0),
            "author": rated.author,
            "ratedAt": rated.at,
        }
        for rated in rated_rows(info, "flow", asked.get("date"))
    ]


def _rules(rating: dict[str, Any]) -> list[Rule]:
    """One rule: all criteria that are given must match. 0 as a port means: not given."""
    for name in ("srcPort", "dstPort"):
        if not 0 <= (rating.get(name) or 0) <= _HIGHEST_PORT:
            raise bad_input(f"{name} is a port, 1 to {_HIGHEST_PORT}")
    fields = {"srcIp": "srcip", "dstIp": "dstip", "srcPort": "sport", "dstPort": "dport"}
    where = {name: rating[field] for field, name in fields.items() if rating.get(field)}
    if not where:
        return []
    return [Rule(today(rating.get("date")), "connection", where, rating["score"])]


common_fields("flow", _query, _mutation, _rules)
