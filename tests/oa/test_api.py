"""The operations that pages send, against a small day."""

from __future__ import annotations

from typing import Any

import pytest

from spot_common.registry import check_source
from spot_common.warehouse import day_values
from spot_oa.api.execution import answer
from spot_oa.api.service import Service
from tests.oa import conftest, days
from tests.oa.conftest import Ask

FLOW = """query($date: SpotDateType!, $ip: SpotIpType) { flow { suspicious(date: $date, ip: $ip) {
  rank tstart srcIP: srcIp dstIP: dstIp sport: srcPort dport: dstPort proto: protocol
  ipkt: inPkts ibyt: inBytes opkt: outPkts obyt: outBytes score srcIp_isInternal dstIp_isInternal
  srcIp_geoloc dstIp_geoloc srcIp_domain dstIp_domain srcIp_rep dstIp_rep } } }"""
FLOW_EDGE = """query($tstart: SpotDatetimeType!, $srcIp: SpotIpType!, $dstIp: SpotIpType!) { flow {
  edgeDetails(tstart: $tstart, srcIp: $srcIp, dstIp: $dstIp) { tstart srcIp dstIp srcPort dstPort
  protocol flags tos inBytes inPkts inIface outIface routerIp outBytes outPkts } } }"""
FLOW_CHORDS = """query($date: SpotDateType!, $ip: SpotIpType!) { flow {
  ipDetails(date: $date, ip: $ip) { srcIp dstIp inBytes inPkts } } }"""
DNS = """query($date: SpotDateType!, $dnsQuery: String, $ipClient: SpotIpType) { dns {
  suspicious(date: $date, dnsQuery: $dnsQuery, clientIp: $ipClient) { frameTime frameLength clientIp
  dnsQuery dnsQueryClass dnsQueryType dnsQueryRcode score tld dnsQueryRep clientIpSev dnsQuerySev
  dnsQueryClassLabel dnsQueryTypeLabel dnsQueryRcodeLabel networkContext unixTimestamp } } }"""
DNS_EDGE = """query($frameTime: SpotDatetimeType!, $dnsQuery: String!) { dns {
  edgeDetails(frameTime: $frameTime, dnsQuery: $dnsQuery) { dnsQueryAnswers frameLength
  dnsQueryClassLabel dnsQueryTypeLabel dnsQueryRcodeLabel clientIp serverIp frameTime
  dnsQuery } } }"""
DNS_DENDRO = """query($date: SpotDateType!, $clientIp: SpotIpType!) { dns {
  ipDetails(date: $date, clientIp: $clientIp) { dnsQuery dnsQueryAnswers } } }"""
PROXY = """query($date: SpotDateType!, $uri: String, $clientIp: SpotIpType) { proxy {
  suspicious(date: $date, uri: $uri, clientIp: $clientIp) { datetime clientIp host requestMethod
  userAgent responseContentType duration username webCategory referer responseCode uriPort uriPath
  uriQuery serverIp serverToClientBytes clientToServerBytes uri score uriRep responseCodeLabel
  networkContext } } }"""
PROXY_EDGE = """query($date: SpotDateType!, $uri: String!, $clientIp: SpotIpType!) { proxy {
  edgeDetails(date: $date, uri: $uri, clientIp: $clientIp) { datetime clientIp host webCategory
  responseCode responseCodeLabel requestMethod userAgent responseContentType referer uriPort
  serverIp serverToClientBytes clientToServerBytes uri } } }"""
SUMMARY = """query($startDate: SpotDateType!, $endDate: SpotDateType!) { SOURCE {
  ingestSummary(startDate: $startDate, endDate: $endDate) { datetime total } } }"""
DAY = "2016-07-08"


def test_flow_suspicious_is_ordered_by_rank(ask: Ask) -> None:
    found = ask(FLOW, date=DAY, ip="")["flow"]["suspicious"]
    assert [row["rank"] for row in found] == [0, 1, 2, 3]
    assert found[0] == {
        "rank": 0,
        "tstart": "2016-07-08 03:05:01",
        "proto": "TCP",
        "score": 1e-06,
        "srcIP": "10.0.0.1",
        "dstIP": "198.51.100.8",
        "sport": 1000,
        "dport": 80,
        "ipkt": 2,
        "ibyt": 100,
        "opkt": 0,
        "obyt": 0,
        "srcIp_isInternal": 1,
        "dstIp_isInternal": 0,
        "srcIp_geoloc": "",
        "dstIp_geoloc": "",
        "srcIp_domain": "",
        "dstIp_domain": "",
        "srcIp_rep": "",
        "dstIp_rep": "",
    }


@pytest.mark.parametrize(
    ("address", "ranks"),
    [("203.0.113.1", [2]), ("10.0.0.1", [0, 1, 2]), ("FD00:0::7", [3]), ("192.0.2.200", [])],
)
def test_flow_suspicious_can_be_narrowed_to_an_address(
    ask: Ask, address: str, ranks: list[int]
) -> None:
    found = ask(FLOW, date=DAY, ip=address)["flow"]["suspicious"]
    assert [row["rank"] for row in found] == ranks


def test_flow_details_are_both_directions(ask: Ask) -> None:
    moment = {"tstart": "2016-07-08 03:05:01", "srcIp": "198.51.100.8", "dstIp": "10.0.0.1"}
    found = ask(FLOW_EDGE, **moment)["flow"]["edgeDetails"]
    assert [row["srcIp"] for row in found] == ["10.0.0.1", "198.51.100.8"]
    assert found[0] | {"srcPort": "1000", "tos": "0", "inIface": "1", "flags": ".AP.SF"} == found[0]


def test_flow_details_of_ipv6(ask: Ask) -> None:
    moment = {"tstart": "2016-07-08 17:00:00", "srcIp": "2001:DB8::1", "dstIp": "fd00::7"}
    assert len(ask(FLOW_EDGE, **moment)["flow"]["edgeDetails"]) == 1


def test_counters_beyond_31_bits_are_given_as_they_are(ask: Ask) -> None:
    found = ask(FLOW_CHORDS, date=DAY, ip="10.0.0.1")["flow"]["ipDetails"]
    assert 3_000_000_000 in {row["inBytes"] for row in found}


def test_dns_suspicious(ask: Ask) -> None:
    found = ask(DNS, date=DAY)["dns"]["suspicious"]
    assert [row["dnsQuery"] for row in found] == [
        "x9f.evil-tunnel.co.uk",
        "x9f.evil-tunnel.co.uk",
        "printer.local",
        days.HOSTILE["dns_qry_name"],
    ]
    assert found[0] == {
        "frameTime": "2016-07-08 10:10:40",
        "frameLength": 120,
        "clientIp": "10.0.0.1",
        "dnsQuery": "x9f.evil-tunnel.co.uk",
        "dnsQueryClass": 1,
        "dnsQueryType": 1,
        "dnsQueryRcode": 0,
        "score": 1e-06,
        "tld": "evil-tunnel.co.uk",
        "dnsQueryRep": "",
        "clientIpSev": 0,
        "dnsQuerySev": 0,
        "dnsQueryClassLabel": "Internet (IN)",
        "dnsQueryTypeLabel": "A",
        "dnsQueryRcodeLabel": "NoError",
        "networkContext": "",
        "unixTimestamp": 1467972640,
    }


def test_dns_suspicious_by_part_of_a_name_and_by_client(ask: Ask) -> None:
    assert len(ask(DNS, date=DAY, dnsQuery="Evil")["dns"]["suspicious"]) == 2
    assert len(ask(DNS, date=DAY, dnsQuery="evil", ipClient="10.0.0.2")["dns"]["suspicious"]) == 1
    assert ask(DNS, date=DAY, dnsQuery="_vil")["dns"]["suspicious"] == []


def test_dns_details_and_dendrogram(ask: Ask) -> None:
    moment = {"frameTime": "2016-07-08 10:59:59", "dnsQuery": "x9f.evil-tunnel.co.uk"}
    found = ask(DNS_EDGE, **moment)["dns"]["edgeDetails"]
    assert [row["clientIp"] for row in found] == ["10.0.0.1", "10.0.0.2"]
    assert found[0]["dnsQueryAnswers"] == ["203.0.113.7", "203.0.113.8"]
    tree = ask(DNS_DENDRO, date=DAY, clientIp="10.0.0.1")["dns"]["ipDetails"]
    assert [row["dnsQueryAnswers"] for row in tree] == [["203.0.113.7", "203.0.113.8"], []]


def test_a_moment_may_be_seconds(ask: Ask) -> None:
    found = ask(DNS_EDGE, frameTime=1467972640, dnsQuery="printer.local")["dns"]["edgeDetails"]
    assert len(found) == 1


def test_proxy_suspicious_and_details(ask: Ask) -> None:
    found = ask(PROXY, date=DAY, uri="?B='", clientIp=None)["proxy"]["suspicious"]
    assert [(row["clientIp"], row["responseCode"], row["score"]) for row in found] == [
        ("10.0.0.1", 200, 0),
        ("10.0.0.2", 0, 0),
    ]
    assert found[0]["datetime"] == "2016-07-08 08:00:01"
    full = ask('{ proxy { suspicious(date: "2016-07-08") { mlScore } } }')["proxy"]["suspicious"]
    assert full == [{"mlScore": 1e-06}, {"mlScore": 2e-06}]
    edge = {"date": DAY, "uri": days.PAGE["fulluri"], "clientIp": "10.0.0.1"}
    details = ask(PROXY_EDGE, **edge)["proxy"]["edgeDetails"]
    assert [row["datetime"] for row in details] == ["2016-07-08 08:00:01", "2016-07-08 08:59:59"]
    assert details[0]["uriPort"] == 80


@pytest.mark.parametrize("source", ["flow", "dns", "proxy"])
def test_ingest_summary_is_by_time_across_months(ask: Ask, source: str) -> None:
    query = SUMMARY.replace("SOURCE", source)
    found = ask(query, startDate="2016-06-30", endDate="2016-07-08")[source]["ingestSummary"]
    assert found
    assert found == sorted(found, key=lambda row: str(row["datetime"]))
    assert ask(query, startDate="2016-07-09", endDate="2016-08-09")[source]["ingestSummary"] == []


def test_a_day_without_data_is_empty_and_others_are_named(ask: Ask) -> None:
    for query in (FLOW, DNS, PROXY):
        (found,) = ask(query, date="2020-01-01").values()
        assert found["suspicious"] == []
    found = ask('{ days(source: "flow") { date rows rated } me { user } }')
    assert found == {
        "days": [{"date": DAY, "rows": 4, "rated": 0}],
        "me": {"user": "ann"},
    }


def test_a_missing_date_means_today(ask: Ask) -> None:
    assert ask("{ flow { suspicious { rank } threats { list { score } } } }") == {
        "flow": {"suspicious": [], "threats": {"list": []}}
    }


def test_comments_are_none_before_stories_exist(ask: Ask) -> None:
    query = "query($d: SpotDateType) { dns { threats { comments(date: $d) { title ... on "
    query += "DnsQueryCommentType { dnsQuery } ... on DnsClientIpCommentType { clientIp } } } } }"
    assert ask(query, d=DAY) == {"dns": {"threats": {"comments": []}}}


@pytest.mark.parametrize(
    "field",
    [
        'flow { threat { details(ip: "10.0.0.1") { srcIp } } }',
        'flow { threat { incidentProgression(ip: "10.0.0.1") { name } } }',
        'flow { threat { geoLocalization(ip: "10.0.0.1") { srcIps { properties { ip } } } } }',
        'dns { threat { details(dnsQuery: "x") { total } } }',
        'proxy { threat { timeline(uri: "x") { duration } } }',
    ],
)
def test_what_comes_later_answers_with_an_error(refused: Ask, field: str) -> None:
    found = refused(f"{{ {field} }}")
    assert found["status"] == 200
    assert found["errors"][0]["extensions"]["code"] == "NOT_IMPLEMENTED"
    assert found["errors"][0]["message"] == "not available yet"
    (source,) = found["data"].values()
    assert list(source["threat"].values()) == [None]


def test_only_250_rows_are_given(service: Service, ask: Ask) -> None:
    table = check_source("dns").table("dns_scores")
    rows: list[dict[str, Any]] = [
        {"unix_tstamp": n, "dns_qry_name": f"n{n}.example.com", "ml_score": n / 1000}
        for n in reversed(range(400))
    ]
    service.where.put(table, day_values(conftest.DAY), rows)  # type: ignore[attr-defined]
    found = ask(DNS, date=DAY)["dns"]["suspicious"]
    assert [row["unixTimestamp"] for row in found] == list(range(250))


def test_answers_come_without_errors_member(service: Service) -> None:
    status, body = answer(service, {"query": "{ me { user } }"}, user="bob", allow_mutation=False)
    assert (status, body) == (200, {"data": {"me": {"user": "bob"}}})
