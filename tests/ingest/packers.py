"""Compressions that inputs may have, by the suffix of their names."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from collections.abc import Callable

import lz4.frame

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
    "bz2": bz2.compress,
    "lz4": lz4.frame.compress,
}
