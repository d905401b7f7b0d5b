"""How data travel in DNS: up in the names that are asked for, back in the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spot_gen.attacks.shared.wording import (
    BASE32,
    BASE64,
    HEX,
    random_bytes,
    texts,
    wire_name,
    wire_text,
    word_rows,
)
from spot_gen.network.addresses import OUTSIDE, four, packed
from spot_gen.protocols import CNAME, NULL, TXT, A
from spot_gen.streams import Ints, Stream

#: How data become a name: encoding by encoding, texts of the lengths wanted.
ENCODINGS: Mapping[str, Callable[[Stream, Any], list[str]]] = {
    "base32": lambda stream, lengths: texts(stream, BASE32, lengths),
    "base64": lambda stream, lengths: texts(stream, BASE64, lengths),
    "hex": lambda stream, lengths: texts(stream, HEX, lengths),
    "words": word_rows,
}


@dataclass(frozen=True)
class Kind:
    """A type of question that carries a tunnel: its code, and how answers carry data back.

    ``data`` makes the record data of answers of the sizes wanted (bytes); None: no such name.
    """

    written: str
    qtype: int
    data: Callable[[Stream, Ints, str], list[bytes]] | None


def _text_records(stream: Stream, sizes: Ints, _: str) -> list[bytes]:
    return [wire_text(text) for text in texts(stream, BASE64, sizes)]


def _raw_records(stream: Stream, sizes: Ints, _: str) -> list[bytes]:
    return random_bytes(stream, sizes)


def _name_records(stream: Stream, sizes: Ints, zone: str) -> list[bytes]:
    labels = texts(stream, BASE32, np.minimum(sizes, 63))
    return [wire_name(f"{label}.{zone}") for label in labels]


def _address_records(stream: Stream, sizes: Ints, _: str) -> list[bytes]:
    low, high = int(OUTSIDE[0]), int(OUTSIDE[-1])
    return packed(four(stream.integers(low, high, len(sizes))))


KINDS: Mapping[str, Kind] = {
    "TXT": Kind("TXT", TXT, _text_records),
    "NULL": Kind("NULL", NULL, _raw_records),
    "CNAME": Kind("CNAME", CNAME, _name_records),
    "A": Kind("A", A, _address_records),
    "failing": Kind("A, which fail", A, None),
}
