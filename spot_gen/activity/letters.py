"""Random text, many at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spot_gen.streams import Ints, Keys, child, draw

HEX = "0123456789abcdef"
LOWER = "abcdefghijklmnopqrstuvwxyz"
BASE32 = LOWER + "234567"
ALNUM = LOWER + "0123456789"
URL64 = LOWER.upper() + LOWER + "0123456789-_"


def letters(keys: Keys, number: int, length: Ints | int, alphabet: str) -> pa.StringArray:
    """Return a random text per key, of ``length`` letters each; ``number`` tells texts apart."""
    counts = np.broadcast_to(np.asarray(length, np.int64), len(keys))
    row = np.repeat(np.arange(len(keys)), counts)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    place = np.arange(len(row)) - offsets[row]
    bits = draw(child(keys, number)[row], place) >> np.uint64(40)
    table = np.frombuffer(alphabet.encode(), np.uint8)
    codes = table[(bits % np.uint64(len(table))).astype(np.int64)]
    edges = pa.py_buffer(offsets.astype(np.int32))
    return pa.StringArray.from_buffers(len(keys), edges, pa.py_buffer(codes.tobytes()))
