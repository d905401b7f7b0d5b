"""Enrichment: internal ranges, IANA names, registered domains."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from spot_oa.enrich.domain import registered_domain
from spot_oa.enrich.iana import code_names
from spot_oa.enrich.internal import InternalRanges, parse_ranges, read_ranges
from spot_oa.enrich.steps import Context, hour_of_frame_time, internal_flag


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.0.0.1", True),
        ("10.255.255.255", True),
        ("10.0.0.0", False),
        ("11.0.0.0", False),
        ("192.168.1.77", True),
        ("fd00::1", True),
        ("fd00::1:0", False),
        ("::ffff:10.0.0.9", True),
        ("::a00:1", False),
        ("", False),
        (None, False),
        ("10.0.0.1; x", False),
    ],
)
def test_ranges_include_both_ends(address: str | None, inside: bool) -> None:
    ranges = parse_ranges(
        [
            ["10.0.0.1", "10.255.255.255", "Internal"],
            ["192.168.0.0", " 192.168.255.255 ", "Lab"],
            ["192.168.1.0", "192.168.1.9", "inside another"],
            ["fd00::", "fd00::ffff"],
            ["first", "last", "a header"],
            ["10.0.0.0"],
            ["12.0.0.9", "12.0.0.1", "turned round"],
            ["10.0.0.0", "fd00::", "mixed"],
        ]
    )
    assert ranges.contains(address) is inside


def test_ranges_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "ipranges.csv"
    file.write_text("# ours\n10.0.0.1,10.0.0.9,Internal\n\n")
    assert read_ranges(file).contains("10.0.0.9")


def test_without_the_file_nothing_is_internal(tmp_path: Path) -> None:
    ranges = read_ranges(tmp_path / "ipranges.csv")
    assert ranges == InternalRanges()
    rows = internal_flag("ip", "flag")(pd.DataFrame({"ip": ["10.0.0.1", None]}), Context(ranges))
    assert list(rows["flag"]) == [0, 0]


@pytest.mark.parametrize(
    ("kind", "code", "name"),
    [
        ("dns_qry_class", "0x00000001", "Internet (IN)"),
        ("dns_qry_class", "0x0001", "Internet (IN)"),
        ("dns_qry_class", "0xff", "QCLASS * (ANY)"),
        ("dns_qry_class", 1, "Internet (IN)"),
        ("dns_qry_class", "0x000000FF", "QCLASS * (ANY)"),
        ("dns_qry_class", "unknown", "UNKNOWN"),
        ("dns_qry_class", "0x00000007", "Unknown (0x00000007)"),
        ("dns_qry_type", -1, "0"),
        ("dns_qry_type", 1, "A"),
        ("dns_qry_type", 28, "AAAA"),
        ("dns_qry_type", 65, "HTTPS"),
        ("dns_qry_type", 255, "*"),
        ("dns_qry_type", 32769, "DLV"),
        ("dns_qry_rcode", -1, "UNKNOWN"),
        ("dns_qry_rcode", 3, "NXDomain"),
        ("dns_qry_rcode", 16, "BADSIG"),
        ("proxy_http_rcode", 200, "OK"),
        ("proxy_http_rcode", "207", "Multi-Status (WebDAV)"),
        ("proxy_http_rcode", 306, "(Unused)"),
        ("proxy_http_rcode", 425, "Reserved for WebDAV"),
        ("proxy_http_rcode", "-", "Unknown (-)"),
        ("proxy_http_rcode", None, ""),
    ],
)
def test_codes_have_their_names(kind: str, code: object, name: str) -> None:
    assert code_names(kind).name(code) == name


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("dns_qry_class", [0, 1, 2, 3, 4, 5, 254, 255]),
        ("dns_qry_type", [*range(1, 63), *range(99, 110), *range(249, 259), 32768, 32769]),
        ("dns_qry_rcode", [-1, *range(11), *range(16, 24)]),
        (
            "proxy_http_rcode",
            [
                *(100, 101, 102, *range(200, 209), 226, *range(300, 309), *range(400, 419), 420),
                *(422, 423, 424, 425, 426, 428, 429, 431, 444, 449, 450, 451, 499),
                *(*range(500, 512), 598, 599),
            ],
        ),
    ],
)
def test_every_listed_code_is_there(kind: str, codes: list[int]) -> None:
    missing = [code for code in codes if code_names(kind).name(code).startswith("Unknown")]
    assert missing == []


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("a.b.example.com", "example.com"),
        ("www.google.co.uk", "google.co.uk"),
        ("WWW.Example.COM.", "example.com"),
        ("http://www.example.com/x.y", "example.com"),
        ("co.uk", "co.uk"),
        ("com", "com"),
        ("host.local", None),
        ("192.0.2.7", None),
        ("2001:db8::1", None),
        ("", None),
        (None, None),
        ("..", None),
        ("a..example.com", None),
        ("<img src=x>.example.com", "example.com"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
    ],
)
def test_the_registered_domain(name: str | None, domain: str | None) -> None:
    assert registered_domain(name) == domain


def test_the_hour_comes_from_the_fourth_word() -> None:
    texts = ["Jul  8 2016 10:10:40.123456000 UTC", "Jul 18 2016  3:01:00 UTC", "none", None]
    rows = hour_of_frame_time("t", "hh")(pd.DataFrame({"t": texts}), Context())
    assert rows["hh"].tolist() == [10, 3, pd.NA, pd.NA]
