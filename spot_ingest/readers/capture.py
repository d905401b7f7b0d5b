"""Captures: pcap and pcapng, compressed or not, block by block up to where they are damaged.

Other formats that Wireshark's tools read are turned into pcapng first.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from spot_common import process
from spot_ingest.accounting import RAW_LIMIT, Rejected
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import pcap, pcapng
from spot_ingest.readers.frames import Frames
from spot_ingest.readers.pcap import Pcap, is_pcap
from spot_ingest.readers.pcapng import Pcapng, is_pcapng
from spot_ingest.readers.unpacked import Limits, Unpacked, unpacked

_BLOCK = 1 << 20
_MAGIC_SIZE = 4
_HEAD = 256 * 1024
#: Seconds that a file may take to be turned into pcapng.
_CONVERSION_LIMIT = 3600.0
#: For who reads no more than the head.
_NO_LIMITS = Limits(size=1 << 62, ratio=1 << 30)


class Capture:
    """The frames of a capture, to be read once.

    Afterwards ``damage`` is what could not be read at its end, None where everything could.
    """

    def __init__(self, stream: IO[bytes] | Unpacked, begin: bytes, trouble: str = "") -> None:
        self.damage: Rejected | None = None
        self._stream = stream
        self._rest = begin
        self._trouble = trouble
        self._walker = Pcap() if is_pcap(begin) else Pcapng()

    def __iter__(self) -> Iterator[Frames]:
        walker = self._walker
        while not walker.damage and (data := self._stream.read(_BLOCK)):
            data = self._rest + data
            found, used = walker.walk(data)
            self._rest = data[used:]
            yield from found
        self._conclude()

    def _conclude(self) -> None:
        walker = self._walker
        reason = walker.damage
        if not reason and self._rest:
            reason = "a frame that is cut short"
        stream = getattr(self._stream, "damage", "")
        told = "; ".join(part for part in (reason, stream or self._trouble) if part)
        if told:
            missing = RAW_LIMIT - len(self._rest)
            raw = self._rest + (self._stream.read(missing) or b"" if missing > 0 else b"")
            reason = f"the capture ends in damage after frame {walker.count}: {told}"
            self.damage = Rejected(walker.count + 1, reason, raw[:RAW_LIMIT])


@contextmanager
def captured(path: Path, scratch: Path, limits: Limits) -> Iterator[Capture]:
    """Open a capture; ``scratch`` is a folder for what has to be put down.

    Raises UnreadableError where the file is no capture.
    """
    with unpacked(path, limits) as stream:
        begin = stream.read(_MAGIC_SIZE) or b""
        if is_pcap(begin) or is_pcapng(begin):
            yield Capture(stream, begin)
            return
        plain = scratch / "unpacked"
        with plain.open("wb") as copy:
            copy.write(begin)
            shutil.copyfileobj(stream, copy, _BLOCK)
        trouble = stream.damage
    converted, said = _converted(plain, scratch / "converted.pcapng", limits)
    with converted.open("rb") as file:
        begin = file.read(_MAGIC_SIZE)
        yield Capture(file, begin, "; ".join(part for part in (said, trouble) if part))


def _converted(path: Path, target: Path, limits: Limits) -> tuple[Path, str]:
    """Turn a capture of another format into pcapng; also give what was wrong with it."""
    with unpacked(path, limits) as stream:
        if stream.kind:
            raise UnreadableError("it is packed twice", hint="unpack it before it is fed")
    call = ["editcap", "-F", "pcapng", os.fspath(path), os.fspath(target)]
    done = process.run(call, timeout=_CONVERSION_LIMIT, check=False)
    if done.status != 0:
        raise UnreadableError("it is no capture in a format that tshark understands")
    path.unlink()
    said = done.stderr.strip().splitlines()
    return target, re.sub(r'^editcap: The file ".*?"', "the file", said[0]) if said else ""


def first_packet(path: Path) -> datetime | None:
    """Give the UTC time of the first packet; None where the file's first bytes show none."""
    try:
        with unpacked(path, _NO_LIMITS) as stream:
            head = stream.read(_HEAD) or b""
        if not (is_pcap(head) or is_pcapng(head)):
            return None
        for frames in Capture(io.BytesIO(head[_MAGIC_SIZE:]), head[:_MAGIC_SIZE]):
            container = pcap if is_pcap(head) else pcapng
            return datetime.fromtimestamp(container.seconds(frames.head, frames.record(0)), UTC)
    except (struct.error, ArithmeticError, ValueError, OSError):
        return None
    return None
