"""Single frames of a capture: tshark dissects them, pyshark makes layers and fields of its XML.

tshark is started by us and not by pyshark, which needs an event loop for it, sets the loop's
watcher of children for the whole process, and knows no time zone. A frame far from the beginning
is cut out together with those just before it, so that streams and fragments are whole as a rule.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyshark.tshark.output_parser.tshark_xml import packet_from_xml_packet

from spot_common import process
from spot_common.errors import DataError, NotFoundError

#: Frames that tshark sees before the one that is wanted.
CONTEXT = 1000
_ENVIRONMENT = {"TZ": "UTC", "LC_ALL": "C.UTF-8"}
#: Seconds for cutting frames out of a capture, or counting them: 1 GB takes some.
_PATIENCE = 3600.0
_PACKET = re.compile(rb"<packet>.*?</packet>", re.DOTALL)
#: What tshark calls pictures, programs and the like, which it reads as well.
_NO_CAPTURE = "mime_dlt"
_FOREIGN = "isn't a capture file"
#: So that frames of pcap do not get what only pcapng has.
_FORMATS = {
    bytes.fromhex(magic)[::step]: form
    for magic, form in (("a1b2c3d4", "pcap"), ("a1b23c4d", "nsecpcap"))
    for step in (1, -1)
}
#: What XML cannot hold, which pyshark would leave out.
_NOT_IN_XML = {
    point: f"\\x{point:02x}" for point in range(32) if chr(point) not in "\t\n\r"
} | {point: f"\\u{point:04x}" for point in (0xFFFE, 0xFFFF)}  # fmt: skip
_BITS = re.compile(r"[01.]{4}[01. ]* = ")
_ABOUT_FILE = re.compile(r'[Tt]he file ".*" (.*?)\.?$', re.MULTILINE)


@dataclass(frozen=True)
class _Place:
    """Where the bytes of a field are in the frame, or in what was put together of several."""

    start: int
    size: int
    heading: bool

    def holds(self, other: _Place) -> bool:
        """Say whether the other lies in here; of two in the same place only in a heading."""
        end, others_end = self.start + self.size, other.start + other.size
        inside = other.size > 0 and self.start <= other.start and others_end <= end
        return inside and (self.heading or self.size > other.size)


@dataclass(frozen=True)
class Field:
    """One field: tshark's name (empty for a heading), its line, value, and bytes in hexadecimal.

    ``depth`` says within how many other fields of the layer it lies.
    """

    name: str
    text: str
    value: str
    bytes: str
    depth: int


@dataclass(frozen=True)
class Layer:
    """One layer and its fields in the order of their bytes, last what tshark worked out."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Frame:
    """One frame: its number in the capture, from 1, and its bytes on the wire.

    ``time`` is UTC, and empty where the capture has none.
    """

    number: int
    time: str
    length: int
    captured: int
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Frames:
    """Some frames; their fields count frames from the one with the number ``counted_from``.

    ``damage`` says what is wrong with the capture, as far as it was read.
    """

    frames: tuple[Frame, ...]
    counted_from: int
    damage: str


def frames_of(path: Path, scratch: Path, first: int, last: int) -> Frames:
    """Give the frames from ``first`` to ``last``, as far as there are.

    NotFoundError where ``first`` is beyond the end, DataError where tshark cannot read the file.
    """
    excerpt, start, damage = _excerpt(path, scratch, max(1, first - CONTEXT), last)
    wanted = f"frame.number >= {first - start + 1}"
    call = ["tshark", "-n", "-r", os.fspath(excerpt.absolute()), "-c", str(last - start + 1)]
    with process.stream([*call, "-Y", wanted, "-T", "pdml"], env=_ENVIRONMENT) as running:
        texts = _PACKET.findall(running.stdout.read())
        done = running.finish()
    damage = done.stopped or damage or _said(done.stderr)
    if done.status != 0 and not damage:
        damage = f"tshark ended with status {done.status}"
    if not texts:
        raise _nothing(path, first, done, damage)
    frames = tuple(_frame(text, start - 1) for text in texts)
    if any(layer.name == _NO_CAPTURE for frame in frames for layer in frame.layers):
        raise _unknown()
    return Frames(frames, start, damage)


def _nothing(path: Path, first: int, done: process.Completed, damage: str) -> Exception:
    """Say why there is no frame to show."""
    if done.killed or done.status < 0:
        return process.failure("tshark", done.status, done.stderr)
    counted = process.run(
        ["capinfos", "-c", "-M", os.fspath(path.absolute())],
        timeout=_PATIENCE,
        check=False,
        env=_ENVIRONMENT,
    )
    number = re.search(rb"^Number of packets: +(\d+)$", counted.stdout, re.MULTILINE)
    if number is None:
        foreign = not damage or _FOREIGN in damage
        return _unknown() if foreign else DataError(f"tshark cannot read the capture: {damage}")
    damage = damage or _said(counted.stderr)
    return NotFoundError(
        f"there is no frame {first:,}: the capture has {int(number[1]):,}", hint=damage
    )


def _unknown() -> DataError:
    return DataError(
        "it is neither a capture, nor an nfcapd file, nor text",
        hint="spot peek FILE --line 1 shows it as lines all the same",
    )


def _excerpt(path: Path, scratch: Path, start: int, last: int) -> tuple[Path, int, str]:
    """Cut some frames out of a capture, unless it begins with them or is of a kind that cannot be.

    Also give the number of the first frame that is left, and what is wrong with the capture as far
    as it was read. Frames that are not there are missing.
    """
    if start == 1:
        return path, 1, ""
    target = scratch / "excerpt"
    with path.open("rb") as file:
        form = _FORMATS.get(file.read(4), "pcapng")
    words = ["-F", form, "-r", os.fspath(path.absolute()), os.fspath(target), f"{start}-{last}"]
    done = process.run(["editcap", *words], timeout=_PATIENCE, check=False, env=_ENVIRONMENT)
    if done.killed:
        raise process.failure("editcap", done.status, done.stderr)
    said = _said(done.stderr)
    if done.status != 0 and not (said and target.exists()):
        return path, 1, ""
    return target, start, said


def _said(stderr: str) -> str:
    """Give what Wireshark's tools say is wrong with a capture; empty where they say nothing."""
    told = _ABOUT_FILE.search(stderr)
    return f"the file {told[1]}" if told else ""


def _frame(xml: bytes, before: int) -> Frame:
    text = xml.decode("utf-8", "backslashreplace").translate(_NOT_IN_XML)
    packet = packet_from_xml_packet(text.encode())
    frame = packet.frame_info
    return Frame(
        before + int(packet.number),
        str(frame.get_field("frame.time") or ""),
        int(frame.get_field("frame.len")),
        int(frame.get_field("frame.cap_len")),
        tuple(Layer(layer.layer_name, tuple(_fields(layer))) for layer in (frame, *packet.layers)),
    )


def _fields(layer: Any) -> Iterator[Field]:
    """Give the fields that tshark would show: in the order of their bytes, then those without.

    pyshark gathers fields by name, so that only their places tell how they lay in each other.
    """
    # Its public names fold those that differ in a hyphen or in case only.
    named = [field for same in layer._all_fields.values() for field in same.all_fields]
    shown = [(_place(field), field) for field in named if not field.hide]
    shown.sort(key=lambda one: (not one[0].size, one[0].start, -one[0].size))
    within: list[_Place] = []
    for place, field in shown:
        while within and not within[-1].holds(place):
            within.pop()
        text = field.showname or field.show or ""
        is_bits = bool(_BITS.match(text))
        depth = len(within) + is_bits
        yield Field(field.name, text, field.show or "", field.raw_value or "", depth)
        if not is_bits:
            within.append(place)


def _place(field: Any) -> _Place:
    start, size = int(field.pos or 0), int(field.size or 0)
    return _Place(start if size else 0, size, heading=not field.name)
