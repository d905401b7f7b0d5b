"""Steps from a field to a column: requests, URLs and pairs, sound ones and others."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_ingest.readers.proxylog import steps
from spot_ingest.readers.proxylog.steps import Steps


def after(text: str, *path: str) -> str:
    """What steps make of a text that stands among others."""
    made = Steps({"field": pa.array(["-", text, ""])})(("field", *path))
    assert len(made) == 3
    value: str = made[1].as_py()
    return value


@pytest.mark.parametrize(
    ("request_line", "parts"),
    [
        ("GET /x HTTP/1.1", ("GET", "/x", "HTTP/1.1")),
        ("GET http://h/a b HTTP/1.0", ("GET", "http://h/a b", "HTTP/1.0")),
        ("CONNECT h:443 HTTP/1.1", ("CONNECT", "h:443", "HTTP/1.1")),
        ("PRI * HTTP/2.0", ("PRI", "*", "HTTP/2.0")),
        ("GET /x", ("GET", "/x", "-")),
        ("GET /a HTTP/1.1 HTTP/1.0", ("GET", "/a HTTP/1.1", "HTTP/1.0")),
        (r"\x16\x03 \x01", ("-", r"\x16\x03 \x01", "-")),
        ("nonsense", ("-", "nonsense", "-")),
        ("-", ("-", "-", "-")),
        ("", ("-", "-", "-")),
    ],
)
def test_a_request_is_split(request_line: str, parts: tuple[str, ...]):
    assert tuple(after(request_line, part) for part in steps.REQUEST) == parts


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://h.example/a/b?c=d?e", ("http", "h.example", "80", "/a/b", "?c=d?e")),
        ("https://h.example", ("https", "h.example", "443", "-", "-")),
        ("HTTPS://H.example/", ("HTTPS", "H.example", "443", "/", "-")),
        ("ftp://u:p@h.example:2121/f", ("ftp", "h.example", "2121", "/f", "-")),
        ("http://h.example?q=http://i/", ("http", "h.example", "80", "-", "?q=http://i/")),
        ("http://[2001:db8::1]:8080/x", ("http", "[2001:db8::1]", "8080", "/x", "-")),
        ("http://bank.example@evil.example/", ("http", "evil.example", "80", "/", "-")),
        ("http://h.example:port/x", ("http", "h.example", "80", ":port/x", "-")),
        ("h.example:443", ("-", "h.example", "443", "-", "-")),
        ("[2001:db8::1]:443", ("-", "[2001:db8::1]", "443", "-", "-")),
        ("/a?u=http://i.example/", ("-", "-", "80", "/a", "?u=http://i.example/")),
        ("//a//b", ("-", "-", "80", "//a//b", "-")),
        ("*", ("-", "-", "80", "*", "-")),
        ("error:invalid-request", ("-", "-", "80", "error:invalid-request", "-")),
        ("-", ("-", "-", "80", "-", "-")),
    ],
)
def test_a_url_is_split(url: str, parts: tuple[str, ...]):
    assert tuple(after(url, part) for part in steps.URL) == parts


@pytest.mark.parametrize(
    ("text", "step", "value"),
    [
        ("TCP_MISS/200", "before /", "TCP_MISS"),
        ("TCP_MISS/200", "after /", "200"),
        ("a/b/c", "after /", "b/c"),
        ("none", "before /", "none"),
        ("none", "after /", "-"),
        ("/", "before /", "-"),
        ("a.b", "after .", "b"),
        ("h.example:80", "without-port", "h.example"),
        ("h.example", "without-port", "h.example"),
        ("[2001:db8::1]:80", "without-port", "[2001:db8::1]"),
        ("2001:db8::1", "without-port", "2001:db8::1"),
        ("0.0125", "seconds", "12"),
        ("3", "seconds", "3000"),
        ("1e99", "seconds", "1000000000000000"),
        ("1499", "microseconds", "1"),
        ("soon", "seconds", "soon"),
        ("-", "seconds", "-"),
    ],
)
def test_a_text_takes_a_step(text: str, step: str, value: str):
    assert after(text, step) == value


#: Texts in which - can only mean that a part is absent.
SOME = st.text(st.one_of(st.sampled_from("GET /:?. HTP1"), st.characters()), max_size=30).map(
    lambda text: text.replace("-", "+")
)


def said(part: str, before: str = "", behind: str = "") -> str:
    """A part with what stands around it, nothing where it is absent."""
    return "" if part == "-" else f"{before}{part}{behind}"


@given(SOME)
def test_nothing_of_a_request_is_lost(text: str):
    method, url, protocol = (after(text, part) for part in steps.REQUEST)
    assert said(method, behind=" ") + said(url) + said(protocol, before=" ") == text


@given(SOME)
def test_nothing_of_a_path_is_lost(text: str):
    scheme, host, _, path, query = (after(f"/{text}", part) for part in steps.URL)
    assert (scheme, host, said(path) + said(query)) == ("-", "-", f"/{text}")


@pytest.mark.parametrize("step", ["host", "before /", "after ,", "without-port", "seconds"])
def test_steps_are_known(step: str):
    assert steps.is_step(step)


@pytest.mark.parametrize("step", ["", "hosts", "before", "before SIGN", "after x", "after //"])
def test_other_words_are_no_steps(step: str):
    assert not steps.is_step(step)
