"""What an explanation says to a person."""

from __future__ import annotations

import pytest

from spot_ml.explanations import texts

ROW = {
    "line": 7, "result": ["10.0.0.1", "GET"], "document": "10.0.0.1", "count": 1200,
    "expected": 0.0123, "events": 4000, "nats": 88.04, "members": 1300, "alike": 3,
    "terms": [{"part": "method", "value": "PUT", "by_topics": 0.5, "by_day": 0.01, "nats": 2.5}],
    "topics": [{"topic": 4, "share": 0.75}],
}  # fmt: skip


def test_an_explanation_says_what_was_seen_and_what_expected():
    said = "\n".join(texts(ROW))
    for part in (
        "line 7: 10.0.0.1  GET",
        "10.0.0.1 shows this 1,200 times; 0.0123 expected of 4,000 words: 88.0 nats",
        "the group has 1,300 events; 3 addresses show its kind",
        "topics: 4 (75%)",
    ):
        assert part in said
    assert "+2.50" in said
    assert "at once" not in said
    assert "rated" not in said


@pytest.mark.parametrize(("burst", "said"), [(1.0, False), (1.04, False), (3.21, True)])
def test_it_says_how_many_come_at_once_where_that_is_more_than_one(burst: float, said: bool):
    lines = list(texts({**ROW, "burst": burst}))
    assert ("  at other addresses 3.2 of its like come at once" in lines) == said


def test_it_says_that_a_row_was_rated():
    assert any("rated high or medium before" in line for line in texts({**ROW, "raised": True}))
