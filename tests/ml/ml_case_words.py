"""Cases of words and of the functions that words are made with."""

from __future__ import annotations

from typing import Any

import ml_cases as cases
import pyarrow as pa
import pytest
from ml_cases import Case, handles, same

from spot_ml.words import bins, clock, domain, entropy

# --- words


@handles("flow_words_reference", "flow_words_derived")
def flow_words(case: Case) -> None:
    words = cases.source("flow")
    record = {"sip": "10.0.0.1", "dip": "10.0.0.2", **case["input"]}
    source_word, destination_word = words.words(cases.batch(words, [record]), cases.context(case))
    assert case["expected"] == {
        "source_word": source_word[0].as_py(),
        "destination_word": destination_word[0].as_py(),
    }


@handles("dns_words_reference", "dns_words_derived", "proxy_words_reference", "proxy_words_derived")
def client_words(case: Case) -> None:
    words = cases.source(case["source"])
    (word,) = words.words(cases.batch(words, [case["input"]]), cases.context(case))
    assert word[0].as_py() == case["expected"]


@handles("dns_domain_stats_reference", "domain_info_reference", "domain_info_derived")
def domain_info(case: Case) -> None:
    given = case["input"]
    features = domain.domain_features(
        pa.array([given["url"]]), given["user_domain"], cases.top_domains(case)
    )
    name = domain.split_name(given["url"])
    found = {
        "domain": name.domain,
        "subdomain": name.subdomain,
        "top_domain": int(features.kind[0]),
        "subdomain_length": int(features.length[0]),
        "subdomain_entropy": float(features.entropy[0]),
        "num_periods": int(features.parts[0]),
    }
    expected = case["expected"]
    assert same(expected, {key: found[key] for key in expected}, case.tolerance)


@handles("proxy_host_class_derived")
def host_class(case: Case) -> None:
    words = cases.source("proxy")
    record = {
        "host": case["input"]["host"], "p_time": "01:00:00", "useragent": "a", "fulluri": "u",
        "resconttype": "-",
    }  # fmt: skip
    (word,) = words.words(cases.batch(words, [record]), cases.context(case, counts={"a": 1}))
    assert int(word[0].as_py().split("_")[0]) == case["expected"]
    # The repaired form: the user domain instead of a fixed label.
    repaired = cases.context(case, counts={"a": 1}, compatible=False, user_domain="intel")
    assert words.words(cases.batch(words, [record]), repaired)[0].equals(word)


@handles("extract_domain_reference")
def extract_domain(case: Case) -> None:
    assert domain.split_name(case["input"]).domain == case["expected"]


@handles("top_domain_list_derived")
def top_domain_list(case: Case) -> None:
    assert sorted(domain.top_labels(case["input"])) == case["expected"]


@handles("entropy_reference", "entropy_derived")
def text_entropy(case: Case) -> None:
    found = entropy.entropies(pa.array([case["input"]]))
    assert same(case["expected"], float(found[0]), case.tolerance)


@handles("log_base_int_reference", "log_base_int_derived")
def log_base_int(case: Case) -> None:
    given = case["input"]
    assert bins.log_int([given["x"]], given["base"])[0] == case["expected"]


@handles("ceil_log2_derived")
def ceil_log2(case: Case) -> None:
    assert bins.ceil_log2([case["input"]])[0] == case["expected"]


@handles("bin_reference", "bin_derived")
def fixed_bins(case: Case) -> None:
    given = case["input"]
    cuts: Any = given["cuts"]
    if cuts == "entropy_cuts":
        assert [float(cut) for cut in cases.fixture("entropy_cuts")] == list(bins.ENTROPY_CUTS)
        cuts = bins.ENTROPY_CUTS
    cuts = [float(cut) for cut in cuts]
    assert bins.bin_of([cases.number(given["value"])], cuts)[0] == case["expected"]


@handles("time_to_hour_reference", "time_to_seconds_reference", "time_derived")
def times(case: Case) -> None:
    function = case.get("function") or case.name.removeprefix("time_to_").split("_")[0]
    if function == "hour":
        found = clock.hours(pa.array([case["input"]]))
        assert found.known[0] == (case["expected"] != "error")
        assert not found.known[0] or found.values[0] == case["expected"]
    elif case["expected"] == "error":
        with pytest.raises(ValueError):
            clock.seconds(case["input"])
    else:
        assert clock.seconds(case["input"]) == case["expected"]
