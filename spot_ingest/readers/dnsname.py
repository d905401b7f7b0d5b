r"""DNS names: from a message to text from which the exact bytes can be had again, and back.

The text is what tshark prints for ordinary names. In others, a byte that the text could not give
back (a control character, a byte that is not UTF-8, a dot within a label, a backslash) is written
as RFC 1035, section 5.1 has it: ``\.``, ``\\``, ``\DDD`` (decimal).
"""

from __future__ import annotations

import re
import unicodedata

ROOT = "<Root>"
UNKNOWN_LABEL = "<Unknown extended label>"
#: Where the first name of a message begins.
QUESTION = 12

LONGEST_LABEL = 63
#: Names may have 255 bytes; tshark follows pointers a little further.
_LONGEST_NAME = 1024
_POINTER, _MOST_JUMPS = 0xC0, 255
_TOLD = re.compile(r"<[^.]*>", re.DOTALL)
_LABEL = re.compile(r"(?:[^.\\]|\\[0-9]{3}|\\[^0-9])+", re.DOTALL)
_ESCAPE = re.compile(r"\\([0-9]{3}|[^0-9])|([^\\]+)", re.DOTALL)
#: Categories of characters that do not show, or break a line.
_HIDDEN = {"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"}


def labels_at(message: bytes, place: int = QUESTION) -> tuple[bytes, ...]:
    """Give the labels of the name at a place of a message.

    Raises ValueError where there is no whole name: it is cut, runs in a circle, has more than 1024
    bytes, or a label of a type that is not in use.
    """
    labels: list[bytes] = []
    length = jumps = 0
    while True:
        if place >= len(message):
            raise ValueError("the name is cut short")
        size = message[place]
        if size == 0:
            return tuple(labels)
        if size & _POINTER == _POINTER and place + 1 < len(message):
            place = (size & ~_POINTER) << 8 | message[place + 1]
            jumps += 1
            if jumps > _MOST_JUMPS:
                raise ValueError("the name runs in a circle")
            continue
        length += size + 1
        if size > LONGEST_LABEL or length > _LONGEST_NAME:
            raise ValueError("the name is too long, or a label is of an unknown type")
        label = message[place + 1 : place + 1 + size]
        if len(label) < size:
            raise ValueError("the name is cut short")
        labels.append(label)
        place += size + 1


def text_of(labels: tuple[bytes, ...]) -> str:
    """Give the text of a name."""
    if not labels:
        return ROOT
    text = ".".join(map(_shown, labels))
    if _TOLD.fullmatch(text):  # tshark says so what is no name
        return rf"\{ord(text[0]):03}{text[1:]}"
    return text


def wire_of(text: str) -> bytes:
    r"""Give the bytes of a name, its final zero included, as they were in the message.

    Raises ValueError where the text is not a name (as ``<Name contains a pointer that loops>``).
    """
    if text == ROOT:
        return b"\0"
    labels = _LABEL.findall(text)
    if not text or _TOLD.fullmatch(text) or ".".join(labels) != text:
        raise ValueError(f"not a name: {text!r}")
    wire = b""
    for label in map(_bytes, labels):
        if len(label) > LONGEST_LABEL:
            raise ValueError(f"a label of more than {LONGEST_LABEL} bytes: {text!r}")
        wire += bytes([len(label)]) + label
    return wire + b"\0"


def _shown(label: bytes) -> str:
    try:
        text = label.decode()
    except UnicodeDecodeError:  # then each byte that is not ASCII is one to be escaped
        text = label.decode("ascii", "surrogateescape")
    return "".join(map(_character, text))


def _character(char: str) -> str:
    if char in ".\\":
        return f"\\{char}"
    hidden = unicodedata.category(char) in _HIDDEN
    data = char.encode("utf-8", "surrogateescape")
    return "".join(f"\\{byte:03}" for byte in data) if hidden else char


def _bytes(label: str) -> bytes:
    parts = []
    for escape, plain in _ESCAPE.findall(label):
        if plain:
            parts.append(plain.encode())
        elif len(escape) == 1:
            parts.append(escape.encode())
        else:
            parts.append(bytes([int(escape)]))
    return b"".join(parts)
