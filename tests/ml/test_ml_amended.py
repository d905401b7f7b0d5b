"""What words of the default order say of names and browsers, and the original's score does not."""

from __future__ import annotations

from dataclasses import replace

import ml_cases as cases
import ml_days
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spot_ml import pipeline
from spot_ml.lda.parameters import Parameters
from spot_ml.ranking.batches import COMPATIBLE
from spot_ml.records import STATE, State
from spot_ml.words import domain
from spot_ml.words.amended import is_amended, plain
from spot_ml.words.source import ERROR_WORD, WordContext

FEW = Parameters(topics=3, seed=1)
TOP = frozenset({"google", "bbc", "shop"})
AS_IT_WAS = WordContext(top_domains=TOP, user_domain="corp", counts={"curl/7": 4})
ANY = WordContext(top_domains=TOP, user_domain="corp", counts={"curl/7": 4}, amended=True)
#: What the original says of a browser with four requests, and what its share is if all have 32.
FOUR, EIGHTH = "2", "27"
#: What shares from a 64th mean.
MANY = "24"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("www.bbc.co.uk", ("bbc", "www")),
        ("a.b.shop.online", ("shop", "a.b")),
        ("WWW.Google.COM.", ("google", "www")),
        ("fs1.corp.example", ("corp", "fs1")),
        ("shop.online:8443", ("shop", "None")),
        ("online", ("None", "None")),
        ("co.uk", ("None", "None")),
        ("4.3.2.1.in-addr.arpa", ("None", "None")),
        ("192.0.2.7", ("None", "None")),
        ("[2001:db8::1]", ("None", "None")),
        ("", ("None", "None")),
        ("...", ("None", "None")),
        ("a..b", ("None", "None")),
    ],
)
def test_the_public_suffix_list_takes_names_apart(name, found):
    assert domain.registered_name(name)[:2] == found
    assert domain.registered_name(name).parts == domain.split_name(name).parts


def lookups(*names: str | None) -> pa.RecordBatch:
    first = ml_days.dns(1).to_pylist()[0]
    return cases.batch(cases.source("dns"), [{**first, "dns_qry_name": name} for name in names])


def requests(**changes: str) -> pa.RecordBatch:
    first = {**ml_days.proxy(2).to_pylist()[1], "useragent": "curl/7"}
    return cases.batch(cases.source("proxy"), [{**first, **changes}])


def test_a_look_up_says_what_its_name_is_where_the_original_does_not():
    words = cases.source("dns")
    rows = lookups("q7x1k.shop.online", "www.google.com", "shop.online", "4.3.2.1.in-addr.arpa")
    (before,), (now,) = words.words(rows, AS_IT_WAS), words.words(rows, ANY)
    assert now[0].as_py() == f"~1_2_8~{before[0].as_py()}"
    assert now[2].as_py() == f"~1_0_0~{before[2].as_py()}"
    assert [now[1], now[3]] == [before[1], before[3]]
    assert plain(now) == before
    parts = words.grammar.take_apart(now)
    seen = zip(*(parts[part].to_pylist() for part in ("domain", "length", "entropy")), strict=True)
    assert list(seen) == [("1", "2", "8"), ("1", "1", "0"), ("1", "0", "0"), ("0", "0", "0")]
    others = ("frame", "hour", "labels", "type", "rcode")
    old = words.grammar.take_apart(before)
    assert all(parts[part] == old[part] for part in others)


def test_a_name_that_is_missing_has_no_word():
    (word,) = cases.source("dns").words(lookups(None, "x.shop.online"), ANY)
    assert word[0].as_py() == ERROR_WORD
    assert is_amended(word)


@pytest.mark.parametrize(
    ("host", "mark"),
    [("www.bbc.co.uk", "1"), ("intranet.corp.example", "2"), ("x7q.badzone.info", "0")],
)
def test_a_request_says_whose_its_host_is_and_the_share_of_its_browser(host, mark):
    words = cases.source("proxy")
    rows = requests(host=host)
    (before,), (now,) = words.words(rows, AS_IT_WAS), words.words(rows, replace(ANY, total=32))
    assert now[0].as_py() == f"~{mark}_{EIGHTH}~{before[0].as_py()}"
    assert plain(now) == before
    assert before[0].as_py().split("_")[-3] == FOUR
    parts = words.grammar.take_apart(now)
    assert [parts[name][0].as_py() for name in ("host", "agent")] == [mark, MANY]
    assert words.grammar.say("agent", MANY) == "1 in 64 requests or more"


@pytest.mark.parametrize("times", [0.01, 0.99, 1.0, 3.0])
def test_a_browser_has_one_share_however_many_requests_a_day_has(times):
    words = cases.source("proxy")
    counts = {"curl/7": round(3000 * times), "Mozilla/5.0": round(97_000 * times)}
    (found,) = words.words(requests(), replace(ANY, counts=counts))
    assert words.grammar.take_apart(found)["agent"][0].as_py() == "24"


@pytest.mark.parametrize(
    ("requests_of", "total", "said"),
    [
        (0, 5, "1 in 16,777,216 to 1,073,741,824 requests"),
        (1, 5000, "1 in 4,096 to 262,144 requests"),
        (1, 65, "1 in 64 to 4,096 requests"),
        (1, 64, "1 in 64 requests or more"),
        (4, 5, "1 in 64 requests or more"),
        (5, 5, "all requests"),
    ],
)
def test_the_share_of_a_browser_is_told(requests_of, total, said):
    words = cases.source("proxy")
    context = replace(ANY, counts={"curl/7": requests_of}, total=total)
    (found,) = words.words(requests(host="www.bbc.co.uk"), context)
    share = words.grammar.take_apart(found)["agent"][0].as_py()
    assert words.grammar.say("agent", share) == said


@pytest.mark.parametrize("text", ["~1~0", "~2~0_1_GET_1_a_1_1_200", "_~1~_"])
def test_no_text_of_a_request_makes_a_word_look_amended(text):
    words = cases.source("proxy")
    rows = requests(reqmethod=text, resconttype=text, respcode=text)
    (before,) = words.words(rows, AS_IT_WAS)
    assert not is_amended(before)
    assert plain(before) == before
    (amended,) = words.words(requests(reqmethod=text, host="www.bbc.co.uk"), ANY)
    assert plain(amended)[0].as_py().startswith("0_")
    assert text in plain(amended)[0].as_py()


def _below_uk(names: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring(names, "google.com", "bbc.co.uk")


def flows(sport: int, dport: int) -> pa.RecordBatch:
    first = {**ml_days.flow(1).to_pylist()[0], "proto": "UDP", "sport": sport, "dport": dport}
    return cases.batch(cases.source("flow"), [first])


def test_a_flow_between_low_ports_says_which_side_receives():
    words = cases.source("flow")
    sent, received = words.words(flows(53, 443), ANY)
    assert words.words(flows(53, 443), AS_IT_WAS) == (sent, sent)
    assert received[0].as_py() == f"~1~{sent[0].as_py()}"
    assert plain(received) == sent
    parts = [words.grammar.take_apart(word) for word in (sent, received)]
    roles = [words.grammar.say("role", part["role"][0].as_py()) for part in parts]
    assert roles == ["UDP, both ports are low", "UDP, both ports are low, received"]
    for name in {*words.grammar.kind, *words.grammar.kin, "hour", "bytes", "packets"}:
        assert parts[0][name] == parts[1][name]


@pytest.mark.parametrize("ports", [(0, 0), (0, 53), (53, 40000), (40000, 53), (40000, 40001)])
def test_other_flows_have_the_original_s_words(ports):
    words = cases.source("flow")
    assert words.words(flows(*ports), ANY) == words.words(flows(*ports), AS_IT_WAS)


def test_what_many_senders_do_once_is_news_of_the_one_that_receives_it():
    words = cases.source("flow")
    usual = ml_days.flow(3_000)
    row = {**usual.slice(0, 1).to_pylist()[0], "proto": "UDP", "sport": 53, "dport": 443}
    senders = [{**row, "sip": f"198.51.{n // 250}.{n % 250}"} for n in range(500)]
    rows = pa.concat_tables([usual, pa.Table.from_pylist(senders, usual.schema)])
    found = []
    for context in (AS_IT_WAS, ANY):
        analysis = pipeline.analyse(words, rows, context, FEW)
        listed = pipeline.surprising(words, analysis, FEW)
        of_senders = listed.filter(pc.starts_with(listed["sip"], "198.51."))
        found.append(float(np.median(of_senders["nats"].to_numpy())))
    assert found[1] > 3 * found[0]


@pytest.mark.parametrize("source", ["flow", "dns", "proxy"])
def test_the_originals_score_stays_what_it_was(source):
    words, rows = cases.source(source), ml_days.TABLES[source]()
    changed = {
        "flow": ("sport", lambda ports: pc.if_else(pc.less(ports, 55_000), 53, ports)),
        "dns": ("dns_qry_name", _below_uk),
        "proxy": ("host", _below_uk),
    }
    column, change = changed[source]
    field = rows.schema.field(column)
    place = rows.column_names.index(column)
    rows = rows.set_column(place, field, change(rows[column]).cast(field.type))
    before = pipeline.analyse(words, rows, AS_IT_WAS, FEW)
    after = pipeline.analyse(words, rows, ANY, FEW)
    assert len(after.corpus.words) >= len(before.corpus.words)
    assert any(name.startswith("~") for name in after.corpus.words.to_pylist())
    assert after.trained.corpus.words == before.trained.corpus.words
    np.testing.assert_array_equal(after.score, before.score)
    clean = pc.equal(after.rows[STATE], State.CLEAN.value)
    listed = pipeline.surprising(words, after, FEW)
    expected = before.score[np.asarray(clean)]
    np.testing.assert_array_equal(listed[COMPATIBLE].to_numpy(), expected)
    if words.word_in_result:
        assert not is_amended(pipeline.listed(words, after, FEW)["word"])
