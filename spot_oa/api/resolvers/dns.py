"""Resolvers of dns."""

from __future__ import annotations

from typing import Any

from ariadne import InterfaceType, ObjectType

from spot_oa.api.resolvers.shared import (
    LONGEST_NAME,
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
    required,
    suspicious,
    today,
)
from spot_oa.api.shape import (
    Shape,
    column,
    constant,
    hexadecimal,
    mapped,
    or_zero,
    parts,
    probability,
    shaped,
)

_CODES: Shape = {
    "dnsQueryClass": mapped("dns_qry_class", hexadecimal),
    "dnsQueryType": or_zero("dns_qry_type"),
    "dnsQueryRcode": or_zero("dns_qry_rcode"),
    "dnsQueryClassLabel": column("dns_qry_class_name"),
    "dnsQueryTypeLabel": column("dns_qry_type_name"),
    "dnsQueryRcodeLabel": column("dns_qry_rcode_name"),
    "unixTimestamp": or_zero("unix_tstamp"),
}
_SUSPICIOUS: Shape = {
    "frameTime": or_zero("unix_tstamp"),
    "frameLength": column("frame_len"),
    "clientIp": column("ip_dst"),
    "dnsQuery": column("dns_qry_name"),
    **_CODES,
    "score": probability("ml_score"),
    "tld": column("tld"),
    "dnsQueryRep": column("query_rep"),
    "clientIpSev": constant(0),
    "dnsQuerySev": constant(0),
    "networkContext": column("network_context"),
}
_EDGE: Shape = {
    "frameTime": or_zero("unix_tstamp"),
    "frameLength": column("frame_len"),
    "clientIp": column("ip_dst"),
    "serverIp": column("ip_src"),
    "dnsQuery": column("dns_qry_name"),
    **_CODES,
    "dnsQueryAnswers": mapped("dns_a", parts),
}
_DENDRO: Shape = {
    "dnsQuery": column("dns_qry_name"),
    "dnsQueryAnswers": mapped("dns_a", parts),
}

_query = ObjectType("DnsQueryType")
_threats = ObjectType("DnsThreats")
_threat = ObjectType("DnsThreatInformation")
_mutation = ObjectType("DnsMutationType")
_comment = InterfaceType("DnsCommentInterface")
_progression = InterfaceType("DnsIncidentProgressionInterface")

BINDABLES = [_query, _threats, _threat, _mutation, _comment, _progression]

_threats.set_field("comments", nothing)
for _name in ("details", "incidentProgression"):
    _threat.set_field(_name, not_available)


@_comment.type_resolver
def _comment_type(comment: Answer, *_: object) -> str:
    return "DnsQueryCommentType" if comment.get("dnsQuery") else "DnsClientIpCommentType"


@_progression.type_resolver
def _progression_type(row: Answer, *_: object) -> str:
    kind = "Query" if row.get("dnsQuery") else "ClientIp"
    return f"DnsIncidentProgression{kind}Type"


@_query.field("suspicious")
def _suspicious(_: object, info: Info, **asked: Any) -> list[Answer]:
    conditions: list[Condition] = []
    if asked.get("clientIp"):
        conditions.append(equals_any(asked["clientIp"], "ip_dst"))
    if asked.get("dnsQuery"):
        conditions.append(contains(asked["dnsQuery"], "dns_qry_name", LONGEST_NAME))
    return suspicious(info, "dns", asked.get("date"), conditions, "ml_score", _SUSPICIOUS)


@_query.field("edgeDetails")
def _edge_details(_: object, info: Info, **asked: Any) -> list[Answer]:
    name = check_length(required(asked, "dnsQuery"), LONGEST_NAME)
    moment = asked["frameTime"]
    rows = read_day(info, "dns", "edge", moment.date())
    return shaped(matching(rows, {"hh": moment.hour, "dns_qry_name": name}), _EDGE)


@_query.field("ipDetails")
def _ip_details(_: object, info: Info, **asked: Any) -> list[Answer]:
    rows = read_day(info, "dns", "dendro", today(asked.get("date")))
    return shaped(matching(rows, {"ip_dst": required(asked, "clientIp")}), _DENDRO)


@_threats.field("list")
def _rated(_: object, info: Info, **asked: Any) -> list[Answer]:
    return [
        {
            "datetime": rated.row["unix_tstamp"],
            "dnsQuery": rated.row["dns_qry_name"],
            "clientIp": rated.row["ip_dst"],
            "dnsScore": rated.severities.get("query", 0),
            "clientIpScore": rated.severities.get("client", 0),
            "author": rated.author,
            "ratedAt": rated.at,
        }
        for rated in rated_rows(info, "dns", asked.get("date"))
    ]


def _rules(rating: dict[str, Any]) -> list[Rule]:
    """A rule for the client and one for the name: each side that is given gets the severity."""
    day, rules = today(rating.get("date")), []
    for field, kind, name in (
        ("clientIp", "client", "ip_dst"),
        ("dnsQuery", "query", "dns_qry_name"),
    ):
        if rating.get(field):
            value = check_length(rating[field], LONGEST_NAME)
            rules.append(Rule(day, kind, {name: value}, rating["score"]))
    return rules


common_fields("dns", _query, _mutation, _rules)
