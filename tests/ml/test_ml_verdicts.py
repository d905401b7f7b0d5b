"""Verdicts that last: what they lower and raise, what they cannot hide, what is set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import ml_habits
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spot_common.config import load_config
from spot_ml import launch
from spot_ml.batches import PAIR_SCORE, source_words
from spot_ml.corpus import build
from spot_ml.figures import PairFigures
from spot_ml.lda.parameters import Parameters
from spot_ml.models.forecast import forecast
from spot_ml.models.stored import Learned
from spot_ml.ranking.batches import COMPATIBLE, first_batches, group_batches
from spot_ml.ranking.listing import lists_of
from spot_ml.ranking.order import Order, Surprises, order
from spot_ml.verdicts import reading, record, standing
from spot_ml.verdicts.caps import LEAST_OF_KIND, SHARE
from spot_ml.verdicts.days import WORD, DayFiles
from spot_ml.verdicts.effect import BONUS, apply
from spot_ml.verdicts.lines import HIGH, LOW, MEDIUM, Aside, read_lines
from spot_ml.verdicts.memory import Memory, Said, Side, recall
from spot_ml.verdicts.named import Effect, Verdict
from spot_ml.words.source import SourceWords, WordContext
from tests.feedback_loop import Files, Network, RankedDay

FIRST, SECOND = "2017-01-12", "2017-01-13"
FLOW, DNS, PROXY = (source_words(name) for name in ("flow", "dns", "proxy"))
HEADER = "sev\ttstart\tsip\tdip\tsport\tdport\tipkt\tibyt"
LINE = "3\t2016-07-08 03:10:00\t10.0.0.3\t203.0.113.9\t50001\t60001\t900000\t2000000000000"
#: What the settings say: results have a score up to this.
TOL = 1e-6


@pytest.fixture(scope="module")
def network() -> Network:
    """A made-up network."""
    return Network(FLOW, WordContext(), threshold=TOL)


@pytest.fixture(scope="module")
def first(network: Network) -> RankedDay:
    """Its first day, of whose list 50 rows are then rated low: false alarms, all of them."""
    found = network.rank(FIRST, network.analysed(ml_habits.day(1)))
    network.rate(FIRST, found.lists.heard.slice(0, 50), LOW)
    return found


@pytest.fixture(scope="module")
def second(network: Network, first: RankedDay) -> RankedDay:
    """Its second day, with incidents."""
    analysis = network.analysed(ml_habits.day(2, incidents=True))
    return network.rank(SECOND, analysis, [SECOND, FIRST])


def _group(client: int, *, server: bool = False) -> tuple[str, str]:
    name, port = ml_habits.habit(client)
    return (name, f"-1 TCP {port}") if server else (f"10.0.1.{client}", f" TCP {port}")


def test_false_alarms_rated_on_one_day_are_gone_on_the_next(
    first: RankedDay, second: RankedDay
) -> None:
    rated = set(first.groups(first.lists.heard)[:50])
    assert rated == second.rated()
    without = rated & set(second.groups(second.lists.unheard)[:250])
    left = rated & set(second.groups(second.lists.heard)[:250])
    assert len(without) >= 15
    assert left <= {_group(number, server=side) for number in (3, 4) for side in (True, False)}


def test_no_incident_drops_out_not_even_one_in_a_group_that_was_rated(
    first: RankedDay, second: RankedDay
) -> None:
    rated = set(first.groups(first.lists.heard)[:50])
    listed = second.groups(second.lists.heard)[:250]
    assert {("10.0.1.100", " TCP 22"), ("10.0.1.101", " TCP 389")} <= set(listed)
    grown, huge = _group(4), _group(3)
    assert {grown, huge} <= rated & set(listed)
    assert second.lists.heard["ibyt"][listed.index(huge)].as_py() == 5_000_000_000
    grown_again = {
        verdict.document for verdict in second.verdicts if verdict.effect is Effect.OUTGROWN
    }
    assert {grown[0], huge[0]} <= grown_again


def test_by_word_alone_most_false_alarms_come_back(network: Network, first: RankedDay) -> None:
    rated = set(first.groups(first.lists.heard)[:50])
    found = network.rank(SECOND, network.analysed(ml_habits.day(2)), [FIRST], like=WORD)
    left = [rated & set(found.groups(one)) for one in (found.lists.unheard, found.lists.heard)]
    assert len(left[1]) > len(left[0]) / 2


def test_the_record_says_which_row_went_where(second: RankedDay) -> None:
    rows = record.table(second.order, second.verdicts, second.lists).to_pylist()
    unheard = second.groups(second.lists.unheard)
    assert len(rows) == 100
    assert sum(row["own"] for row in rows) == 50
    for row, verdict in zip(rows, second.verdicts, strict=True):
        assert (row["day"], row["severity"]) == (FIRST, LOW)
        assert row["effect"] in ("lowered", "outgrown", "replaced")
        assert row["line"] == verdict.said.line
    places = [(row["document"], row["before"]) for row in rows if row["before"]]
    assert all(unheard[place - 1][0] == document for document, place in places)
    heard = record.heard(record.table(second.order, second.verdicts, second.lists))
    assert heard.effects["lowered"] + heard.effects["outgrown"] == 50
    assert heard.moved >= 15
    assert heard.text().startswith(f"verdicts: {heard.effects['lowered']} lowered, ")
    assert len(list(reading.texts(rows))) == 101


@dataclass(frozen=True)
class _Shared:
    value: Any


@pytest.mark.parametrize("size", [500, 100_000])
def test_partitions_of_rows_make_the_same_lists(second: RankedDay, size: int) -> None:
    rows = ml_habits.day(2, incidents=True).select(list(FLOW.select_columns))
    corpus = second.order.corpus
    known = {**second.order.figures(), PAIR_SCORE: np.zeros(corpus.pairs)}
    shared = _Shared(WordContext()), _Shared(PairFigures.of(corpus, known))
    partly = [
        batch
        for part in rows.to_batches(max_chunksize=size)
        for batch in group_batches("flow", TOL, *shared, [part], rated=True)
    ]
    groups = pa.Table.from_batches(first_batches("flow", 100_000, partly))
    for ours, theirs in zip(lists_of(groups, FLOW, -1), second.lists, strict=True):
        names = [name for name in ours.column_names if name != COMPATIBLE]
        assert ours.select(names).equals(theirs.select(names).cast(ours.select(names).schema))


# Single groups: days of a few addresses, in plain words.

SERVICE = "{0}_TCP_{1}_{2}_{3}"


def _order(triples: list[tuple[str, str, int]], source: SourceWords = FLOW) -> Order:
    documents, words, counts = zip(*triples, strict=True)
    corpus = build(pa.array(documents), pa.array(words), list(counts))
    return order(corpus, source.grammar, Parameters(topics=3))


def _day(count: int, size: int = 12) -> Order:
    """Ordinary web traffic, and one address with an odd service."""
    triples = [(f"10.0.1.{n}", SERVICE.format(443, 9, 12, 4), 50 + n) for n in range(40)]
    return _order([*triples, ("10.0.0.7", SERVICE.format(999, 3, size, 4), count)])


def _memory(*said: Said, sip: str = "10.0.0.7", dport: int = 999, hour: int = 3) -> Memory:
    """What was said of flows of an address: 12 bits of bytes and 4 of packets each."""
    row = {"trhour": hour, "sip": sip, "dip": "192.0.2.1", "sport": 50_000, "dport": dport,
           "proto": "TCP", "ibyt": 4000, "ipkt": 12}  # fmt: skip
    return Memory(pa.Table.from_pylist([row] * len(said), schema=FLOW.model_arrow()), list(said))


def _said(severity: int, count: int = 10, day: str = FIRST, largest: tuple[int, ...] = (12, 4)):
    sides = (Side(count, count, largest), Side())
    return Said(day, 2, severity, "10.0.0.7", sides)


def _apply(found: Order, memory: Memory) -> tuple[Order, list[Verdict]]:
    return apply(found, FLOW, WordContext(), memory)


def _of_odd(found: Surprises) -> tuple[float, float, float]:
    """Surprise, what is left of it, and bonus of the odd service's first pair."""
    place = int(np.flatnonzero(found.corpus.documents.to_numpy(False)[found.corpus.document]
                               == "10.0.0.7")[0])  # fmt: skip
    return found.surprise.nats[place], found.eased[place], found.bonus[place]


@settings(max_examples=25)
@given(st.integers(1, 10_000), st.integers(1, 30))
def test_as_often_as_rated_is_expected_and_twenty_times_as_often_is_not(
    count: int, growth: int
) -> None:
    nats, eased, _ = _of_odd(_apply(_day(count * growth), _memory(_said(LOW, count)))[0])
    assert 0 <= eased <= nats
    if growth == 1:
        assert eased == 0
    if growth >= 20:
        assert eased >= min(nats, 10)


@pytest.mark.parametrize(("size", "lowered"), [(3, True), (13, True), (14, False), (30, False)])
def test_a_low_verdict_vouches_for_sizes_up_to_double(size: int, lowered: bool) -> None:
    nats, eased, _ = _of_odd(_apply(_day(10, size), _memory(_said(LOW)))[0])
    assert nats > 10
    assert eased == (0 if lowered else nats)


@pytest.mark.parametrize(("entropy", "lowered"), [(5, True), (9, True), (10, False)])
def test_a_low_verdict_vouches_for_one_bit_more_of_entropy(
    entropy: int, lowered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = [(f"10.0.1.{n}", "1_9_GET_6_text_9_5_200", 50 + n) for n in range(40)]
    odd = ("10.0.0.7", f"0_3_POST_{entropy}_text_2_4_200", 30)
    found = _order([*usual, odd], PROXY)
    rated = "0_3_POST_5_text_2_4_200"
    group = int(found.groups.find(pa.array(["10.0.0.7"]), pa.array([rated]))[0])
    side = Side(30, 30, (4, 5))
    verdict = Verdict(Said(FIRST, 2, LOW), side, True, "10.0.0.7", rated, group, Effect.LOWERED)
    monkeypatch.setattr("spot_ml.verdicts.effect.verdicts_on", lambda *_: [verdict])
    nothing = Memory(PROXY.model_arrow().empty_table())
    nats, eased, _ = _of_odd(apply(found, PROXY, WordContext(), nothing)[0])
    assert nats > 10
    assert eased == (0 if lowered else nats)


def test_the_letters_of_a_short_name_are_no_size() -> None:
    """To look up api after www is no news: www has no entropy, as all its letters are one."""
    assert DNS.grammar.sizes == ("length", "labels", "frame")


def test_the_hour_does_not_matter_and_another_service_or_address_is_not_touched() -> None:
    found = _day(10)
    assert _of_odd(_apply(found, _memory(_said(LOW), hour=17))[0])[1] == 0
    for other in (_memory(_said(LOW), dport=998), _memory(_said(LOW), sip="10.0.0.8")):
        after, verdicts = _apply(found, other)
        assert not after.rated
        assert {verdict.effect for verdict in verdicts} <= {Effect.NOT_SEEN}


@pytest.mark.parametrize(
    ("severity", "hours", "left"),
    [(LOW, 1, 0.0), (LOW, 40, None), (HIGH, 1, None), (MEDIUM, 1, None)],
)
def test_verdicts_reach_new_rows_that_a_stored_model_is_held_to(severity, hours, left) -> None:
    web = SERVICE.format(443, 9, 12, 4)
    usual = _order([(f"10.0.1.{n}", web, 50 + n) for n in range(40)] + [("10.0.0.7", web, 60)])
    model = Learned(usual.corpus, usual.counts)
    before = forecast(model, _day(10 * hours).corpus, FLOW.grammar).surprises()
    nats, _, none = _of_odd(before)
    assert nats > 10
    assert none == 0
    after, verdicts = apply(before, FLOW, WordContext(), _memory(_said(severity)))
    assert after.rated
    assert _of_odd(after)[2] == BONUS.get(severity, 0.0)
    assert verdicts[0].own
    eased = _of_odd(after)[1]
    assert eased == left if left is not None else 10 < eased <= nats


@pytest.mark.parametrize("severity", [HIGH, MEDIUM])
def test_threats_are_raised(severity: int) -> None:
    after, verdicts = _apply(_day(10), _memory(_said(severity)))
    nats, eased, bonus = _of_odd(after)
    assert (eased, bonus) == (nats, BONUS[severity])
    assert [verdict.effect for verdict in verdicts] == [Effect.RAISED]


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ([(FIRST, LOW), (SECOND, HIGH)], True),
        ([(FIRST, HIGH), (SECOND, LOW)], False),
        ([(FIRST, LOW), (FIRST, MEDIUM)], True),
    ],
)
def test_the_latest_day_is_in_force_and_on_one_day_the_most_severe(said, raised: bool) -> None:
    memory = _memory(*(_said(severity, day=day) for day, severity in said))
    after, verdicts = _apply(_day(10), memory)
    nats, eased, bonus = _of_odd(after)
    assert (bonus > 0, eased < nats) == (raised, not raised)
    assert sorted(v.effect for v in verdicts)[-1] is Effect.REPLACED


def test_events_of_no_list_vouch_for_one_event_each() -> None:
    alone = [Said(FIRST, line, LOW) for line in range(2, 7)]
    after, verdicts = _apply(_day(5), _memory(*alone))
    assert _of_odd(after)[1] == 0
    assert [v.effect for v in verdicts].count(Effect.LOWERED) == 1
    nats, eased, _ = _of_odd(_apply(_day(500), _memory(*alone))[0])
    assert eased > min(nats, 10)


def test_a_flow_without_protocol_that_no_list_has_is_not_used() -> None:
    files = Files({"f": f"{HEADER}\n{LINE}\n".encode()})
    memory = recall(FLOW, [DayFiles(FIRST, "f", "g")], files)
    after, verdicts = _apply(_day(10), memory)
    assert not after.rated
    assert [verdict.effect for verdict in verdicts] == [Effect.UNKNOWN]


# What nobody can hide.


def _said_of(found: Order, document: str, words: list[str]) -> Memory:
    rows = []
    for word in words:
        port, hour = word.split("_")[0], word.split("_")[2]
        rows.append({"trhour": int(hour), "sip": document, "dip": "192.0.2.1", "sport": 50_000,
                     "dport": int(port), "proto": "TCP", "ibyt": 4000, "ipkt": 12})  # fmt: skip
    sides = (Side(99, 99, (40, 40)), Side())
    said = [Said(FIRST, n, LOW, document, sides) for n in range(2, len(rows) + 2)]
    return Memory(pa.Table.from_pylist(rows, schema=FLOW.model_arrow()), said)


@settings(max_examples=15)
@given(st.integers(1, 1000))
def test_a_host_is_not_hidden_by_volume(lines: int) -> None:
    common = [(f"10.0.1.{n}", SERVICE.format(443, 9, 12, 4), 50) for n in range(20)]
    odd = [("10.0.0.7", SERVICE.format(port, 9, 12, 4), 9) for port in range(500, 530)]
    found = _order([*common, *odd, ("10.0.0.7", SERVICE.format(22, 9, 12, 4), 9)])
    rated = [SERVICE.format(500 + n % 30, 9, 12, 4) for n in range(lines)]
    after, verdicts = _apply(found, _said_of(found, "10.0.0.7", rated))
    lowered = [v for v in verdicts if v.effect is Effect.LOWERED]
    assert len(lowered) <= SHARE * 31
    assert len(lowered) == min(lines, 15)
    new = after.corpus.places(pa.array(["10.0.0.7"]), pa.array([SERVICE.format(22, 9, 12, 4)]))[0]
    assert after.eased[new] == after.surprise.nats[new] > 5
    capped = {v.group for v in verdicts if v.effect is Effect.CAPPED}
    for group in capped:
        pairs = after.groups.pairs(group)
        assert (after.eased[pairs] == after.surprise.nats[pairs]).all()


def test_a_port_is_not_hidden_by_volume_and_a_few_hosts_may_be_vouched_for() -> None:
    def rated(hosts: int) -> int:
        triples = [(f"10.0.1.{n}", SERVICE.format(443, 9, 12, 4), 50) for n in range(hosts)]
        found = _order(triples + [(d, SERVICE.format(844, 9, 12, 4), 5) for d, _, _ in triples])
        word = SERVICE.format(844, 9, 12, 4)
        memories = [_said_of(found, document, [word]) for document, _, _ in triples]
        memory = Memory(
            pa.concat_tables(one.events for one in memories), [s for m in memories for s in m.said]
        )
        return sum(v.effect is Effect.LOWERED for v in _apply(found, memory)[1])

    assert (rated(3), rated(20), rated(60)) == (3, LEAST_OF_KIND, 30)


# The file.


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "the line is empty"),
        ("3", "there are fewer values than columns"),
        ("high" + LINE[1:], "a severity is not a whole number"),
        ("7" + LINE[1:], "a severity is none of 0, 1, 2, 3"),
        (LINE.replace(" 03:10:00", ""), "trhour cannot be read"),
        (LINE.replace("50001", "x"), "sport cannot be read"),
        (LINE.replace("50001", "9" * 12), "sport does not fit its column"),
        (LINE.replace("50001", "9" * 40), "sport does not fit its column"),
    ],
)
def test_a_line_that_cannot_be_read_is_set_aside_with_its_reason(line: str, reason: str) -> None:
    found = read_lines(FLOW, [HEADER, LINE, line])
    assert found.rows.num_rows == 1
    assert found.aside == [Aside(3, reason, line)]
    assert record.aside_lines([("/f", found.aside[0])]).startswith('{"file": "/f", "line": 3, ')


@given(st.lists(st.text(max_size=60) | st.sampled_from([LINE, "1" + LINE[1:], "0" + LINE[1:]])))
def test_every_line_is_used_or_set_aside_or_not_rated(lines: list[str]) -> None:
    found = read_lines(FLOW, [HEADER, *lines])
    plain = [line.rstrip("\r\n") for line in lines]
    unrated = sum(line == "0" + LINE[1:] or line == HEADER for line in plain)
    assert found.rows.num_rows + len(found.aside) + unrated >= len(lines)
    assert found.rows.num_rows == len(found.severity) == len(found.line) == len(found.trained)


def test_a_client_that_was_rated_counts_as_well_as_a_name() -> None:
    values = ["Jul  8 2016 09:10:25 UTC", "80", "10.0.0.1", "a.example", "0x1", "1", "0", "0", "",
              "", "9", "2", "3", "", "", "", "", "1467936000"]  # fmt: skip
    both = read_lines(DNS, ["header", "\t".join(values)])
    client = read_lines(DNS, ["header", "\t".join([*values[:12], "0", *values[13:]])])
    assert (both.severity, both.trained) == ([MEDIUM], [LOW])
    assert (client.severity, client.trained) == ([MEDIUM], [0])


def test_days_are_remembered_as_far_back_as_the_setting_says() -> None:
    config = load_config(environ={"HOME": "/home/x"}, overrides={"FEEDBACK_DAYS": "2"})
    asked = launch.Launch(date(2016, 3, 1), "dns", 1.0)
    found = launch.request(asked, config).remembered
    assert [day.day for day in found] == ["2016-03-01", "2016-02-29", "2016-02-28"]
    assert found[1].feedback.endswith("/dns/scored_results/20160229/feedback/ml_feedback.csv")
    assert found[1].groups.endswith("/dns/scored_results/20160229/scores/groups.parquet")
    own = launch.Launch(date(2016, 3, 1), "dns", 1.0, feedback_days=0)
    assert [day.day for day in launch.remembered(own, config)] == ["2016-03-01"]
    assert len(launch.remembered(launch.Launch(date.min, "dns", 1.0), config)) == 1


def test_what_a_rated_row_stood_for_is_kept_when_the_day_is_ranked_again(
    network: Network, first: RankedDay
) -> None:
    former = standing.standing(first.order, FLOW, first.lists.heard)
    rated = former.slice(3, 2).select([name for name, _ in FLOW.model_schema])
    new = former.slice(4)
    kept = standing.kept_with(new, former, rated, FLOW)
    assert kept.num_rows == new.num_rows + 1
    assert kept.slice(new.num_rows).equals(former.slice(3, 1))
    assert standing.Standing(FLOW, kept).of(rated) == former.slice(3, 2).to_pylist()
