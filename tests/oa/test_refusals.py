"""Requests that are refused, and errors that tell a client no more than it may know."""

from __future__ import annotations

import time
from typing import Any

import pytest

from spot_oa.api.execution import answer
from spot_oa.api.service import Service
from tests.oa.conftest import Ask
from tests.oa.test_api import DAY, DNS, FLOW, PROXY
from tests.oa.twin import MemoryTables

SCORE = (
    """mutation($input: [NetflowScoreInputType!]!) { flow { score(input: $input) { success } } }"""
)


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"query": ""},
        {"query": 7},
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "{ me { user } }", "variables": [1]},
        {"query": "{ me { user } }", "variables": "{"},
        {"query": "{ me { user } }", "operationName": 4},
        {"query": "query a { me { user } } query b { me { user } }"},
        {"query": "query a { me { user } }", "operationName": "b"},
        {"query": '{ flow { suspicious(date: "2016-13-01") { rank } } }'},
        {"query": '{ flow { suspicious(ip: "10.0.0.999") { rank } } }'},
        {"query": '{ flow { suspicious(ip: "") { rank } } }'},
        {"query": "{ flow { suspicious(date: 20160708) { rank } } }"},
        [],
    ],
)
def test_bad_requests_have_errors_only(service: Service, request_: Any) -> None:
    status, body = answer(service, request_, user="ann", allow_mutation=True)
    assert status == 400
    assert set(body) == {"errors"}


@pytest.mark.parametrize(
    "variables",
    [
        {"date": "2016-7-8"},
        {"date": "20160708"},
        {"date": "2016-02-30"},
        {"date": "../../etc"},
        {"date": DAY, "ip": "10.0.0.1' OR '1'='1"},
        {"date": DAY, "ip": "fe80::1%eth0"},
        {"date": DAY, "ip": "1" * 5000},
        {"date": DAY, "ip": 167772161},
        {"ip": "10.0.0.1"},
    ],
)
def test_bad_variables_are_refused(refused: Ask, variables: dict[str, Any]) -> None:
    found = refused(FLOW, **variables)
    assert found["status"] == 400
    assert "data" not in found


def test_a_mutation_by_get_is_405(refused: Ask) -> None:
    query = 'mutation { flow { resetScoredConnections(date: "2016-07-08") { success } } }'
    found = refused(query, allow_mutation=False)
    assert found["status"] == 405
    assert found["errors"][0]["extensions"]["code"] == "MUTATION_NOT_ALLOWED"


INJECTIONS = [
    "%' OR 1=1 --",
    "'; DROP TABLE spot.dns; --",
    "a\\' OR \\'",
    ".*",
    "%",
    "\x00",
    "${x}",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_texts_are_only_compared(ask: Ask, text: str) -> None:
    assert ask(DNS, date=DAY, dnsQuery=text)["dns"]["suspicious"] == [
        row for row in ask(DNS, date=DAY)["dns"]["suspicious"] if text in row["dnsQuery"]
    ]
    assert ask(PROXY, date=DAY, uri=text)["proxy"]["suspicious"] == []


def test_texts_may_not_be_endless(refused: Ask) -> None:
    found = refused(DNS, date=DAY, dnsQuery="a" * 5000)
    assert found["errors"][0]["extensions"]["code"] == "BAD_INPUT"


@pytest.mark.parametrize(
    "query",
    [
        "{" + " ".join(f"a{n}: flow {{ suspicious {{ rank }} }}" for n in range(1000)) + "}",
        "{" + " ".join(f"a{n}: me {{ user }}" for n in range(100)) + "}",
        "{ flow { suspicious { " + " ".join(f"r{n}: rank" for n in range(3000)) + " } } }",
        "{ flow " + "{ a " * 50 + "}" * 50 + " }",
        "{ a " * 9000,
        "{ me { user } }" + " " * 200_000,
        "{ __typename " * 3 + "@a" * 30_000,
        "{" + " ".join(f"s{n}: __schema {{ types {{ name }} }}" for n in range(20)) + "}",
        "query { ...a } fragment a on SpotQueryType { ...b ...b } "
        + " ".join(
            f"fragment {x} on SpotQueryType {{ ...{y} ...{y} ...{y} ...{y} }}"
            for x, y in zip("bcdefghijklm", "cdefghijklmn", strict=True)
        )
        + " fragment n on SpotQueryType { me { user } }",
    ],
    ids=[
        "alias",
        "objects",
        "fields",
        "depth",
        "nesting",
        "length",
        "tokens",
        "schema",
        "fragments",
    ],
)
def test_costly_queries_are_refused_fast(service: Service, query: str) -> None:
    started = time.monotonic()
    status, body = answer(service, {"query": query}, user="ann", allow_mutation=True)
    assert status == 400
    assert body["errors"]
    assert time.monotonic() - started < 2


def test_a_fragment_within_itself_is_refused(service: Service) -> None:
    query = "query { ...a } fragment a on SpotQueryType { me { user } ...a }"
    assert answer(service, {"query": query}, user="ann", allow_mutation=True)[0] == 400


@pytest.mark.parametrize(
    "rating",
    [
        {"score": 0, "srcIp": "10.0.0.1"},
        {"score": 4, "srcIp": "10.0.0.1"},
        {"score": 1, "srcPort": 70000},
        {"score": 1, "dstPort": -1},
    ],
)
def test_a_rating_that_makes_no_sense_keeps_nothing(
    ask: Ask, refused: Ask, rating: dict[str, Any]
) -> None:
    good = {"date": DAY, "score": 1, "srcIp": "10.0.0.1"}
    found = refused(SCORE, input=[good, {"date": DAY, **rating}])
    assert found["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert len(ask(FLOW, date=DAY)["flow"]["suspicious"]) == 4


def test_a_service_that_fails_is_not_shown_to_the_client(service: Service, refused: Ask) -> None:
    tables = service.where.tables
    assert isinstance(tables, MemoryTables)
    tables.down = True
    found = refused("{ me { user } flow { suspicious { rank } } }")
    assert found["status"] == 200
    assert found["data"] == {"me": {"user": "ann"}, "flow": {"suspicious": None}}
    (error,) = found["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert error["path"] == ["flow", "suspicious"]
    assert "10.1.2.3" not in str(found)
    assert error["extensions"]["id"] in error["message"]


def test_an_unforeseen_error_is_not_shown_to_the_client(
    refused: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of /etc/spot.conf")

    monkeypatch.setattr("spot_oa.api.resolvers.shared.read_day", broken)
    found = refused("{ flow { suspicious { rank } } }")
    assert found["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str(found)


def test_an_unknown_source_is_named(refused: Ask) -> None:
    found = refused('{ days(source: "flwo") { date } }')
    assert "did you mean flow?" in found["errors"][0]["message"]


def test_a_summary_has_a_longest_period(refused: Ask) -> None:
    query = '{ flow { ingestSummary(startDate: "2010-01-01", endDate: "2016-01-01") { total } } }'
    assert refused(query)["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    backwards = query.replace("2010", "2017")
    assert "before" in refused(backwards)["errors"][0]["message"]
