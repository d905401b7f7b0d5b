r"""Values of the table stand for bytes: ``\xNN`` is a byte, and nothing else looks like one."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxylog_lines import COMBINED, SQUID, read

from spot_ingest.readers.proxylog import text

#: Bytes that are likely to be mistaken for each other.
LIKELY = st.lists(
    st.sampled_from(
        [b"\x5c", b"x", b"5c", rb"\x41", b'"', b"n", b"\xff", b"\xc3\xa9", b"\n", b"\0"]
    ),
    max_size=12,
).map(b"".join)
ANY = st.one_of(LIKELY, st.binary(max_size=30))
_ESCAPES = {8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


def as_apache(data: bytes) -> str:
    """Write bytes as Apache does."""
    signs = (
        f"\\{_ESCAPES[byte]}" if byte in _ESCAPES
        else chr(byte) if 32 <= byte < 127
        else f"\\x{byte:02x}"
        for byte in data
    )  # fmt: skip
    return "".join(signs)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"plain", "plain"),
        (b"CORP\\jo", "CORP\\jo"),
        (b"g\xff", "g\\xff"),
        (b"g\\xff", "g\\x5cxff"),
        (b"g\\xFF", "g\\xFF"),
        (b"g\\x5cxff", "g\\x5cx5cxff"),
        (b"\\\xff", "\\\\xff"),
        ("é".encode(), "é"),
    ],
)
def test_only_what_would_be_mistaken_is_changed(data: bytes, value: str):
    assert text.utf8(data, escaped=False).decode() == value
    assert text.bytes_of(value) == data


@given(ANY)
def test_any_bytes_come_back_from_a_value(data: bytes):
    assert text.bytes_of(text.utf8(data, escaped=False).decode()) == data


@given(st.lists(ANY, min_size=1, max_size=4))
def test_any_bytes_come_back_from_the_escapes_of_apache(given_bytes: list[bytes]):
    values = text.meaning(pa.array([as_apache(data) for data in given_bytes]))
    assert [text.bytes_of(value) for value in values.to_pylist()] == given_bytes


@given(st.one_of(LIKELY.map(lambda data: data.decode("latin-1")), st.text(max_size=20)))
def test_any_text_comes_back_from_a_value(given_text: str):
    (value,) = text.unmistakable(pa.array([given_text])).to_pylist()
    assert text.bytes_of(value) == given_text.encode()


@given(ANY)
def test_any_bytes_of_a_line_come_back_from_the_row(data: bytes):
    word = bytes(byte for byte in data if byte not in b" \t\r\n") or b"-"
    (row,), rejected = read(SQUID.encode().replace(b" jo ", b" " + word + b" ") + b"\n")
    assert rejected == []
    assert text.bytes_of(row["username"]) == word


@given(ANY)
def test_any_bytes_come_back_from_the_row_of_an_apache_log(data: bytes):
    line = COMBINED.replace("http://r.example/", as_apache(data))
    (row,), rejected = read(f"{line}\n".encode())
    assert rejected == []
    assert text.bytes_of(row["referer"]) == data
