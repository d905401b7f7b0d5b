"""Texts that programs make up: encoded data, words in a row, names as they are on the wire."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spot_gen.streams import Stream

LOWER = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
HEX = DIGITS + "abcdef"
BASE32 = LOWER + "234567"
#: The variant for names: without the two characters that names must not have.
BASE64 = LOWER.upper() + LOWER + DIGITS + "-_"

_TEXT = (
    "able acid arch atom aunt away back ball band bank barn base bath bean bear bell belt bird "
    "blue boat body bold bone book boot born bowl brick brown bulb burn cabin cake call calm "
    "camp card care cart case cave chair chalk city clay clock cloud coast coat cold cook "
    "copper corn cotton craft crop dance dark dawn deal deep desk dish door dove draw dream "
    "drum dust eagle earth east edge even face fair farm fast field fine fire fish flag flat "
    "flour foam fold food forest fork fresh frog garden gate gift glass goat gold grain grass "
    "green grid hall hand harbor heat hill home honey horn horse house ice iron island jacket "
    "joy juice jump keep king kite lake lamp land leaf lemon light line lion list long loud "
    "lunch map maple mark meal metal milk mill mint mirror moon morning moss mount music nail "
    "near nest night noble north note oak oat ocean olive open orange oven page paint palm "
    "paper park path peach pearl pepper piano pine plain plate pocket pond pool porch post "
    "quick quiet rain reed rice ridge ring river road rock roof room root rope rose round sail "
    "salt sand school sea seed shade sharp sheep shell ship shoe silk silver simple sky slow "
    "small smoke snow soap soft song south spoon spring star steam steel stone storm street "
    "sugar summer sun swan table tea tent thin tide tiger timber top tower town trade train "
    "tree trip true tulip tune valley vine wall warm water wave west wheat wheel white wide "
    "wild wind window winter wolf wood wool yard year yellow young "
)
#: Short everyday words.
WORDS = tuple(_TEXT.split())
_ONSETS = ("b", "c", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "br", "st", "tr")
_RHYMES = ("a", "e", "i", "o", "u", "an", "el", "in", "or", "us", "ai", "ou")


def texts(stream: Stream, alphabet: str, lengths: ArrayLike) -> list[str]:
    """Draw a text of an alphabet per length."""
    ends = np.cumsum(np.asarray(lengths, np.int64))
    if not len(ends):
        return []
    letters = np.frombuffer(alphabet.encode(), np.uint8)
    drawn = letters[stream.integers(0, len(letters), int(ends[-1]))].tobytes().decode()
    starts = [0, *ends[:-1].tolist()]
    return [drawn[start:end] for start, end in zip(starts, ends.tolist(), strict=True)]


def word_rows(stream: Stream, lengths: ArrayLike) -> list[str]:
    """Draw words joined by hyphens per length, cut to it; never with a hyphen at the end."""
    wanted = np.asarray(lengths, np.int64)
    numbers = wanted // 4 + 1
    words = iter(stream.choices(WORDS, int(numbers.sum())))
    rows = []
    for length, number in zip(wanted.tolist(), numbers.tolist(), strict=True):
        row = "-".join(next(words) for _ in range(number))[:length]
        rows.append(row[:-1] + "s" if row.endswith("-") else row)
    return rows


def pronounceable(stream: Stream, count: int, syllables: tuple[int, int]) -> list[str]:
    """Draw words that can be spoken, of so many syllables: from, to before."""
    numbers = stream.integers(*syllables, count)
    size = int(numbers.sum())
    onsets, rhymes = stream.choices(_ONSETS, size), stream.choices(_RHYMES, size)
    parts = iter(zip(onsets, rhymes, strict=True))
    return ["".join("".join(next(parts)) for _ in range(n)) for n in numbers.tolist()]


def random_bytes(stream: Stream, lengths: ArrayLike) -> list[bytes]:
    """Draw bytes per length."""
    ends = np.cumsum(np.asarray(lengths, np.int64))
    drawn = stream.bits(int(ends[-1]) // 8 + 1).astype("<u8").tobytes() if len(ends) else b""
    starts = [0, *ends[:-1].tolist()]
    return [drawn[start:end] for start, end in zip(starts, ends.tolist(), strict=False)]


def wire_name(name: str) -> bytes:
    """Return a name as record data: labels with their lengths, uncompressed."""
    labels = name.encode().split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def wire_text(text: str) -> bytes:
    """Return the record data of a TXT record: pieces of up to 255 bytes with their lengths."""
    data = text.encode()
    pieces = [data[at : at + 255] for at in range(0, len(data), 255)] or [b""]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces)
