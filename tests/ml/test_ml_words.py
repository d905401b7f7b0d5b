"""Words beyond the cases of the specification: whole columns, odd values, repaired accidents."""

from __future__ import annotations

import math
from collections import Counter

import ml_cases as cases
import ml_days
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_common.errors import DataError
from spot_ml.words import bins, clock, domain, entropy
from spot_ml.words.source import ERROR_WORD, WordContext

COUNTS = {"Mozilla/5.0": 9, "-": 3, "curl/7": 1}
SOURCES = ("flow", "dns", "proxy")


def _clean_batch(source: str) -> pa.RecordBatch:
    from spot_ml.records import clean, replace_nulls

    words = cases.source(source)
    rows = ml_days.TABLES[source](60).select(list(words.select_columns)).to_batches()[0]
    return replace_nulls(words, rows.filter(pa.array(clean(words, rows))))


@pytest.mark.parametrize("source", SOURCES)
def test_a_column_gives_the_words_of_its_rows(source: str) -> None:
    words, rows = cases.source(source), _clean_batch(source)
    context = WordContext(top_domains=frozenset({"google"}), counts=COUNTS)
    whole = words.words(rows, context)
    for index in range(rows.num_rows):
        single = words.words(rows.slice(index, 1), context)
        assert [column[0] for column in single] == [column[index] for column in whole]


@pytest.mark.parametrize("source", SOURCES)
def test_an_empty_batch_gives_no_words(source: str) -> None:
    words, rows = cases.source(source), _clean_batch(source).slice(0, 0)
    made = words.words(rows, WordContext(counts=COUNTS))
    assert [len(column) for column in made] == [0] * len(words.documents)


@given(st.integers(0, 2**63 - 1))
def test_bits_are_counted_exactly(number: int) -> None:
    assert bins.bit_length([number])[0] == number.bit_length()


@given(st.text())
def test_entropy_and_length_count_utf16_units(text: str) -> None:
    units = text.encode("utf-16-le", "replace")
    pairs = [units[i : i + 2] for i in range(0, len(units), 2)]
    expected = -math.fsum(
        c / len(pairs) * math.log2(c / len(pairs)) for c in Counter(pairs).values()
    )
    given_texts = pa.array(["other", text, None, "\N{GRINNING FACE}"])
    assert entropy.utf16_lengths(given_texts).tolist() == [5, len(pairs), 0, 2]
    assert entropy.entropies(given_texts)[1] == pytest.approx(max(expected, 0.0), abs=1e-9)
    sliced = given_texts.slice(1, 1)
    assert entropy.utf16_lengths(sliced).tolist() == [len(pairs)]


def test_an_hour_is_a_whole_number_of_32_bits() -> None:
    found = clock.hours(pa.array(["+5:00", "-0:1", "2147483648:0", "99999999999", "1e3", None]))
    assert found.known.tolist() == [True, True, False, False, False, False]
    assert found.values.tolist() == [5, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", ("None", "None", 1)),
        ("...", ("None", "None", 0)),
        ("com.mx", ("None", "None", 2)),
        ("a.b.c.co.uk", ("co", "a.b.c", 5)),
        (".com", ("", "None", 2)),
    ],
)
def test_names_without_a_usual_form(name: str, expected: tuple[str, str, int]) -> None:
    assert tuple(domain.split_name(name)) == expected


def test_a_top_list_line_without_comma_is_named() -> None:
    assert domain.top_labels(["1,a.com", "", "2,b.org"]) == {"a", "b"}
    with pytest.raises(DataError, match="line 2"):
        domain.top_labels(["1,a.com", "b.com"])


def test_dns_takes_the_hour_of_the_time_stamp_for_another_time_form() -> None:
    words = cases.source("dns")
    rows = cases.batch(words, [{
        "frame_time": "2016-07-08T09:10:25Z", "unix_tstamp": 1467965425, "frame_len": 60,
        "ip_dst": "10.0.0.1", "dns_qry_name": "google.com", "dns_qry_type": 1, "dns_qry_rcode": 0,
    }])  # fmt: skip
    (word,) = words.words(rows, WordContext())
    assert word[0].as_py().split("_")[2] == "8"
    assert words.notes is not None
    assert "unix_tstamp" in words.notes(rows, WordContext())[0].as_py()
    compatible = WordContext(compatible=True)
    assert words.words(rows, compatible)[0][0].as_py() == ERROR_WORD
    assert words.notes(rows, compatible)[0].as_py() is None


def test_proxy_follows_the_user_domain_unless_compatible() -> None:
    words, rows = cases.source("proxy"), _clean_batch("proxy")
    places = zip(rows["host"].to_pylist(), rows["p_time"].to_pylist(), strict=True)
    intel = [i for i, (host, at) in enumerate(places) if host == "www.intel.com" and at != "noon"]

    def classes(**options: object) -> set[str]:
        (word,) = words.words(rows, WordContext(counts=COUNTS, **options))  # type: ignore[arg-type]
        return {word[index].as_py()[0] for index in intel}

    assert classes() == {"0"}
    assert classes(user_domain="intel") == {"2"}
    assert classes(compatible=True) == {"2"}


def test_bins_without_a_number() -> None:
    assert bins.bin_of([np.nan, np.inf], bins.ENTROPY_CUTS).tolist() == [-1, 19]
