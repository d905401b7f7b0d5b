r"""Bytes of a log as text that loses nothing.

A value is the log's own text with one exception: ``\xNN`` (two lower-case hexadecimal digits)
stands for the byte NN. So a byte that is no UTF-8 can be written, and only a backslash that would
be mistaken for such a code is written as one itself: ``\x5c``. :func:`bytes_of` is the way back.

Logs with escapes of their own (``\"``, ``\\``, ``\n``, ``\xNN``, as Apache and Zeek write them)
come to the same: :func:`meaning` puts in what the escapes stand for.
"""

from __future__ import annotations

import re
from typing import Any

import pyarrow.compute as pc

_MISTAKABLE = re.compile(rb"\\(?=x[0-9a-f]{2})")
_CODE = re.compile(rb"\\x([0-9a-f]{2})")
#: What an escape stands for; the first is replaced first, so that the pairs are found from left.
_ESCAPES = (
    (r"\\", r"\x5c"),
    (r"\"", '"'),
    (r"\n", "\n"),
    (r"\r", "\r"),
    (r"\t", "\t"),
    (r"\b", "\b"),
    (r"\f", "\f"),
    (r"\v", "\v"),
)


def utf8(data: bytes, *, escaped: bool) -> bytes:
    """Give the text of bytes; of a log with escapes of its own (``escaped``) they stay as they are.

    Line ends stay where they are.
    """
    if not escaped and b"\\" in data:
        data = _MISTAKABLE.sub(rb"\\x5c", data)
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "backslashreplace").encode()
    return data


def bytes_of(value: str) -> bytes:
    """Give the bytes that a value of the table stands for."""
    return _CODE.sub(lambda code: bytes.fromhex(code[1].decode()), value.encode())


def unmistakable(texts: Any) -> Any:
    """Give the values of texts that hold no code yet."""
    if not pc.any(pc.match_substring(texts, r"\x")).as_py():
        return texts
    return pc.replace_substring_regex(texts, r"\\(x[0-9a-f]{2})", r"\\x5c\1")


def meaning(texts: Any) -> Any:
    """Give the values of texts with escapes."""
    marked = pc.match_substring(texts, "\\")
    if not pc.any(marked).as_py():
        return texts
    found = texts.filter(marked)
    for escape, meant in _ESCAPES:
        found = pc.replace_substring(found, escape, meant)
    # A backslash may be itself now, but not before an x and two digits. These expressions cannot
    # look ahead, so that x is written as a code while the backslashes are put in.
    found = pc.replace_substring_regex(found, r"\\x5cx([0-9a-f]{2})", r"\\x5c\\x78\1")
    found = pc.replace_substring(found, r"\x5c", "\\")
    found = pc.replace_substring(found, r"\\x78", r"\x5cx")
    return pc.replace_with_mask(texts, marked, found)
