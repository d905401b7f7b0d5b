"""Verdicts: what they hide, who gave them, how they are published, and that none is lost."""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import Any

import pytest

from spot_common.errors import ServiceError
from spot_common.registry import check_source
from spot_common.warehouse import day_values
from spot_oa.api.service import Service
from spot_oa.rating import feedback_file
from spot_oa.run import run
from spot_oa.source import oa_source
from spot_oa.store.publish import Publisher, feedback_path
from spot_oa.store.verdicts import Verdict, VerdictStore
from tests.oa import days
from tests.oa.conftest import DAY, KNOWN, Ask
from tests.oa.test_api import DNS, FLOW, PROXY
from tests.oa.twin import HUSER, Twin

TEXT = "2016-07-08"
FLOW_SCORE = (
    "mutation($input: [NetflowScoreInputType!]!) { flow { score(input: $input) { success } } }"
)
DNS_SCORE = "mutation($input: [DnsScoreType!]!) { dns { score(input: $input) { success } } }"
PROXY_SCORE = (
    "mutation($input: [ProxyScoreInputType!]!) { proxy { score(input: $input) { success } } }"
)
FLOW_LIST = """{ flow { threats { list(date: "2016-07-08") {
  tstart srcIp srcPort dstIp dstPort score author ratedAt } } } }"""
DNS_LIST = """{ dns { threats { list(date: "2016-07-08") {
  datetime dnsQuery clientIp dnsScore clientIpScore author } } } }"""


def listed(ask: Ask, query: str) -> list[dict[str, Any]]:
    (source,) = ask(query, date=TEXT).values()
    rows: list[dict[str, Any]] = source["suspicious"]
    return rows


def threats(twin: Twin, name: str) -> list[dict[str, object]]:
    table = check_source(name).table(f"{name}_threat_investigation")
    return twin.get(table, day_values(DAY))


def feedback(twin: Twin, name: str) -> list[list[str]]:
    content = twin.files.content[feedback_path(HUSER, name, DAY)].decode()
    return [line.split("\t") for line in content.removesuffix("\n").split("\n")]


@pytest.fixture
def storage(service: Service) -> Twin:
    assert isinstance(service.where, Twin)
    return service.where


def test_a_rated_connection_leaves_the_list_and_only_it(ask: Ask) -> None:
    rule = {"date": TEXT, "score": "1", "srcIp": "10.0.0.1", "dstIp": "198.51.100.8"}
    assert ask(FLOW_SCORE, input=[{**rule, "srcPort": "1000", "dstPort": 0}]) == {
        "flow": {"score": [{"success": True}]}
    }
    assert [row["rank"] for row in listed(ask, FLOW)] == [1, 2, 3]
    (found,) = ask(FLOW_LIST)["flow"]["threats"]["list"]
    assert found.pop("ratedAt")
    assert found == {
        "tstart": "2016-07-08 03:05:01",
        "srcIp": "10.0.0.1",
        "srcPort": 1000,
        "dstIp": "198.51.100.8",
        "dstPort": 80,
        "score": 1,
        "author": "ann",
    }


def test_all_criteria_of_a_rule_must_match(ask: Ask) -> None:
    ask(FLOW_SCORE, input=[{"date": TEXT, "score": 3, "srcIp": "10.0.0.1", "srcPort": 7}])
    assert len(listed(ask, FLOW)) == 4
    ask(FLOW_SCORE, input=[{"date": TEXT, "score": 3, "srcIp": "10.0.0.1", "srcPort": None}])
    assert [row["rank"] for row in listed(ask, FLOW)] == [1, 3]


def test_a_rule_without_criteria_is_no_success(ask: Ask) -> None:
    empty = {"date": TEXT, "score": 1, "srcIp": "", "dstPort": 0}
    good = {"date": TEXT, "score": 1, "dstIp": "203.0.113.1"}
    assert ask(FLOW_SCORE, input=[empty, good])["flow"]["score"] == [
        {"success": False},
        {"success": True},
    ]
    found = ask(DNS_SCORE, input=[{"date": TEXT, "score": 1, "dnsQuery": ""}])
    assert found["dns"]["score"] == [{"success": False}]
    found = ask(PROXY_SCORE, input=[{"date": TEXT, "score": 1, "uri": ""}])
    assert found["proxy"]["score"] == [{"success": False}]


def test_the_latest_verdict_holds(ask: Ask) -> None:
    rule = {"date": TEXT, "dstIp": "203.0.113.1"}
    ask(FLOW_SCORE, input=[{**rule, "score": 1}])
    ask(FLOW_SCORE, user="bob", input=[{**rule, "score": 2}, {**rule, "score": 3}])
    (found,) = ask(FLOW_LIST)["flow"]["threats"]["list"]
    assert (found["score"], found["author"]) == (3, "bob")


def test_a_verdict_holds_on_its_day_only(ask: Ask) -> None:
    ask(FLOW_SCORE, input=[{"date": "2016-07-09", "score": 1, "srcIp": "10.0.0.1"}])
    assert len(listed(ask, FLOW)) == 4


def test_a_rated_name_leaves_for_every_client_and_a_client_with_all_its_names(ask: Ask) -> None:
    ask(DNS_SCORE, input=[{"date": TEXT, "score": 1, "dnsQuery": "x9f.evil-tunnel.co.uk"}])
    assert [row["dnsQuery"] for row in listed(ask, DNS)] == [
        "printer.local",
        days.HOSTILE["dns_qry_name"],
    ]
    ask(DNS_SCORE, input=[{"date": TEXT, "score": 2, "clientIp": "10.0.0.1"}])
    assert [row["clientIp"] for row in listed(ask, DNS)] == ["10.0.0.3"]
    found = ask(DNS_LIST)["dns"]["threats"]["list"]
    assert [(r["dnsQuery"], r["clientIp"], r["dnsScore"], r["clientIpScore"]) for r in found] == [
        ("x9f.evil-tunnel.co.uk", "10.0.0.1", 1, 2),
        ("x9f.evil-tunnel.co.uk", "10.0.0.2", 1, 0),
        ("printer.local", "10.0.0.1", 0, 2),
    ]


def test_a_rated_client_does_not_hide_other_clients_of_its_names(ask: Ask) -> None:
    ask(DNS_SCORE, input=[{"date": TEXT, "score": 1, "clientIp": "10.0.0.1"}])
    assert [row["clientIp"] for row in listed(ask, DNS)] == ["10.0.0.2", "10.0.0.3"]


def test_a_rated_uri_leaves_the_list(ask: Ask, storage: Twin, service: Service) -> None:
    ask(PROXY_SCORE, input=[{"date": TEXT, "score": 3, "uri": days.PAGE["fulluri"]}])
    assert listed(ask, PROXY) == []
    found = ask('{ proxy { threats { list(date: "2016-07-08") { datetime uri score } } } }')
    row = {"datetime": TEXT, "uri": days.PAGE["fulluri"], "score": 3}
    assert found["proxy"]["threats"]["list"] == [row, row]
    service.publisher.publish_pending()
    assert threats(storage, "proxy")[0] == {
        "tdate": TEXT,
        "fulluri": days.PAGE["fulluri"],
        "uri_sev": 3,
    }


def test_twins_are_published_as_often_as_they_occurred(
    ask: Ask, service: Service, storage: Twin
) -> None:
    storage.put_results("dns", DAY, [days.dns_result(days.TUNNEL, "1.0E-6")] * 2)
    run(storage, "dns", DAY, 3000, KNOWN)
    name = days.TUNNEL["dns_qry_name"]
    ask(DNS_SCORE, input=[{"date": TEXT, "score": 3, "dnsQuery": name, "clientIp": "10.0.0.1"}])
    service.publisher.publish_pending()
    assert [(row["ip_sev"], row["dns_sev"]) for row in threats(storage, "dns")] == [(3, 3)] * 2


def test_days_tell_how_many_rows_are_rated(ask: Ask) -> None:
    ask(FLOW_SCORE, input=[{"date": TEXT, "score": 3, "srcIp": "10.0.0.1"}])
    assert ask('{ days(source: "flow") { rows rated } }')["days"] == [{"rows": 4, "rated": 2}]


def test_flow_is_published_as_table_and_feedback(ask: Ask, service: Service, storage: Twin) -> None:
    ask(FLOW_SCORE, input=[{"date": TEXT, "score": 3, "dstIp": "203.0.113.1"}])
    assert service.publisher.pending() == [("flow", DAY)]
    assert service.publisher.publish_pending() == [("flow", DAY)]
    assert service.publisher.pending() == []
    assert threats(storage, "flow") == [
        {
            "tstart": "2016-07-08 03:05:09",
            "srcip": "10.0.0.1",
            "dstip": "203.0.113.1",
            "srcport": 1000,
            "dstport": 80,
            "score": 3,
        }
    ]
    assert feedback(storage, "flow") == [
        ["sev", "tstart", "srcIP", "dstIP", "sport", "dport", "ipkt", "ibyt"],
        ["3", "2016-07-08 03:05:09", "10.0.0.1", "203.0.113.1", "1000", "80", "2", "2147483647"],
    ]


def test_dns_feedback_has_its_severities_in_place(
    ask: Ask, service: Service, storage: Twin
) -> None:
    ask(DNS_SCORE, input=[{"date": TEXT, "score": 3, "dnsQuery": days.HOSTILE["dns_qry_name"]}])
    service.publisher.publish_pending()
    header, line = feedback(storage, "dns")
    assert (len(header), len(line)) == (18, 18)
    assert (header[12], line[12], line[11]) == ("dns_sev", "3", "0")
    assert line[3] == days.HOSTILE["dns_qry_name"]
    assert line[17] == str(days.HOSTILE["unix_tstamp"])
    assert threats(storage, "dns")[0]["dns_sev"] == 3


def test_proxy_feedback_has_its_severity_in_place(
    ask: Ask, service: Service, storage: Twin
) -> None:
    ask(PROXY_SCORE, input=[{"date": TEXT, "score": 3, "uri": days.PAGE["fulluri"]}])
    service.publisher.publish_pending()
    header, line = feedback(storage, "proxy")[:2]
    assert (len(header), len(line)) == (26, 26)
    assert (header[20:23], line[22]) == (["score", "uri_rep", "uri_sev"], "3")
    assert line[18] == days.PAGE["fulluri"]
    assert line[25].endswith("08")


def test_no_value_breaks_a_line_of_feedback() -> None:
    rating = oa_source("proxy").rating
    row = dict.fromkeys([*rating.identity, "ml_score", "word"], "a\tb\nc\r\u2028d")
    row |= dict.fromkeys(["uri_rep", "respcode_name", "network_context"], "")
    from spot_oa.rating import RatedRow

    content = feedback_file(rating, [RatedRow(row, {"uri": 3}, "ann", "")]).decode()
    assert content.count("\n") == 2
    assert {line.count("\t") for line in content.splitlines()} == {25}


def test_reset_withdraws_and_empties_what_was_published(
    ask: Ask, service: Service, storage: Twin
) -> None:
    ask(FLOW_SCORE, input=[{"date": TEXT, "score": 3, "srcIp": "10.0.0.1"}])
    service.publisher.publish_pending()
    reset = 'mutation { flow { resetScoredConnections(date: "2016-07-08") { success } } }'
    assert ask(reset)["flow"]["resetScoredConnections"] == {"success": True}
    assert len(listed(ask, FLOW)) == 4
    assert ask(FLOW_LIST)["flow"]["threats"]["list"] == []
    service.publisher.publish_pending()
    assert threats(storage, "flow") == []
    assert feedback_path(HUSER, "flow", DAY) not in storage.files.content


def test_a_run_of_oa_touches_no_verdict(ask: Ask, service: Service, storage: Twin) -> None:
    ask(FLOW_SCORE, input=[{"date": TEXT, "score": 3, "dstIp": "203.0.113.1"}])
    service.publisher.publish_pending()
    storage.put_results("flow", DAY, [days.flow_result(days.OUT, "1.0E-6")])
    run(storage, "flow", DAY, 3000, KNOWN)
    assert len(threats(storage, "flow")) == 1
    ask(FLOW_SCORE, input=[{"date": TEXT, "score": 1, "dstIp": "198.51.100.8"}])
    service.publisher.publish_pending()
    assert [line[0] for line in feedback(storage, "flow")] == ["sev", "3", "1"]


def test_what_cannot_be_published_stays_pending(ask: Ask, service: Service, storage: Twin) -> None:
    ask(FLOW_SCORE, input=[{"date": TEXT, "score": 3, "srcIp": "10.0.0.1"}])
    storage.tables.down = True
    with pytest.raises(ServiceError):
        service.publisher.publish_pending()
    assert service.publisher.pending() == [("flow", DAY)]
    storage.tables.down = False
    later = Publisher(service.store, storage)
    assert later.publish_pending() == [("flow", DAY)]
    assert len(threats(storage, "flow")) == 2


def test_a_change_while_publishing_is_published_too(
    ask: Ask, service: Service, storage: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(FLOW_SCORE, input=[{"date": TEXT, "score": 3, "dstIp": "203.0.113.1"}])
    write = storage.tables.replace_partition

    def write_slowly(*words: Any) -> None:
        write(*words)
        monkeypatch.undo()
        ask(FLOW_SCORE, input=[{"date": TEXT, "score": 1, "dstIp": "198.51.100.8"}])

    monkeypatch.setattr(storage.tables, "replace_partition", write_slowly)
    service.publisher.publish_pending()
    assert service.publisher.pending() == [("flow", DAY)]
    service.publisher.publish_pending()
    assert len(threats(storage, "flow")) == 2


def test_two_publishers_do_not_work_on_the_same_day(service: Service, storage: Twin) -> None:
    rating = oa_source("flow").rating
    row = dict.fromkeys([*rating.identity, "ml_score"])
    service.store.rate("flow", DAY, [Verdict(rating.kinds[0], (1,), [row], 1)], "ann")
    assert service.publisher._claim("flow", DAY) == 1
    assert Publisher(service.store, storage).publish_pending() == []


def test_a_thread_publishes_in_the_background_and_tries_again(
    store: VerdictStore, analysed: Twin
) -> None:
    publisher = Publisher(store, analysed)
    rating = oa_source("flow").rating
    rows = analysed.get(check_source("flow").table("flow_scores"), day_values(DAY))
    analysed.tables.down = True
    store.rate("flow", DAY, [Verdict(rating.kinds[0], ("x",), rows[:1], 2)], "ann")
    publisher.wake()
    time.sleep(0.3)
    assert publisher.pending()
    analysed.tables.down = False
    publisher.wake()
    deadline = time.monotonic() + 10
    while publisher.pending() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(threats(analysed, "flow")) == 1


def test_the_end_of_the_process_waits_for_what_is_being_published(
    store: VerdictStore, analysed: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    rating = oa_source("flow").rating
    rows = analysed.get(check_source("flow").table("flow_scores"), day_values(DAY))
    publisher, begun = Publisher(store, analysed), Event()
    write = analysed.tables.replace_partition

    def write_slowly(*words: Any) -> None:
        begun.set()
        time.sleep(0.3)
        write(*words)

    monkeypatch.setattr(analysed.tables, "replace_partition", write_slowly)
    store.rate("flow", DAY, [Verdict(rating.kinds[0], ("x",), rows[:1], 2)], "ann")
    publisher.wake()
    assert begun.wait(10)
    publisher.end()
    assert publisher.pending() == []
    assert len(threats(analysed, "flow")) == 1
    store.rate("flow", DAY, [Verdict(rating.kinds[0], ("x",), rows[:1], 1)], "ann")
    publisher.wake()
    time.sleep(0.1)
    assert publisher.pending() == [("flow", DAY)]
    assert Publisher(store, analysed).publish_pending() == [("flow", DAY)]


def test_many_may_rate_at_once(store: VerdictStore) -> None:
    kind = oa_source("dns").rating.kinds[1]

    def work(author: str) -> None:
        for number in range(10):
            store.rate("dns", DAY, [Verdict(kind, (f"{author}{number}",), [{}], 1)], author)

    threads = [Thread(target=work, args=(f"a{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.rated_things("dns", DAY)["query"]) == 60
