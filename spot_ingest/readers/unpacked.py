"""Files as they were before they were compressed: gzip, xz, zstd, bzip2 and lz4, by their bytes.

The name of a file plays no part. Several members one after the other are one stream, as the tools
have it. A stream that is cut short or damaged gives what stands before the damage; ``damage`` says
so afterwards. A small file that unpacks to very much ends at a limit.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import lz4.frame

from spot_common.config import Config
from spot_ingest.errors import UnreadableError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: What is read at a time (bytes): where a byte is wrong, no more than this is lost before it.
_CHUNK = 4096
_PLAIN_CHUNK = 1 << 20
_LONGEST_MAGIC = 10
#: Most memory (bytes) that a stream may ask for its window: that of ``xz -9`` and more.
_WINDOW = 128 << 20
#: Beyond this many bytes the ratio counts: a short log of one line repeated is no bomb.
_FREE = 64 << 20
_MEBIBYTE = 1 << 20
#: What the decompressors raise for bad data.
_BROKEN = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, RuntimeError)


@dataclass(frozen=True)
class Limits:
    """How much one file may unpack to: ``size`` in bytes, ``ratio`` to its own size."""

    size: int
    ratio: int

    @classmethod
    def of(cls, config: Config) -> Limits:
        """Give the limits that are set."""
        return cls(config.integer("UNPACK_LIMIT") * _MEBIBYTE, config.integer("UNPACK_RATIO"))


class _Member(Protocol):
    """The decompressors of Python's library, as far as they are alike."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's decompressor in the shape of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Plain:
    """What is not compressed, as a member that has no end."""

    eof = False
    unused_data = b""

    def __init__(self) -> None:
        self._held = b""

    @property
    def needs_input(self) -> bool:
        return not self._held

    def decompress(self, data: bytes, max_length: int) -> bytes:
        data = self._held + data
        self._held = data[max_length:]
        return data[:max_length]


@dataclass(frozen=True)
class _Kind:
    """One way to compress: its name, how each of its members begins, and its decompressor."""

    name: str
    begins: re.Pattern[bytes]
    member: Callable[[], Any]


def _zstd() -> Any:
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _WINDOW.bit_length() - 1}
    return zstd.ZstdDecompressor(options=options)


_PLAIN = _Kind("", re.compile(b""), _Plain)
_KINDS = (
    _Kind("gzip", re.compile(rb"\x1f\x8b\x08"), _Gzip),
    _Kind("xz", re.compile(rb"\xfd7zXZ\0"), lambda: lzma.LZMADecompressor(memlimit=_WINDOW)),
    _Kind("zstd", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", re.DOTALL), _zstd),
    _Kind("bzip2", re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), bz2.BZ2Decompressor),
    _Kind("lz4", re.compile(rb"\x04\x22\x4d\x18"), lz4.frame.LZ4FrameDecompressor),
)


class Unpacked(io.RawIOBase):
    """A file's content, to be read once from front to back.

    ``kind`` is how it is compressed, empty where it is not. When everything has been read,
    ``damage`` says what is wrong with the file, and is empty where nothing is.
    """

    def __init__(self, source: IO[bytes], limits: Limits) -> None:
        self.damage = ""
        self._source = source
        self._limits = limits
        self._size = os.fstat(source.fileno()).st_size
        self._given = 0
        self._next = source.read(_LONGEST_MAGIC)
        self._kind = next((kind for kind in _KINDS if kind.begins.match(self._next)), _PLAIN)
        self.kind = self._kind.name
        self._chunk = _CHUNK if self.kind else _PLAIN_CHUNK
        self._member: _Member = self._kind.member()
        self._ended = False

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; less only at the end. UnreadableError beyond a limit."""
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view) and not self._ended:
            piece = self._piece(len(view) - filled)
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def _piece(self, most: int) -> bytes:
        """Give what the next bytes of the file unpack to, which may be nothing."""
        if self._member.eof and not self._begin():
            return b""
        wanted = self._member.needs_input
        data = self._input() if wanted else b""
        try:
            piece = self._member.decompress(data, most)
        except _BROKEN as error:
            self._end(f"the {self.kind} data is damaged after byte {self._given} ({error})")
            return b""
        if wanted and not data and not piece and not self._member.eof:
            cut = f"the {self.kind} data is cut short after byte {self._given}"
            self._end(cut if self.kind else "")
        self._count(len(piece))
        return piece

    def _begin(self) -> bool:
        """Go to the next member; False where there is none, or something else."""
        rest = self._member.unused_data or b""
        while not (rest := rest.lstrip(b"\0")):  # members may be filled up with zeros
            rest = self._source.read(self._chunk)
            if not rest:
                self._end()
                return False
        if len(rest) < _LONGEST_MAGIC:
            rest += self._source.read(_LONGEST_MAGIC)
        if not self._kind.begins.match(rest):
            self._end(f"the {self.kind} data ends, but the file goes on with something else")
            return False
        self._next = rest
        self._member = self._kind.member()
        return True

    def _input(self) -> bytes:
        data, self._next = self._next, b""
        return data or self._source.read(self._chunk)

    def _end(self, damage: str = "") -> None:
        self._ended = True
        self.damage = damage

    def _count(self, size: int) -> None:
        self._given += size
        if self._kind is _PLAIN:
            return
        if self._given > self._limits.size:
            raise UnreadableError(
                f"it unpacks to more than {self._limits.size // _MEBIBYTE} MB",
                hint="split the file, or set UNPACK_LIMIT higher",
            )
        if self._given > max(_FREE, self._size * self._limits.ratio):
            raise UnreadableError(
                f"it unpacks to more than {self._limits.ratio} times its size",
                hint="a file made to fill the disk looks like this; if it is sound, "
                "unpack it before it is fed or set UNPACK_RATIO higher",
            )


@contextmanager
def unpacked(path: Path, limits: Limits) -> Iterator[Unpacked]:
    """Open a file, compressed or not, for reading."""
    with path.open("rb") as source, Unpacked(source, limits) as stream:
        yield stream
