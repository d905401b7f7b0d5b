"""Resolvers of proxy."""

from __future__ import annotations

from typing import Any

from ariadne import ObjectType

from spot_oa.api.resolvers.shared import (
    LONGEST_URI,
    Answer,
    Condition,
    Info,
    Rule,
    check_length,
    common_fields,
    contains,
    equals_any,
    matching,
    not_available,
    nothing,
    rated_rows,
    read_day,
    suspicious,
    today,
)
from spot_oa.api.shape import (
    EPOCH_DAY,
    Shape,
    column,
    day_and_time,
    mapped,
    probability,
    shaped,
    whole_or_none,
    whole_or_zero,
)

_REQUEST: Shape = {
    "datetime": day_and_time("tdate", "time"),
    "clientIp": column("clientip"),
    "host": column("host"),
    "requestMethod": column("reqmethod"),
    "userAgent": column("useragent"),
    "responseContentType": column("resconttype"),
    "webCategory": column("webcat"),
    "referer": column("referer"),
    "responseCode": whole_or_zero("respcode"),
    "responseCodeLabel": column("respcode_name"),
    "uriPort": whole_or_none("uriport"),
    "serverIp": column("serverip"),
    "serverToClientBytes": column("scbytes"),
    "clientToServerBytes": column("csbytes"),
    "uri": column("fulluri"),
}
_SUSPICIOUS: Shape = {
    **_REQUEST,
    "duration": column("duration"),
    "username": column("username"),
    "uriPath": column("uripath"),
    "uriQuery": column("uriquery"),
    "score": mapped("ml_score", lambda score: int(score or 0)),
    "mlScore": probability("ml_score"),
    "uriRep": column("uri_rep"),
    "networkContext": column("network_context"),
}

_query = ObjectType("ProxyQueryType")
_threats = ObjectType("ProxyThreatsType")
_threat = ObjectType("ProxyThreatInformation")
_mutation = ObjectType("ProxyMutationType")

BINDABLES = [_query, _threats, _threat, _mutation]

_threats.set_field("comments", nothing)
for _name in ("details", "incidentProgression", "timeline"):
    _threat.set_field(_name, not_available)


@_query.field("suspicious")
def _suspicious(_: object, info: Info, **asked: Any) -> list[Answer]:
    conditions: list[Condition] = []
    if asked.get("clientIp"):
        conditions.append(equals_any(asked["clientIp"], "clientip"))
    if asked.get("uri"):
        conditions.append(contains(asked["uri"], "fulluri", LONGEST_URI))
    return suspicious(info, "proxy", asked.get("date"), conditions, "ml_score", _SUSPICIOUS)


@_query.field("edgeDetails")
def _edge_details(_: object, info: Info, **asked: Any) -> list[Answer] | None:
    criteria = {"fulluri": asked["uri"], "clientip": asked["clientIp"]}
    where = {name: value for name, value in criteria.items() if value}
    if not where:
        return None
    check_length(asked["uri"], LONGEST_URI)
    rows = read_day(info, "proxy", "edge", today(asked.get("date")))
    return shaped(matching(rows, where), _REQUEST)


@_threats.field("list")
def _rated(_: object, info: Info, **asked: Any) -> list[Answer]:
    return [
        {
            "datetime": rated.row["tdate"] or EPOCH_DAY,
            "uri": rated.row["fulluri"],
            "score": rated.severities.get("uri", 0),
            "author": rated.author,
            "ratedAt": rated.at,
        }
        for rated in rated_rows(info, "proxy", asked.get("date"))
    ]


def _rules(rating: dict[str, Any]) -> list[Rule]:
    uri = check_length(rating["uri"], LONGEST_URI)
    if not uri:
        return []
    return [Rule(today(rating.get("date")), "uri", {"fulluri": uri}, rating["score"])]


common_fields("proxy", _query, _mutation, _rules)
