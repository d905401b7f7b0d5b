"""Names of DNS: text that shows what it can, and from which each byte can be had again."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_twins import dns_message, labels

from spot_ingest.readers.dnsname import labels_at, text_of, wire_of

TEXTS = {
    (b"example", b"com"): "example.com",
    (b"Ex-Ample_1", b"*"): "Ex-Ample_1.*",
    (): "<Root>",
    (b"a.b", b"com"): r"a\.b.com",
    (b"back\\slash",): r"back\\slash",
    (b"nul\0", b"tab\t", b"line\n"): r"nul\000.tab\009.line\010",
    (b"esc\x1b[31m",): r"esc\027[31m",
    ("été".encode(), b"fr"): "été.fr",
    (b"\xff\xfe", b"com"): r"\255\254.com",
    ("é".encode() + b"\xe9",): r"\195\169\233",
    (b"\xc0\xaf",): r"\192\175",
    ("a\u202eb".encode(),): r"a\226\128\174b",
    ("a\u2028b".encode(),): r"a\226\128\168b",
    ("\ufffd".encode(),): "\ufffd",
    (b"\xef\xbf\xbe",): r"\239\191\190",
    (b"a,b", b'q"', b"<img onerror>", b"=cmd|calc", b" "): 'a,b.q".<img onerror>.=cmd|calc. ',
    (b"<Root>",): r"\060Root>",
    (b"<a", b"b>"): "<a.b>",
    (b"<Name contains a pointer that loops>",): r"\060Name contains a pointer that loops>",
}
any_label = st.binary(min_size=1, max_size=63)


def wire(name: tuple[bytes, ...]) -> bytes:
    return labels(*name) + b"\0"


@pytest.mark.parametrize(("name", "text"), TEXTS.items())
def test_a_name_and_its_text(name: tuple[bytes, ...], text: str):
    assert text_of(name) == text
    assert wire_of(text) == wire(name)


@given(st.lists(any_label, max_size=127))
def test_any_labels_come_back(name: list[bytes]):
    assert wire_of(text_of(tuple(name))) == wire(tuple(name))


@given(st.lists(st.lists(any_label, max_size=3).map(tuple), min_size=2, max_size=2, unique=True))
def test_two_names_never_look_alike(names: list[tuple[bytes, ...]]):
    assert text_of(names[0]) != text_of(names[1])


@given(st.text(max_size=40))
def test_a_text_is_a_name_or_an_error(text: str):
    try:
        data = wire_of(text)
    except ValueError:
        return
    assert wire_of(text_of(labels_at(data, 0))) == data


@pytest.mark.parametrize(
    "text",
    ["", ".", "a..b", ".a", "a.", "a\\", r"\999", r"\25", "x" * 64, "<Unknown extended label>"],
)
def test_what_is_no_name_is_an_error(text: str):
    with pytest.raises(ValueError):
        wire_of(text)


def test_pointers_are_followed():
    message = dns_message(labels(b"www"), answers=0)[:-5] + b"\xc0\x20" + bytes(32)
    message = message[:32] + labels(b"example", b"com") + b"\0"
    assert labels_at(message) == (b"www", b"example", b"com")


@pytest.mark.parametrize(
    "name",
    [
        b"\xc0\x0c",  # a pointer to itself
        b"\1a\xc0\x0c",  # in a circle
        b"\xc0",  # cut
        b"\5ab",
        b"",
        b"\x41\x08\xff",  # a label type that is not in use
        b"\x80",
        labels(*[b"x" * 63] * 17),
    ],
)
def test_a_name_that_has_no_end_is_an_error(name: bytes):
    with pytest.raises(ValueError):
        labels_at(struct.pack(">6H", 7, 0x8180, 1, 0, 0, 0) + name)
